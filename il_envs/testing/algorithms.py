"""Checks that every algorithm must pass."""

from dataclasses import is_dataclass
from functools import partial
from typing import Any

from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.algorithm import Algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import run_episodes
from il_envs.world import World

STEPS = 200
"""Steps of a held-out episode in which a policy shows what it does."""


def check_algorithm(algorithm: Algorithm[Any], world: World, labels: int = 300) -> None:
    """An algorithm trains within its budget and sources, is reproducible, and acts validly.

    Args:
        labels: the budget of expert actions; steps are limited to ten times as many.
    """
    assert is_dataclass(algorithm.config), (
        f"{algorithm.name}: its config must be a frozen dataclass"
    )
    hashes = []
    for _ in range(2):
        budget = Budget(labels=labels, steps=10 * labels)
        problem = Problem(world, algorithm.sources, budget, seed=0)
        policy = algorithm.train(problem, 0, algorithm.config)
        assert callable(getattr(policy, "predict", None)), (
            f"{algorithm.name}: train returns no policy but {type(policy).__name__}"
        )
        episodes = run_episodes(
            world, "held_out", partial(_same_policy, policy), [1, 2], max_episode_steps=STEPS
        )
        hashes.append([episode.state_hash for episode in episodes])
    assert hashes[0] == hashes[1], f"{algorithm.name}: the same seed gives two different policies"


def _same_policy(policy: Policy, env: WorldVectorEnv) -> Policy:
    return policy
