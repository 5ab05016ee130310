"""DAgger: dataset aggregation (Ross, Gordon and Bagnell 2011, algorithm 3.1).

The learner acts, the expert labels the states that the learner visits with its own actions, and the
policy is trained on all labels so far. The cost then grows like T (theorem 3.2). The last round's
policy is returned.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone
from baselines.networks import restore_network
from il_envs import Algorithm, Problem


@dataclass(frozen=True)
class DAggerConfig:
    """Settings of DAgger."""

    rounds: int = 20
    """Data sets to aggregate; they share the label budget equally."""
    mixing: Literal["first", "exponential"] = "first"
    """Schedule of beta, the probability that the expert acts at a step of round i = 1, 2, ...:
    "first" is 1 in the first round and 0 afterwards, "exponential" is mixing_base ** (i - 1)."""
    mixing_base: float = 0.5
    """Base of the exponential schedule."""
    num_envs: int = 16
    """Episodes that run side by side."""
    label_share: float = 0.1
    """Share of the visited states that the expert labels. Consecutive states are similar, so
    labelling a share of them covers more episodes with the same budget."""
    updates_per_round: int = 200
    """Gradient steps after each round but the last, from the previous round's weights; none are
    needed if the policy is a table of counts."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """The supervised learner; its `updates` are taken after the last round."""


def train(problem: Problem, seed: int, config: DAggerConfig) -> ClonedPolicy:
    """Aggregate labels until the budget is spent, and return the last policy."""
    random = np.random.default_rng(seed)
    cloning = config.cloning
    policy = blank_policy(problem, seed, cloning)
    env = problem.env(config.num_envs)
    observation, _ = env.reset()
    observations, labels, columns = [], [], []
    for round_number in range(1, config.rounds + 1):
        share = mixing_share(config, round_number)
        while problem.meter.labels < problem.budget.labels * round_number // config.rounds:
            expert_drives = random.random(config.num_envs) < share
            asked = expert_drives | (random.random(config.num_envs) < config.label_share)
            asked &= np.cumsum(asked) <= problem.labels_left
            label = problem.expert(env, asked)
            observations.append(observation[asked])
            labels.append(label[asked])
            columns.append(np.flatnonzero(asked))
            action, _ = policy.predict(observation, deterministic=True)
            action[expert_drives & asked] = label[expert_drives & asked]
            observation, *_ = env.step(action)
        # Sorted by environment, so that consecutive rows are of the same episode.
        groups = np.concatenate(columns)
        order = np.argsort(groups, kind="stable")
        rows, targets = np.concatenate(observations)[order], np.concatenate(labels)[order]
        is_last = round_number == config.rounds
        updates = cloning.updates if is_last else config.updates_per_round
        policy = clone(policy, rows, targets, groups[order], cloning, updates, seed + round_number)
    return policy


def mixing_share(config: DAggerConfig, round_number: int) -> float:
    """beta of round 1, 2, ...: the probability that the expert acts at a step."""
    if config.mixing == "first":
        return 1.0 if round_number == 1 else 0.0
    return config.mixing_base ** (round_number - 1)


algorithm = Algorithm(
    name="dagger",
    summary="dataset aggregation: the learner drives, the expert labels; last policy",
    sources=frozenset({"env", "expert"}),
    config=DAggerConfig(),
    train=train,
    restore=restore_network,
)
