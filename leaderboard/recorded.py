"""Recordings of people, from which algorithms learn instead of from the scripted expert."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.recorded_episode import RecordingError
from il_envs.learning.recordings import Recording, read_recording
from leaderboard import UserError


class RecordedData(BaseModel):
    """A recording that algorithms learn from."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Name of the recording."""
    player: str
    transitions: int
    """Steps at which the person acted, or gave a label; no algorithm has more labels."""
    content_hash: str
    """Of these steps, as in `Demonstrations`."""

    def __str__(self) -> str:
        return (
            f"the recording {self.name!r} of {self.player}, {self.transitions:,} steps "
            f"(content hash {self.content_hash[:16]})"
        )


class Played(BaseModel):
    """How a person played the evaluation episodes, without help and alone."""

    model_config = ConfigDict(frozen=True)

    recording: str
    """Name of the recording."""
    player: str
    first: datetime
    last: datetime
    """When the first and the last of the episodes were recorded, in UTC."""
    seconds: float
    """Real time that the episodes took, in seconds."""
    slowest: float
    fastest: float
    """Least and greatest speed of the game, 1 for real time."""
    other_attempts: int
    """Recorded attempts at the same episodes that do not count."""

    @property
    def is_real_time(self) -> bool:
        """True if the game was neither slower nor faster than real time."""
        return self.slowest == self.fastest == 1.0

    @property
    def speed(self) -> str:
        """The speed of the game in words."""
        if self.is_real_time:
            return "in real time"
        if self.slowest == self.fastest:
            return f"at {self.slowest:g} times real time"
        return f"at {self.slowest:g} to {self.fastest:g} times real time"

    def __str__(self) -> str:
        days = dict.fromkeys(f"{date:%Y-%m-%d}" for date in (self.first, self.last))
        others = f"{self.other_attempts} other attempts at these episodes are recorded and"
        if self.other_attempts == 1:
            others = "1 other attempt at these episodes is recorded and"
        counted = f"; {others} not counted" if self.other_attempts else ""
        return (
            f"the recording {self.recording!r} of {self.player}, {' to '.join(days)}, played "
            f"{self.speed} in {self.seconds:,.0f} s, not assisted{counted}"
        )


def readable(name: str) -> Recording:
    """The recording of that name.

    Raises:
        UserError: if it cannot be used.
    """
    try:
        return read_recording(name)
    except RecordingError as error:
        raise UserError(str(error)) from error


def recorded_data(
    recordings: Iterable[Recording], worlds: Iterable[str], evaluation_seeds: range
) -> dict[str, RecordedData]:
    """The data of recordings, by the name of their world.

    Args:
        worlds: names of the run's worlds.

    Raises:
        UserError: if a recording cannot be used, is of a world that the run does not have or of one
            that another recording is of, or has episodes that policies are evaluated on.
    """
    found: dict[str, RecordedData] = {}
    for recording in recordings:
        name, shown = recording.name, _demonstrations(recording)
        if shown.world not in set(worlds):
            raise UserError(
                f"the recording {name!r} is of {shown.world}, which this run does not have; "
                f"choose --worlds {shown.world}"
            )
        if shown.world in found:
            raise UserError(
                f"the recordings {found[shown.world].name!r} and {name!r} are both of "
                f"{shown.world}; `il-recordings merge` makes one of them"
            )
        if shown.split == "held_out" or any(e.seed in evaluation_seeds for e in shown.episodes):
            raise UserError(
                f"the recording {name!r} has held-out episodes, on which policies are evaluated; "
                f"record training episodes, of seeds below {evaluation_seeds.start}"
            )
        found[shown.world] = RecordedData(
            name=name,
            player=shown.style,
            transitions=len(shown),
            content_hash=shown.content_hash,
        )
    return found


def recorded_demonstrations(name: str, content_hash: str) -> Demonstrations:
    """The steps of a person in a recording.

    Raises:
        UserError: if it cannot be used, or has changed.
    """
    shown = _demonstrations(readable(name))
    if shown.content_hash != content_hash:
        raise UserError(f"the recording {name!r} has changed since the run began; run again")
    return shown


def _demonstrations(recording: Recording) -> Demonstrations:
    try:
        return Demonstrations.from_recording(recording, person_only=True)
    except RecordingError as error:
        raise UserError(str(error)) from error
