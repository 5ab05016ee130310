"""DAgger: dataset aggregation (Ross, Gordon and Bagnell 2011, algorithm 3.1).

The learner drives, the expert says what it would have done in the states the learner got to, and
the policy is trained on everything seen so far. The cost then grows like T (theorem 3.2). The policy
of the last round is returned.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from baselines.bc import BCConfig, fit, hold_out
from baselines.networks import NetworkPolicy
from il_envs import Algorithm, Problem


@dataclass(frozen=True)
class DAggerConfig:
    """Settings of DAgger."""

    rounds: int = 20
    """Data sets to aggregate; the label budget is shared among them equally."""
    mixing: Literal["first", "exponential"] = "first"
    """How likely the expert drives in round i = 1, 2, ...: "first" is 1 then 0, "exponential" is
    mixing_base ** (i - 1). The expert drives or the learner drives, drawn at each step."""
    mixing_base: float = 0.5
    """Of the exponential schedule."""
    num_envs: int = 16
    """Episodes that run side by side."""
    updates_per_round: int = 600
    """Gradient steps after each round but the last, from the last round's weights."""
    cloning: BCConfig = field(default_factory=lambda: BCConfig(updates=12_000))
    """The supervised learner; its `updates` are taken after the last round."""


def train(problem: Problem, seed: int, config: DAggerConfig) -> NetworkPolicy:
    """Aggregate labels until the budget is spent, and return the last policy."""
    random = np.random.default_rng(seed)
    cloning = config.cloning
    policy = NetworkPolicy(
        problem.observation_space, problem.action_space, cloning.hidden_sizes, seed
    )
    env = problem.env(config.num_envs)
    observation, _ = env.reset()
    steps = problem.budget.labels // config.num_envs
    ends = {round(steps * (i + 1) / config.rounds): i + 1 for i in range(config.rounds)}
    observations, labels = [], []
    share = mixing_share(config, 1)
    for step in range(1, steps + 1):
        label = problem.expert(env)
        observations.append(observation)
        labels.append(label)
        action, _ = policy.predict(observation, deterministic=True)
        expert_drives = random.random(config.num_envs) < share
        action[expert_drives] = label[expert_drives]
        observation, *_ = env.step(action)
        if step in ends:
            finished = ends[step]
            rows, targets = env_major(observations), env_major(labels)
            policy.fit_normalisation(rows)
            # Whole environments are held out, so that no episode is on both sides.
            groups = np.repeat(np.arange(config.num_envs), step)
            held_out = hold_out(groups, cloning.validation_share)
            updates = cloning.updates if finished == config.rounds else config.updates_per_round
            fit(policy, rows, targets, held_out, cloning, updates, seed + finished)
            share = mixing_share(config, finished + 1)
    return policy


def env_major(batches: list[NDArray[Any]]) -> NDArray[Any]:
    """Batches of one step each, [steps] of [num_envs, ...], as rows sorted by environment."""
    return np.concatenate(list(np.stack(batches, axis=1)))


def mixing_share(config: DAggerConfig, round_number: int) -> float:
    """The beta of round 1, 2, ...: how likely the expert drives at a step."""
    if config.mixing == "first":
        return 1.0 if round_number == 1 else 0.0
    return config.mixing_base ** (round_number - 1)


algorithm = Algorithm(
    name="dagger",
    summary="dataset aggregation: the learner drives, the expert labels; last policy",
    sources=frozenset({"env", "expert"}),
    config=DAggerConfig(),
    train=train,
)
