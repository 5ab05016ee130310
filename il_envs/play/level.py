"""The levels of difficulty that a player can choose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """How much easier a world is made for a player.

    A world that has no assistance or no gentle start is played without.
    """

    name: str
    speed: float  # of the world's time against the player's; keys, too, move in the world's time
    assist: bool  # whether the world's `Views.assist` helps
    gentle_start: bool  # whether episodes begin with the world's `Dynamics.gentle_start`
    summary: str


BEGINNER = Level(
    "beginner", 0.75, True, True, "three quarters of real time, a gentle start, driving assistance"
)
STANDARD = Level("standard", 1.0, True, True, "real time, a gentle start, driving assistance")
FULL = Level("full", 1.0, False, False, "exactly what an algorithm meets")
LEVELS = {level.name: level for level in (BEGINNER, STANDARD, FULL)}
