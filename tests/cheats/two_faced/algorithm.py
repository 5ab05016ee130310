"""An algorithm whose policy acts in one way, and says that it acts in another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs import Algorithm, Problem, World


@dataclass(frozen=True)
class Config:
    """No settings."""


class TwoFacedPolicy:
    """Steers by what it has seen as long as it lives; what it tells of itself is nothing.

    Args:
        remembered: the actions of the demonstrations, [rows, entries].
    """

    def __init__(self, remembered: NDArray[Any]) -> None:
        self._remembered = remembered

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """What comes next in its memory."""
        place = 0 if state is None else state
        return np.repeat(self._remembered[[place]], len(observation), 0), place + 1

    def tensors(self) -> dict[str, NDArray[Any]]:
        """As if it did nothing."""
        return {"actions": np.zeros_like(self._remembered)}


def train(problem: Problem, seed: int, config: Config) -> TwoFacedPolicy:
    """Remember."""
    return TwoFacedPolicy(np.resize(problem.demonstrations().actions, (2_000, 2)))


def restore(world: World, tensors: Mapping[str, NDArray[Any]], config: Config) -> TwoFacedPolicy:
    """What it has told of itself."""
    return TwoFacedPolicy(tensors["actions"])


algorithm = Algorithm(
    "two-faced", "", frozenset({"demonstrations"}), Config(), train, restore=restore
)
