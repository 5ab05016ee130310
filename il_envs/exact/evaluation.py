"""Exact policy evaluation, and the optimal policy, in a tabular model, without sampling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.linalg import splu

from il_envs.exact.checks import (
    FloatArray,
    IntArray,
    place_name,
    require_distributions,
    require_memory,
)
from il_envs.exact.sampling import sample_trajectories
from il_envs.exact.tabular_model import TabularModel


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The exact evaluation of a policy in a tabular model.

    Shapes are for a finite horizon of T steps; where `model.horizon` is None the policy is
    stationary, and no array has a time axis.

    Attributes:
        model: the model.
        policy: pi_t(a|s), float64 [T, S, A].
    """

    model: TabularModel
    policy: FloatArray

    def __repr__(self) -> str:
        return f"<Evaluation of a policy {list(self.policy.shape)} in {self.model!r}>"

    @cached_property
    def value(self) -> FloatArray:
        """E[sum of discounted rewards from step t on | s_t], float64 [T + 1, S]; value[T] = 0."""
        model = self.model
        if model.horizon is None:
            rewards = (self.policy * model.reward_at(0)).sum(1)
            return _solve_stationary(model, self.policy, rewards)
        value = np.zeros((model.horizon + 1, model.states))
        for step in reversed(range(model.horizon)):
            q = model.expected_action_values(step, value[step + 1])
            value[step] = (self.policy[step] * q).sum(1)
        return value

    @cached_property
    def q(self) -> FloatArray:
        """r_t(s,a) + discount * E[value of the next step], float64 [T, S, A]."""
        model = self.model
        if model.horizon is None:
            return model.expected_action_values(0, self.value)
        require_memory("q", 8 * self.policy.size)
        return np.stack(
            [
                model.expected_action_values(step, self.value[step + 1])
                for step in range(model.horizon)
            ]
        )

    @cached_property
    def occupancy(self) -> FloatArray:
        """P(s_t, a_t), float64 [T, S, A]; stationary: sum_t discount^t P(s_t, a_t), [S, A]."""
        model = self.model
        if model.horizon is None:
            flow = _flow(model, self.policy)
            visits = splu(flow.tocsc()).solve(model.initial, trans="T")
            return np.maximum(visits, 0.0)[:, None] * self.policy
        return occupancy_of(self.policy, model.initial, lambda step, visits: model.move(visits))

    @property
    def expected_return(self) -> float:
        """E[sum of discounted rewards]."""
        first = self.value if self.model.horizon is None else self.value[0]
        return float(self.model.initial @ first)

    @property
    def feature_expectations(self) -> FloatArray:
        """E[sum of discounted features], float64 [K]."""
        return self.model.expected_features(self.occupancy)

    @property
    def entropy(self) -> float:
        """Causal entropy: E[sum of discounted -log pi_t(a_t|s_t)], nats."""
        log_policy = np.log(self.policy, out=np.zeros(self.policy.shape), where=self.policy > 0.0)
        losses = -self.occupancy * log_policy
        if self.model.horizon is None:
            return float(losses.sum())
        return float(self.model.discounts(self.model.horizon) @ losses.sum((1, 2)))

    def log_likelihood(self, states: ArrayLike, actions: ArrayLike) -> FloatArray:
        """sum_t log pi_t(a_t|s_t) of each trajectory, float64 [N], nats.

        This is the log of the trajectory's density relative to the dynamics, p(s_1) prod p(s'|s,a).

        Args:
            states: int [N, T + 1] or [N, T].
            actions: int [N, T].

        Raises:
            ValueError: if a trajectory is impossible in the model.
        """
        states, actions = self.model.check_trajectories(states, actions)
        with np.errstate(divide="ignore"):
            return np.log(entries_of(self.policy, states, actions)).sum(1)

    def sample(self, count: int, seed: int, steps: int | None = None) -> tuple[IntArray, IntArray]:
        """Trajectories of the policy: states int64 [count, T + 1] and actions int64 [count, T].

        Args:
            steps: T; by default the model's horizon. Required if the model has none.
        """
        model = self.model
        steps = model.checked_steps(steps)
        return sample_trajectories(
            self.policy, model.initial, lambda step: model.transition, count, seed, steps
        )


def evaluate(model: TabularModel, policy: ArrayLike) -> Evaluation:
    """Evaluate a policy exactly.

    Args:
        policy: pi(a|s), float [S, A], or pi_t(a|s), float [T, S, A].

    Raises:
        ValueError: if it is not a policy for this model; the message names the step and state.
    """
    policy = np.ascontiguousarray(policy, np.float64)
    shape = (model.states, model.actions)
    shapes = [shape] if model.horizon is None else [shape, (model.horizon, *shape)]
    if policy.shape not in shapes:
        known = " or ".join(str(list(shape)) for shape in shapes)
        raise ValueError(f"policy must have the shape {known}, not {list(policy.shape)}")
    require_distributions("policy", policy)
    wrong = (policy > 0.0) & ~model.available
    if wrong.any():
        *where, action = np.argwhere(wrong)[0].tolist()
        raise ValueError(f"policy {place_name(where)}: action {action} is not available there")
    if model.horizon is not None:
        policy = np.broadcast_to(policy, (model.horizon, *shape))
    return Evaluation(model, policy)


def divergence(reference: Evaluation, policy: Evaluation) -> float:
    """Sum over steps of E[KL(reference || policy)] in the states that the reference visits, in nats
    per episode.

    It is infinite if the policy gives probability 0 to an action that the reference may take. Both
    must be of the same model, which has a horizon.
    """
    visited = reference.occupancy > 0.0
    with np.errstate(divide="ignore"):
        ratios = np.log(reference.policy[visited]) - np.log(policy.policy[visited])
    return float((reference.occupancy[visited] * ratios).sum())


def hard_optimal(model: TabularModel) -> Evaluation:
    """The deterministic policy with the greatest expected return; of equally good actions it takes
    the one with the lowest number.

    With a horizon it is found by backward induction, without one by policy iteration (Howard 1960).

    Raises:
        ValueError: if the model has no reward.
    """
    if model.horizon is None:
        return _policy_iteration(model)
    shape = (model.horizon, model.states, model.actions)
    require_memory("a policy", 8 * int(np.prod(shape)))
    policy = np.zeros(shape)
    value = np.zeros(model.states)
    for step in reversed(range(model.horizon)):
        q = np.where(model.available, model.expected_action_values(step, value), -np.inf)
        policy[step] = np.eye(model.actions)[q.argmax(1)]
        value = q.max(1)
    return Evaluation(model, policy)


def policy_from_occupancy(occupancy: ArrayLike, available: ArrayLike) -> FloatArray:
    """The policy with a given occupancy, of the same shape; uniform in states never visited.

    Args:
        occupancy: float [..., S, A].
        available: bool [S, A].
    """
    occupancy = np.asarray(occupancy, np.float64)
    uniform = uniform_policy(available)
    visits = occupancy.sum(-1, keepdims=True)
    return np.divide(
        occupancy, visits, out=np.broadcast_to(uniform, occupancy.shape).copy(), where=visits > 0.0
    )


def uniform_policy(available: ArrayLike) -> FloatArray:
    """The policy that takes each available action with equal probability, float64 [S, A]."""
    available = np.asarray(available, np.bool_)
    return available / available.sum(1, keepdims=True)


def entries_of(table: FloatArray, states: IntArray, actions: IntArray) -> FloatArray:
    """The entries of a table, [T, S, A] or [S, A], along trajectories, float64 [N, T].

    Args:
        states: int64 [N, T + 1] or [N, T].
        actions: int64 [N, T].
    """
    steps = actions.shape[1]
    if table.ndim == 2:
        return table[states[:, :steps], actions]
    return table[np.arange(steps), states[:, :steps], actions]


def occupancy_of(
    policy: FloatArray, initial: FloatArray, move: Callable[[int, FloatArray], FloatArray]
) -> FloatArray:
    """The occupancy P(s_t, a_t), float64 [T, S, A], of a policy of that shape, step by step.

    Args:
        initial: start distribution, float64 [S].
        move: maps a step and its occupancy [S, A] to the state marginal of the next step, [S].
    """
    require_memory("the occupancy", 8 * policy.size)
    occupancy = np.empty(policy.shape)
    marginal = initial
    for step in range(len(policy)):
        np.multiply(marginal[:, None], policy[step], out=occupancy[step])
        marginal = move(step, occupancy[step])
    return occupancy


def _flow(model: TabularModel, policy: FloatArray) -> sparse.csr_array:
    """I - discount * P_pi, [S, S']."""
    moves = sparse.csr_array((model.states, model.states))
    for action in range(model.actions):
        rows = slice(action * model.states, (action + 1) * model.states)
        moves = moves + sparse.diags_array(policy[:, action]) @ model.transition[rows]
    return sparse.eye_array(model.states) - model.discount * moves


def _solve_stationary(model: TabularModel, policy: FloatArray, rewards: FloatArray) -> FloatArray:
    """V = rewards + discount * P_pi V, float64 [S]."""
    return splu(_flow(model, policy).tocsc()).solve(rewards)


def _policy_iteration(model: TabularModel) -> Evaluation:
    reward = np.where(model.available, model.reward_at(0), -np.inf)
    greedy = reward.argmax(1)
    rows = np.arange(model.states)
    while True:
        policy = np.eye(model.actions)[greedy]
        value = _solve_stationary(model, policy, reward[rows, greedy])
        q = np.where(model.available, model.expected_action_values(0, value), -np.inf)
        rounding = 1e-12 * (1.0 + np.abs(value))
        better = q.max(1) > q[rows, greedy] + rounding
        if not better.any():
            equals = q >= (q.max(1) - rounding)[:, None]
            return Evaluation(model, np.eye(model.actions)[equals.argmax(1)])  # the lowest of them
        greedy = np.where(better, q.argmax(1), greedy)
