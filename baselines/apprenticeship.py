"""Apprenticeship learning: match the expert's feature expectations (Abbeel and Ng 2004).

If the expert's reward is linear in the features with weights of norm at most 1, a policy whose
feature expectations are within epsilon of the expert's is within epsilon of its return, whatever
the weights. Each round plans for the reward that best separates the expert from the mixture of the
policies so far. The result is the mixture nearest to the expert, returned as the Markov policy with
the mixture's occupancy, which has the same feature expectations.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import lsq_linear

from baselines.planning import (
    FloatArray,
    RewardPolicy,
    has_features,
    restore_table,
    whole_trajectories,
)
from il_envs import (
    Algorithm,
    Evaluation,
    Problem,
    TabularModel,
    evaluate,
    hard_optimal,
    policy_from_occupancy,
)
from il_envs.exact.evaluation import uniform_policy


@dataclass(frozen=True)
class ApprenticeshipConfig:
    """Settings of apprenticeship learning."""

    method: Literal["projection", "max-margin"] = "projection"
    """How the next reward is chosen: by projection onto the line to the latest policy (section
    3.1), or as the direction of the greatest margin, a quadratic program (equations 10 to 12)."""
    tolerance: float = 1e-2
    """Stop when the distance between the mixture's and the expert's feature expectations is at most
    this share of the norm of the expert's."""
    rounds: int = 60
    """Most rounds, each of which plans one policy."""


def train(problem: Problem, seed: int, config: ApprenticeshipConfig) -> RewardPolicy:
    """Match the feature expectations of whole demonstrated episodes."""
    model = problem.model()
    states, actions = whole_trajectories(problem.demonstrations(), model)
    expert = model.feature_mean(states, actions)
    match = project if config.method == "projection" else separate
    occupancy, weights, distances = match(model, expert, config)
    policy = policy_from_occupancy(occupancy, model.available)
    return RewardPolicy(
        policy, seed, model.features @ weights, {"distance": distances}, problem.action_space
    )


Match = tuple[FloatArray, FloatArray, list[float]]


def project(model: TabularModel, expert: FloatArray, config: ApprenticeshipConfig) -> Match:
    """The projection method.

    Args:
        expert: feature expectations to match, float64 [K].

    Returns:
        The mixture's occupancy, float64 [T, S, A]; the last reward's weights, of norm 1, float64
        [K]; and the distance of the mixture's expectations from the expert's in each round.
    """
    first = _first_policy(model)
    occupancy, mixture = first.occupancy, first.feature_expectations
    distances: list[float] = []
    while True:
        weights, distance = _direction(expert - mixture)
        distances.append(distance)
        if distance <= config.tolerance * np.linalg.norm(expert) or len(distances) > config.rounds:
            return occupancy, weights, distances
        best = hard_optimal(model.with_linear_reward(weights))
        step = best.feature_expectations - mixture
        length = float(step @ step)
        share = float(np.clip(step @ (expert - mixture) / length, 0.0, 1.0)) if length else 0.0
        if share == 0.0:  # no policy is nearer
            return occupancy, weights, distances
        occupancy = occupancy + share * (best.occupancy - occupancy)
        mixture = mixture + share * step


def separate(model: TabularModel, expert: FloatArray, config: ApprenticeshipConfig) -> Match:
    """The max-margin method; arguments and results are those of `project`.

    By duality of the quadratic program, the weights of norm at most 1 with the greatest margin
    point from the nearest mixture of the policies so far to the expert.
    """
    policies = [_first_policy(model)]
    distances: list[float] = []
    while True:
        expectations = np.stack([policy.feature_expectations for policy in policies])
        shares = nearest_mixture(expectations, expert)
        weights, distance = _direction(expert - shares @ expectations)
        distances.append(distance)
        if distance <= config.tolerance * np.linalg.norm(expert) or len(distances) > config.rounds:
            break
        best = hard_optimal(model.with_linear_reward(weights))
        gain = weights @ (best.feature_expectations - shares @ expectations)
        if gain <= 1e-9 * distance:  # no policy is nearer
            break
        policies.append(best)
    occupancy = np.zeros_like(policies[0].occupancy)
    for share, policy in zip(shares, policies, strict=True):
        if share > 0.0:
            occupancy += share * policy.occupancy
    return occupancy, weights, distances


def nearest_mixture(points: FloatArray, target: FloatArray) -> FloatArray:
    """Weights of the convex combination of points that is nearest to a target, float64 [n].

    Args:
        points: float64 [n, K].
        target: float64 [K].
    """
    offsets = (points - target).T
    scale = float(np.abs(offsets).max()) or 1.0
    # Least squares over y >= 0 with the targets offsets @ y = 0 and sum(y) = 1; normalised, the
    # solution is exactly the point of least norm (Lawson and Hanson 1974, chapter 23).
    system = np.vstack([offsets / scale, np.ones(len(points))])
    wanted = np.append(np.zeros(len(target)), 1.0)
    # SciPy's nnls would do, but up to 1.15, the last for Python 3.10, it may stop too early.
    found: FloatArray = lsq_linear(system, wanted, (0.0, np.inf), method="bvls", tol=1e-15).x
    shares = np.maximum(found, 0.0)  # rounding
    return shares / shares.sum()


def _first_policy(model: TabularModel) -> Evaluation:
    return evaluate(model, uniform_policy(model.available))


def _direction(difference: FloatArray) -> tuple[FloatArray, float]:
    """A vector scaled to norm 1, and its norm before."""
    norm = float(np.linalg.norm(difference))
    return (difference / norm if norm > 0.0 else difference), norm


algorithm = Algorithm(
    name="apprenticeship",
    summary="apprenticeship learning by projection",
    sources=frozenset({"demonstrations", "model"}),
    config=ApprenticeshipConfig(),
    train=train,
    restore=restore_table,
    applies_to=has_features,
)

max_margin = replace(
    algorithm,
    name="apprenticeship-max-margin",
    summary="apprenticeship learning by greatest margin",
    config=ApprenticeshipConfig(method="max-margin"),
)
