"""The one single and the one vector environment, made from a world's kernels."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from il_envs.canvas import Canvas
from il_envs.kernels import action_bounds, world_kernels
from il_envs.world import Split, States, World, get_world

Info = dict[str, Any]


class WorldEnv(gym.Env[NDArray[Any], Any]):
    """One world, as `gym.make` gives it.

    Args:
        world: name of a registered world.
        split: "training" or "held_out", where the world has parts that are kept for evaluation.
        render_mode: None, "rgb_array" or "human".

    An episode is truncated by the world itself after `world.max_episode_steps`, so that a restored
    state is truncated when it should be. `reset(seed=s)` starts episode 0 of a random stream; a
    later `reset()` starts the next episode of the same stream.
    """

    metadata = {"render_modes": ["rgb_array", "human"]}

    def __init__(
        self, world: str, split: Split = "training", render_mode: str | None = None
    ) -> None:
        self.world = get_world(world)
        self.split = split
        self.observation_space = self.world.observation_space
        self.action_space = self.world.action_space
        self.metadata = self.metadata | _metadata(self.world)
        self.render_mode = _checked_render_mode(render_mode, self.metadata["render_modes"])
        self._kernels = world_kernels(self.world)
        self._params = _checked_params(self.world, split)
        self._low, self._high = action_bounds(self.action_space)
        self._states = np.zeros(1, self.world.state)
        self._measures = np.zeros(len(self.world.measures))
        self._started = False
        self._canvas = Canvas(self.world, self._params) if render_mode else None

    @property
    def state(self) -> np.void:
        """A copy of the State record; assigning one restores it, random stream included."""
        return self._states[0].copy()

    @state.setter
    def state(self, state: np.void) -> None:
        self._states[0] = _checked_states(self.world, state)
        self._started = True

    @property
    def states(self) -> States:
        """The State record as a batch of one, [1]; a view, for scripted experts."""
        return self._states

    @property
    def params(self) -> States:
        """The parameters of the world, as the kernels read them."""
        return self._params

    def observe(self) -> NDArray[Any]:
        """The observation of the present state (after restoring one, say)."""
        observations = self._empty_observation()[None]
        self._kernels.observe_rows(self._states, self._params, observations, self._measures[None])
        return observations[0]

    def reset(
        self, *, seed: int | None = None, options: Info | None = None
    ) -> tuple[NDArray[Any], Info]:
        super().reset(seed=seed)
        if seed is not None or not self._started:
            self._states[0]["key"] = draw_key(self.np_random)
            self._states[0]["episode"] = 0
        else:
            self._states[0]["episode"] += 1
        observation = self._empty_observation()
        self._kernels.reset_rows(
            self._states, self._params, _EVERY_ROW, observation[None], self._measures[None]
        )
        self._started = True
        if self._canvas is not None:
            self._canvas.begin(self._states[0])
            self._show()
        return observation, self._info()

    def step(self, action: ArrayLike) -> tuple[NDArray[Any], float, bool, bool, Info]:
        row = checked_actions(action, self.world, ())
        if not self._started:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before step()")
        observation = self._empty_observation()
        valid, reward, terminated, truncated = self._kernels.step_single(
            self._states, row, self._low, self._high, self._params,
            self.world.max_episode_steps, observation, self._measures,
        )  # fmt: skip
        if not valid:
            raise ValueError(_describe_invalid(self.world, row))
        if self._canvas is not None:
            self._canvas.add(self._states[0])
            self._show()
        return observation, reward, terminated, truncated, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        if self._canvas is None:
            gym.logger.warn(f'render() needs gym.make("{self.world.id}", render_mode="rgb_array")')
            return None
        return self._canvas.pixels() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        if self._canvas is not None:
            self._canvas.close()

    def _show(self) -> None:
        if self._canvas is not None and self.render_mode == "human":
            self._canvas.show()

    def _empty_observation(self) -> NDArray[Any]:
        return np.empty(self.world.observation_space.shape, self.world.observation_space.dtype)

    def _info(self) -> Info:
        return dict(zip(self.world.measures, self._measures.tolist(), strict=True))


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
        self.metadata = self.metadata | _metadata(self.world) | modes
        self.render_mode = _checked_render_mode(render_mode, self.metadata["render_modes"])
        self.single_observation_space = self.world.observation_space
        self.single_action_space = self.world.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._kernels = world_kernels(self.world)
        self._mode = getattr(self._kernels, self.autoreset_mode.name)
        self._params = _checked_params(self.world, split)
        self._low, self._high = action_bounds(self.single_action_space)
        self._states = np.zeros(num_envs, self.world.state)
        self._ended = np.zeros(num_envs, np.bool_)
        self._started = False

    @property
    def states(self) -> States:
        """The State records, [num_envs]; a view, for scripted experts and pictures."""
        return self._states

    @states.setter
    def states(self, states: States) -> None:
        self._states[:] = _checked_states(self.world, states)
        self._ended[:] = False
        self._started = True

    @property
    def params(self) -> States:
        """The parameters of the world, as the kernels read them."""
        return self._params

    def observe(self) -> NDArray[Any]:
        """The observations of the present states (after restoring them, say), [num_envs, ...]."""
        observations, measures = self._empty_observations(), self._empty_measures()
        self._kernels.observe_rows(self._states, self._params, observations, measures)
        return observations

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: Info | None = None,
    ) -> tuple[NDArray[Any], Info]:
        mask = _checked_mask((options or {}).get("reset_mask"), self.num_envs)
        super().reset(seed=seed if isinstance(seed, int) else None)
        self._begin_streams(seed, mask)
        observations, measures = self._empty_observations(), self._empty_measures()
        self._kernels.observe_rows(self._states, self._params, observations, measures)
        self._kernels.reset_rows(self._states, self._params, mask, observations, measures)
        self._ended &= ~mask
        self._started = True
        return observations, self._info(measures)

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
        rows = checked_actions(actions, self.world, (self.num_envs,))
        if not self._started:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before step()")
        observations, measures = self._empty_observations(), self._empty_measures()
        same_step = self.autoreset_mode is AutoresetMode.SAME_STEP
        final_observations = np.zeros_like(observations) if same_step else observations
        final_measures = np.zeros_like(measures) if same_step else measures
        rewards = np.empty(self.num_envs)
        terminated = np.empty(self.num_envs, np.bool_)
        truncated = np.empty(self.num_envs, np.bool_)
        invalid = self._kernels.step_rows(
            self._states, rows, self._low, self._high, self._params,
            self.world.max_episode_steps, self._mode, self._ended, observations, measures,
            rewards, terminated, truncated, final_observations, final_measures,
        )  # fmt: skip
        if invalid >= 0:
            raise ValueError(_describe_invalid(self.world, rows[invalid], invalid))
        info = self._info(measures)
        if same_step:
            final = terminated | truncated
            if final.any():
                info |= {"final_obs": final_observations, "_final_obs": final}
                info |= {"final_info": self._info(final_measures, final), "_final_info": final}
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

    def _empty_observations(self) -> NDArray[Any]:
        shape = self.world.observation_space.shape
        return np.empty((self.num_envs, *shape), self.world.observation_space.dtype)

    def _empty_measures(self) -> NDArray[np.float64]:
        return np.empty((self.num_envs, len(self.world.measures)))

    def _info(self, measures: NDArray[np.float64], rows: NDArray[np.bool_] | None = None) -> Info:
        rows = np.ones(self.num_envs, np.bool_) if rows is None else rows
        info: Info = {}
        for column, name in enumerate(self.world.measures):
            info[name] = measures[:, column]
            info[f"_{name}"] = rows
        return info


_EVERY_ROW = np.ones(1, np.bool_)


def draw_key(random: np.random.Generator) -> np.uint64:
    """The key of a world's random stream."""
    return random.integers(2**64, dtype=np.uint64)


def checked_actions(actions: ArrayLike, world: World, batch: tuple[int, ...]) -> NDArray[Any]:
    """Actions as rows for the kernels, [*batch, entries]; values are checked in the kernel.

    Raises:
        ValueError: if the shape is wrong, or the numbers cannot be what the space holds.
    """
    space = world.action_space
    array = actions if isinstance(actions, np.ndarray) else np.asarray(actions)
    shape = (*batch, *(space.shape or ()))
    if array.shape != shape:
        raise ValueError(f"{world.name}: action has shape {array.shape}, must be {shape}")
    if array.dtype != space.dtype:
        kinds = "fiu" if isinstance(space, gym.spaces.Box) else "iub"
        if array.dtype.kind not in kinds:
            raise ValueError(f"{world.name}: action has dtype {array.dtype}, must be {space.dtype}")
        if array.dtype.kind in "iu" and space.dtype == np.int8:
            array = array.clip(-1, 2)  # so that no wrong integer wraps round to a right one
        array = array.astype(space.dtype)
    return array.reshape(*batch, -1) if not space.shape else array


def _describe_invalid(world: World, row: NDArray[Any], row_index: int | None = None) -> str:
    low, high = action_bounds(world.action_space)
    entry = next(k for k in range(row.size) if not low[k] <= row[k] <= high[k])
    where = f" of row {row_index}" if row_index is not None else ""
    meaning = f" ({world.action_names[entry]})" if world.action_names else ""
    return (
        f"{world.name}: action entry {entry}{meaning}{where} is {row[entry]}, "
        f"must be from {low[entry]:g} to {high[entry]:g}"
    )


def _metadata(world: World) -> Info:
    return {"render_fps": round(1.0 / world.control_period)}


def _checked_render_mode(mode: str | None, known: list[str]) -> str | None:
    if mode is not None and mode not in known:
        raise ValueError(f"render_mode must be one of {known}, not {mode!r}")
    return mode


def _checked_params(world: World, split: Split) -> States:
    if split not in ("training", "held_out"):
        raise ValueError(f"split must be 'training' or 'held_out', not {split!r}")
    return world.params(split)


def _checked_states(world: World, states: Any) -> Any:
    if getattr(states, "dtype", None) != world.state:
        raise TypeError(f"{world.name}: a state must be a record of {world.state.names}")
    return states


def _checked_mask(mask: Any, num_envs: int) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(num_envs, np.bool_)
    mask = np.asarray(mask)
    if mask.shape != (num_envs,) or mask.dtype != np.bool_ or not mask.any():
        raise ValueError(
            f"options['reset_mask'] must be bool [{num_envs}] with at least one True, "
            f"not {mask.dtype} {list(mask.shape)}"
        )
    return mask
