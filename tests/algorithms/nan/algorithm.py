"""A policy that answers NaN."""

from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


class Policy:
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.full((len(observation), 2), np.nan, np.float32), None


def train(problem, seed, config):
    return Policy()


algorithm = Algorithm(
    "nan",
    "A policy that answers NaN.",
    frozenset(),
    Config(),
    train,
    applies_to=lambda world: world.name == "DriftCar",
)
