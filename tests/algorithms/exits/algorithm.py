"""An algorithm that ends its process as if all were well."""

import os
from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    os._exit(0)


algorithm = Algorithm(
    "exits", "An algorithm that ends its process as if all were well.", frozenset(), Config(), train
)
