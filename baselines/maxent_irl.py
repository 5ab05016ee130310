"""Maximum-entropy inverse reinforcement learning (Ziebart et al. 2008; Ziebart 2010).

Finds the reward, linear in the features, under which the demonstrations are most likely, with a
quasi-Newton method that stops on the largest entry of the gradient. Two objectives, each maximised:

matching    mean of sum_t r_w(s_t, a_t) - log-partition, which is concave; at the maximum the
            soft-optimal policy has the feature expectations of the demonstrations. In the posterior
            model it is the log-likelihood of the trajectories.
likelihood  mean of sum_t log pi_t(a_t|s_t), for the causal model; on request also over episodes cut
            short. It differs from matching by the randomness of the demonstrations' starts and
            transitions, a term of mean zero that matching attributes to the expert's intent; so it
            needs far fewer demonstrations to learn the same reward.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import minimize

from baselines.planning import (
    FloatArray,
    RewardPolicy,
    causal_log_likelihood,
    has_features,
    observed_occupancy,
    restore_table,
    whole_trajectories,
)
from il_envs import Algorithm, Problem, TabularModel, soft_optimal, tunable, tuned
from il_envs.exact.soft_backup import Backup


@dataclass(frozen=True)
class MaxEntConfig:
    """Settings of maximum-entropy inverse reinforcement learning."""

    backup: Backup = "causal"
    """The model of the expert: "causal" plans with the true dynamics, "posterior" with optimistic
    dynamics, which are conditioned on success and tilt towards reward."""
    objective: Literal["likelihood", "matching"] = "likelihood"
    """Objective for the causal model; the posterior model always matches features."""
    prior_deviation: float = tunable(1.0, 0.1, 10.0, log=True)
    """Standard deviation of the Gaussian prior on the weights, in nats for each unit of a feature;
    infinite for no prior, in which case the optimum may lie at infinity."""
    gradient_tolerance: float = 1e-6
    """Largest entry of the gradient at which to stop."""
    iterations: int = 300
    """Most iterations of the quasi-Newton method."""
    cut_short: bool = False
    """Whether to learn from episodes that are cut short before the horizon too, as one that is
    still being played; the likelihood then sums over the observed steps, each at its own time. For
    the causal likelihood alone: without the rest of the episode there are no features to match."""


Curve = dict[str, list[float]]


def train(problem: Problem, seed: int, config: MaxEntConfig) -> RewardPolicy:
    """Learn a reward from demonstrated episodes, and return its soft-optimal policy.

    Raises:
        ValueError: if episodes cut short are to be learned from by matching features, or the
            demonstrations cannot be used, as in `whole_trajectories` and `observed_occupancy`.
    """
    is_likelihood = config.backup == "causal" and config.objective == "likelihood"
    if config.cut_short and not is_likelihood:
        raise ValueError(
            "cut_short needs the causal likelihood, not "
            f"backup={config.backup!r} with objective={config.objective!r}"
        )
    model, demonstrations = problem.model(), problem.demonstrations()
    if config.cut_short:
        occupancy, count = observed_occupancy(demonstrations, model), len(demonstrations.episodes)
    else:
        states, actions = whole_trajectories(demonstrations, model)
        occupancy, count = model.empirical_occupancy(states, actions), len(actions)
    regularisation = 1.0 / (count * config.prior_deviation**2)
    if is_likelihood:
        weights, curve = maximise_likelihood(model, occupancy, regularisation, config)
    else:
        feature_mean = model.expected_features(occupancy)
        weights, curve = match_features(model, feature_mean, regularisation, config)
    policy = soft_optimal(model.with_linear_reward(weights), config.backup).policy
    return RewardPolicy(policy, seed, model.features @ weights, curve, problem.action_space)


def match_features(
    model: TabularModel, feature_mean: FloatArray, regularisation: float, config: MaxEntConfig
) -> tuple[FloatArray, Curve]:
    """Minimise log-partition - w . feature_mean + regularisation / 2 * |w|^2, which is convex.

    Args:
        feature_mean: features of the demonstrations, summed over steps, mean over trajectories,
            float64 [K].
        regularisation: weight of the squared norm; 0 for none.

    Returns:
        The weights w, float64 [K], and the objective and the gradient's largest entry at each
        evaluation.

    Raises:
        ValueError: if `feature_mean` does not have as many entries as the model has features.
    """
    if feature_mean.shape != (model.feature_count,):
        raise ValueError(
            f"feature_mean must have the shape {[model.feature_count]}, the model's features, "
            f"not {list(feature_mean.shape)}"
        )

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        solution = soft_optimal(model.with_linear_reward(weights), config.backup)
        return (
            solution.log_partition - float(weights @ feature_mean),
            solution.feature_expectations - feature_mean,
        )

    return _minimise(loss, model.feature_count, regularisation, config)


def maximise_likelihood(
    model: TabularModel, occupancy: FloatArray, regularisation: float, config: MaxEntConfig
) -> tuple[FloatArray, Curve]:
    """Minimise -mean of sum_t log pi_t(a_t|s_t) + regularisation / 2 * |w|^2, from w = 0.

    Args:
        occupancy: empirical occupancy of the demonstrations, float64 [T, S, A].

    Returns:
        As `match_features`.
    """

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        solution = soft_optimal(model.with_linear_reward(weights), "causal")
        log_likelihood, gradient = causal_log_likelihood(solution, occupancy)
        return -log_likelihood, -model.expected_features(gradient)

    return _minimise(loss, model.feature_count, regularisation, config)


def _minimise(
    loss: Callable[[FloatArray], tuple[float, FloatArray]],
    size: int,
    regularisation: float,
    config: MaxEntConfig,
) -> tuple[FloatArray, Curve]:
    curve: Curve = {"objective": [], "gradient": []}

    def objective(weights: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = loss(weights)
        value += 0.5 * regularisation * float(weights @ weights)
        gradient = gradient + regularisation * weights
        curve["objective"].append(value)
        curve["gradient"].append(float(np.abs(gradient).max()))
        return value, gradient

    options = {
        "gtol": config.gradient_tolerance,
        "ftol": 0.0,  # the gradient alone decides
        "maxiter": config.iterations,
        "maxfun": 10 * config.iterations,
        "maxcor": 30,
    }
    result = minimize(objective, np.zeros(size), method="L-BFGS-B", jac=True, options=options)
    return result.x, curve


algorithm = tuned(
    Algorithm(
        name="maxent",
        summary="maximum-entropy IRL, causal: linear reward, quasi-Newton",
        sources=frozenset({"demonstrations", "model"}),
        config=MaxEntConfig(),
        train=train,
        restore=restore_table,
        applies_to=has_features,
    ),
    __file__,
)

posterior = tuned(
    replace(
        algorithm,
        name="maxent-posterior",
        summary="maximum-entropy IRL, posterior: takes luck for skill",
        # Its optimistic dynamics keep it from matching the expert, not the last digits of its
        # gradient.
        config=MaxEntConfig(
            backup="posterior", objective="matching", gradient_tolerance=1e-3, iterations=100
        ),
    ),
    __file__,
)
