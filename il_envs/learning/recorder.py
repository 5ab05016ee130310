"""Recording what is played, episode by episode."""

import hashlib
import warnings
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from il_envs.learning.recorded_episode import (
    ARRAYS,
    CONTROLLERS,
    SHORT_HASH,
    SUFFIX,
    Controller,
    RecordedEpisode,
    RecordingError,
    RecordingWarning,
    new_id,
    replayed,
    short_hash,
    write_episode,
)
from il_envs.learning.recordings import folder_of, read_recording, require_place
from il_envs.world import Split, World


class Recorder:
    """Writes the episodes that somebody plays into a recording.

    An episode is written when it is finished, so that a process that is killed loses no more than
    the episode it is in.

    Args:
        name: name of the recording; episodes are added to one that exists.
        world: the world that is played.
        split: the split of the world that is played.
        player: name of the player.

    Attributes:
        name: name of the recording.
        folder: its folder.
        lost: episodes that could not be written and are gone, as whoever plays counts them.

    Raises:
        RecordingError: if one of the names will not do, the recording is of another world or
            split, or its folder cannot be written.
    """

    def __init__(self, name: str, world: World, split: Split, player: str) -> None:
        if not player.strip() or not player.isprintable():
            raise RecordingError(f"{player!r} cannot be a player's name; use printable characters")
        self.name = name
        self.folder = folder_of(name)
        self._world, self._split, self._player = world, split, player
        self._last: Path | None = None
        self._seed: int | None
        self.lost = 0
        self._known: set[str] = set()  # names of files that have been checked
        self._require_place()
        self._make_folder()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()  # it was made to see whether it can be
        self.discard()

    def __repr__(self) -> str:
        return f"<Recorder of {self._player} in {self._world.id}, {self._split}: {self.name}>"

    def __len__(self) -> int:
        """Number of steps of the running episode so far."""
        return len(self._steps)

    def begin(self, seed: int, gentle_start: bool = False) -> None:
        """Begin an episode, which `reset` has been given this seed and option for; a running one is
        discarded."""
        self.discard()
        self._seed, self._gentle_start = seed, gentle_start

    def add(
        self,
        action: ArrayLike,
        reward: float,
        state: np.void,
        *,
        time: float,
        controller: Controller = "person",
        label: ArrayLike | None = None,
        speed: float = 1.0,
        assisted: bool = False,
    ) -> None:
        """Add a step.

        Args:
            action: the executed action.
            reward: its reward.
            state: the State record after it.
            time: seconds of real time since the episode began.
            controller: who was in control.
            label: what the person would have done, if something else was in control.
            speed: speed of the game, 1 for real time.
            assisted: whether the player was helped.

        Raises:
            RuntimeError: if no episode has begun.
        """
        if self._seed is None:
            raise RuntimeError("call begin() of the recorder before add()")
        space = self._world.spaces.action
        blank = np.zeros(space.shape or (), space.dtype)
        self._steps.append(
            {
                "actions": np.array(action, space.dtype),
                "rewards": float(reward),
                "controllers": CONTROLLERS.index(controller),
                "labels": blank if label is None else np.array(label, space.dtype),
                "labelled": label is not None,
                "times": float(time),
                "states": np.frombuffer(short_hash(state), np.uint8, SHORT_HASH),
                "speeds": float(speed),
                "assisted": bool(assisted),
            }
        )
        self._digest.update(state.tobytes())

    def finish(self, terminated: bool) -> Path | None:
        """Write the running episode, marked with whether its replay gives the same states; one that
        does not is kept with a warning.

        Args:
            terminated: whether it terminated; otherwise it was truncated or cut short.

        Returns:
            The path of its file; None, and nothing is written, if it has no step.

        Raises:
            RecordingError: if it cannot be written; it is still there to be written by another
                call.
        """
        if self._seed is None or not self._steps:
            self.discard()
            return None
        self._require_place()
        episode = self._episode(self._seed, terminated)
        try:
            replayed(episode)
        except RecordingError as error:
            warnings.warn(
                f"the episode {episode.id} is kept, but {error}", RecordingWarning, stacklevel=2
            )
            episode = replace(episode, replay_ok=False)
        self._make_folder()
        try:
            self._last = write_episode(self.folder, episode)
        except OSError as error:
            raise RecordingError(f"cannot write to {self.folder}: {error.strerror}") from error
        self._known.add(self._last.name)
        self.discard()
        return self._last

    def discard(self) -> None:
        """Forget the running episode."""
        self._seed = None
        self._gentle_start = False
        self._steps: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()

    def delete_last(self) -> Path | None:
        """Delete the file that `finish` has written last; returns its path, None if there is none
        (any more).

        Raises:
            OSError: if it cannot be deleted.
        """
        path = self._last
        if path is not None:
            path.unlink(missing_ok=True)
        self._last = None
        return path

    def _make_folder(self) -> None:
        """Make the recording's folder; another process may have emptied and removed it.

        Raises:
            RecordingError: if it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordingError(f"cannot write to {self.folder}: {error.strerror}") from error

    def _require_place(self) -> None:
        """Check that what is recorded under the name is of this world and split; another process
        may have begun it.

        Raises:
            RecordingError: if it is not.
        """
        names = {path.name for path in self.folder.glob(f"*{SUFFIX}")}
        if names - self._known:  # the files of this process, and those seen before, are all right
            require_place(read_recording(self.name), self._world.id, self._split)
        self._known = names

    def _episode(self, seed: int, terminated: bool) -> RecordedEpisode:
        return RecordedEpisode(
            id=new_id(),
            world_id=self._world.id,
            suite=version("il-envs"),
            split=self._split,
            seed=seed,
            gentle_start=self._gentle_start,
            player=self._player,
            terminated=terminated,
            state_hash=self._digest.hexdigest(),
            replay_ok=True,
            **{
                name: np.array(
                    [step[name] for step in self._steps], kind or self._world.spaces.action.dtype
                )
                for name, kind in ARRAYS.items()
            },
        )
