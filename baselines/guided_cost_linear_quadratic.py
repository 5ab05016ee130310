"""Guided cost learning with exact policy steps in linear-quadratic worlds.

The costs of `guided_cost_exact` in a continuous world: R(tau) = -(sum_t x'Qx + u'Ru) - x_T'Fx_T
with symmetric Q, R and F to be learned; R(tau) is linear in them. The policy step is Riccati's
recursion. Features are scaled to be uncorrelated and of variance 1 over trajectories of one start,
under a policy that is fitted to the demonstrations: raw features differ by orders of magnitude, so
that no single learning rate would suit them all.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from baselines.planning import FloatArray
from il_envs import LinearQuadraticModel, linear_quadratic_soft_optimal
from il_envs.exact.linear_gaussian import LinearGaussianPolicy, square_root

ROLLOUTS = 8
"""Trajectories sampled from each start to scale the features."""

LEAST_SIZE = 1e-6
"""Least variance of a direction of features, relative to features of variance 1. Along a smaller
one the dynamics fix the feature, and a cost of it changes no policy."""


@dataclass(frozen=True)
class LinearGaussianSampler:
    """A linear policy with Gaussian noise in a linear world."""

    model: LinearQuadraticModel
    policy: LinearGaussianPolicy

    def log_likelihood(self, states: FloatArray, actions: FloatArray) -> FloatArray:
        return self.policy.log_likelihood(states, actions)

    def sample(
        self, starts: FloatArray, random: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        steps, n, m = self.model.control.shape
        gusts, hand = square_root(self.model.noise), square_root(self.policy.covariance)
        states, actions = np.empty((len(starts), steps + 1, n)), np.empty((len(starts), steps, m))
        states[:, 0] = starts
        for t in range(steps):
            actions[:, t] = self.policy.mean(t, states[:, t])
            actions[:, t] += random.standard_normal((len(starts), m)) @ hand[t]
            states[:, t + 1] = states[:, t] @ self.model.transition[t].T
            states[:, t + 1] += actions[:, t] @ self.model.control[t].T
            states[:, t + 1] += random.standard_normal((len(starts), n)) @ gusts[t]
        return states, actions


@dataclass(frozen=True)
class QuadraticPlanner:
    """A linear world whose costs are to be learned.

    Args:
        model: its dynamics; the costs are not looked at.
        states, actions: demonstrations [N, T + 1, n] and [N, T, m], which features are scaled by.
    """

    model: LinearQuadraticModel
    states: FloatArray
    actions: FloatArray

    @property
    def is_deterministic(self) -> bool:
        return not self.model.noise.any()

    @property
    def prior_mean(self) -> FloatArray:
        """Mean of the prior on the weights, float64 [K]: states cost nothing, and the action cost
        is the one under which the demonstrator's noise is optimal in a single step."""
        policy = self.fit(self.states, self.actions).policy
        n, costs = len(self.model.initial_mean), 0.5 * np.linalg.inv(policy.covariance[0])
        return self.weights_of(np.zeros((n, n)), costs, np.zeros((n, n)))

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariance of raw features over trajectories of one start, float64 [raw, raw]."""
        starts = np.repeat(self.states[:, 0], ROLLOUTS, 0)
        sampler = self.fit(self.states, self.actions)
        raw = self._raw(*sampler.sample(starts, np.random.default_rng(0)))
        luck = raw.reshape(-1, ROLLOUTS, raw.shape[1])
        luck = (luck - luck.mean(1, keepdims=True)).reshape(raw.shape)
        return luck.T @ luck / (len(self.states) * (ROLLOUTS - 1))

    @cached_property
    def scale(self) -> FloatArray:
        """The linear map that makes raw features uncorrelated, float64 [raw, K]."""
        deviation = np.sqrt(np.diag(self.covariance))
        sizes, axes = np.linalg.eigh(self.covariance / np.outer(deviation, deviation))
        told = sizes > LEAST_SIZE
        return axes[:, told] / np.sqrt(sizes[told]) / deviation[:, None]

    def weights_of(self, *costs: FloatArray) -> FloatArray:
        """The weights [K] of costs Q, R and F, as far as trajectories of one start tell them."""
        return self.scale.T @ self.covariance @ pack(*costs)

    def features(self, states: FloatArray, actions: FloatArray) -> FloatArray:
        return self._raw(states, actions) @ self.scale

    def _raw(self, states: FloatArray, actions: FloatArray) -> FloatArray:
        squares = [
            np.einsum("ntj,ntk->njk", vectors, vectors)
            for vectors in (states[:, :-1], actions, states[:, -1:])
        ]
        return -np.stack([pack(*matrices) for matrices in zip(*squares, strict=True)])

    def with_costs(self, weights: FloatArray) -> LinearQuadraticModel:
        """The world with the costs that weights [K] stand for."""
        n, m = self.model.control.shape[1:]
        state, action, final = unpack(self.scale @ weights, (n, m, n))
        return replace(self.model, state_cost=state, action_cost=action, final_cost=final)

    def plan(self, weights: FloatArray, entropy: float) -> LinearGaussianSampler:
        """The soft-optimal policy of the weights [K], a nat of entropy being worth `entropy`.

        Raises:
            ValueError: if the costs have no optimum.
        """
        solution = linear_quadratic_soft_optimal(self.with_costs(weights), "causal", entropy)
        return LinearGaussianSampler(self.model, solution.policy)

    def fit(self, states: FloatArray, actions: FloatArray) -> LinearGaussianSampler:
        """Fit the density of the demonstrations by linear regression, the same at every step."""
        x, u = (array.reshape(-1, array.shape[-1]) for array in (states[:, :-1], actions))
        gain, *_ = np.linalg.lstsq(-x, u, rcond=None)
        covariance = np.cov(u + x @ gain, rowvar=False)
        steps = actions.shape[1]
        policy = LinearGaussianPolicy(
            np.tile(gain.T, (steps, 1, 1)), np.tile(covariance, (steps, 1, 1))
        )
        return LinearGaussianSampler(self.model, policy)


def pack(*matrices: FloatArray) -> FloatArray:
    """The upper triangles of symmetric matrices as one vector; entries off the diagonal are
    multiplied by sqrt 2, so that inner products are preserved."""
    rows = []
    for matrix in matrices:
        upper = np.triu_indices(len(matrix))
        rows.append(matrix[upper] * np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0)))
    return np.concatenate(rows)


def unpack(row: FloatArray, sizes: tuple[int, ...]) -> list[FloatArray]:
    """The inverse of `pack`."""
    matrices = []
    for size in sizes:
        upper = np.triu_indices(size)
        entries, row = row[: len(upper[0])], row[len(upper[0]) :]
        matrix = np.zeros((size, size))
        matrix[upper] = entries / np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0))
        matrices.append(np.triu(matrix) + np.triu(matrix, 1).T)
    return matrices
