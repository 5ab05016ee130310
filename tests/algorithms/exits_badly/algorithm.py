"""An algorithm that ends its process with an error."""

import os
from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    os._exit(3)


algorithm = Algorithm(
    "exits_badly", "An algorithm that ends its process with an error.", frozenset(), Config(), train
)
