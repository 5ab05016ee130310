"""Helpers for pictures that depend on the history of an episode."""

from math import sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.world import States


def since_jump(history: States, jumps: NDArray[np.bool_]) -> States:
    """The last part of a history without a jump; a restored state begins a new part.

    Args:
        jumps: True where no step of the world leads from one state to the next, bool [n - 1]; a gap
            in the step numbers counts as a jump in any case.
    """
    jumps = jumps | (np.diff(history["step"]) != 1)
    return history[1 + np.flatnonzero(jumps)[-1] :] if jumps.any() else history


def recent_mean(values: NDArray[Any], memory: float) -> Any:
    """The mean of the values of consecutive steps, with a weight of 1/e `memory` steps ago."""
    weight = np.exp(-np.arange(values.size - 1, -1, -1) / memory)
    return weight @ values / weight.sum()


def scattered(number: int) -> float:
    """A pseudorandom value from 0 to 1, a function of the number."""
    return sin(12.9898 * (number % 100_003) + 1.7) * 43758.5453 % 1.0
