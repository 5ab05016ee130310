"""Exact soft-optimal control of linear-quadratic worlds, the models of `linear_gaussian`.

The soft-optimal policies are linear with Gaussian noise, u_t ~ N(-K_t x_t, S_t), and soft values
are quadratic, V_t(x) = -x' P_t x / tau + c_t. The temperature tau divides the reward, so values are
in nats. The prior over actions is Lebesgue measure in the units of u; its logarithm is dropped.

Two models (see Levine, "Reinforcement learning and control as probabilistic inference", 2018):
- causal (Ziebart, "Modeling purposeful adaptive behavior", 2010): the best policy for the sum of
  expected reward / tau and entropy. K and P are those of Riccati's recursion, whatever tau is.
- posterior: actions given that the trajectory was drawn in proportion to exp(reward / tau). This is
  risk-seeking control (Jacobson 1973, Whittle 1990: LEQG), which plans with optimistic dynamics:
  start and noise tilt towards reward.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import log, pi

import numpy as np

from il_envs.exact.linear_gaussian import (
    Array,
    LinearGaussianEvaluation,
    LinearGaussianPolicy,
    LinearQuadraticModel,
    cholesky,
    evaluate_linear_gaussian,
    expected_square,
    square_root,
    squares,
    symmetric,
)
from il_envs.exact.soft_backup import Backup


@dataclass(frozen=True, eq=False, repr=False)
class LinearQuadraticSoftOptimal:
    """A soft-optimal policy with its value, V_t(x) = -x' P_t x / temperature + c_t, in nats.

    `believed` is the model with which the policy plans: the true one if causal; if posterior, the
    optimistic one, whose start and noise tilt towards reward. As in `SoftOptimal`, the properties
    of a posterior (`expected_return`, `entropy`, `sample`) describe trajectories in that model;
    `evaluation` describes its policy in the true one.
    """

    model: LinearQuadraticModel
    backup: Backup
    temperature: float  # units of reward that make a nat
    policy: LinearGaussianPolicy
    believed: LinearQuadraticModel
    quadratic: Array  # P [T + 1, n, n], in units of reward
    constant: Array  # c [T + 1], in nats
    log_partition: float  # causal: E V_0(x_0); posterior: log E exp V_0(x_0); in nats

    def __repr__(self) -> str:
        return f"<{self.backup} soft-optimum at {self.temperature:g} of {self.model!r}>"

    @cached_property
    def evaluation(self) -> LinearGaussianEvaluation:
        """The policy evaluated in the true model."""
        return evaluate_linear_gaussian(self.model, self.policy)

    @cached_property
    def marginals(self) -> LinearGaussianEvaluation:
        """The policy evaluated in the model with which it plans, `believed`."""
        return evaluate_linear_gaussian(self.believed, self.policy)

    @property
    def expected_return(self) -> float:
        """E[sum of rewards] under `marginals`, in units of reward."""
        return self.marginals.expected_return

    @property
    def entropy(self) -> float:
        """Nats: E[sum of -log pi] (causal), or of the trajectories relative to the true dynamics,
        log Z - E[sum of rewards] / temperature (posterior)."""
        if self.backup == "causal":
            return self.policy.entropy
        return self.log_partition - self.expected_return / self.temperature

    @cached_property
    def optimal(self) -> LinearGaussianEvaluation:
        """The policy with the greatest expected return, evaluated in the true model: the mean of
        the causal soft-optimal one, without its noise."""
        return evaluate_linear_gaussian(self.model, self.policy.without_noise)

    def regrets(self, states: Array, actions: Array) -> Array:
        """What each action loses in expectation to the optimal one, [N, T], in units of reward.

        Of a causal reference: (u + K_t x)' (R + B'P_{t+1}B) (u + K_t x), the square that Riccati's
        recursion completes. Whatever policy acts, the sum over an episode has the expectation
        `optimal.expected_return` minus the expected return of the policy; gusts and starts, which
        the policy does not choose, add no variance to it as they do to the return.

        Args:
            states: [N, T, n], or [N, T + 1, n], whose last states are not used.
            actions: [N, T, m].
        """
        curvature = 0.5 * self.temperature * np.linalg.inv(self.policy.covariance)
        steps = actions.shape[1]
        gaps = [actions[:, t] - self.policy.mean(t, states[:, t]) for t in range(steps)]
        return np.stack([squares(curvature[t], gap) for t, gap in enumerate(gaps)], 1)

    def value(self, t: int, states: Array) -> Array:
        """V_t [...] in nats at states [..., n]; t runs from 0, the start, to T."""
        values: Array = self.constant[t] - squares(self.quadratic[t], states) / self.temperature
        return values

    def log_likelihood(self, states: Array, actions: Array) -> Array:
        """Log density of episodes relative to the true start and dynamics, [N], nats: the sum of
        log pi_t(u_t|x_t) (causal), or of r_t / temperature, minus log Z (posterior).

        Args:
            states: [N, T + 1, n].
            actions: [N, T, m].
        """
        if self.backup == "causal":
            return self.policy.log_likelihood(states, actions)
        logs: Array = self.model.returns(states, actions) / self.temperature - self.log_partition
        return logs

    def sample(self, count: int, seed: int) -> tuple[Array, Array]:
        """Episodes, states [count, T + 1, n] and actions [count, T, m], under `marginals`."""
        return self.marginals.sample(count, seed)


def linear_quadratic_soft_optimal(
    model: LinearQuadraticModel, backup: Backup = "causal", temperature: float = 1.0
) -> LinearQuadraticSoftOptimal:
    """The soft-optimal policy of a model in closed form.

    Raises:
        ValueError: if there is none: R + B'PB is not positive definite at some step (entropy and
            reward would grow without bound), or the posterior's optimistic noise has no finite
            covariance. Neither can happen with a positive definite R and no negative cost.
    """
    if backup not in ("causal", "posterior"):
        raise ValueError(f"backup must be 'causal' or 'posterior', not {backup!r}")
    if not 0.0 < temperature < np.inf:
        raise ValueError(f"temperature must be positive and finite, not {temperature!r}")
    steps, n, m = model.control.shape
    quadratic, constant = np.zeros((steps + 1, n, n)), np.zeros(steps + 1)
    gain, covariance = np.zeros((steps, m, n)), np.zeros((steps, m, m))
    lean, noise = np.zeros((steps, n, n)), np.zeros((steps, n, n))
    quadratic[steps] = model.final_cost
    for t in reversed(range(steps)):
        a, b = model.transition[t], model.control[t]
        ahead, expected = quadratic[t + 1], constant[t + 1]
        lean[t], noise[t] = np.eye(n), model.noise[t]
        if backup == "causal":
            expected -= np.trace(ahead @ model.noise[t]) / temperature
        else:
            lean[t], noise[t], shift = _tilt(ahead, model.noise[t], temperature, f"at step {t}")
            expected += shift
        ahead = symmetric(ahead @ lean[t])
        curvature = model.action_cost[t] + b.T @ ahead @ b
        root = cholesky(curvature, f"R + B'PB at step {t}")
        gain[t] = np.linalg.solve(curvature, b.T @ ahead @ a)
        covariance[t] = symmetric(0.5 * temperature * np.linalg.inv(curvature))
        closed = a - b @ gain[t]
        quadratic[t] = model.state_cost[t] + gain[t].T @ model.action_cost[t] @ gain[t]
        quadratic[t] = symmetric(quadratic[t] + closed.T @ ahead @ closed)
        log_volume = 0.5 * m * log(pi * temperature) - np.log(np.diag(root)).sum()
        constant[t] = expected + log_volume  # the integral of exp(-u' (R + B'PB) u / tau) du

    mean, start, believed = model.initial_mean, model.initial_covariance, model
    log_partition = constant[0]
    if backup == "causal":
        log_partition -= expected_square(quadratic[0], mean, start) / temperature
    else:
        start_lean, start, shift = _tilt(quadratic[0], start, temperature, "at the start")
        log_partition += shift - mean @ quadratic[0] @ start_lean @ mean / temperature
        believed = replace(
            model, transition=lean @ model.transition, control=lean @ model.control, noise=noise,
            initial_mean=start_lean @ mean, initial_covariance=start,
        )  # fmt: skip
    policy = LinearGaussianPolicy(gain, covariance)
    return LinearQuadraticSoftOptimal(
        model, backup, float(temperature), policy, believed, quadratic, constant,
        float(log_partition),
    )  # fmt: skip


def _tilt(
    quadratic: Array, covariance: Array, temperature: float, where: str
) -> tuple[Array, Array, float]:
    """Tilt the distribution N(z, covariance) of x by exp(-x'Px / tau), and normalise it.

    The result is N(lean @ z, tilted); the log of the factor's mean is shift - z' P lean z / tau.

    Returns:
        lean, tilted, shift.
    """
    root = square_root(covariance)
    precision = np.eye(len(root)) + (2.0 / temperature) * root @ quadratic @ root
    lower = cholesky(precision, f"the precision of the optimist's noise {where}")
    half = np.linalg.solve(lower, root)
    tilted = half.T @ half
    lean = np.eye(len(root)) - (2.0 / temperature) * tilted @ quadratic
    return lean, tilted, -float(np.log(np.diag(lower)).sum())
