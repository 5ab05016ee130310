"""What guided cost learning needs of a known model to take policy steps exactly."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from baselines.planning import FloatArray, IntArray
from il_envs import TabularModel, hard_optimal, soft_optimal
from il_envs.exact.evaluation import entries_of
from il_envs.exact.sampling import sample_from

Trajectories = tuple[NDArray[Any], NDArray[Any]]
"""States [N, T + 1, ...] and actions [N, T, ...]."""


SMOOTHING = 1.0
"""Pseudo-counts that the fitted density spreads over the actions of each state."""


class Sampler(Protocol):
    """A policy in a known model."""

    def log_likelihood(self, states: Any, actions: Any) -> FloatArray:
        """sum_t log pi_t(a_t|s_t) of each trajectory, float64 [N], nats."""
        ...

    def sample(self, starts: Any, random: np.random.Generator) -> Trajectories:
        """A trajectory from each start."""
        ...


class Planner(Protocol):
    """A known model, in which rewards are linear in features and policy steps are exact.

    Attributes:
        is_deterministic: whether an action in a state has one outcome.
        prior_mean: the weights to begin with, float64 [K].
    """

    @property
    def is_deterministic(self) -> bool: ...

    @property
    def prior_mean(self) -> FloatArray: ...

    def features(self, states: Any, actions: Any) -> FloatArray:
        """The features of each trajectory, summed over its steps, float64 [N, K]."""
        ...

    def plan(self, weights: FloatArray, entropy: float) -> Sampler:
        """The policy that maximises E[weights . features] + entropy * H."""
        ...


@dataclass(frozen=True)
class TabularSampler:
    """A policy pi_t(a|s), float64 [T, S, A], in a tabular model."""

    model: TabularModel
    policy: FloatArray

    def log_likelihood(self, states: IntArray, actions: IntArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return np.log(entries_of(self.policy, states, actions)).sum(1)

    def sample(self, starts: IntArray, random: np.random.Generator) -> tuple[IntArray, IntArray]:
        steps, dynamics = len(self.policy), self.model.transition
        return sample_from(starts, self.policy, lambda step: dynamics, random, steps)


@dataclass(frozen=True)
class TabularPlanner:
    """A tabular model with features and a horizon."""

    model: TabularModel

    @property
    def is_deterministic(self) -> bool:
        """True if each action in each state has a single successor."""
        return bool((self.model.transition.data == 1.0).all())

    @property
    def prior_mean(self) -> FloatArray:
        return np.zeros(self.model.feature_count)

    def features(self, states: IntArray, actions: IntArray) -> FloatArray:
        model = self.model
        pairs = (states[:, :-1] * model.actions + actions).ravel()
        rows = np.repeat(np.arange(len(actions)), actions.shape[1])
        visits = sparse.csr_array(
            (np.ones(pairs.size), (rows, pairs)), (len(actions), model.states * model.actions)
        )
        assert model.features is not None  # or no reward could be learned
        table = model.features if model.features.ndim == 3 else model.features[:, None]
        shape = (model.states, model.actions, model.feature_count)
        return visits @ np.broadcast_to(table, shape).reshape(-1, model.feature_count)

    def plan(self, weights: FloatArray, entropy: float) -> TabularSampler:
        model = self.model.with_linear_reward(weights)
        solution = soft_optimal(model, temperature=entropy) if entropy else hard_optimal(model)
        return TabularSampler(model, solution.policy)

    def fit(self, states: IntArray, actions: IntArray) -> TabularSampler:
        """The smoothed frequencies of actions in each state: a density of the demonstrations."""
        model = self.model
        counts = len(states) * model.empirical_occupancy(states, actions).sum(0)
        counts += SMOOTHING * model.available / model.available.sum(1, keepdims=True)
        policy = counts / counts.sum(1, keepdims=True)
        return TabularSampler(model, np.broadcast_to(policy, (model.horizon or 1, *policy.shape)))
