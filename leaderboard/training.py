"""What training episodes returned, read off the learning curves of finished cells."""

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.learning_curve import bin_ends
from leaderboard.cells import Cell

LEAST_SHARE = 0.5
"""Of the budget of steps. An algorithm that takes fewer is limited by its labels, not by steps, and
often it is the expert that drives."""


def has_acted(cell: Cell) -> bool:
    """Whether a cell has a learning curve, over so much of the budget of steps that it says how the
    algorithm learns from acting."""
    curve = cell.learning_curve
    return curve is not None and cell.meter["steps"] >= LEAST_SHARE * curve.budget


def training_returns(cell: Cell) -> NDArray[np.float64]:
    """The mean returns of a cell's learning curve, float64 [bins], NaN in the bins that begin after
    its last step."""
    curve = cell.learning_curve
    assert curve is not None
    begins = np.append(0.0, bin_ends(curve.budget)[:-1])
    return np.where(begins < cell.meter["steps"], curve.mean_returns, np.nan)
