"""A policy that is another one each time."""

from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


class Policy:
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.random.default_rng().uniform(-1, 1, (len(observation), 2)), None


def train(problem, seed, config):
    return Policy()


algorithm = Algorithm(
    "unseeded",
    "A policy that is another one each time.",
    frozenset(),
    Config(),
    train,
    applies_to=lambda world: world.name == "DriftCar",
)
