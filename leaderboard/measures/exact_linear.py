"""Exact metrics in linear-quadratic worlds, and estimates of them where a policy is not linear.

A policy whose draws are Gaussian and affine in the state is evaluated in closed form. Any other one
is run: its returns have the reference's value as control variate, so that starts and gusts add no
variance, and divergences are means over states of the reference's. Such numbers have a standard
error, and are not called exact.
"""

from collections.abc import Sequence
from math import log, sqrt

import gymnasium as gym
import numpy as np
from scipy.special import ndtr

from il_envs.exact.checks import FloatArray
from il_envs.exact.linear_gaussian import (
    LinearGaussianPolicy,
    evaluate_linear_gaussian,
    linear_gaussian_divergence,
)
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal
from il_envs.learning.policy import GaussianPolicy, Policy
from il_envs.learning.rollout import Episode
from leaderboard.measures.checked_tables import InvalidActionError
from leaderboard.measures.exact import ExactMetrics
from leaderboard.measures.references import reference_control

CUT = 1e-9
"""Greatest probability that some action of an episode is beyond the bounds of the action space,
with which a policy is still called linear."""
EPISODES, SEED = 1_000, 0
"""Episodes of the reference over whose states the divergence of a policy that is not linear is a
mean, and their seed."""
PROBES = 3.0
"""Size of the states at which a policy that says it is affine is looked at."""


def row_metrics(
    reference: LinearQuadraticSoftOptimal, name: str, space: gym.spaces.Box
) -> ExactMetrics:
    """The exact metrics of a reference row."""
    control = reference_control(reference, name)
    return _uniform_metrics(reference, space) if control is None else metrics(reference, control)


def metrics(reference: LinearQuadraticSoftOptimal, control: LinearGaussianPolicy) -> ExactMetrics:
    """The exact metrics of a linear policy with Gaussian noise.

    Raises:
        ValueError: if it is not a policy for the reference's world.
    """
    policy = evaluate_linear_gaussian(reference.model, control)
    return _metrics(
        reference,
        policy.expected_return,
        evaluate_linear_gaussian(reference.model, control.without_noise).expected_return,
        control.entropy,
        linear_gaussian_divergence(reference.evaluation, control),
    )


def _uniform_metrics(reference: LinearQuadraticSoftOptimal, space: gym.spaces.Box) -> ExactMetrics:
    """Those of uniform actions: costs are quadratic, so that their mean and covariance decide the
    return. The uniform policy has no mode; its own return stands for it."""
    low, high = space.low, space.high
    steps, _, _ = reference.model.control.shape
    gain = np.zeros_like(reference.policy.gain)
    control = LinearGaussianPolicy(
        gain,
        np.tile(np.diag((high - low) ** 2 / 12.0), (steps, 1, 1)),
        np.tile((low + high) / 2.0, (steps, 1)),
    )
    total = evaluate_linear_gaussian(reference.model, control).expected_return
    entropy = steps * float(np.log(high - low).sum())
    return _metrics(reference, total, total, entropy, entropy - reference.entropy)


def _metrics(
    reference: LinearQuadraticSoftOptimal,
    expected_return: float,
    mode_return: float,
    entropy: float,
    divergence: float,
) -> ExactMetrics:
    soft_return = expected_return / reference.temperature + entropy
    return ExactMetrics(
        expected_return=expected_return,
        mode_return=mode_return,
        soft_regret=reference.log_partition - soft_return,
        occupancy_distance=None,
        policy_divergence=divergence,
        log_likelihood=-reference.entropy - divergence,
        epic=None,
        starc=None,
        transfer=None,
    )


def linear_control(
    policy: Policy, reference: LinearQuadraticSoftOptimal, space: gym.spaces.Box
) -> LinearGaussianPolicy | None:
    """A policy as the linear one that it is; None if it does not say that it is, or if its actions
    would be cut to their bounds.

    Raises:
        InvalidActionError: if it says so and is not.
    """
    if not isinstance(policy, GaussianPolicy) or getattr(policy, "is_affine", False) is not True:
        return None
    steps, n, _ = reference.model.control.shape
    probes = PROBES * np.vstack([np.zeros(n), np.eye(n), np.full(n, -1.0)])
    answers = [policy.action_moments(probes, step) for step in range(steps)]
    if any(answer is None for answer in answers):
        return None
    means, covariances = map(np.array, zip(*[a for a in answers if a is not None], strict=True))
    offset = means[:, 0]
    gain = (offset[:, None] - means[:, 1:-1]).swapaxes(1, 2) / PROBES
    expected = offset + PROBES * gain.sum(2)
    sizes = 1.0 + np.abs(means).max()
    if np.abs(expected - means[:, -1]).max() > 1e-6 * sizes or np.ptp(covariances, 1).max() > 1e-6:
        raise InvalidActionError("action_moments are not affine, though is_affine says so")
    try:
        control = LinearGaussianPolicy(gain, covariances[:, 0], offset)
    except ValueError as error:
        raise InvalidActionError(f"action_moments: {error}") from error
    return control if _cut_probability(reference, control, space) < CUT else None


def _cut_probability(
    reference: LinearQuadraticSoftOptimal,
    control: LinearGaussianPolicy,
    space: gym.spaces.Box,
) -> float:
    """A bound on the probability that some action of an episode is beyond the bounds."""
    policy = evaluate_linear_gaussian(reference.model, control)
    low, high = space.low, space.high
    deviation = np.sqrt(np.maximum(np.einsum("tmm->tm", policy.action_covariance), 1e-300))
    tails = ndtr((low - policy.action_mean) / deviation)
    tails += ndtr((policy.action_mean - high) / deviation)
    return float(tails.sum())


def controlled_returns(
    reference: LinearQuadraticSoftOptimal, episodes: Sequence[Episode]
) -> FloatArray:
    """The return of each episode with the reference's value as control variate, float64 [episodes]:
    what the optimal policy returns in expectation, minus what each action has lost."""
    states = np.stack([episode.observations for episode in episodes])
    actions = np.stack([episode.actions for episode in episodes])
    regrets = reference.regrets(states, actions).sum(1)
    returns: FloatArray = reference.optimal.expected_return - regrets
    return returns


def estimated_metrics(
    reference: LinearQuadraticSoftOptimal,
    policy: Policy,
    episodes: Sequence[Episode],
    mode_return: float,
) -> ExactMetrics | None:
    """Estimates of the metrics of a policy that is not linear, with their standard errors; None if
    its draws are not Gaussian.

    Args:
        episodes: of the policy's draws, with their observations.
        mode_return: that of its most likely actions.
    """
    if not isinstance(policy, GaussianPolicy):
        return None
    nats = _state_divergences(reference, policy)
    if nats is None:
        return None
    returns = controlled_returns(reference, episodes)
    own = returns / reference.temperature
    for step in range(reference.model.horizon):
        moments = policy.action_moments(np.stack([e.observations[step] for e in episodes]), step)
        assert moments is not None  # they have just been Gaussian
        m = moments[1].shape[-1]
        own = own + 0.5 * (np.linalg.slogdet(moments[1])[1] + m * (log(2.0 * np.pi) + 1.0))
    soft, kl = float(own.mean()), float(nats.mean())
    metrics = _metrics(reference, float(returns.mean()), mode_return, 0.0, kl)
    errors = {
        "expected_return": _standard_error(returns),
        "soft_regret": _standard_error(own),
        "policy_divergence": _standard_error(nats),
        "log_likelihood": _standard_error(nats),
    }
    return metrics.model_copy(
        update={"soft_regret": reference.log_partition - soft, "standard_errors": errors}
    )


def _standard_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / sqrt(len(values))) if np.isfinite(values).all() else np.inf


def _state_divergences(
    reference: LinearQuadraticSoftOptimal, policy: GaussianPolicy
) -> FloatArray | None:
    """KL(reference || policy) in the states of the reference's episodes, each in closed form and
    summed over the steps of an episode, float64 [EPISODES]."""
    own = reference.policy
    states, _ = reference.sample(EPISODES, SEED)
    total = np.zeros(EPISODES)
    for t in range(reference.model.horizon):
        moments = policy.action_moments(states[:, t], t)
        if moments is None:
            return None
        means, covariances = (np.asarray(moment, np.float64) for moment in moments)
        signs, sizes = np.linalg.slogdet(covariances)
        if (signs <= 0.0).any():
            return np.full(EPISODES, np.inf)
        precisions = np.linalg.inv(covariances)
        gaps = means - own.mean(t, states[:, t])
        total += 0.5 * np.einsum("ri,rij,rj->r", gaps, precisions, gaps)
        total += 0.5 * np.einsum("rij,ji->r", precisions, own.covariance[t])
        total += 0.5 * (sizes - np.linalg.slogdet(own.covariance[t])[1] - means.shape[1])
    return total
