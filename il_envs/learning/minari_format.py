"""Writing and reading episodes as Minari datasets (https://minari.farama.org)."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec

from il_envs.engine.spaces import exact_rows
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.policy import ExpertPolicy, Policy, RandomPolicy
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.world import Split, World

if TYPE_CHECKING:
    import minari

REFERENCE_EPISODES = 32
"""Complete held-out episodes, of seeds from 0 on, over which a dataset's reference scores are
averaged."""


def write_dataset(
    dataset_id: str, world: World, split: Split, style: str, episodes: Sequence[Episode]
) -> "minari.MinariDataset":
    """Write episodes as a Minari dataset, with `style` as the name of its algorithm.

    Its `env_spec` is that of `gym.make`, so that it can be combined with datasets that
    `minari.DataCollector` records. Its reference scores are the mean returns of a random policy and
    of the world's reference expert, whatever the episodes are.

    Raises:
        ValueError: if there is a dataset of that name, or pictures would be compressed lossily.
    """
    from minari import create_dataset_from_buffers
    from minari.data_collector import EpisodeBuffer

    options: dict[str, Any] = {}
    if world.experts:
        random = RandomPolicy(world.spaces.action, seed=0)
        options["ref_min_score"] = _mean_return(world, lambda env: random)
        options["ref_max_score"] = _mean_return(world, ExpertPolicy)
    if "jpeg_encoding" in inspect.signature(create_dataset_from_buffers).parameters:
        options["jpeg_encoding"] = False  # JPEG would change the colours of pictures
    elif world.spaces.observation.dtype == np.uint8:
        raise ValueError(
            f"Minari {version('minari')} keeps pictures with loss, so those of {world.name} are "
            "not written; Minari 0.5.4, which needs Python 3.11, keeps them as they are"
        )
    with warnings.catch_warnings():
        # Author and permalink are left to whoever publishes the dataset.
        warnings.filterwarnings("ignore", "`(code_permalink|author|author_email)` is set to None")
        return create_dataset_from_buffers(
            dataset_id,
            [
                EpisodeBuffer(
                    id=i,
                    seed=episode.seed,
                    observations=episode.observations,
                    actions=episode.actions,
                    rewards=episode.rewards.tolist(),
                    terminations=_only_last(len(episode), episode.terminated),
                    truncations=_only_last(len(episode), not episode.terminated),
                    infos=episode.measures,
                )
                for i, episode in enumerate(episodes)
            ],
            env=_env_spec(world, split),
            eval_env=_env_spec(world, "held_out"),
            algorithm_name=f"il_envs {style}",
            description=f"{style} in {world.id}, {split} split",
            requirements=["il-envs"],
            **options,
        )


def read_episodes(dataset: "minari.MinariDataset", world: World) -> Iterator[Episode]:
    """The episodes of a dataset, whoever wrote it.

    Rows have the dtypes of the world's spaces. Measures are those that were recorded for all steps;
    the state hash is empty, because a dataset stores no states.
    """
    metadata = dataset.storage.get_episode_metadata(range(dataset.total_episodes))
    for data, recorded in zip(dataset.iterate_episodes(), metadata, strict=True):
        seed, infos = recorded.get("seed"), data.infos or {}
        yield Episode(
            seed=-1 if seed is None else int(seed),
            observations=exact_rows("observations", data.observations, world.spaces.observation),
            actions=exact_rows("actions", data.actions, world.spaces.action),
            rewards=np.asarray(data.rewards, np.float64),
            measures={
                name: np.asarray(infos[name], np.float64)
                for name in world.dynamics.measures
                if len(infos.get(name, ())) == len(data.observations)
            },
            terminated=bool(data.terminations[-1]),
            state_hash="",
        )


def world_id_of(dataset: "minari.MinariDataset") -> tuple[str, Split] | None:
    """The id and split of the environment in which a dataset was recorded; None if it does not name
    one."""
    spec = dataset.spec.env_spec
    if spec is None:
        return None
    split: Split = spec.kwargs.get("split", "training")
    return spec.id, split


def _env_spec(world: World, split: Split) -> EnvSpec:
    """The spec that `gym.make` gives, in which the training split is left implicit."""
    env = gym.make(world.id) if split == "training" else gym.make(world.id, split=split)
    assert env.spec is not None
    return env.spec


def _mean_return(world: World, make_policy: Callable[[WorldVectorEnv], Policy]) -> float:
    """Mean return over `REFERENCE_EPISODES` complete held-out episodes."""
    episodes = run_episodes(
        world, "held_out", make_policy, range(REFERENCE_EPISODES), keep_observations=False
    )
    return float(np.mean([episode.total_reward for episode in episodes]))


def _only_last(length: int, flag: bool) -> list[bool]:
    return [False] * (length - 1) + [flag]
