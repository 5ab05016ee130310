"""What an instance of a world looks like from another process: its states, the entries of its
observations and actions, its actions and its features have other numbers.

So nothing that is known of the registered world, such as a stored policy, fits an instance. Here is
the side of the scorer, which has the world's own numbers; *there* is that of the algorithm. All
that crosses is translated where it crosses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import gymnasium as gym
import numpy as np

from il_envs.buttons import JOINT_BUTTONS_MAX, joint_chords, joint_index
from il_envs.engine.spaces import checked_actions, within_bounds
from il_envs.exact.checks import FloatArray, IntArray
from il_envs.exact.linear_gaussian import LinearQuadraticModel
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.demonstrations import Demonstrations
from il_envs.views import Array
from il_envs.world import Spaces, World

Order = IntArray | None
"""What is number k there is number order[k] here; None where all have the same number."""


@dataclass(frozen=True)
class Numbering:
    """The numbers of one instance, or of a registered world, where they are the same.

    Attributes:
        world: the world, as it is here.
        observations: the order of states, or of the entries of an observation [n].
        actions: that of Discrete actions, or of the entries of an action.
        choices: that of all that an action can be, where each has a number: of Discrete actions,
            or of the chords of few buttons.
        features: that of the features of a tabular model.
    """

    world: World
    observations: Order = None
    actions: Order = None
    choices: Order = None
    features: Order = None

    @staticmethod
    def of(world: World) -> "Numbering":
        """The numbering of a world, drawn from its code if it is an instance."""
        if not world.instance:
            return Numbering(world)
        random = np.random.default_rng(world.number_of("numbers"))
        observations, actions = (
            _drawn(random, space) for space in (world.spaces.observation, world.spaces.action)
        )
        choices = actions
        if actions is not None and isinstance(world.spaces.action, gym.spaces.MultiBinary):
            few = actions.size <= JOINT_BUTTONS_MAX
            choices = _order_of_chords(actions) if few else None
        return Numbering(world, observations, actions, choices, _drawn_features(random, world))

    @cached_property
    def nameplate(self) -> World:
        """The world as it is told there: under the name of the registered one, so that its code
        stays here, and without names of actions that have other numbers."""
        spaces = self.world.spaces
        shown = Spaces(
            _ordered(spaces.observation, self.observations),
            _ordered(spaces.action, self.actions),
            spaces.action_names if self.actions is None else (),
        )
        return replace(self.world, name=self.world.base, spaces=shown)

    def told(self, text: str) -> str:
        """A text as it is told there."""
        return text.replace(self.world.name, self.world.base)

    def observed(self, observations: Array) -> Array:
        """Observations from here as they are seen there, [..., entries] or [...]."""
        return _renumbered(observations, self.world.spaces.observation, self.observations)

    def shown(self, actions: Array) -> Array:
        """Actions from here as they are shown there, [..., entries] or [...]."""
        return _renumbered(actions, self.world.spaces.action, self.actions)

    def meant(self, actions: Array) -> Array:
        """Actions from there as they are meant here; what are no actions stay as they are."""
        back = None if self.actions is None else np.argsort(self.actions)
        return _renumbered(actions, self.world.spaces.action, back)

    def checked(self, actions: Array) -> None:
        """Check actions from there under the numbers that they have there.

        Raises:
            ValueError: if they are none.
        """
        if self.actions is not None:
            rows = checked_actions(actions, self.nameplate, actions.shape[:1])
            within_bounds(rows, self.nameplate, actions)

    def order_of_rows(self, arrays: Sequence[Array]) -> IntArray | None:
        """The order, int64 [rows], in which rows of arrays [rows, ...] from there tell nothing of
        the numbers here: that of their contents. None where the numbers are the same."""
        if self.observations is None and self.actions is None:
            return None
        columns = [array.reshape(len(array), -1).T for array in arrays]
        return np.lexsort(np.concatenate(columns)[::-1])

    def probabilities(self, told: FloatArray) -> FloatArray:
        """Probabilities from there of the actions here, [rows, A]; as they are if they have another
        shape."""
        return _to_here(told, -1, self.choices)

    def table(self, told: FloatArray) -> FloatArray:
        """A table from there of the states, or states and actions, here; [S] or [S, A]."""
        table = _to_here(told, 0, self.observations)
        return _to_here(table, 1, self.choices) if told.ndim == 2 else table

    def moments(self, mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Moments of actions from there as those of the actions here, [rows, m], [rows, m, m]."""
        mean = _to_here(mean, -1, self.actions)
        return mean, _to_here(_to_here(covariance, -1, self.actions), -2, self.actions)

    def demonstrations(self, shown: Demonstrations) -> Demonstrations:
        """Demonstrations from here as they are shown there; in an instance without measures, which
        tell the state."""
        episodes = tuple(
            replace(
                episode,
                observations=self.observed(episode.observations),
                actions=self.shown(episode.actions),
                measures={} if self.world.instance else episode.measures,
            )
            for episode in shown.episodes
        )
        return replace(shown, world=self.told(shown.world), episodes=episodes)

    def model(self, model: object) -> object:
        """A known model from here as it is told there."""
        if self.observations is None or self.actions is None:
            return model
        if isinstance(model, LinearQuadraticModel):
            return _ordered_linear(model, self.observations, self.actions)
        if isinstance(model, TabularModel) and self.choices is not None:
            return _ordered_tabular(model, self.observations, self.choices, self.features)
        return model


def _drawn(random: np.random.Generator, space: gym.Space[Any]) -> Order:
    """An order of the states or actions of a Discrete space, or of the entries of a vector; None
    for anything else, such as a picture."""
    if isinstance(space, gym.spaces.Discrete):
        return random.permutation(int(space.n)) if space.start == 0 else None
    shape = space.shape or ()
    return random.permutation(shape[0]) if len(shape) == 1 else None


def _drawn_features(random: np.random.Generator, world: World) -> Order:
    model = None if world.truth.model is None else world.known_model()
    if not isinstance(model, TabularModel) or model.features is None:
        return None
    return random.permutation(model.feature_count)


def _order_of_chords(buttons: IntArray) -> IntArray:
    """The order of the chords of buttons that have this order."""
    there = joint_chords(buttons.size)
    here = np.empty_like(there)
    here[:, buttons] = there
    return joint_index(here)


def _ordered(space: Any, order: Order) -> Any:
    """The space whose entries have this order."""
    if order is None or not isinstance(space, gym.spaces.Box):
        return space
    return gym.spaces.Box(space.low[order], space.high[order], dtype=space.dtype.type)


def _renumbered(values: Array, space: gym.Space[Any], order: Order) -> Array:
    """Elements of a space under numbers of this order; what are none stay as they are."""
    if order is None:
        return values
    if isinstance(space, gym.spaces.Discrete):
        numbered = values.astype(np.float64)
        known = (numbered >= 0) & (numbered < order.size) & (numbered == np.floor(numbered))
        renumbered = values.copy()
        renumbered[known] = np.argsort(order)[numbered[known].astype(np.int64)]
        return renumbered
    return values[..., order] if values.shape[-1:] == order.shape else values


def _to_here(told: FloatArray, axis: int, order: Order) -> FloatArray:
    """An array whose axis has the numbers of there; as it is if it has another length."""
    if order is None or told.ndim < abs(axis) + (axis >= 0) or told.shape[axis] != order.size:
        return told
    return np.take(told, np.argsort(order), axis)


def _ordered_tabular(
    model: TabularModel, states: IntArray, actions: IntArray, features: Order
) -> TabularModel:
    blocks = [model.transition[a * model.states : (a + 1) * model.states] for a in actions]
    reward = model.reward
    if reward is not None:
        reward = reward[..., states, :][..., actions]
    phi = model.features
    if phi is not None:
        phi = phi[states] if phi.ndim == 2 else phi[states][:, actions]
        phi = phi if features is None else phi[..., features]
    return TabularModel(
        [block[states][:, states] for block in blocks],
        reward,
        model.initial[states],
        model.horizon,
        model.discount,
        phi,
        model.available[states][:, actions],
    )


def _ordered_linear(
    model: LinearQuadraticModel, states: IntArray, actions: IntArray
) -> LinearQuadraticModel:
    def ordered(matrix: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
        return matrix[..., rows, :][..., columns]

    return LinearQuadraticModel(
        transition=ordered(model.transition, states, states),
        control=ordered(model.control, states, actions),
        noise=ordered(model.noise, states, states),
        state_cost=ordered(model.state_cost, states, states),
        action_cost=ordered(model.action_cost, actions, actions),
        initial_mean=model.initial_mean[states],
        initial_covariance=ordered(model.initial_covariance, states, states),
        horizon=model.horizon,
        final_cost=ordered(model.final_cost, states, states),
    )
