"""The one single environment, made from a world's kernels, and checks that both faces share."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.engine.kernels import action_bounds, elements, world_kernels, zero_rows
from il_envs.world import Split, States, World, get_world

Info = dict[str, Any]
Observation = Any  # an array, or an np.int64 where the observation space is Discrete

PICTURE_MODES, TEXT_MODE = ("rgb_array", "human"), "ansi"


class WorldEnv(gym.Env[Observation, Any]):
    """One world, as `gym.make` gives it.

    Args:
        world: name of a registered world.
        split: "training" or "held_out", where the world has parts that are kept for evaluation.
        render_mode: None, "rgb_array", "human", or "ansi" in a world that has a text.

    An episode is truncated by the world itself after `world.dynamics.max_episode_steps`, so that a
    restored state is truncated when it should be. `reset(seed=s)` starts episode 0 of a random
    stream; a later `reset()` starts the next episode of the same stream.
    """

    metadata = {"render_modes": [*PICTURE_MODES, TEXT_MODE]}  # an instance has its world's

    def __init__(
        self, world: str, split: Split = "training", render_mode: str | None = None
    ) -> None:
        self.world = get_world(world)
        self.split = split
        self.observation_space = self.world.spaces.observation
        self.action_space = self.world.spaces.action
        views = self.world.views
        modes = [*(PICTURE_MODES if views.pictures else ()), *([TEXT_MODE] if views.text else [])]
        self.metadata = {"render_modes": modes} | metadata(self.world)
        self.render_mode = checked_render_mode(render_mode, modes)
        self._kernels = world_kernels(self.world)
        self._params = checked_params(self.world, split)
        self._low, self._high = action_bounds(self.action_space)
        self._states = np.zeros(1, self.world.dynamics.state)
        self._measures = np.zeros(len(self.world.dynamics.measures))
        self._started = False
        draws = render_mode in PICTURE_MODES
        self._canvas = Canvas(self.world, self._params) if draws else None

    @property
    def state(self) -> np.void:
        """A copy of the State record; assigning one restores it, random stream included."""
        return self._states[0].copy()

    @state.setter
    def state(self, state: np.void) -> None:
        self._states[0] = checked_states(self.world, state)
        self._started = True
        if self._canvas is not None:
            self._canvas.begin(self._states[0])

    @property
    def states(self) -> States:
        """The State record as a batch of one, [1]; a view, for scripted experts."""
        return self._states

    @property
    def params(self) -> States:
        """The parameters of the world, as the kernels read them."""
        return self._params

    @property
    def model(self) -> Any:
        """The known model of the world's dynamics.

        Raises:
            LookupError: if the world has none.
        """
        return self.world.known_model()

    def observe(self) -> Observation:
        """The observation of the present state (after restoring one, say)."""
        row = zero_rows(self.observation_space)
        self._kernels.observe_rows(self._states, self._params, row[None], self._measures[None])
        return elements(self.observation_space, row)

    def reset(
        self, *, seed: int | None = None, options: Info | None = None
    ) -> tuple[Observation, Info]:
        super().reset(seed=seed)
        if seed is not None or not self._started:
            self._states[0]["key"] = draw_key(self.np_random)
            self._states[0]["episode"] = 0
        else:
            self._states[0]["episode"] += 1
        row = zero_rows(self.observation_space)
        self._kernels.reset_rows(
            self._states, self._params, EVERY_ROW, row[None], self._measures[None]
        )
        self._started = True
        if self._canvas is not None:
            self._canvas.begin(self._states[0])
            self._show()
        return elements(self.observation_space, row), self._info()

    def step(self, action: ArrayLike) -> tuple[Observation, float, bool, bool, Info]:
        action_row = checked_actions(action, self.world, ())
        if not self._started:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before step()")
        row = zero_rows(self.observation_space)
        valid, reward, terminated, truncated = self._kernels.step_single(
            self._states, action_row, self._low, self._high, self._params,
            self.world.dynamics.max_episode_steps, row, self._measures,
        )  # fmt: skip
        if not valid:
            raise ValueError(describe_invalid(self.world, action_row))
        if self._canvas is not None:
            self._canvas.add(self._states[0])
            self._show()
        observation = elements(self.observation_space, row)
        return observation, reward, terminated, truncated, self._info()

    def render(self) -> NDArray[np.uint8] | str | None:
        if self.render_mode == TEXT_MODE:
            if not self._started:
                raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before render()")
            assert self.world.views.text is not None
            return self.world.views.text(self.state, self._params)
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

    def _info(self) -> Info:
        return dict(zip(self.world.dynamics.measures, self._measures.tolist(), strict=True))


EVERY_ROW = np.ones(1, np.bool_)


def draw_key(random: np.random.Generator) -> np.uint64:
    """The key of a world's random stream."""
    return random.integers(2**64, dtype=np.uint64)


def checked_actions(actions: ArrayLike, world: World, batch: tuple[int, ...]) -> NDArray[Any]:
    """Actions as rows for the kernels, [*batch, entries]; values are checked in the kernel.

    Raises:
        ValueError: if the shape is wrong, or the numbers cannot be what the space holds.
    """
    space = world.spaces.action
    array = actions if isinstance(actions, np.ndarray) else np.asarray(actions)
    shape = (*batch, *(space.shape or ()))
    if array.shape != shape:
        raise ValueError(f"{world.name}: action has shape {array.shape}, must be {shape}")
    if array.dtype != space.dtype:
        kinds = "fiu" if isinstance(space, gym.spaces.Box) else "iub"
        if array.dtype.kind not in kinds:
            raise ValueError(f"{world.name}: action has dtype {array.dtype}, must be {space.dtype}")
        if array.dtype.kind in "iu" and space.dtype == np.int8:
            array = array.astype(np.int64).clip(-1, 2)  # or 256 would wrap round to 0
        array = array.astype(space.dtype)
    if not array.flags.carray:
        array = array.copy()  # or the kernels would be compiled anew for its layout
    return array.reshape(*batch, -1) if not space.shape else array


def describe_invalid(world: World, row: NDArray[Any], row_index: int | None = None) -> str:
    low, high = action_bounds(world.spaces.action)
    entry = next(k for k in range(row.size) if not low[k] <= row[k] <= high[k])
    where = f" of row {row_index}" if row_index is not None else ""
    meaning = f" ({world.spaces.action_names[entry]})" if world.spaces.action_names else ""
    return (
        f"{world.name}: action entry {entry}{meaning}{where} is {row[entry]}, "
        f"must be from {low[entry]:g} to {high[entry]:g}"
    )


def metadata(world: World) -> Info:
    return {"render_fps": round(1.0 / world.dynamics.control_period)}


def checked_render_mode(mode: str | None, known: list[str]) -> str | None:
    if mode is not None and mode not in known:
        raise ValueError(f"render_mode must be one of {known}, not {mode!r}")
    return mode


def checked_params(world: World, split: Split) -> States:
    if split not in ("training", "held_out"):
        raise ValueError(f"split must be 'training' or 'held_out', not {split!r}")
    return world.dynamics.params(split)


def checked_states(world: World, states: Any) -> Any:
    if getattr(states, "dtype", None) != world.dynamics.state:
        raise TypeError(f"{world.name}: a state must be a record of {world.dynamics.state.names}")
    return states
