"""What a picture tells from the history of an episode."""

from math import sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.world import States


def since_jump(history: States, jumps: NDArray[np.bool_]) -> States:
    """The last part of a history without a jump; a restored state begins a new part.

    Args:
        jumps: between which states in a row no step of the world lies, [n - 1], beside those whose
            numbers of steps do not follow each other.
    """
    jumps = jumps | (np.diff(history["step"]) != 1)
    return history[1 + np.flatnonzero(jumps)[-1] :] if jumps.any() else history


def recent_mean(values: NDArray[Any], memory: float) -> Any:
    """The mean of values a step apart, those of `memory` steps ago counting 1/e."""
    weight = np.exp(-np.arange(values.size - 1, -1, -1) / memory)
    return weight @ values / weight.sum()


def scattered(number: int) -> float:
    """A number from 0 to 1 that looks random, always the same one for the same number."""
    return sin(12.9898 * (number % 100_003) + 1.7) * 43758.5453 % 1.0
