"""Episodes: running a policy for one episode per seed, and replaying recorded actions."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from il_envs.engine.single import WorldEnv
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.policy import Policy
from il_envs.world import Split, World


@dataclass(frozen=True, repr=False)
class Episode:
    """One episode of T steps.

    Attributes:
        seed: the seed given to `reset`.
        observations: [T + 1, ...], the final observation included; [0, ...] if they were not kept.
        actions: [T, ...].
        rewards: float64 [T].
        measures: float64 [T + 1] for each name of the world's `measures`.
        terminated: True if it terminated; otherwise it was truncated or cut short.
        state_hash: SHA-256 over the State records after every step, hex.
        decisions: number of steps at which the policy decided what to do, and did not go on with a
            chunk of actions; None if that is not known.
    """

    seed: int
    observations: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    measures: dict[str, NDArray[np.float64]]
    terminated: bool
    state_hash: str
    decisions: int | None = None

    @property
    def total_reward(self) -> float:
        """The return: the sum of the rewards from first to last."""
        return float(np.cumsum(self.rewards)[-1])  # added in order; np.sum may regroup

    def __len__(self) -> int:
        return len(self.actions)

    def __repr__(self) -> str:
        ending = "terminated" if self.terminated else "not terminated"
        return f"<Episode of seed {self.seed}: {len(self)} steps, {ending}>"


def run_episodes(
    world: World,
    split: Split,
    make_policy: Callable[[WorldVectorEnv], Policy],
    seeds: Sequence[int],
    deterministic: bool = True,
    keep_observations: bool = True,
    gentle_start: bool = False,
    max_episode_steps: int | None = None,
) -> list[Episode]:
    """Run one episode for each seed, all in one masked batch.

    Row i depends only on seeds[i] and on the policy's own randomness; rows whose episode has ended
    stand still until the last one ends. A policy decides at each step, unless its state has an
    attribute `decided`, bool [rows], as a `ChunkedPolicy`'s has.

    Args:
        make_policy: makes the policy, given the environment; experts bind to it, others ignore it.
        deterministic: passed to the policy's `predict`.
        keep_observations: False leaves the episodes' observations empty, since pictures can take
            gigabytes.
        gentle_start: whether the episodes begin with the world's gentle start.
        max_episode_steps: steps after which an episode is truncated; by default the world's own.

    Raises:
        ValueError: if the policy returns an action outside the action space, or the world has no
            gentle start.
    """
    env = WorldVectorEnv(
        world.name, len(seeds), split, AutoresetMode.DISABLED, max_episode_steps=max_episode_steps
    )
    policy = make_policy(env)
    options = {"gentle_start": gentle_start}
    observation, info = env.reset(seed=list(seeds), options=options)
    rows = len(seeds)
    running = np.ones(rows, np.bool_)
    lengths, decisions = np.zeros((2, rows), np.int64)
    terminated = np.zeros(rows, np.bool_)
    digests = [hashlib.sha256() for _ in seeds]
    observations, actions, rewards, infos = [observation], [], [], [info]
    memory, episode_start = None, np.ones(rows, np.bool_)
    while running.any():
        action, memory = policy.predict(observation, memory, episode_start, deterministic)
        decisions += running & getattr(memory, "decided", True)
        episode_start = np.zeros(rows, np.bool_)
        observation, reward, ends, cuts, info = env.step(action)
        for i in np.flatnonzero(running):
            digests[i].update(env.states[i].tobytes())
        if keep_observations:
            observations.append(observation)
        actions.append(np.array(action, env.single_action_space.dtype))
        rewards.append(reward)
        infos.append(info)
        lengths += running
        terminated |= running & ends
        running &= ~(ends | cuts)
    all_actions, all_rewards = np.stack(actions), np.stack(rewards)
    all_measures = {
        name: np.stack([info[name] for info in infos]) for name in world.dynamics.measures
    }
    return [
        Episode(
            seed=int(seed),
            # The only array that can be large, so pictures are not copied twice.
            observations=np.stack([rows[i] for rows in observations[: length + 1]])
            if keep_observations
            else observation[:0],
            actions=all_actions[:length, i].copy(),
            rewards=all_rewards[:length, i].copy(),
            measures={name: m[: length + 1, i].copy() for name, m in all_measures.items()},
            terminated=bool(terminated[i]),
            state_hash=digests[i].hexdigest(),
            decisions=int(decisions[i]),
        )
        for i, (seed, length) in enumerate(zip(seeds, lengths, strict=True))
    ]


def replay(
    world: World, split: Split, seed: int, actions: NDArray[Any], gentle_start: bool = False
) -> tuple[float, str]:
    """Play recorded actions [T, ...] in a single environment; returns return and state hash.

    Both are bit for bit those of the episode in which the actions were recorded, if that one began
    with a gentle start too, or neither did.
    """
    replayed = replay_to_the_end(world, split, seed, actions, gentle_start)
    return replayed.total_reward, replayed.state_hash


@dataclass(frozen=True)
class Replay:
    """Recorded actions, played until they end or their episode does.

    Attributes:
        length: number of actions that were played.
        terminated, truncated: how the episode has ended, if it has.
    """

    total_reward: float
    state_hash: str
    length: int
    terminated: bool
    truncated: bool


def replay_to_the_end(
    world: World, split: Split, seed: int, actions: NDArray[Any], gentle_start: bool = False
) -> Replay:
    """As `replay`, with the episode's end.

    Raises:
        ValueError: if an action is invalid.
    """
    env = WorldEnv(world.name, split)
    env.reset(seed=seed, options={"gentle_start": gentle_start})
    digest, total, length = hashlib.sha256(), 0.0, 0
    terminated = truncated = False
    for action in actions:
        _, reward, terminated, truncated, _ = env.step(action)
        digest.update(env.states.tobytes())
        total += reward
        length += 1
        if terminated or truncated:
            break
    return Replay(total, digest.hexdigest(), length, terminated, truncated)
