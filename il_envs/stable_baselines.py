"""Adapter from Gymnasium's vector environments, ours among them, to Stable-Baselines3's VecEnv.

`il_envs` does not import this module, because importing Stable-Baselines3 takes a second or two.
"""

import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from il_envs.extras import require
from il_envs.learning.metered_env import MeteredEnv

require("baselines", "stable_baselines3")

from stable_baselines3.common.monitor import Monitor  # noqa: E402
from stable_baselines3.common.vec_env import VecEnv  # noqa: E402

Rows = None | int | Iterable[int]


class GymnasiumVecEnv(VecEnv):
    """A Gymnasium vector environment as a VecEnv, stepped as one batch.

    Given equal seeds, transitions are bit for bit those of `DummyVecEnv` with one `Monitor` per
    row. As there, the info of a row whose episode has ended holds `terminal_observation`,
    `TimeLimit.truncated`, `episode` ("r" the return, "l" the steps, "t" seconds since this object
    was made), and the environment's own last info. The infos of other rows are empty:
    Stable-Baselines3 does not read them, and filling them would take longer than the step.

    Args:
        env: a vector environment with SAME_STEP autoreset; the environments of a `Problem` and
            wrapped ones are accepted.

    Raises:
        ValueError: if the autoreset mode is another, or a Discrete space does not start at 0.
    """

    def __init__(self, env: gym.vector.VectorEnv[Any, Any, NDArray[Any]]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"Stable-Baselines3 needs SAME_STEP autoreset, this environment's is {mode}; "
                'make it with autoreset_mode="SameStep"'
            )
        check_start(env.single_observation_space)
        check_start(env.single_action_space)
        self.env = env
        # A copy, because Stable-Baselines3 seeds the action space, which belongs to the world.
        action_space = deepcopy(env.single_action_space)
        super().__init__(env.num_envs, env.single_observation_space, action_space)
        self._actions: NDArray[Any] = np.empty(0)
        self._returns = np.zeros(env.num_envs)
        self._lengths = np.zeros(env.num_envs, np.int64)
        self._start_time = time.time()

    def reset(self) -> Any:
        """Begin an episode in each row; returns its first observation, [rows, ...]."""
        # A problem chooses the seeds itself, but Stable-Baselines3 seeds every environment.
        own = isinstance(self.env.unwrapped, MeteredEnv)
        seeds: Any = None if own or None in self._seeds else self._seeds
        observations, _ = self.env.reset(seed=seeds)
        self._reset_seeds()
        self._returns[:] = 0.0
        self._lengths[:] = 0
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions, [rows, ...], for `step_wait`.

        Raises:
            ValueError: if an action cannot be represented in the space's dtype; actions of a Box
                are left to the environment's own check.
        """
        # Stable-Baselines3 draws the buttons of a MultiBinary action as floats.
        actions, space = np.asarray(actions), self.action_space
        with np.errstate(invalid="ignore"):  # invalid values are refused below
            cast = actions.astype(space.dtype)
        if not isinstance(space, gym.spaces.Box):
            _check_cast(actions, cast, space)
        self._actions = cast

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Take the step: observations [rows, ...], rewards [rows], whether an episode has ended,
        bool [rows], and an info for each row."""
        observations, rewards, terminated, truncated, info = self.env.step(self._actions)
        done = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(done).tolist():
            infos[i] = _row(info.get("final_info", {}), i) | {
                "terminal_observation": info["final_obs"][i],
                "TimeLimit.truncated": bool(truncated[i] and not terminated[i]),
                "episode": {
                    "r": round(float(self._returns[i]), 6),
                    "l": int(self._lengths[i]),
                    "t": round(time.time() - self._start_time, 6),
                },
            }
        self._returns[done] = 0.0
        self._lengths[done] = 0
        return observations, rewards.astype(np.float32), done, infos

    def close(self) -> None:
        """Close the vector environment."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The picture of each row, uint8 [height, width, 3]."""
        pictures: Any = self.env.render()
        return pictures

    def get_attr(self, attr_name: str, indices: Rows = None) -> list[Any]:
        """The vector environment's attribute, which is the same for every row."""
        return [getattr(self.env.unwrapped, attr_name) for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Rows = None) -> list[bool]:
        """True for `Monitor`, whose infos this environment provides; False for other wrappers."""
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Rows = None) -> None:
        """Refused.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("the rows of a vector environment have no attributes to set")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Rows = None, **method_kwargs: Any
    ) -> list[Any]:
        """Refused.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("the rows of a vector environment have no methods to call")

    def set_options(self, options: Any = None) -> None:
        """Refused.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("give options to the vector environment's own reset()")


def check_start(space: gym.Space[Any]) -> None:
    """Check that a Discrete space starts at 0, as Stable-Baselines3 assumes.

    Raises:
        ValueError: if it starts elsewhere.
    """
    if isinstance(space, gym.spaces.Discrete) and space.start != 0:
        raise ValueError(f"Stable-Baselines3 needs Discrete spaces from 0, not {space}")


def _check_cast(actions: NDArray[Any], cast: NDArray[Any], space: gym.Space[Any]) -> None:
    """Check that the cast has not changed an action, for example 0.9 to 0.

    Raises:
        ValueError: if it has.
    """
    changed = cast != actions  # NaN too
    if changed.any():
        entry = tuple(np.argwhere(changed)[0].tolist())
        raise ValueError(
            f"actions{list(entry)} is {actions[entry]}, must be a whole number in {space}"
        )


def _row(info: dict[str, Any], i: int) -> dict[str, Any]:
    """The entries of a vector environment's info that belong to row i."""
    return {
        name: _row(values, i) if isinstance(values, dict) else values[i]
        for name, values in info.items()
        if not name.startswith("_") and info[f"_{name}"][i]
    }
