"""Linear worlds with Gaussian noise and quadratic costs, and exact evaluation of policies in them.

The world is x_{t+1} = A x_t + B u_t + w_t with Gaussian noise w_t, for t = 0 ... T-1. It rewards
r_t = -(x_t' Q x_t + u_t' R u_t), and the last state with -x_T' F x_T. Policies are linear with
Gaussian noise, u_t ~ N(offset_t - K_t x_t, S_t), so states and actions are jointly Gaussian, and
their moments and the expected return are exact. Soft-optimal policies are in `linear_quadratic`.
"""

from dataclasses import dataclass, field, replace
from math import log, pi

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LOG_2_PI = log(2.0 * pi)


@dataclass(frozen=True, eq=False, repr=False)
class LinearQuadraticModel:
    """A linear world with Gaussian noise and quadratic costs; n states, m actions, T steps.

    Dynamics and running costs may be given as [T, ., .], one for each step, and are stored in that
    form. Costs need only be symmetric: a negative cost is a reward that grows with distance.

    Raises:
        ValueError: if a shape does not fit, a number is not finite, a cost or covariance is not
            symmetric, a covariance is not positive semi-definite, or the horizon is not positive.
    """

    transition: Array  # A [n, n]
    control: Array  # B [n, m]
    noise: Array  # covariance of w [n, n]
    state_cost: Array  # Q [n, n]
    action_cost: Array  # R [m, m]
    initial_mean: Array  # of x_0 [n]
    initial_covariance: Array  # [n, n]
    horizon: int  # T
    final_cost: Array = field(default_factory=lambda: np.zeros(()))  # F [n, n]; 0 if left out

    def __post_init__(self) -> None:
        if not isinstance(self.horizon, (int, np.integer)) or self.horizon < 1:
            raise ValueError(f"horizon must be a positive whole number, not {self.horizon!r}")
        n, m = (np.shape(matrix)[-1:] or (0,) for matrix in (self.transition, self.control))
        final = np.zeros(n + n) if np.ndim(self.final_cost) == 0 else self.final_cost
        object.__setattr__(self, "final_cost", final)
        for name, shape, kind in (
            ("transition", n + n, ""),
            ("control", n + m, ""),
            ("noise", n + n, "covariance"),
            ("state_cost", n + n, "symmetric"),
            ("action_cost", m + m, "symmetric"),
            ("initial_mean", n, ""),
            ("initial_covariance", n + n, "covariance"),
            ("final_cost", n + n, "symmetric"),
        ):
            steps = None if name.startswith(("initial", "final")) else int(self.horizon)
            checked = _checked(name, getattr(self, name), shape, kind, steps)
            object.__setattr__(self, name, checked)

    def __repr__(self) -> str:
        steps, states, actions = self.control.shape
        return f"<LinearQuadraticModel: {states} states, {actions} actions, {steps} steps>"

    def returns(self, states: Array, actions: Array) -> Array:
        """Sums of the rewards of episodes [N], given states [N, T + 1, n], actions [N, T, m]."""
        total: Array = -squares(self.final_cost, states[:, -1])
        for t in range(self.horizon):
            total -= squares(self.state_cost[t], states[:, t])
            total -= squares(self.action_cost[t], actions[:, t])
        return total


@dataclass(frozen=True, eq=False, repr=False)
class LinearGaussianPolicy:
    """Actions u_t ~ N(offset_t - gain_t x_t, covariance_t).

    Raises:
        ValueError: if shapes do not fit, a number is not finite, or a covariance is not symmetric
            and positive semi-definite.
    """

    gain: Array  # K [T, m, n]
    covariance: Array  # S [T, m, m]
    offset: Array = field(default_factory=lambda: np.zeros(()))  # [T, m]; 0 if left out

    def __post_init__(self) -> None:
        if np.ndim(self.gain) != 3:
            raise ValueError(f"gain has shape {np.shape(self.gain)}, must be [T, m, n]")
        steps, m, n = np.shape(self.gain)
        offset = np.zeros((steps, m)) if np.ndim(self.offset) == 0 else self.offset
        checked = {
            "gain": _checked("gain", self.gain, (m, n), "", steps),
            "covariance": _checked("covariance", self.covariance, (m, m), "covariance", steps),
            "offset": _checked("offset", offset, (m,), "", steps),
        }
        for name, array in checked.items():
            object.__setattr__(self, name, array)

    @property
    def entropy(self) -> float:
        """Sum over the steps of the entropy of the actions given the state, in nats."""
        sizes = np.linalg.slogdet(2.0 * pi * np.e * self.covariance)[1]
        return 0.5 * float(sizes.sum())

    @property
    def without_noise(self) -> "LinearGaussianPolicy":
        """The policy that takes the mean actions."""
        return replace(self, covariance=np.zeros_like(self.covariance))

    def mean(self, t: int, states: Array) -> Array:
        """Mean actions [..., m] at step t in states [..., n]."""
        actions: Array = self.offset[t] - states @ self.gain[t].T
        return actions

    def __repr__(self) -> str:
        steps, actions, states = self.gain.shape
        return f"<LinearGaussianPolicy: {states} states, {actions} actions, {steps} steps>"

    def log_likelihood(self, states: Array, actions: Array) -> Array:
        """Log density of the actions given the states, summed over an episode's steps, [N].

        Args:
            states: [N, T, n], or [N, T + 1, n], whose last states are not used.
            actions: [N, T, m].

        Raises:
            ValueError: if a covariance is singular, so that there is no density.
        """
        steps, m, _ = self.gain.shape
        total = np.zeros(len(actions))
        for t in range(steps):
            root = cholesky(self.covariance[t], f"the policy's covariance at step {t}")
            standard = np.linalg.solve(root, (actions[:, t] - self.mean(t, states[:, t])).T)
            total -= 0.5 * (standard**2).sum(0) + np.log(np.diag(root)).sum() + 0.5 * m * LOG_2_PI
        return total


@dataclass(frozen=True, eq=False, repr=False)
class LinearGaussianEvaluation:
    """The exact evaluation of a policy in a model, as `evaluate_linear_gaussian` returns it."""

    model: LinearQuadraticModel
    policy: LinearGaussianPolicy
    state_mean: Array  # [T + 1, n]
    state_covariance: Array  # [T + 1, n, n]
    action_mean: Array  # [T, m]
    action_covariance: Array  # [T, m, m]
    expected_return: float  # in units of reward

    def __repr__(self) -> str:
        return f"<LinearGaussianEvaluation of {self.policy!r}, return {self.expected_return:g}>"

    def sample(self, count: int, seed: int) -> tuple[Array, Array]:
        """Episodes: states [count, T + 1, n] and actions [count, T, m]."""
        model, policy = self.model, self.policy
        random = np.random.default_rng(seed)
        steps, n, m = model.control.shape
        noise, hand = square_root(model.noise), square_root(policy.covariance)
        states, actions = np.empty((count, steps + 1, n)), np.empty((count, steps, m))
        start = random.standard_normal((count, n)) @ square_root(model.initial_covariance)
        states[:, 0] = model.initial_mean + start
        for t in range(steps):
            a, b = model.transition[t], model.control[t]
            actions[:, t] = policy.mean(t, states[:, t])
            actions[:, t] += random.standard_normal((count, m)) @ hand[t]
            states[:, t + 1] = states[:, t] @ a.T + actions[:, t] @ b.T
            states[:, t + 1] += random.standard_normal((count, n)) @ noise[t]
        return states, actions


def evaluate_linear_gaussian(
    model: LinearQuadraticModel, policy: LinearGaussianPolicy
) -> LinearGaussianEvaluation:
    """Moments of states and actions under any linear-Gaussian policy, and its expected return.

    Raises:
        ValueError: if the policy's shapes do not fit the model.
    """
    steps, n, m = model.control.shape
    if policy.gain.shape != (steps, m, n):
        raise ValueError(
            f"the policy's gain has shape {policy.gain.shape}, must be {(steps, m, n)} here"
        )
    states, spreads = np.empty((steps + 1, n)), np.empty((steps + 1, n, n))
    actions, action_spreads = np.empty((steps, m)), np.empty((steps, m, m))
    states[0], spreads[0] = model.initial_mean, model.initial_covariance
    total = 0.0
    for t in range(steps):
        a, b = model.transition[t], model.control[t]
        gain, hand = policy.gain[t], policy.covariance[t]
        closed = a - b @ gain
        actions[t] = policy.mean(t, states[t])
        action_spreads[t] = symmetric(gain @ spreads[t] @ gain.T + hand)
        states[t + 1] = a @ states[t] + b @ actions[t]
        spreads[t + 1] = closed @ spreads[t] @ closed.T + b @ hand @ b.T + model.noise[t]
        spreads[t + 1] = symmetric(spreads[t + 1])
        total -= expected_square(model.state_cost[t], states[t], spreads[t])
        total -= expected_square(model.action_cost[t], actions[t], action_spreads[t])
    total -= expected_square(model.final_cost, states[steps], spreads[steps])
    return LinearGaussianEvaluation(model, policy, states, spreads, actions, action_spreads, total)


def linear_gaussian_divergence(
    reference: LinearGaussianEvaluation, policy: LinearGaussianPolicy
) -> float:
    """Sum over steps of E[KL(reference || policy)] in the states that the reference visits, in nats
    per episode; infinite if a covariance of the policy is singular.

    Given a state, KL(N(v, S) || N(u, C)) is half of tr C^-1 S - m + log det C - log det S +
    (v - u)' C^-1 (v - u), and v - u is linear in the state, whose moments are known.
    """
    own, total = reference.policy, 0.0
    for t in range(reference.model.horizon):
        signs, sizes = np.linalg.slogdet([policy.covariance[t], own.covariance[t]])
        if signs[0] <= 0.0:
            return np.inf
        precision = np.linalg.inv(policy.covariance[t])
        gap = policy.gain[t] - own.gain[t]
        mean = own.offset[t] - policy.offset[t] + gap @ reference.state_mean[t]
        spread = gap @ reference.state_covariance[t] @ gap.T + own.covariance[t]
        total += 0.5 * (expected_square(precision, mean, spread) - len(mean) + sizes[0] - sizes[1])
    return total


def expected_square(weights: Array, mean: Array, covariance: Array) -> float:
    """E[x' weights x] of a random vector x with this mean and covariance."""
    return float(mean @ weights @ mean + np.trace(weights @ covariance))


def squares(weights: Array, vectors: Array) -> Array:
    """x' weights x, [...], for vectors x, [..., n]."""
    values: Array = ((vectors @ weights) * vectors).sum(-1)
    return values


def symmetric(matrix: Array) -> Array:
    """The mean of matrices and their transposes."""
    return 0.5 * (matrix + np.swapaxes(matrix, -1, -2))


def square_root(covariance: Array) -> Array:
    """The symmetric square root of positive semi-definite matrices, which may be singular."""
    sizes, axes = np.linalg.eigh(covariance)
    root: Array = (axes * np.sqrt(np.maximum(sizes, 0.0))[..., None, :]) @ axes.swapaxes(-1, -2)
    return root


def cholesky(matrix: Array, name: str) -> Array:
    """The lower triangular Cholesky factor of a positive definite matrix.

    Raises:
        ValueError: if the matrix is not positive definite; the message calls it `name`.
    """
    try:
        return np.asarray(np.linalg.cholesky(matrix), np.float64)
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(matrix).min())
        raise ValueError(
            f"{name} must be positive definite; its least eigenvalue is {least:.3g}"
        ) from None


def _checked(
    name: str, value: Array, shape: tuple[int, ...], kind: str, steps: int | None
) -> Array:
    """A read-only float64 array; one for each step if `steps` is given."""
    array = np.array(value, np.float64)
    whole = shape if steps is None else (steps, *shape)
    if array.shape not in (shape, whole):
        shapes = f"{shape}" if steps is None else f"{shape} or {whole}"
        raise ValueError(f"{name} has shape {array.shape}, must be {shapes}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a number that is not finite")
    if kind:
        scale = np.abs(array).max(initial=0.0)
        if np.abs(array - array.swapaxes(-1, -2)).max(initial=0.0) > 1e-9 * scale:
            raise ValueError(f"{name} must be symmetric")
        array = symmetric(array)
        if kind == "covariance" and np.linalg.eigvalsh(array).min() < -1e-9 * scale:
            raise ValueError(f"{name} must be positive semi-definite")
    array = np.broadcast_to(array, whole).copy()
    array.flags.writeable = False
    return array
