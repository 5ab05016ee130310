"""Maximum margin planning (Ratliff, Bagnell and Zinkevich 2006).

Learns reward weights w for which the demonstrations are better than every other policy by a margin:
it minimises lambda/2 |w|^2 + max over policies of (w'mu + loss) - w'mu_expert, where mu are feature
expectations, and the loss of a policy is its number of steps with actions that the expert was not
seen to take in that state. The demonstrations count among the policies, with loss 0: the luck of a
few episodes, which no policy has, is no reason for larger weights. Each evaluation plans once, with
the loss added to the reward. The returned policy is optimal for the learned reward, without the
loss.

The objective is a maximum of planes, one for each policy, and convex. Ratliff et al. take
subgradient steps, which have no test of optimality; here its minimum is found by cutting planes
(Tsochantaridis et al. 2005; Teo et al. 2010, algorithm 1): the quadratic program over the policies
planned so far has the next weights as its solution, and its value is a lower bound on the minimum.
"""

import warnings
from dataclasses import dataclass

import clarabel
import numpy as np
from scipy import sparse

from baselines.planning import (
    FloatArray,
    RewardPolicy,
    has_features,
    restore_table,
    whole_trajectories,
)
from il_envs import (
    Algorithm,
    Problem,
    TabularModel,
    TrainingWarning,
    hard_optimal,
    tunable,
    tuned,
)


@dataclass(frozen=True)
class MaxMarginConfig:
    """Settings of maximum-margin planning."""

    regularisation: float = tunable(0.1, 1e-3, 1.0, log=True)
    """lambda, the coefficient of half the squared norm of the weights."""
    tolerance: float = 1e-5
    """Stop when the objective is above its minimum by at most this share of the greatest loss, the
    number of steps, by the lower bound of the quadratic program."""
    rounds: int = 1_000
    """Most rounds, each of which plans one policy; training warns if they do not suffice."""


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
    """Minimise the structured margin objective.

    Args:
        expert: the demonstrations' feature expectations, float64 [K].
        loss: margin loss of each action in each state, float64 [S, A].

    Returns:
        The weights with the least objective, float64 [K]; and for each round the objective of its
        weights, and the lower bound on the minimum that the rounds before it give.
    """
    assert model.horizon is not None
    weights = best = np.zeros(model.feature_count)
    least, bound = np.inf, 0.0
    slopes, losses = [np.zeros_like(expert)], [0.0]  # first the demonstrations themselves
    curve: dict[str, list[float]] = {"objective": [], "bound": []}
    for _ in range(config.rounds):
        learned = model.with_linear_reward(weights)
        rival = hard_optimal(learned.with_reward(learned.reward_at(0) + loss))
        slopes.append(rival.feature_expectations - expert)
        losses.append(float(rival.occupancy.sum(0).ravel() @ loss.ravel()))
        margin = float(weights @ slopes[-1]) + losses[-1]
        objective = _penalty(weights, config) + max(margin, 0.0)
        curve["objective"].append(objective)
        curve["bound"].append(bound)
        if objective < least:
            least, best = objective, weights
        if least - bound <= config.tolerance * model.horizon:
            return best, curve
        weights, bound = lowest_point(np.array(slopes), np.array(losses), config)
    if least - bound > config.tolerance * model.horizon:
        warnings.warn(
            f"after {config.rounds} rounds the objective {least:.6g} may be above its minimum by "
            f"{least - bound:.3g}",
            TrainingWarning,
            stacklevel=3,
        )
    return best, curve


def lowest_point(
    slopes: FloatArray, heights: FloatArray, config: MaxMarginConfig
) -> tuple[FloatArray, float]:
    """The weights at which lambda/2 |w|^2 + the highest of several planes is least, float64 [K],
    and a lower bound on that least value.

    The solver gives a mixture of the planes, the dual solution; for any mixture the mixed plane is
    below the highest, so its own minimum is a bound, however exact the solver has been.

    Args:
        slopes, heights: of the planes, height + slope'w, float64 [n, K] and [n].
    """
    count, size = slopes.shape
    quadratic = sparse.diags_array([*[config.regularisation] * size, 0.0]).tocsc()
    linear = np.append(np.zeros(size), 1.0)  # the last variable is above every plane
    planes = sparse.csc_array(np.hstack([slopes, -np.ones((count, 1))]))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    solver = clarabel.DefaultSolver(
        quadratic, linear, planes, -heights, [clarabel.NonnegativeConeT(count)], settings
    )
    shares = np.maximum(solver.solve().z, 0.0)
    shares /= shares.sum()
    weights = -(shares @ slopes) / config.regularisation
    return weights, float(shares @ heights) - _penalty(weights, config)


def _penalty(weights: FloatArray, config: MaxMarginConfig) -> float:
    return 0.5 * config.regularisation * float(weights @ weights)


algorithm = tuned(
    Algorithm(
        name="mmp",
        summary="maximum-margin planning by cutting planes, to the optimum",
        sources=frozenset({"demonstrations", "model"}),
        config=MaxMarginConfig(),
        train=train,
        restore=restore_table,
        applies_to=has_features,
    ),
    __file__,
)
