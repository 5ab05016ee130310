"""An algorithm that sleeps for ever."""

import time
from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    time.sleep(3600.0)


algorithm = Algorithm("sleeps", "An algorithm that sleeps for ever.", frozenset(), Config(), train)
