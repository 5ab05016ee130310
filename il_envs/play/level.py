"""How hard the game is: its speed, whether it helps, and how an episode starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One way to play a world.

    Attributes:
        name: as on the command line.
        speed: of the game's time, as a share of real time.
        assist: whether the world's assistance, if it has one, helps the player.
        gentle_start: whether an episode starts gently, if the world can do that.
        summary: what it is, in a line.
    """

    name: str
    speed: float
    assist: bool
    gentle_start: bool
    summary: str


BEGINNER = Level("beginner", 0.5, True, True, "half speed, with assistance and a gentle start")
STANDARD = Level("standard", 1.0, False, True, "full speed, with a gentle start")
FULL = Level("full", 1.0, False, False, "the world as an algorithm meets it")
LEVELS = {level.name: level for level in (BEGINNER, STANDARD, FULL)}
