"""It doubts what it has learned, and says so; a library that it uses warns of something else."""

import warnings
from dataclasses import dataclass

from il_envs import Algorithm, RandomPolicy, TrainingWarning


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    problem.demonstrations()
    warnings.warn("an old function is used", DeprecationWarning, stacklevel=1)
    warnings.warn("nothing was learned\nat all", TrainingWarning, stacklevel=1)
    return RandomPolicy(problem.action_space, seed)


algorithm = Algorithm("warns", "doubts itself", frozenset({"demonstrations"}), Config(), train)
