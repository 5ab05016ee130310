"""The one vector environment, made from a world's kernels."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from il_envs.engine.arguments import (
    checked_clipping,
    checked_count,
    checked_limit,
    checked_options,
    checked_params,
    checked_render_mode,
    checked_seeds,
    checked_states,
    chosen_gentle_start,
    draw_key,
    render_metadata,
)
from il_envs.engine.single import Info, WorldEnv
from il_envs.engine.spaces import (
    action_bounds,
    as_records,
    checked_actions,
    elements,
    own_spaces,
    within_bounds,
    zero_rows,
)
from il_envs.engine.threads import RowThreads
from il_envs.views import States
from il_envs.world import Split, get_world


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
        render_mode: "rgb_array" in a world with a picture, "ansi" in one with a text.
        num_threads: threads that step the rows, the calling one included; the bits are the same.
        max_episode_steps, clip_actions: as in `WorldEnv`.

    `reset(options={"gentle_start": True})` is as in `WorldEnv`, for the rows of the mask; the
    episodes that an autoreset begins start as always.

    A copy, pickled or not, is in the same state.
    """

    metadata = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        world: str,
        num_envs: int = 1,
        split: Split = "training",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        clip_actions: bool = False,
        num_threads: int = 1,
    ) -> None:
        self.num_envs = checked_count("num_envs", num_envs)
        self.world = get_world(world)
        self.split = split
        self._num_threads = checked_count("num_threads", num_threads)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = render_metadata(self.world, ("rgb_array",))
        self.metadata["autoreset_mode"] = self.autoreset_mode
        self.render_mode = checked_render_mode(render_mode, self.metadata["render_modes"])
        self.single_observation_space, self.single_action_space = own_spaces(self.world.spaces)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._limit = checked_limit(self.world, max_episode_steps)
        self._clips = checked_clipping(self.world, clip_actions)
        self._names = self.world.dynamics.measures
        self._states = np.zeros(num_envs, self.world.dynamics.state)
        self._ended = np.zeros(num_envs, np.bool_)
        self._started = np.zeros(num_envs, np.bool_)
        self._all_started = False
        self._has_key = np.zeros(num_envs, np.bool_)  # by a seed or a draw
        self._bind()

    def _bind(self) -> None:
        """Look up the objects that a process shares among all environments of a world."""
        self._kernels = self._loops()
        self._mode = getattr(self._kernels, self.autoreset_mode.name)
        self._params = checked_params(self.world, self.split)
        self._low, self._high = action_bounds(self.world.spaces.action)
        self._threads = RowThreads(self._num_threads, self.num_envs)

    def _loops(self) -> SimpleNamespace:
        """The world's loops over rows, of `templates/batch.py`."""
        from il_envs.engine.kernels import batch_kernels  # Numba takes a while

        return batch_kernels(self.world)

    def __getstate__(self) -> Info:
        kept = self.__dict__.keys() - {"_kernels", "_params", "_threads"}
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: Info) -> None:
        self.__dict__.update(state)
        self._bind()

    def __copy__(self) -> "WorldVectorEnv":
        return deepcopy(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.world.id} x {self.num_envs}, {self.split}>"

    @property
    def states(self) -> States:
        """The State records, [num_envs]; a view, for scripted experts and pictures."""
        return self._states

    @states.setter
    def states(self, states: States) -> None:
        self._states[:] = checked_states(self.world, states, (self.num_envs,))
        self._ended[:] = False
        self._started[:] = self._has_key[:] = True

    @property
    def params(self) -> States:
        """The parameters of the world, records [arenas] as the kernels read them."""
        return self._params

    def observe(self) -> NDArray[Any]:
        """The observations of the current states, [num_envs, ...], for example after restoring."""
        rows, _ = self._look(self.states)
        return elements(self.single_observation_space, rows)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: Info | None = None,
    ) -> tuple[NDArray[Any], Info]:
        """Begin an episode in each row.

        Args:
            seed: of the first row, the others' follow; or one for each row, None to go on with the
                next episode of its stream.
            options: `gentle_start`, as in a single environment, and `reset_mask`, bool [rows].

        Returns:
            Observations [rows, ...], and the world's measures [rows].

        Raises:
            ValueError: if a seed or an option is not of these kinds, or no row is to be reset.
            TypeError: if the options are no dict.
        """
        options = checked_options(options)
        gentle_start = chosen_gentle_start(self.world, options)
        mask = checked_mask("options['reset_mask']", options.get("reset_mask"), self.num_envs)
        if not mask.any():
            raise ValueError("options['reset_mask'] must have at least one True")
        seeds = checked_seeds(seed, self.num_envs)
        super().reset(seed=int(seed) if isinstance(seed, (int, np.integer)) else None)
        self._begin_streams(seeds, mask)
        self._kernels.reset_rows(self._states, self._params, mask)
        self._ended &= ~mask
        self._started |= mask
        if gentle_start is not None:
            for i in np.flatnonzero(mask):
                gentle_start(self._states[i], self._params)
        rows, measures = self._zero_observations(), np.zeros_like(self._empty_measures())
        rows[self._started], measures[self._started] = self._look(self._states[self._started])
        return elements(self.single_observation_space, rows), self._info(measures)

    def _begin_streams(self, seeds: list[int | None], mask: NDArray[np.bool_]) -> None:
        """Give each row of the mask the key and the number of its next episode.

        A row that has never been reset keeps the key that a seed gives it until it is.
        """
        keys = [
            None if each is None else draw_key(seeding.np_random(each)[0], self.world)
            for each in seeds
        ]
        for i in np.flatnonzero(mask | ~self._started):
            begins = keys[i] is not None or not self._started[i]
            if keys[i] is not None:
                self._states[i]["key"] = keys[i]
                self._has_key[i] = True
            elif mask[i] and not self._has_key[i]:
                self._states[i]["key"] = draw_key(self.np_random, self.world)
                self._has_key[i] = True
            if mask[i]:
                self._states[i]["episode"] = 0 if begins else self._states[i]["episode"] + 1

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], Info]:
        """Take one step in each row.

        Args:
            actions: [rows, ...], as in `action_space`.

        Returns:
            Observations [rows, ...], rewards float64 [rows], terminated and truncated bool [rows],
            and the world's measures [rows].

        Raises:
            ValueError: if an action has another shape or kind, or is out of bounds, which changes
                nothing.
            gymnasium.error.ResetNeeded: before the first reset.
        """
        action_rows = checked_actions(actions, self.world, (self.num_envs,))
        self._require_reset("step()")
        valid = self._kernels.are_valid
        if not valid(as_records(action_rows), self._low, self._high, self._ended):
            action_rows = self._within_bounds(action_rows, actions)
        rows, measures = self._zero_observations(), self._empty_measures()
        same_step = self.autoreset_mode is AutoresetMode.SAME_STEP
        final_rows = np.zeros_like(rows) if same_step else rows[:0]
        final_measures = np.zeros_like(measures) if same_step else measures[:0]
        rewards = np.empty(self.num_envs)
        terminated = np.empty(self.num_envs, np.bool_)
        truncated = np.empty(self.num_envs, np.bool_)
        self._threads.run(
            self._kernels.step_rows,
            (self._params, self._limit, self._mode),
            (
                self._states, as_records(action_rows), self._ended, as_records(rows),
                as_records(measures), rewards, terminated, truncated, as_records(final_rows),
                as_records(final_measures),
            ),
        )  # fmt: skip
        info = self._info(measures)
        if same_step:
            final = terminated | truncated
            if final.any():
                last = elements(self.single_observation_space, final_rows)
                info |= {"final_obs": last, "_final_obs": final}
                info |= {"final_info": self._info(final_measures, final), "_final_info": final}
        observations = elements(self.single_observation_space, rows)
        return observations, rewards, terminated, truncated, info

    def _within_bounds(self, rows: NDArray[Any], given: ArrayLike) -> NDArray[Any]:
        """As `within_bounds`, but for the actions of rows that are reset, or stand still."""
        used = np.where(self._ended[:, None], self._low, rows).astype(rows.dtype)
        return within_bounds(used, self.world, np.asarray(given).reshape(rows.shape), self._clips)

    def render(self) -> tuple[NDArray[np.uint8] | str, ...] | None:
        """The picture of each row's state, uint8 [height, width, 3], or its text, without its
        history; None without a render mode."""
        if self.render_mode is None:
            gym.logger.warn(f'render() needs make_vec("{self.world.id}", render_mode="rgb_array")')
            return None
        return self.call("render")

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """An attribute of a single environment in each row's state, or what it returns if it can
        be called; the rows' own states stay as they are.

        Raises:
            ValueError: for "step" and "reset", which are the vector environment's own.
        """
        if name in ("step", "reset"):
            raise ValueError(f"call {name}() of the vector environment itself, for all rows")
        results = []
        for state, has_started in zip(self.states, self._started, strict=True):
            single = WorldEnv(
                self.world.name, self.split, self.render_mode, self._limit, self._clips
            )
            if has_started:
                single.state = state
            attribute = getattr(single, name)
            results.append(attribute(*args, **kwargs) if callable(attribute) else attribute)
        return tuple(results)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute of the single environment in each row's state."""
        return self.call(name)

    def _require_reset(self, use: str) -> None:
        if self._all_started:  # and a row that has been reset once stays so
            return
        self._all_started = bool(self._started.all())
        if not self._all_started:
            row = int(np.flatnonzero(~self._started)[0])
            which = f"; row {row} has not been reset yet" if self._started.any() else ""
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before {use}{which}")

    def _look(self, states: States) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Observations and measures of states, [states, ...]."""
        rows = zero_rows(self.single_observation_space, states.size)
        measures = np.zeros((states.size, len(self._names)))
        self._kernels.look_rows(states, self._params, as_records(rows), as_records(measures))
        return rows, measures

    def _zero_observations(self) -> NDArray[Any]:
        return zero_rows(self.single_observation_space, self.num_envs)

    def _empty_measures(self) -> NDArray[np.float64]:
        return np.empty((self.num_envs, len(self.world.dynamics.measures)))

    def _info(self, measures: NDArray[np.float64], rows: NDArray[np.bool_] | None = None) -> Info:
        rows = np.ones(self.num_envs, np.bool_) if rows is None else rows
        info: Info = {}
        for column, name in enumerate(self._names):
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
    return np.ascontiguousarray(mask)
