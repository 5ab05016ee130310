"""What a policy is, and the two policies that every world has: uniform random and its expert."""

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.gym_env import WorldEnv
from il_envs.kernels import action_bounds, expert_kernels
from il_envs.vector_env import WorldVectorEnv
from il_envs.world import UnknownNameError

PolicyState = Any


class Policy(Protocol):
    """A policy for batches of observations, with the signature that Stable-Baselines3 uses."""

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        """Choose actions.

        Args:
            observation: [rows, ...].
            state: what the last call returned, for policies that remember; None at first.
            episode_start: bool [rows], True where the observation begins an episode.
            deterministic: whether to return the mode rather than a sample.

        Returns:
            actions [rows, ...], valid in the action space, and the next state.
        """
        ...


class RandomPolicy:
    """Uniform over the action space: the zero of the normalised score."""

    def __init__(self, action_space: gym.Space[Any], seed: int) -> None:
        self._space = action_space
        self._low, self._high = action_bounds(action_space)
        self._width = 0.0 if isinstance(action_space, gym.spaces.Box) else 1.0  # of an integer
        self._random = np.random.default_rng(seed)

    def predict(
        self,
        observation: NDArray[Any],
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], PolicyState]:
        shape = (len(observation), self._low.size)
        actions = self._random.uniform(self._low, self._high + self._width, shape)
        if not isinstance(self._space, gym.spaces.Box):
            actions = np.floor(actions)
        batch_shape = (len(observation), *(self._space.shape or ()))
        return actions.astype(self._space.dtype).reshape(batch_shape), None


class ExpertPolicy:
    """A scripted expert, bound to the environment whose true state it reads.

    Args:
        env: the environment it acts in.
        style: which of the world's experts.

    Raises:
        UnknownNameError: if the world has no such style.
    """

    def __init__(self, env: WorldEnv | WorldVectorEnv, style: str = "scripted") -> None:
        experts = env.world.experts
        if style not in experts:
            raise UnknownNameError(f"{env.world.name} expert", style, list(experts))
        self._env = env
        self._memory_size = experts[style].memory_size
        self._kernels = expert_kernels(env.world, style)
        self._entries = action_bounds(env.world.action_space)[0].size

    def predict(
        self,
        observation: NDArray[Any] | None = None,
        state: PolicyState = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], PolicyState]:
        """The expert's actions in the environment's present states; the observation is not used.

        Args:
            mask: bool [rows], the rows to answer for; the others' actions are zero and their
                memory stays as it is.
        """
        states, space = self._env.states, self._env.world.action_space
        rows = states.size
        memory = np.zeros((rows, self._memory_size)) if state is None else state.copy()
        if episode_start is not None:
            memory[episode_start] = 0.0
        actions = np.zeros((rows, self._entries), space.dtype)
        mask = np.ones(rows, np.bool_) if mask is None else mask
        self._kernels.act_rows(states, self._env.params, mask, memory, actions)
        return actions.reshape(rows, *(space.shape or ())), memory
