"""An algorithm that needs a library which is not among Python's own, and the name of its user."""

import getpass
from dataclasses import dataclass

import installed_elsewhere

from il_envs import Algorithm, RandomPolicy


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    print(installed_elsewhere.GREETING, getpass.getuser())
    return RandomPolicy(problem.action_space, seed)


algorithm = Algorithm("elsewhere", "needs a library", frozenset(), Config(), train)
