"""An algorithm that uses a source it has not declared."""

from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    problem.env(4)


algorithm = Algorithm(
    "undeclared",
    "An algorithm that uses a source it has not declared.",
    frozenset({"demonstrations"}),
    Config(),
    train,
)
