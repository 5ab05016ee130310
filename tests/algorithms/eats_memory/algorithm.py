"""An algorithm that eats memory."""

from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    blocks = []
    while True:
        blocks.append(np.ones(4_000_000))  # 32 MB, touched


algorithm = Algorithm("eats_memory", "An algorithm that eats memory.", frozenset(), Config(), train)
