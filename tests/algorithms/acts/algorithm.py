"""An algorithm that acts at random until its steps are used up, and learns nothing."""

from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm, RandomPolicy


@dataclass(frozen=True)
class Config:
    num_envs: int = 10


def train(problem, seed, config):
    policy = RandomPolicy(problem.action_space, seed)
    env = problem.env(config.num_envs, reward=True)
    observation, _ = env.reset()
    while problem.meter.steps + config.num_envs <= problem.budget.steps:
        action, _ = policy.predict(observation)
        observation, rewards, *_ = env.step(action)
        assert np.isfinite(rewards).all()
    return policy


algorithm = Algorithm("acts", "at random", frozenset({"env", "reward"}), Config(), train)
