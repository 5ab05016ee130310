"""Maximum-margin planning (Ratliff, Bagnell and Zinkevich 2006).

Finds weights under which the demonstrations are better than every other policy by a margin that
grows with how different that policy is: the loss of a step is 1 for an action that the expert never
took in that state. The objective, lambda / 2 |w|^2 + max_mu [w . F mu + loss . mu] -
w . F mu_expert, is convex; each step of the subgradient method plans with the loss added to the
reward (their algorithm 1). The optimal policy of the averaged weights is returned.
"""

from dataclasses import dataclass

import numpy as np

from baselines.planning import (
    FloatArray,
    RewardPolicy,
    has_features,
    restore_table,
    whole_trajectories,
)
from il_envs import Algorithm, Problem, TabularModel, hard_optimal, tunable, tuned


@dataclass(frozen=True)
class MaxMarginConfig:
    """Settings of maximum-margin planning."""

    regularisation: float = tunable(0.1, 1e-3, 1.0, log=True)
    """lambda, the coefficient of half the squared norm of the weights."""
    iterations: int = 150
    """Subgradient steps; step k = 1, 2, ... has the step size 1 / (regularisation * k)."""


def train(problem: Problem, seed: int, config: MaxMarginConfig) -> RewardPolicy:
    """Learn weights from whole demonstrated episodes, and return their optimal policy."""
    model = problem.model()
    states, actions = whole_trajectories(problem.demonstrations(), model)
    expert = model.feature_mean(states, actions)
    seen = model.empirical_occupancy(states, actions).sum(0) > 0.0
    weights, curve = fit_weights(model, expert, 1.0 - seen, config)
    policy = hard_optimal(model.with_linear_reward(weights)).policy
    return RewardPolicy(policy, seed, model.features @ weights, curve, problem.action_space)


def fit_weights(
    model: TabularModel, expert: FloatArray, loss: FloatArray, config: MaxMarginConfig
) -> tuple[FloatArray, dict[str, list[float]]]:
    """Minimise the structured margin objective by the subgradient method.

    Args:
        expert: the demonstrations' feature expectations, float64 [K].
        loss: margin loss of each action in each state, float64 [S, A].

    Returns:
        The average of the weights over the second half of the steps, float64 [K], and the
        objective at each step.
    """
    weights = np.zeros(model.feature_count)
    total = np.zeros_like(weights)
    half = config.iterations // 2
    curve: dict[str, list[float]] = {"objective": []}
    for iteration in range(1, config.iterations + 1):
        learned = model.with_linear_reward(weights)
        rival = hard_optimal(learned.with_reward(learned.reward_at(0) + loss))
        penalty = 0.5 * config.regularisation * weights @ weights
        curve["objective"].append(float(penalty + rival.expected_return - weights @ expert))
        subgradient = config.regularisation * weights + rival.feature_expectations - expert
        weights = weights - subgradient / (config.regularisation * iteration)
        if iteration > half:
            total += weights
    return total / (config.iterations - half), curve


algorithm = tuned(
    Algorithm(
        name="mmp",
        summary="maximum-margin planning by subgradient steps",
        sources=frozenset({"demonstrations", "model"}),
        config=MaxMarginConfig(),
        train=train,
        restore=restore_table,
        applies_to=has_features,
    ),
    __file__,
)
