"""The one single environment, made from a world's kernels."""

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import ArrayLike, NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.engine.arguments import (
    ENDLESS,
    TEXT_MODE,
    checked_clipping,
    checked_limit,
    checked_options,
    checked_params,
    checked_render_mode,
    checked_states,
    chosen_gentle_start,
    draw_key,
    render_metadata,
)
from il_envs.engine.keyboard import keys_to_action
from il_envs.engine.spaces import (
    action_bounds,
    as_records,
    checked_actions,
    elements,
    own_spaces,
    within_bounds,
    zero_rows,
)
from il_envs.views import States
from il_envs.world import Split, get_world

Info = dict[str, Any]
Observation = Any  # an array, or an np.int64 where the observation space is Discrete

PICTURE_MODES = ("rgb_array", "human")


class WorldEnv(gym.Env[Observation, Any]):
    """One world, as `gym.make` gives it.

    `print(env.unwrapped.world.documentation)` says what a world tests, and gives its reward and a
    table of its observations and actions.

    Args:
        world: name of a registered world.
        split: "training" or "held_out", where the world has parts that are kept for evaluation.
        render_mode: None, "rgb_array" or "human" in a world with a picture, "ansi" in one with a
            text.
        max_episode_steps: steps after which an episode is truncated; by default the world's own.
        clip_actions: whether actions beyond the bounds of a Box are clipped, for learners that do
            not clip; otherwise they raise ValueError.

    Steps are counted in the State record, so that a restored state is truncated at the right step;
    under `gym.make` Gymnasium's TimeLimit counts them instead, from each reset. `reset(seed=s)`
    starts episode 0 of a random stream; a later `reset()` starts the next episode of the same
    stream. `reset(options={"gentle_start": True})` goes on to the world's gentle start, where it
    has one: a start for people, such as a car that rolls slowly along a straight. A copy, pickled
    or not, is in the same state.
    """

    metadata = {"render_modes": [*PICTURE_MODES, TEXT_MODE]}  # an instance has its world's

    def __init__(
        self,
        world: str,
        split: Split = "training",
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        clip_actions: bool = False,
    ) -> None:
        self.world = get_world(world)
        self.split = split
        self.observation_space, self.action_space = own_spaces(self.world.spaces)
        self.metadata = render_metadata(self.world, PICTURE_MODES)
        self.render_mode = checked_render_mode(render_mode, self.metadata["render_modes"])
        self._limit = checked_limit(self.world, max_episode_steps)
        self._clips = checked_clipping(self.world, clip_actions)
        self._states = np.zeros(1, self.world.dynamics.state)
        self._names = self.world.dynamics.measures
        self._started = False
        self._spec: EnvSpec | None = None
        self._bind()
        draws = render_mode in PICTURE_MODES
        self._canvas = Canvas(self.world, self._params) if draws else None

    def _bind(self) -> None:
        """Look up the objects that a process shares among all environments of a world."""
        from il_envs.engine.kernels import single_kernels  # Numba takes a while

        self._kernels = single_kernels(self.world)
        self._params = checked_params(self.world, self.split)
        self._low, self._high = action_bounds(self.world.spaces.action)
        rows = (
            zero_rows(self.action_space, 1),
            zero_rows(self.observation_space, 1),
            np.zeros((1, len(self._names))),
        )
        self._action_row, self._observation_row, self._measure_row = (row[0] for row in rows)
        self._records = tuple(as_records(row) for row in rows)

    def __getstate__(self) -> Info:
        canvas = self._canvas
        state = self.__dict__ | {"_canvas": None if canvas is None else canvas.history.copy()}
        return {name: state[name] for name in state.keys() - BOUND}

    def __setstate__(self, state: Info) -> None:
        history = state.pop("_canvas")
        self.__dict__.update(state)
        self._bind()
        self._canvas = None
        if history is not None:
            self._canvas = Canvas(self.world, self._params)
            for record in history:
                self._canvas.add(record)

    def __copy__(self) -> "WorldEnv":
        return deepcopy(self)

    def __repr__(self) -> str:
        return f"<WorldEnv {self.world.id}, {self.split}>"

    @property
    def spec(self) -> EnvSpec | None:
        """How `gym.make` made it; None if it did not."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec
        if spec is not None:
            self._limit = ENDLESS  # from here on `gym.make` sees to the limit

    @property
    def state(self) -> np.void:
        """A copy of the State record; assigning one restores it, random stream included."""
        return self._states[0].copy()

    @state.setter
    def state(self, state: np.void) -> None:
        self._states[0] = checked_states(self.world, state, ())
        self._started = True
        if self._canvas is not None:
            self._canvas.begin(self._states[0])

    @property
    def states(self) -> States:
        """The State record as a batch of one, [1]; a view, for scripted experts."""
        return self._states

    @property
    def params(self) -> States:
        """The parameters of the world, records [arenas] as the kernels read them."""
        return self._params

    @property
    def model(self) -> Any:
        """The known model of the world's dynamics.

        Raises:
            LookupError: if the world has none.
        """
        return self.world.known_model()

    def observe(self) -> Observation:
        """The observation of the current state, for example after restoring one."""
        self._look()
        return self._observation()

    def reset(
        self, *, seed: int | None = None, options: Info | None = None
    ) -> tuple[Observation, Info]:
        """Begin an episode.

        Args:
            seed: begins a random stream, with its episode 0; None goes on to the next episode.
            options: `{"gentle_start": True}` for the world's start for people.

        Returns:
            The first observation, as in `observation_space`, and the world's measures.

        Raises:
            ValueError: if the world has no gentle start, or it is neither True nor False.
            TypeError: if the options are no dict.
        """
        gentle_start = chosen_gentle_start(self.world, checked_options(options))
        super().reset(seed=seed)
        if seed is not None or not self._started:
            self._states[0]["key"] = draw_key(self.np_random, self.world)
            self._states[0]["episode"] = later = 0
        else:
            later = 1
        _, observations, measures = self._records
        self._kernels.reset_and_look(self._states, later, self._params, observations, measures)
        if gentle_start is not None:
            gentle_start(self._states[0], self._params)
            self._look()
        self._started = True
        if self._canvas is not None:
            self._canvas.begin(self._states[0])
            self._show()
        return self._observation(), self._info()

    def step(self, action: ArrayLike) -> tuple[Observation, float, bool, bool, Info]:
        """Take one step.

        Args:
            action: [...], as in `action_space`.

        Returns:
            Observation [...], reward, terminated, truncated, and the world's measures.

        Raises:
            ValueError: if the action has another shape or kind, or is out of bounds, which changes
                nothing.
            gymnasium.error.ResetNeeded: before the first reset.
        """
        action_row = checked_actions(action, self.world, ())
        if not self._started:
            raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before step()")
        self._action_row[:] = action_row
        actions, observations, measures = self._records
        arguments = (
            self._states, actions, self._low, self._high, self._params, self._limit,
            observations, measures,
        )  # fmt: skip
        valid, reward, terminated, truncated = self._kernels.step_and_look(*arguments)
        if not valid:
            self._action_row[:] = within_bounds(action_row, self.world, action, self._clips)
            _, reward, terminated, truncated = self._kernels.step_and_look(*arguments)
        if self._canvas is not None:
            self._canvas.add(self._states[0])
            self._show()
        return self._observation(), reward, terminated, truncated, self._info()

    def render(self) -> NDArray[np.uint8] | str | None:
        """The picture, uint8 [height, width, 3], or the text of the state; None without a mode.

        Raises:
            gymnasium.error.ResetNeeded: before the first reset.
        """
        if self.render_mode == TEXT_MODE:
            if not self._started:
                raise gym.error.ResetNeeded(f"call reset() of {self.world.id} before render()")
            assert self.world.views.text is not None
            return self.world.views.text(self.state, self._params)
        if self._canvas is None:
            gym.logger.warn(f'render() needs gym.make("{self.world.id}", render_mode="rgb_array")')
            return None
        return self._canvas.pixels() if self.render_mode == "rgb_array" else None

    def get_keys_to_action(self) -> dict[tuple[int, ...], Any]:
        """The action for each set of held pygame keys, as `gymnasium.utils.play.play` needs it."""
        return keys_to_action(self.world)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._canvas is not None:
            self._canvas.close()

    def _show(self) -> None:
        if self._canvas is not None and self.render_mode == "human":
            self._canvas.show()

    def _look(self) -> None:
        """Observe and measure the current state."""
        _, observations, measures = self._records
        self._kernels.look(self._states, self._params, observations, measures)

    def _observation(self) -> Observation:
        return elements(self.observation_space, self._observation_row.copy())

    def _info(self) -> Info:
        return dict(zip(self._names, self._measure_row.tolist(), strict=True))


BOUND = {
    "_kernels", "_params", "_action_row", "_observation_row", "_measure_row", "_records",
}  # fmt: skip
"""What `WorldEnv._bind` makes, which no copy takes along."""
