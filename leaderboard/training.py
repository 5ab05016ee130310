"""Returns of training episodes, from the learning curves of finished cells."""

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.learning_curve import bin_ends
from leaderboard.cells import Cell

LEAST_SHARE = 0.5
"""Least share of the budget of steps for which a learning curve is shown. An algorithm that takes
fewer is limited by its labels, not by steps, and often it is the expert that acts."""


def has_acted(cell: Cell) -> bool:
    """True if a cell has a learning curve over at least `LEAST_SHARE` of the budget of steps, so
    that the curve shows how the algorithm learns from acting."""
    curve = cell.learning_curve
    return curve is not None and cell.meter["steps"] >= LEAST_SHARE * curve.budget


def training_returns(cell: Cell) -> NDArray[np.float64]:
    """The mean returns of a cell's learning curve, float64 [bins]; NaN in bins that begin after its
    last step."""
    curve = cell.learning_curve
    assert curve is not None
    begins = np.append(0.0, bin_ends(curve.budget)[:-1])
    return np.where(begins < cell.meter["steps"], curve.mean_returns, np.nan)
