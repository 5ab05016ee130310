"""Exact metrics: how far a policy is from the reference, without the noise of sampling.

Those of policies with a table are here, and those of linear ones in `exact_linear`.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from il_envs.exact.checks import FloatArray
from il_envs.exact.evaluation import divergence, evaluate, hard_optimal, uniform_policy
from il_envs.exact.reward_distance import epic_distance, starc_distance
from il_envs.learning.learned_reward import LearnedReward, reward_table
from il_envs.world import World, get_world
from leaderboard.measures.references import exact_reference, required_reference


class ExactMetrics(BaseModel):
    """The exact metrics of a policy relative to its world's reference; None where undefined."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")  # JSON has no infinity

    expected_return: float
    """Expected return in the true dynamics."""
    mode_return: float
    """The same of the policy that takes the most likely action, the lowest of several."""
    soft_regret: float
    """Soft return of the reference, E[sum of rewards] / temperature + entropy, minus the policy's,
    in nats per episode: at least 0."""
    occupancy_distance: float | None
    """Total variation between P(s_t, a_t) and the reference's, the mean over steps; 0 to 1. None in
    a linear-quadratic world, where it has no closed form."""
    policy_divergence: float
    """Sum over steps of E[KL(reference || policy)] in the states that the reference visits, in nats
    per episode; infinite if the policy gives probability 0 to an action that the reference may
    take."""
    log_likelihood: float
    """Expected log-likelihood of the reference's trajectories, relative to the dynamics, in nats
    per episode: -(reference's entropy) - policy_divergence."""
    epic: float | None
    """EPIC distance of the learned reward from the true one, 0 to 1."""
    starc: float | None
    """STARC distance of the learned reward from the true one, 0 to 1."""
    standard_errors: dict[str, float] = {}
    """Standard errors of the metrics that had to be estimated, by name; the others are exact."""
    transfer: float | None
    """Normalised true return, in the world's transfer world, of the policy planned for the learned
    reward: 0 is the uniform random policy, 1 the optimum."""

    @property
    def numbers(self) -> dict[str, float | None]:
        """The metrics by name, without their standard errors."""
        return self.model_dump(exclude={"standard_errors"})


@dataclass(frozen=True)
class RewardTables:
    """A learned reward in expectation over the next state, where the dynamics are known.

    Attributes:
        own: r(s, a) in the world in which it was learned, float64 [S, A].
        transfer: r(s, a) in that world's transfer world, float64 [S, A]; None if it has none.
    """

    own: FloatArray
    transfer: FloatArray | None


def reward_tables(world: World, reward: LearnedReward) -> RewardTables:
    """The tables of a reward learned in an exact world."""
    worlds = [world] if world.truth.transfer is None else [world, get_world(world.truth.transfer)]
    tables = [reward_table(reward, required_reference(w).model, w.spaces.action) for w in worlds]
    return RewardTables(tables[0], tables[1] if len(tables) == 2 else None)


def exact_metrics(world: World, table: FloatArray, rewards: RewardTables | None) -> ExactMetrics:
    """The exact metrics of a policy in a tabular world.

    Args:
        world: a tabular one.
        table: pi(a|s), float64 [S, A], or pi_t(a|s), [T, S, A].
        rewards: the learned reward that comes with the policy, or None if there is none.

    Raises:
        ValueError: if the table or the reward does not fit the world.
    """
    reference = required_reference(world)
    model, true_reward = reference.model, reference.model.reward
    assert true_reward is not None  # it has been solved
    policy = evaluate(model, table)
    difference = np.abs(policy.occupancy - reference.occupancy)
    nats = divergence(reference.evaluation, policy)
    epic = starc = transfer = None
    if rewards is not None:
        starc = starc_distance(model, rewards.own, true_reward)
        if not model.has_timed_reward:
            epic = epic_distance(rewards.own, true_reward, model.discount)
        if world.truth.transfer is not None and rewards.transfer is not None:
            transfer = _transfer(get_world(world.truth.transfer), rewards.transfer)
    return ExactMetrics(
        expected_return=policy.expected_return,
        mode_return=evaluate(model, modes_of(table)).expected_return,
        soft_regret=reference.log_partition
        - policy.expected_return / reference.temperature
        - policy.entropy,
        occupancy_distance=float(0.5 * difference.sum((1, 2)).mean()),
        policy_divergence=nats,
        log_likelihood=-reference.entropy - nats,
        epic=epic,
        starc=starc,
        transfer=transfer,
    )


def modes_of(table: FloatArray) -> FloatArray:
    """The table of the policy that takes the most likely action, and equally often each of several:
    to take the lowest of them would say something of the world, and nothing of the policy."""
    is_mode = table == table.max(-1, keepdims=True)
    modes: FloatArray = is_mode / is_mode.sum(-1, keepdims=True)
    return modes


def likelihood_bound(world: World) -> float:
    """Upper bound on the expected log-likelihood of a policy: minus the reference's entropy."""
    reference = exact_reference(world)
    assert reference is not None  # it is asked about exact worlds alone
    return -reference.entropy


def _transfer(world: World, learned_reward: FloatArray) -> float:
    model = required_reference(world).model
    planned = hard_optimal(model.with_reward(learned_reward)).policy
    uniform = uniform_policy(model.available)
    worth, zero, one = (
        evaluate(model, policy).expected_return
        for policy in (planned, uniform, hard_optimal(model).policy)
    )
    return (worth - zero) / (one - zero)
