"""Recordings: named collections of recorded episodes of one world and split, a folder each.

They lie in the folder `recordings` of `$IL_ENVS_DATA`, or of `il_envs` in the user's data folder
(`$XDG_DATA_HOME`, or `~/.local/share`). Each episode is a file of its own.
"""

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from il_envs.learning.recorded_episode import (
    SUFFIX,
    DamagedError,
    RecordedEpisode,
    RecordingError,
    read_episode,
    replayed,
)
from il_envs.learning.rollout import Episode
from il_envs.world import Split

UNFINISHED = ".*.tmp"  # pattern of the names of half-written files
LISTED = "`il-recordings list` has a line for each recording"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, repr=False)
class Recording:
    """The episodes of a recording that can be read.

    Attributes:
        name: its name.
        folder: its folder.
        episodes: the episodes in the order in which they were recorded, at least one.
        unreadable: a line for each file that cannot be read, as one that is damaged or edited.
        unfinished: a line for each file that somebody who was killed left half written.
    """

    name: str
    folder: Path
    episodes: tuple[RecordedEpisode, ...]
    unreadable: tuple[str, ...]
    unfinished: tuple[str, ...]

    def __len__(self) -> int:
        """Number of steps."""
        return sum(map(len, self.episodes))

    def __repr__(self) -> str:
        return (
            f"<Recording {self.name} of {self.style} in {self.world_id}, {self.split}: "
            f"{len(self)} steps in {len(self.episodes)} episodes>"
        )

    @property
    def faults(self) -> tuple[str, ...]:
        """A line for each file that is ignored."""
        return tuple(f"ignored {fault}" for fault in self.unreadable + self.unfinished)

    @property
    def world_id(self) -> str:
        """The id of the world, with its version."""
        return self.episodes[0].world_id

    @property
    def split(self) -> Split:
        """The split of the world."""
        return self.episodes[0].split

    @property
    def style(self) -> str:
        """The names of the players, each once."""
        return ", ".join(dict.fromkeys(episode.player for episode in self.episodes))

    @property
    def mean_return(self) -> float:
        """Mean return of the episodes."""
        return float(np.mean([episode.total_reward for episode in self.episodes]))

    def replayed(self) -> list[Episode]:
        """The replays of all episodes.

        Raises:
            RecordingError: if one does not replay; the message names it.
        """
        return [self._replayed(episode) for episode in self.episodes]

    def problems(self) -> list[str]:
        """A line for each file that cannot be read or does not replay."""
        problems = list(self.unreadable)
        for episode in self.episodes:
            try:
                self._replayed(episode)
            except RecordingError as error:
                problems.append(str(error))
        return problems

    def _replayed(self, episode: RecordedEpisode) -> Episode:
        try:
            return replayed(episode)
        except RecordingError as error:
            raise RecordingError(
                f"recording {self.name!r}, episode {episode.id}: {error}"
            ) from error


def data_folder() -> Path:
    """The folder of what players leave, whether or not it exists: recordings, scores, keys.

    It is $IL_ENVS_DATA, or `il_envs` in the user's data folder.
    """
    own = os.environ.get("IL_ENVS_DATA")
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(own) if own else Path(shared, "il_envs")


def recordings_folder() -> Path:
    """The folder of all recordings, whether or not it exists."""
    return data_folder() / "recordings"


def folder_of(name: str) -> Path:
    """The folder of a recording, whether or not it exists.

    Raises:
        RecordingError: if it cannot be a name.
    """
    if not NAME.fullmatch(name):
        raise RecordingError(
            f"{name!r} cannot be a recording's name; use letters, digits and . _ -, a letter or "
            "digit first"
        )
    return recordings_folder() / name


def recording_names() -> list[str]:
    """The names of all recordings that have a file, sorted.

    Raises:
        RecordingError: if the folder of all recordings is none.
    """
    folder = recordings_folder()
    for place in (folder.parent, folder):
        if place.exists() and not place.is_dir():
            raise RecordingError(f"{place} is not a folder; recordings are kept in {folder}")
    names = {path.parent.name for path in _files(folder, "*/")}
    return sorted(name for name in names if NAME.fullmatch(name))  # none that is being merged


def read_recording(name: str) -> Recording:
    """The recording of that name. Damaged, edited and half-written files are ignored; `faults` has
    a line for each.

    Raises:
        RecordingError: if there is none, it has no episode that can be read, or its episodes are of
            several worlds or splits.
    """
    folder = folder_of(name)
    episodes, unreadable = [], []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            episodes.append(read_episode(path))
        except RecordingError as error:
            unreadable.append(str(error))
    unfinished = [f"{path}: half written" for path in sorted(folder.glob(UNFINISHED))]
    if not episodes:
        told = f"that can be read: {unreadable[0]}" if unreadable else f"in {folder}; {LISTED}"
        raise RecordingError(f"the recording {name!r} has no episode {told}")
    recording = Recording(name, folder, tuple(episodes), tuple(unreadable), tuple(unfinished))
    for episode in episodes:
        try:
            require_place(recording, episode.world_id, episode.split)
        except RecordingError as error:
            raise RecordingError(f"{error}; move {folder / (episode.id + SUFFIX)}") from error
    return recording


def require_place(recording: Recording, world_id: str, split: Split) -> None:
    """Check that a recording is of this world and split.

    Raises:
        RecordingError: if it is not.
    """
    if (recording.world_id, recording.split) != (world_id, split):
        raise RecordingError(
            f"the recording {recording.name!r} is of {recording.world_id}, {recording.split}; "
            f"episodes of {world_id}, {split}, need a recording of their own"
        )


def verify_recording(name: str) -> list[str]:
    """A line for each episode of a recording that is damaged or edited, or does not replay bit for
    bit.

    Raises:
        RecordingError: if it has no episode that can be read.
    """
    return read_recording(name).problems()


def merge_recordings(name: str, sources: Sequence[str]) -> Recording:
    """Make a new recording of the episodes of several others, which stay as they are; an episode
    that several have is taken once.

    Raises:
        RecordingError: if there is a recording of that name, a source or a file of one cannot be
            read, or they are of several worlds or splits.
        OSError: if it cannot be written.
    """
    folder = folder_of(name)
    if any(_files(folder)):
        raise RecordingError(f"there is a recording {name!r}; choose another name")
    recordings = [read_recording(source) for source in sources]
    for recording in recordings:
        require_place(recordings[0], recording.world_id, recording.split)
        if recording.unreadable:
            raise RecordingError(f"{recording.unreadable[0]}; mend or delete it first")
    temporary = folder.with_name(f".{name}.{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        for recording in recordings:
            for episode in recording.episodes:
                shutil.copy2(recording.folder / (episode.id + SUFFIX), temporary)
        if folder.is_dir():
            folder.rmdir()  # it is empty
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return read_recording(name)


def discard_episodes(recording: Recording, numbers: Iterable[int]) -> list[RecordedEpisode]:
    """Delete episodes for good, by their place in `recording.episodes`, counted from 1.

    Returns:
        The deleted episodes.

    Raises:
        RecordingError: if there is no such episode; then none is deleted.
        OSError: if one cannot be deleted.
    """
    wanted, count = sorted(set(numbers)), len(recording.episodes)
    for number in wanted:
        if not 1 <= number <= count:
            raise RecordingError(
                f"the recording {recording.name!r} has no episode {number}; "
                f"it has {count}, from 1 on"
            )
    chosen = [recording.episodes[number - 1] for number in wanted]
    for episode in chosen:
        (recording.folder / (episode.id + SUFFIX)).unlink()
    _remove_if_empty(recording.folder)
    return chosen


def discard_damaged(name: str) -> list[Path]:
    """Delete the damaged, edited and half-written files of a recording for good, and none that
    only cannot be read here.

    Returns:
        Their paths.

    Raises:
        RecordingError: if it has no file.
        OSError: if one cannot be deleted.
    """
    folder = folder_of(name)
    files = _files(folder)
    if not files:
        raise RecordingError(f"there is no recording {name!r} in {folder.parent}")
    damaged = [path for path in files if _is_damaged(path)]
    for path in damaged:
        path.unlink()
    _remove_if_empty(folder)
    return damaged


def _files(folder: Path, below: str = "") -> list[Path]:
    """The files of episodes in a folder, half-written ones included, sorted."""
    patterns = (f"*{SUFFIX}", UNFINISHED)
    return sorted(path for pattern in patterns for path in folder.glob(below + pattern))


def _is_damaged(path: Path) -> bool:
    """Whether a file is half written, or its contents are not those that were written."""
    if path.suffix != SUFFIX:
        return True
    try:
        read_episode(path)
    except RecordingError as error:  # a file of another format, for one, is not damaged
        return isinstance(error, DamagedError)
    return False


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
