"""A policy that sees much of a world, for the checks."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.engine.single import WorldEnv
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.policy import ExpertPolicy


class ExploringPolicy:
    """The first expert of a world, with one action in four replaced by a random one."""

    def __init__(self, env: WorldEnv | WorldVectorEnv) -> None:
        style = next(iter(env.world.experts), None)
        self._expert = ExpertPolicy(env, style) if style else None
        self._space = env.world.spaces.action
        self._random = [np.random.default_rng(i) for i in range(env.states.size)]

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Actions [rows, ...], as in `Policy`."""
        if self._expert is None:
            actions = np.zeros((len(observation), *(self._space.shape or ())), self._space.dtype)
        else:
            actions, state = self._expert.predict(observation, state, episode_start)
        for i, random in enumerate(self._random):
            if self._expert is None or random.random() < 0.25:
                actions[i] = _sample(self._space, random)
        return actions, state


def _sample(space: gym.Space[Any], random: np.random.Generator) -> Any:
    if isinstance(space, gym.spaces.Box):
        return random.uniform(space.low, space.high)
    if isinstance(space, gym.spaces.Discrete):
        return random.integers(space.start, space.start + space.n)
    return random.integers(0, 2, space.shape)
