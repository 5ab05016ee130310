"""Demonstrations: collected from scripted experts, kept as Minari datasets."""

import hashlib
import json
import warnings
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import count, islice
from math import ceil
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from il_envs.learning.policy import ExpertPolicy, RandomPolicy
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.world import Split, World, get_world

BATCH = 16  # episodes that are collected at once, at most


@dataclass(frozen=True)
class Demonstrations:
    """Episodes of one expert in one world.

    Attributes:
        world: name of the world.
        split: which part of the world they were collected in.
        style: which of its experts demonstrated.
        episodes: the episodes, by seed; the last one may be cut short.
    """

    world: str
    split: Split
    style: str
    episodes: tuple[Episode, ...]

    @property
    def observations(self) -> NDArray[Any]:
        """What the expert saw before each action, [transitions, ...]."""
        return np.concatenate([episode.observations[:-1] for episode in self.episodes])

    @property
    def actions(self) -> NDArray[Any]:
        """What the expert did, [transitions, ...]."""
        return np.concatenate([episode.actions for episode in self.episodes])

    @property
    def episode_index(self) -> NDArray[np.int64]:
        """Which episode each transition is from, int64 [transitions]."""
        lengths = [len(episode) for episode in self.episodes]
        return np.repeat(np.arange(len(lengths)), lengths)

    def __len__(self) -> int:
        """Number of transitions (state-action pairs)."""
        return sum(len(episode) for episode in self.episodes)

    def take(self, transitions: int) -> "Demonstrations":
        """The first transitions, the last episode cut short where needed.

        Raises:
            ValueError: if there are not as many.
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
        """Make sure that these are demonstrations for someone who observes and acts in such spaces.

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
                if isinstance(space, gym.spaces.Box):  # whose words take several lines
                    wanted = f"Box of {_extent(space.dtype, space.shape, space.low, space.high)}"
                raise ValueError(
                    f"the demonstrated {kind} of {self.world} are not in the space {wanted}: "
                    f"they are {_extent(rows.dtype, rows.shape[1:], low, high)}"
                )

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything an algorithm can see: the same numbers, the same hash."""
        digest = hashlib.sha256(f"{self.world} {self.split} {self.style}".encode())
        for episode in self.episodes:
            digest.update(f"{episode.seed} {len(episode)} {episode.terminated}".encode())
            for array in (episode.observations, episode.actions, episode.rewards):
                digest.update(str(array.dtype).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def save(self, dataset_id: str) -> None:
        """Write a Minari dataset, with raw arrays and the reference scores.

        It lies where Minari keeps datasets (MINARI_DATASETS_PATH), and
        `minari.load_dataset(dataset_id)` reads it too. The reference scores are the mean returns of
        a random policy and of the expert on the demonstrations' own seeds.

        Args:
            dataset_id: such as "il_envs/DriftCar/scripted-v0".

        Raises:
            ValueError: if there is a dataset of that name.
        """
        import minari

        world = get_world(self.world)
        seeds = [episode.seed for episode in self.episodes]
        random_episodes = run_episodes(
            world, self.split, lambda env: RandomPolicy(world.spaces.action, seed=0), seeds
        )
        with warnings.catch_warnings():
            # An author and a permalink are for whoever publishes the data set.
            warnings.filterwarnings(
                "ignore", "`(code_permalink|author|author_email)` is set to None"
            )
            dataset = minari.create_dataset_from_buffers(
                dataset_id,
                [
                    minari.data_collector.EpisodeBuffer(
                        id=i,
                        seed=episode.seed,
                        observations=episode.observations,
                        actions=episode.actions,
                        rewards=episode.rewards.tolist(),
                        terminations=_only_last(len(episode), episode.terminated),
                        truncations=_only_last(len(episode), not episode.terminated),
                        infos=episode.measures,
                    )
                    for i, episode in enumerate(self.episodes)
                ],
                env=_env_spec(world, self.split),
                eval_env=_env_spec(world, "held_out"),
                algorithm_name=f"il_envs {self.style} expert",
                description=f"{self.style} expert in {world.id}, {self.split} split",
                ref_min_score=_mean_return(random_episodes),
                ref_max_score=_mean_return(list(self.episodes)),
                requirements=["il-envs"],
                jpeg_encoding=False,
            )
        dataset.storage.update_metadata(
            {
                "il_envs": json.dumps(
                    {
                        "world": self.world,
                        "split": self.split,
                        "style": self.style,
                        "content_hash": self.content_hash,
                        "state_hashes": [episode.state_hash for episode in self.episodes],
                    }
                )
            }
        )

    @staticmethod
    def load(dataset_id: str) -> "Demonstrations":
        """Read a dataset that `save` wrote.

        Raises:
            FileNotFoundError: if there is no dataset of that name.
            ValueError: if it is not one of ours, or its contents do not have the recorded hash.
        """
        import minari

        dataset = minari.load_dataset(dataset_id)
        if "il_envs" not in dataset.storage.metadata:
            raise ValueError(f"{dataset_id} was not written by il_envs.Demonstrations.save")
        header = json.loads(dataset.storage.metadata["il_envs"])
        demonstrations = Demonstrations(
            world=header["world"],
            split=header["split"],
            style=header["style"],
            episodes=tuple(
                Episode(
                    seed=int(metadata["seed"]),
                    observations=data.observations,
                    actions=data.actions,
                    rewards=np.asarray(data.rewards, np.float64),
                    measures=dict(data.infos),
                    terminated=bool(data.terminations[-1]),
                    state_hash=state_hash,
                )
                for data, metadata, state_hash in zip(
                    dataset.iterate_episodes(),
                    dataset.storage.get_episode_metadata(range(dataset.total_episodes)),
                    header["state_hashes"],
                    strict=True,
                )
            ),
        )
        if demonstrations.content_hash != header["content_hash"]:
            raise ValueError(f"{dataset_id} is damaged: its contents do not have the recorded hash")
        return demonstrations


def collect(
    world_name: str,
    transitions: int,
    seed: int,
    style: str | None = None,
    split: Split = "training",
) -> Demonstrations:
    """Let an expert demonstrate, one episode a seed from `seed` on, until there is enough.

    Args:
        transitions: how many state-action pairs; the last episode is cut short to fit.
        style: which of the world's experts; by default its reference, the first one.

    Raises:
        UnknownNameError: if there is no such world or expert.
    """
    world = get_world(world_name)
    style = world.reference_style if style is None else style
    episodes: list[Episode] = []
    seeds = count(seed)
    while (missing := transitions - sum(map(len, episodes))) > 0:
        needed = ceil(missing / world.dynamics.max_episode_steps)  # or more, if some end early
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
    )


def _extent(dtype: Any, shape: tuple[int, ...], low: NDArray[Any], high: NDArray[Any]) -> str:
    return f"{dtype} {list(shape)} from {low.min():g} to {high.max():g}"


def _env_spec(world: World, split: Split) -> EnvSpec:
    spec = deepcopy(gym.spec(world.id))
    spec.kwargs["split"] = split
    return spec


def _only_last(length: int, flag: bool) -> list[bool]:
    return [False] * (length - 1) + [flag]


def _mean_return(episodes: list[Episode]) -> float:
    return float(np.mean([episode.total_reward for episode in episodes]))
