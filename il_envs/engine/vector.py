"""The one vector environment, made from a world's kernels."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.engine.kernels import action_bounds, elements, world_kernels, zero_rows
from il_envs.engine.single import (
    Info,
    checked_actions,
    checked_params,
    checked_render_mode,
    checked_states,
    describe_invalid,
    draw_key,
    metadata,
)
from il_envs.world import Split, States, get_world


class WorldVectorEnv(gym.vector.VectorEnv[NDArray[Any], NDArray[Any], NDArray[Any]]):
    """Many copies of one world in one compiled loop, as `gym.make_vec` gives it.

    Row i is bitwise the single environment with seed s + i, where `reset(seed=s)`.

    Args:
        world: name of a registered world.
        num_envs: number of rows.
        split: "training" or "held_out".
        autoreset_mode: what happens to a row whose episode has ended. NEXT_STEP, the default as in
            Gymnasium's own vector environments: the next step ignores the row's action and resets
            it. SAME_STEP: the row is reset at once, and the last observation and info of the
            episode are in `info["final_obs"]` and `info["final_info"]`. DISABLED: the row stands
            still, with reward 0, until `reset(options={"reset_mask": mask})` names it.
    """

    metadata = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        world: str,
        num_envs: int = 1,
        split: Split = "training",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {num_envs}")
        self.world = get_world(world)
        self.split = split
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        modes = {"autoreset_mode": self.autoreset_mode}
        self.metadata = self.metadata | metadata(self.world) | modes
        self.render_mode = checked_render_mode(render_mode, self.metadata["render_modes"])
        self.single_observation_space = self.world.spaces.observation
        self.single_action_space = self.world.spaces.action
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._kernels = world_kernels(self.world)
        self._mode = getattr(self._kernels, self.autoreset_mode.name)
        self._params = checked_params(self.world, split)
        self._low, self._high = action_bounds(self.single_action_space)
        self._states = np.zeros(num_envs, self.world.dynamics.state)
        self._ended = np.zeros(num_envs, np.bool_)
        self._started = False

    @property
    def states(self) -> States:
        """The State records, [num_envs]; a view, for scripted experts and pictures."""
        return self._states

    @states.setter
    def states(self, states: States) -> None:
        self._states[:] = checked_states(self.world, states)
        self._ended[:] = False
        self._started = True

    @property
    def params(self) -> States:
        """The parameters of the world, as the kernels read them."""
        return self._params

    def observe(self) -> NDArray[Any]:
        """The observations of the present states (after restoring them, say), [num_envs, ...]."""
        rows, measures = self._zero_observations(), self._empty_measures()
        self._kernels.observe_rows(self._states, self._params, rows, measures)
        return elements(self.single_observation_space, rows)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: Info | None = None,
    ) -> tuple[NDArray[Any], Info]:
        mask = checked_mask(
            "options['reset_mask']", (options or {}).get("reset_mask"), self.num_envs
        )
        if not mask.any():
            raise ValueError("options['reset_mask'] must have at least one True")
        super().reset(seed=seed if isinstance(seed, int) else None)
        self._begin_streams(seed, mask)
        rows, measures = self._zero_observations(), self._empty_measures()
        if not mask.all():
            self._kernels.observe_rows(self._states, self._params, rows, measures)
        self._kernels.reset_rows(self._states, self._params, mask, rows, measures)
        self._ended &= ~mask
        self._started = True
        return elements(self.single_observation_space, rows), self._info(measures)

    def _begin_streams(self, seed: int | list[int | None] | None, mask: NDArray[np.bool_]) -> None:
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, (int, np.integer)):
            seeds = [int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds given for num_envs={self.num_envs}")
        for i in np.flatnonzero(mask):
            row_seed = seeds[i]
            if row_seed is not None:
                self._states[i]["key"] = draw_key(seeding.np_random(row_seed)[0])
                self._states[i]["episode"] = 0
            elif not self._started:
                self._states[i]["key"] = draw_key(self.np_random)
                self._states[i]["episode"] = 0
            else:
                self._states[i]["episode"] += 1

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], Info]:
        action_rows = checked_actions(actions, self.world, (self.num_envs,))
        if not self._started:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before step()")
        rows, measures = self._zero_observations(), self._empty_measures()
        same_step = self.autoreset_mode is AutoresetMode.SAME_STEP
        final_rows = np.zeros_like(rows) if same_step else rows
        final_measures = np.zeros_like(measures) if same_step else measures
        rewards = np.empty(self.num_envs)
        terminated = np.empty(self.num_envs, np.bool_)
        truncated = np.empty(self.num_envs, np.bool_)
        invalid = self._kernels.step_rows(
            self._states, action_rows, self._low, self._high, self._params,
            self.world.dynamics.max_episode_steps, self._mode, self._ended, rows, measures,
            rewards, terminated, truncated, final_rows, final_measures,
        )  # fmt: skip
        if invalid >= 0:
            raise ValueError(describe_invalid(self.world, action_rows[invalid], invalid))
        info = self._info(measures)
        if same_step:
            final = terminated | truncated
            if final.any():
                last = elements(self.single_observation_space, final_rows)
                info |= {"final_obs": last, "_final_obs": final}
                info |= {"final_info": self._info(final_measures, final), "_final_info": final}
        observations = elements(self.single_observation_space, rows)
        return observations, rewards, terminated, truncated, info

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One picture of each row, without history; None without render_mode="rgb_array"."""
        if self.render_mode is None:
            return None
        pictures = []
        for i in range(self.num_envs):
            canvas = Canvas(self.world, self._params)
            canvas.begin(self._states[i])
            pictures.append(canvas.pixels())
        return tuple(pictures)

    def _zero_observations(self) -> NDArray[Any]:
        return zero_rows(self.single_observation_space, self.num_envs)

    def _empty_measures(self) -> NDArray[np.float64]:
        return np.empty((self.num_envs, len(self.world.dynamics.measures)))

    def _info(self, measures: NDArray[np.float64], rows: NDArray[np.bool_] | None = None) -> Info:
        rows = np.ones(self.num_envs, np.bool_) if rows is None else rows
        info: Info = {}
        for column, name in enumerate(self.world.dynamics.measures):
            info[name] = measures[:, column]
            info[f"_{name}"] = rows
        return info


def checked_mask(name: str, mask: Any, num_envs: int) -> NDArray[np.bool_]:
    """A mask of rows, bool [num_envs]; all of them where it is None.

    Raises:
        ValueError: if it has another dtype or shape.
    """
    if mask is None:
        return np.ones(num_envs, np.bool_)
    mask = np.asarray(mask)
    if mask.shape != (num_envs,) or mask.dtype != np.bool_:
        raise ValueError(f"{name} must be bool [{num_envs}], not {mask.dtype} {list(mask.shape)}")
    return mask
