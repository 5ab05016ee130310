"""An algorithm that is killed by a signal."""

import os
import signal
from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    os.kill(os.getpid(), signal.SIGSEGV)


algorithm = Algorithm(
    "killed", "An algorithm that is killed by a signal.", frozenset(), Config(), train
)
