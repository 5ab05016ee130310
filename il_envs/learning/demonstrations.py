"""Demonstrations: collected from scripted experts, stored as Minari datasets."""

import hashlib
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from math import ceil
from os import PathLike
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.arguments import checked_params
from il_envs.engine.spaces import checked_actions, exact_rows, within_bounds
from il_envs.extras import require
from il_envs.learning.minari_format import read_episodes, world_id_of, write_dataset
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.recorded_episode import (
    RecordingError,
    RecordingWarning,
    person_steps,
    world_of,
)
from il_envs.learning.recordings import Recording, read_recording
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.world import Split, World, get_world

BATCH = 16  # most episodes that are collected at once


@dataclass(frozen=True, repr=False)
class Demonstrations:
    """Episodes of one expert in one world.

    Attributes:
        world: name of the world.
        split: the split of the world in which they were collected.
        style: the expert that demonstrated.
        episodes: the episodes, by seed; the last one may be cut short.
    """

    world: str
    split: Split
    style: str
    episodes: tuple[Episode, ...]

    @property
    def observations(self) -> NDArray[Any]:
        """The observation before each action, [transitions, ...]."""
        return np.concatenate([episode.observations[:-1] for episode in self.episodes])

    @property
    def actions(self) -> NDArray[Any]:
        """The expert's actions, [transitions, ...]."""
        return np.concatenate([episode.actions for episode in self.episodes])

    @property
    def episode_index(self) -> NDArray[np.int64]:
        """The number of each transition's episode, int64 [transitions]."""
        lengths = [len(episode) for episode in self.episodes]
        return np.repeat(np.arange(len(lengths)), lengths)

    def __repr__(self) -> str:
        return (
            f"<Demonstrations of {self.style} in {self.world}, {self.split}: "
            f"{len(self)} transitions in {len(self.episodes)} episodes>"
        )

    def __len__(self) -> int:
        """Number of transitions (state-action pairs)."""
        return sum(len(episode) for episode in self.episodes)

    def take(self, transitions: int) -> "Demonstrations":
        """The first transitions, the last episode cut short where needed.

        Raises:
            ValueError: if there are fewer.
        """
        if not 0 < transitions <= len(self):
            raise ValueError(f"{transitions} transitions asked of demonstrations with {len(self)}")
        kept: list[Episode] = []
        for episode in self.episodes:
            missing = transitions - sum(map(len, kept))
            if missing == 0:
                break
            kept.append(_cut(episode, missing) if missing < len(episode) else episode)
        return replace(self, episodes=tuple(kept))

    def check_spaces(self, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Check that the demonstrations fit these observation and action spaces.

        Raises:
            ValueError: if there is no transition, or an observation or action is not in its space.
        """
        if not len(self):
            raise ValueError(f"there are no demonstrations of {self.world}, not one transition")
        for kind, rows, space in (
            ("observations", self.observations, observation_space),
            ("actions", self.actions, action_space),
        ):
            low, high = rows.min(0), rows.max(0)  # every row is in the space if these are
            if not (space.contains(low) and space.contains(high)):
                wanted = str(space)
                if isinstance(space, gym.spaces.Box):  # whose str takes several lines
                    wanted = f"Box of {_extent(space.dtype, space.shape, space.low, space.high)}"
                raise ValueError(
                    f"the demonstrated {kind} of {self.world} are not in the space {wanted}: "
                    f"they are {_extent(rows.dtype, rows.shape[1:], low, high)}"
                )

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything an algorithm can see; equal for equal numbers."""
        digest = hashlib.sha256(f"{self.world} {self.split} {self.style}".encode())
        for episode in self.episodes:
            digest.update(f"{episode.seed} {len(episode)} {episode.terminated}".encode())
            for array in (episode.observations, episode.actions, episode.rewards):
                digest.update(str(array.dtype).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def save(self, dataset_id: str) -> None:
        """Write a Minari dataset, with raw arrays and reference scores.

        It is stored where Minari keeps datasets (MINARI_DATASETS_PATH), and can also be read by
        `minari.load_dataset(dataset_id)`. The reference scores are the mean returns of a random
        policy and of the world's expert over 32 complete held-out episodes.

        Args:
            dataset_id: such as "il_envs/DriftCar/scripted-v0".

        Raises:
            ModuleNotFoundError: without the extra `il-envs[minari]`.
            ValueError: if there is a dataset of that name, or if the version of Minari is so old
                that it would compress pictures lossily.
        """
        require("minari", "minari")
        if not re.search(r"-v\d+$", str(dataset_id)):
            raise ValueError(
                f"a dataset's name ends in its version, as in 'me/mine-v0': {dataset_id!r}"
            )
        dataset = write_dataset(
            dataset_id, get_world(self.world), self.split, self.style, self.episodes
        )
        header = {
            "world": self.world,
            "split": self.split,
            "style": self.style,
            "content_hash": self.content_hash,
            "state_hashes": [episode.state_hash for episode in self.episodes],
        }
        dataset.storage.update_metadata({"il_envs": json.dumps(header)})

    @staticmethod
    def load(dataset_id: str) -> "Demonstrations":
        """Read a dataset that `save` wrote; `from_minari` reads any other.

        Raises:
            ModuleNotFoundError: without the extra `il-envs[minari]`.
            FileNotFoundError: if there is no dataset of that name.
            ValueError: if `save` did not write it, or its contents do not have the recorded hash.
        """
        dataset = _minari_dataset(dataset_id)
        if "il_envs" not in dataset.storage.metadata:
            raise ValueError(
                f"{dataset_id} was not written by il_envs.Demonstrations.save; "
                f"read it with Demonstrations.from_minari({dataset_id!r})"
            )
        header = json.loads(dataset.storage.metadata["il_envs"])
        episodes = read_episodes(dataset, get_world(header["world"]))
        demonstrations = Demonstrations(
            world=header["world"],
            split=header["split"],
            style=header["style"],
            episodes=tuple(
                replace(episode, state_hash=state_hash)
                for episode, state_hash in zip(episodes, header["state_hashes"], strict=True)
            ),
        )
        if demonstrations.content_hash != header["content_hash"]:
            raise ValueError(f"{dataset_id} is damaged: its contents do not have the recorded hash")
        return demonstrations

    @staticmethod
    def from_recording(recording: str | Recording, person_only: bool = False) -> "Demonstrations":
        """The episodes of a recording, which are played again and compared state by state.

        The style is the player's name.

        Args:
            recording: its name, or what `read_recording` returned; given a name, each file that is
                ignored because it is damaged gives a RecordingWarning.
            person_only: whether to leave out all steps but those at which the person acted, or gave
                a label while something else acted. An episode with gaps becomes several. At a
                labelled step the action is the label and the reward NaN, and the next observation
                is still the one to which the executed action led.

        Raises:
            RecordingError: if there is no such recording, an episode does not replay or is of
                another version of the world, or the person never acted; a ValueError.
        """
        if isinstance(recording, str):
            recording = read_recording(recording)
            for fault in recording.faults:
                warnings.warn(fault, RecordingWarning, stacklevel=2)
        episodes = recording.replayed()
        if person_only:
            pairs = zip(recording.episodes, episodes, strict=True)
            episodes = [part for pair in pairs for part in person_steps(*pair)]
        if not episodes:
            raise RecordingError(
                f"the recording {recording.name!r} has no step at which a person acted"
            )
        world = world_of(recording.episodes[0])
        return Demonstrations(world.name, recording.split, recording.style, tuple(episodes))

    @staticmethod
    def from_minari(
        dataset_id: str, world_name: str | None = None, style: str = "recorded"
    ) -> "Demonstrations":
        """Read any Minari dataset of a world, as `minari.DataCollector` records it.

        Args:
            world_name: the world in which it was recorded, for a dataset that does not name it.
            style: name of the demonstrator.

        Raises:
            ModuleNotFoundError: without the extra `il-envs[minari]`.
            FileNotFoundError: if there is no dataset of that name.
            UnknownNameError: if it was recorded in an environment that is not a registered world.
            ValueError: if no world is named, or its rows are not in the world's spaces.
        """
        dataset = _minari_dataset(dataset_id)
        recorded = world_id_of(dataset)
        if recorded is None and world_name is None:
            raise ValueError(
                f"{dataset_id} does not say where it was recorded; "
                f"give Demonstrations.from_minari({dataset_id!r}, world_name)"
            )
        name, split = recorded or ("", "training")
        world = get_world(world_name or name)
        episodes = tuple(read_episodes(dataset, world))
        return _checked(Demonstrations(world.name, split, style, episodes), world)

    @staticmethod
    def from_episodes(
        world_name: str,
        observations: Sequence[ArrayLike],
        actions: Sequence[ArrayLike],
        rewards: Sequence[ArrayLike] | None = None,
        terminated: Sequence[bool] | None = None,
        style: str = "recorded",
        split: Split = "training",
    ) -> "Demonstrations":
        """Demonstrations from arrays, one for each episode of T steps.

        Args:
            observations: [T + 1, ...] each, the final observation included.
            actions: [T, ...] each.
            rewards: [T] each; NaN if they are not known.
            terminated: whether each episode terminated; by default none did.
            style: name of the demonstrator.
            split: the split of the world in which they were recorded.

        Raises:
            UnknownNameError: if there is no such world.
            ValueError: if lengths do not fit, or rows are not in the world's spaces.
        """
        world, count = get_world(world_name), len(actions)
        checked_params(world, split)
        for what, given in (
            ("observations", observations), ("rewards", rewards), ("terminated", terminated)
        ):  # fmt: skip
            if given is not None and len(given) != count:
                raise ValueError(f"actions of {count} episodes, {what} of {len(given)}")
        episodes = []
        for k in range(count):
            spaces = world.spaces
            seen = exact_rows(f"observations of episode {k}", observations[k], spaces.observation)
            taken = exact_rows(f"actions of episode {k}", actions[k], spaces.action)
            steps = len(taken)
            told = np.full(steps, np.nan) if rewards is None else np.array(rewards[k], np.float64)
            sizes = (len(seen), steps, told.size)
            if steps == 0 or sizes != (steps + 1, steps, steps):
                raise ValueError(
                    "episode {} has {} observations, {} actions and {} rewards; T actions, at "
                    "least one, have T + 1 observations and T rewards".format(k, *sizes)
                )
            episode = Episode(
                seed=-1,
                observations=seen,
                actions=taken,
                rewards=told,
                measures={},
                terminated=terminated is not None and bool(terminated[k]),
                state_hash="",
            )
            episodes.append(episode)
        return _checked(Demonstrations(world.name, split, style, tuple(episodes)), world)

    def to_npz(self, path: str | PathLike[str]) -> None:
        """Write flat arrays under the names that D4RL uses.

        They are `observations`, `actions`, `next_observations`, each [transitions, ...], and
        `rewards`, `terminals`, `timeouts`, each [transitions]; a timeout marks an episode that ends
        without termination.
        """
        lengths = np.array([len(episode) for episode in self.episodes])
        ends = np.zeros(len(self), np.bool_)
        ends[np.cumsum(lengths) - 1] = True
        terminated = np.repeat([episode.terminated for episode in self.episodes], lengths)
        np.savez_compressed(
            path,
            observations=self.observations,
            actions=self.actions,
            next_observations=np.concatenate([e.observations[1:] for e in self.episodes]),
            rewards=np.concatenate([episode.rewards for episode in self.episodes]),
            terminals=ends & terminated,
            timeouts=ends & ~terminated,
        )


def collect(
    world_name: str,
    transitions: int,
    seed: int,
    style: str | None = None,
    split: Split = "training",
) -> Demonstrations:
    """Collect demonstrations of an expert, one episode for each seed from `seed` on.

    Args:
        transitions: number of state-action pairs; the last episode is cut short to fit.
        style: the expert; by default the world's reference, its first.

    Raises:
        UnknownNameError: if there is no such world or expert.
    """
    world = get_world(world_name)
    style = world.reference_style if style is None else style
    episodes: list[Episode] = []
    seeds = count(seed)
    while (missing := transitions - sum(map(len, episodes))) > 0:
        needed = ceil(missing / world.dynamics.max_episode_steps)  # more if some end early
        batch = min(needed, BATCH)
        episodes += run_episodes(
            world, split, lambda env: ExpertPolicy(env, style), list(islice(seeds, batch))
        )
    return Demonstrations(world.name, split, style, tuple(episodes)).take(transitions)


def _cut(episode: Episode, length: int) -> Episode:
    return replace(
        episode,
        observations=episode.observations[: length + 1],
        actions=episode.actions[:length],
        rewards=episode.rewards[:length],
        measures={name: m[: length + 1] for name, m in episode.measures.items()},
        terminated=False,
        decisions=None,
    )


def _extent(dtype: Any, shape: tuple[int, ...], low: NDArray[Any], high: NDArray[Any]) -> str:
    return f"{dtype} {list(shape)} from {low.min():g} to {high.max():g}"


def _minari_dataset(dataset_id: str) -> Any:
    require("minari", "minari")
    import minari

    return minari.load_dataset(dataset_id)


def _checked(demonstrations: Demonstrations, world: World) -> Demonstrations:
    """Demonstrations of others, whose actions are put on the bounds that rounding has passed."""
    episodes = []
    for number, episode in enumerate(demonstrations.episodes):
        rows = checked_actions(episode.actions, world, (len(episode),))
        within = within_bounds(rows, world, episode.actions).reshape(episode.actions.shape)
        last = episode.observations[-1]
        if not world.spaces.observation.contains(last):
            raise ValueError(
                f"the last observation of episode {number} is not in {world.name}'s space: {last}"
            )
        episodes.append(replace(episode, actions=within))
    checked = replace(demonstrations, episodes=tuple(episodes))
    checked.check_spaces(world.spaces.observation, world.spaces.action)
    return checked
