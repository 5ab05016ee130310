"""Exact measures: how far a policy is from the reference, without the noise of sampling."""

from math import isinf, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

from il_envs.evaluation import Evaluation, divergence, evaluate, hard_optimal, uniform_policy
from il_envs.reward_distance import epic_distance, starc_distance
from il_envs.soft_optimal import SoftOptimal
from il_envs.tabular_checks import FloatArray
from il_envs.world import World, get_world
from leaderboard.references import exact_reference

HELD_OUT_TRAJECTORIES = 1_000
"""Sampled from the reference, to see how likely a policy makes them."""


class ExactMeasures(BaseModel):
    """What a policy is, next to its world's reference; None where there is no such thing."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")  # JSON has no infinity

    expected_return: float
    """In the true dynamics."""
    occupancy_distance: float
    """Total variation between P(s_t, a_t) and the reference's, the mean over steps; 0 to 1."""
    policy_divergence: float
    """Sum over steps of E[KL(reference || policy)] where the reference goes, nats an episode;
    infinite where the policy never does what the reference may do."""
    log_likelihood: float
    """Of held-out trajectories of the reference, relative to the dynamics, nats an episode: its
    expectation is -(reference's entropy) - policy_divergence."""
    log_likelihood_error: float
    """Standard error of that mean; infinite where the mean is."""
    epic: float | None
    """EPIC distance of the learned reward from the true one, 0 to 1."""
    starc: float | None
    """STARC distance likewise."""
    transfer: float | None
    """What planning for the learned reward is worth in the world's transfer world, in the true
    reward: 0 is the uniform random policy, 1 the optimum."""


def measure(
    world: World, table: FloatArray, learned_reward: ArrayLike | None, seed: int
) -> ExactMeasures:
    """The exact measures of a policy.

    Args:
        world: an exact one.
        table: pi(a|s), float64 [S, A], or pi_t(a|s), [T, S, A].
        learned_reward: [S] or [S, A], or None where the policy comes without one.
        seed: of the held-out trajectories.

    Raises:
        ValueError: if the table or the reward does not fit the world.
    """
    reference = exact_reference(world)
    assert reference is not None
    model, true_reward = reference.model, reference.model.reward
    assert true_reward is not None  # it has been solved
    policy = evaluate(model, table)
    difference = np.abs(policy.occupancy - reference.occupancy)
    mean, error = _log_likelihood(reference, policy, seed)
    epic = starc = transfer = None
    if learned_reward is not None:
        starc = starc_distance(model, learned_reward, true_reward)
        if not model.has_timed_reward:
            epic = epic_distance(learned_reward, true_reward, model.discount)
        if world.transfer is not None:
            transfer = _transfer(get_world(world.transfer), learned_reward)
    return ExactMeasures(
        expected_return=policy.expected_return,
        occupancy_distance=float(0.5 * difference.sum((1, 2)).mean()),
        policy_divergence=divergence(reference.evaluation, policy),
        log_likelihood=mean,
        log_likelihood_error=error,
        epic=epic,
        starc=starc,
        transfer=transfer,
    )


def likelihood_bound(world: World) -> float:
    """The most that a policy can expect of its log-likelihood: minus the reference's entropy."""
    reference = exact_reference(world)
    assert reference is not None
    return -reference.entropy


def _log_likelihood(reference: SoftOptimal, policy: Evaluation, seed: int) -> tuple[float, float]:
    """Mean over held-out trajectories, and its standard error."""
    states, actions = reference.sample(HELD_OUT_TRAJECTORIES, seed)
    likelihoods = policy.log_likelihood(states, actions)
    mean = float(likelihoods.mean())
    if isinf(mean):
        return mean, np.inf
    return mean, float(likelihoods.std(ddof=1) / sqrt(len(likelihoods)))


def _transfer(world: World, learned_reward: Any) -> float:
    reference = exact_reference(world)
    if reference is None:
        raise ValueError(f"{world.name} has no exact reference, so no reward can be tried in it")
    model = reference.model
    planned = hard_optimal(model.with_reward(learned_reward)).policy
    uniform = uniform_policy(model.available)
    worth, zero, one = (
        evaluate(model, policy).expected_return
        for policy in (planned, uniform, hard_optimal(model).policy)
    )
    return (worth - zero) / (one - zero)
