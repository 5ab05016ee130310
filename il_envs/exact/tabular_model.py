"""A known model with finitely many states and actions, stored sparsely and checked once."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from il_envs.exact.checks import (
    TOLERANCE,
    FloatArray,
    IntArray,
    checked_horizon,
    integers,
    numbers,
    refuse_steps,
    require_memory,
    require_shape,
    stacked_transition,
)


class TabularModel:
    """A Markov decision process with S states and A actions.

    Args:
        transition: p(s'|s,a), float [S, A, S'], or a sequence of A sparse arrays [S, S'].
        reward: r(s) [S], r(s,a) [S, A] or r_t(s,a) [T, S, A]; None if only the dynamics are known,
            as in inverse reinforcement learning.
        initial: start distribution, float [S].
        horizon: number T of steps, which is also the number of rewards and of decisions; None for
            a discounted problem with an infinite horizon.
        discount: gamma in (0, 1]; a reward t steps ahead is weighted by gamma^t.
        features: phi(s) [S, K] or phi(s,a) [S, A, K], for rewards that are linear in them.
        available: which actions are available in each state, bool [S, A]; by default all. The
            transition rows of unavailable actions are not read.

    Attributes:
        states: S.
        actions: A.
        transition: csr array [A * S, S'], row a * S + s is p(.|s,a).
        reward: float64 [S, A] or [T, S, A], or None.
        initial, horizon, discount, features, available: as given, as float64 and bool arrays.

    Raises:
        ValueError: if a shape or value is invalid; the message names the place.
    """

    def __init__(
        self,
        transition: ArrayLike | Sequence[Any],
        reward: ArrayLike | None,
        initial: ArrayLike,
        horizon: int | None,
        discount: float = 1.0,
        features: ArrayLike | None = None,
        available: ArrayLike | None = None,
    ) -> None:
        self.initial = numbers("initial", initial)
        self.transition = stacked_transition(transition)
        self.states = self.transition.shape[1]
        self.actions = self.transition.shape[0] // self.states
        require_shape("initial", self.initial, (self.states,))
        self.available = self._checked_available(available)
        self._forget_unavailable_rows()
        for part in (self.transition.data, self.transition.indices, self.transition.indptr):
            part.flags.writeable = False  # solutions are computed from it on demand
        self._transposed = self.transition.T  # a view, kept because it takes time to make
        self._check_probabilities()
        self.horizon, self.discount = checked_horizon(horizon, discount)
        self.features = self._checked_features(features)
        self.reward = self._checked_reward(reward)

    def __repr__(self) -> str:
        length = f"discount {self.discount:g}"
        if self.horizon is not None:
            length = f"{self.horizon} steps" + (f", {length}" if self.discount < 1.0 else "")
        return f"<TabularModel: {self.states} states, {self.actions} actions, {length}>"

    def with_reward(self, reward: ArrayLike | None) -> "TabularModel":
        """The same dynamics with another reward, [S], [S, A], [T, S, A] or None.

        Raises:
            ValueError: if the shape does not fit the model.
        """
        other = copy(self)
        other.reward = self._checked_reward(reward)
        return other

    def with_linear_reward(self, weights: ArrayLike) -> "TabularModel":
        """The same dynamics with the reward `features @ weights`; weights [K].

        Raises:
            ValueError: if there are no features, or not as many as weights.
        """
        features = self._required_features()
        weights = numbers("weights", weights)
        require_shape("weights", weights, (features.shape[-1],))
        return self.with_reward(features @ weights)

    @property
    def feature_count(self) -> int:
        """The number of features, K.

        Raises:
            ValueError: if the model has no features.
        """
        return int(self._required_features().shape[-1])

    def expected_features(self, occupancy: FloatArray) -> FloatArray:
        """Sum of discounted features under an occupancy, float64 [K].

        Args:
            occupancy: [T, S, A], where each step sums to 1; or [S, A], already discounted.
        """
        features = self._required_features()
        if occupancy.ndim == 3:
            occupancy = np.tensordot(self.discounts(len(occupancy)), occupancy, 1)
        if features.ndim == 2:
            return occupancy.sum(1) @ features
        return np.tensordot(occupancy, features, 2)

    def feature_mean(self, states: ArrayLike, actions: ArrayLike) -> FloatArray:
        """Mean over trajectories of their summed discounted features, float64 [K].

        Args:
            states: int [N, T + 1] or [N, T].
            actions: int [N, T].

        Raises:
            ValueError: if a trajectory is impossible, or the model has no features.
        """
        states, actions = self.check_trajectories(states, actions)
        return self.expected_features(self.empirical_occupancy(states, actions))

    def empirical_occupancy(self, states: IntArray, actions: IntArray) -> FloatArray:
        """The share of trajectories in each state and action at each step, float64 [T, S, A]."""
        count, steps = actions.shape
        require_memory("an occupancy", 8 * steps * self.states * self.actions)
        occupancy = np.zeros((steps, self.states, self.actions))
        np.add.at(occupancy, (np.arange(steps), states[:, :steps], actions), 1.0 / count)
        return occupancy

    def discounts(self, steps: int) -> FloatArray:
        """discount ** t for t = 0 ... steps - 1, float64 [steps]."""
        return np.power(self.discount, np.arange(steps))

    def expected_next(self, value: FloatArray) -> FloatArray:
        """E[V(s') | s, a], float64 [A, S], for values [S']."""
        return (self.transition @ value).reshape(self.actions, self.states)

    def expected_action_values(self, step: int, next_value: FloatArray) -> FloatArray:
        """r_t(s,a) + discount * E[V(s')], float64 [S, A], for the values [S'] of the next step.

        Raises:
            ValueError: if the model has no reward.
        """
        return self.reward_at(step) + self.discount * self.expected_next(next_value).T

    def move(self, occupancy: FloatArray) -> FloatArray:
        """The state marginal one step after an occupancy [S, A], float64 [S']."""
        return self._transposed @ occupancy.T.ravel()

    def checked_steps(self, steps: int | None) -> int:
        """The number of steps of a trajectory: the horizon, or `steps` if the model has none.

        Raises:
            ValueError: if horizon and `steps` differ, or there is neither.
        """
        if self.horizon is None:
            if steps is None:
                raise ValueError(
                    "a model without a horizon is sampled for a number of steps; give steps="
                )
            return steps
        if steps not in (None, self.horizon):
            raise ValueError(f"steps is {steps}, but the model's horizon is {self.horizon}")
        return self.horizon

    @property
    def has_timed_reward(self) -> bool:
        """True if the reward depends on the step."""
        return self.reward is not None and self.reward.ndim == 3

    def reward_at(self, step: int) -> FloatArray:
        """r_t, float64 [S, A].

        Raises:
            ValueError: if the model has no reward.
        """
        if self.reward is None:
            raise ValueError("the model has no reward; give it one with model.with_reward(...)")
        return self.reward[step] if self.has_timed_reward else self.reward

    def dense_transition(self) -> FloatArray:
        """p(s'|s,a), float64 [S, A, S'].

        Raises:
            MemoryError: if it does not fit into memory; raised before anything is allocated.
        """
        require_memory("a dense transition", 8 * self.states**2 * self.actions)
        dense = self.transition.toarray().reshape(self.actions, self.states, self.states)
        return np.ascontiguousarray(dense.transpose(1, 0, 2))

    def check_trajectories(
        self, states: ArrayLike, actions: ArrayLike, cut_short: bool = False
    ) -> tuple[IntArray, IntArray]:
        """Check trajectories, and return them as int64 arrays.

        Args:
            states: int [N, T + 1] or [N, T].
            actions: int [N, T].
            cut_short: whether T may be less than the horizon.

        Raises:
            ValueError: if the shapes do not fit, or a trajectory cannot happen in this model; the
                message names the trajectory and the step.
        """
        states, actions = integers("states", states), integers("actions", actions)
        if actions.ndim != 2 or actions.size == 0:
            raise ValueError(f"actions must have the shape [N, T], not {list(actions.shape)}")
        count, steps = actions.shape
        if states.shape not in ((count, steps), (count, steps + 1)):
            raise ValueError(
                f"states must have the shape {[count, steps]} or {[count, steps + 1]}, "
                f"not {list(states.shape)}"
            )
        is_short = cut_short and steps < (self.horizon or 0)
        if self.horizon is not None and steps != self.horizon and not is_short:
            raise ValueError(
                f"trajectories have {steps} steps, the model's horizon is {self.horizon}"
            )
        refuse_steps(
            (states < 0) | (states >= self.states),
            lambda i, t: f"state {states[i, t]} is not one of the model's {self.states}",
        )
        refuse_steps(
            (actions < 0) | (actions >= self.actions),
            lambda i, t: f"action {actions[i, t]} is not one of the model's {self.actions}",
        )
        refuse_steps(
            ~self.available[states[:, :steps], actions],
            lambda i, t: f"action {actions[i, t]} is not available in state {states[i, t]}",
        )
        refuse_steps(
            self.initial[states[:, :1]] == 0.0,
            lambda i, t: f"no episode of the model begins in state {states[i, t]}",
        )
        moves = states.shape[1] - 1
        rows = actions[:, :moves] * self.states + states[:, :moves]
        refuse_steps(
            self._probability(rows, states[:, 1:]) == 0.0,
            lambda i, t: (
                f"action {actions[i, t]} never leads from state {states[i, t]} "
                f"to state {states[i, t + 1]}"
            ),
        )
        return states, actions

    @staticmethod
    def from_toy_text(env: Any, horizon: int | None, discount: float = 1.0) -> "TabularModel":
        """The model in the table `P` of a Gymnasium toy-text environment.

        `P[s][a]` lists (probability, next state, reward, terminated); the probabilities of repeated
        outcomes add up. An episode that has terminated stays in an additional absorbing state, the
        last one, with reward 0. Rewards are averaged over outcomes.

        Args:
            env: FrozenLake, CliffWalking, Taxi, ...; it must have `P` and `initial_state_distrib`.

        Raises:
            TypeError: if it lacks one of them.
        """
        env = getattr(env, "unwrapped", env)
        table: Mapping[int, Mapping[int, Iterable[tuple[float, int, float, bool]]]] | None
        table, initial = getattr(env, "P", None), getattr(env, "initial_state_distrib", None)
        if table is None or initial is None:
            raise TypeError(
                f"{type(env).__name__} is no toy-text environment: it must have the attributes "
                "P and initial_state_distrib"
            )
        states, actions = len(table) + 1, len(table[0])
        ended = states - 1
        reward = np.zeros((states, actions))
        rows, columns, probabilities = [], [], []
        for state, choices in table.items():
            for action, outcomes in choices.items():
                for probability, successor, amount, terminated in outcomes:
                    rows.append(action * states + state)
                    columns.append(ended if terminated else successor)
                    probabilities.append(probability)
                    reward[state, action] += probability * amount
        rows += [action * states + ended for action in range(actions)]
        columns += [ended] * actions
        probabilities += [1.0] * actions
        stacked = sparse.coo_array(
            (probabilities, (rows, columns)), shape=(actions * states, states)
        ).tocsr()
        matrices = [stacked[action * states : (action + 1) * states] for action in range(actions)]
        return TabularModel(matrices, reward, np.append(initial, 0.0), horizon, discount)

    def _forget_unavailable_rows(self) -> None:
        if not self.available.all():
            lengths = np.diff(self.transition.indptr)
            self.transition.data[~np.repeat(self.available.T.ravel(), lengths)] = 0.0
            self.transition.eliminate_zeros()

    def _check_probabilities(self) -> None:
        entries = self.transition.data
        rows = np.repeat(
            np.arange(len(self.transition.indptr) - 1), np.diff(self.transition.indptr)
        )
        wrong = ~(entries >= 0.0)  # NaN too
        if wrong.any():
            entry = int(wrong.argmax())
            raise ValueError(
                f"transition: {self._row_name(rows[entry])} has the probability {entries[entry]}"
            )
        sums = self.transition.sum(axis=1)
        wrong = ~(np.abs(sums - 1.0) <= TOLERANCE) & self.available.T.ravel()
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                f"transition: {self._row_name(row)} sums to {sums[row]:.10g}, must sum to 1"
            )
        wrong = ~(self.initial >= 0.0)
        if wrong.any():
            state = int(wrong.argmax())
            raise ValueError(f"initial: state {state} has the probability {self.initial[state]}")
        if abs(self.initial.sum() - 1.0) > TOLERANCE:
            raise ValueError(f"initial sums to {self.initial.sum():.10g}, must sum to 1")

    def _probability(self, rows: IntArray, successors: IntArray) -> FloatArray:
        """The stored probability of each successor in its row, of the same shape."""
        if rows.size == 0:
            return np.ones(rows.shape)
        entries = self.transition[rows.ravel(), successors[:, : rows.shape[1]].ravel()]
        return np.asarray(entries).reshape(rows.shape)

    def _row_name(self, row: int) -> str:
        return f"the row of state {row % self.states}, action {row // self.states}"

    def _checked_available(self, available: ArrayLike | None) -> NDArray[np.bool_]:
        shape = (self.states, self.actions)
        if available is None:
            return np.ones(shape, np.bool_)
        array = np.array(available)
        if array.dtype != np.bool_:
            raise ValueError(f"available must be bool, not {array.dtype}")
        require_shape("available", array, shape)
        stuck = ~array.any(1)
        if stuck.any():
            raise ValueError(f"available: state {int(stuck.argmax())} has no action")
        array.flags.writeable = False
        return array

    def _checked_features(self, features: ArrayLike | None) -> FloatArray | None:
        if features is None:
            return None
        array = numbers("features", features)
        sized = (self.states, self.actions)[: max(array.ndim - 1, 1)]
        if array.ndim not in (2, 3) or array.shape[:-1] != sized:
            raise ValueError(
                f"features must have the shape [{self.states}, K] or "
                f"[{self.states}, {self.actions}, K], not {list(array.shape)}"
            )
        return array

    def _required_features(self) -> FloatArray:
        if self.features is None:
            raise ValueError("the model has no features; give TabularModel(..., features=...)")
        return self.features

    def _checked_reward(self, reward: ArrayLike | None) -> FloatArray | None:
        if reward is None:
            return None
        array = numbers("reward", reward)
        shapes = [(self.states,), (self.states, self.actions)]
        if self.horizon is not None:
            shapes.append((self.horizon, self.states, self.actions))
        if array.shape not in shapes:
            known = " or ".join(str(list(shape)) for shape in shapes)
            raise ValueError(f"reward must have the shape {known}, not {list(array.shape)}")
        if array.ndim == 1:
            array = np.repeat(array[:, None], self.actions, axis=1)
            array.flags.writeable = False
        return array
