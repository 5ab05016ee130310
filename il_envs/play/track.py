"""Whole episodes, to be watched: every state, reward and error of somebody's episode."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.single import WorldEnv
from il_envs.play.pilots import Pilot
from il_envs.views import States
from il_envs.world import Split, World


@dataclass(frozen=True, repr=False)
class Track:
    """One episode of T steps.

    Attributes:
        name: who acted.
        states: [T + 1], from the start on.
        actions: [T, ...].
        rewards: float64 [T].
        errors: the world's error measure at each state, float64 [T + 1]; None if it has none.
        state_hash: SHA-256 over the State records after every step, as in `Episode`.
    """

    name: str
    states: States
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    errors: NDArray[np.float64] | None
    state_hash: str

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def returns(self) -> NDArray[np.float64]:
        """The return up to each state, float64 [T + 1]."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])

    @property
    def total_reward(self) -> float:
        """The return of the episode."""
        return float(self.returns[-1])


Choose = Callable[[Any, int], NDArray[Any] | None]
"""The action after an observation at a step; None where the episode is cut."""


def of_pilot(
    world: World,
    split: Split,
    seed: int,
    make_pilot: Callable[[WorldEnv], Pilot],
    options: Mapping[str, Any],
) -> Track:
    """The episode of a pilot, which is made for its environment."""
    env = WorldEnv(world.name, split)
    pilot = make_pilot(env)
    pilot.begin()
    return _run(pilot.name, env, seed, options, lambda observation, _: pilot.decide(observation))


def of_actions(
    name: str,
    world: World,
    split: Split,
    seed: int,
    actions: NDArray[Any],
    options: Mapping[str, Any],
) -> Track:
    """The episode of recorded actions, [T, ...]."""

    def choose(observation: Any, step: int) -> NDArray[Any] | None:
        return actions[step] if step < len(actions) else None

    return _run(name, WorldEnv(world.name, split), seed, options, choose)


def _run(name: str, env: WorldEnv, seed: int, options: Mapping[str, Any], choose: Choose) -> Track:
    measure = None if env.world.views.error is None else env.world.views.error.measure
    observation, info = env.reset(seed=seed, options=dict(options))
    digest, is_over = hashlib.sha256(), False
    states, infos, rewards = [env.state], [info], []
    actions: list[NDArray[Any]] = []
    while not is_over:
        action = choose(observation, len(actions))
        if action is None:
            break
        observation, reward, terminated, truncated, info = env.step(action)
        is_over = terminated or truncated
        digest.update(env.states.tobytes())
        states.append(env.state)
        infos.append(info)
        actions.append(np.array(action, env.world.spaces.action.dtype))
        rewards.append(reward)
    return Track(
        name=name,
        states=np.array(states, env.world.dynamics.state),
        actions=np.array(actions, env.world.spaces.action.dtype),
        rewards=np.array(rewards),
        errors=None if measure is None else np.array([info[measure] for info in infos]),
        state_hash=digest.hexdigest(),
    )
