"""An algorithm that raises."""

from dataclasses import dataclass

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    raise RuntimeError("the loss is not finite\nsecond line")


algorithm = Algorithm("raises", "An algorithm that raises.", frozenset(), Config(), train)
