"""An algorithm whose training forgets its `return`."""

from dataclasses import dataclass

from il_envs import Algorithm, RandomPolicy


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    RandomPolicy(problem.action_space, seed)


algorithm = Algorithm(
    "forgets",
    "An algorithm whose training forgets its return.",
    frozenset(),
    Config(),
    train,
    applies_to=lambda world: world.name == "DriftCar",
)
