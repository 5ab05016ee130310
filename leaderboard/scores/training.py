"""Returns of training episodes, from the learning curves of finished cells."""

from math import inf

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.learning_curve import BINS, bin_ends
from leaderboard.cells import Cell

LEAST_SHARE = 0.5
"""Least share of the budget of steps for which a learning curve is shown. An algorithm that takes
fewer is limited by its labels, not by steps, and often it is the expert that acts."""

WINDOW = BINS // 20
"""Bins of a learning curve over which `smoothed_returns` are averaged. Episodes that began together
end in the order of their lengths, and so the mean of one bin may be that of the longest alone."""


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


def smoothed_returns(cell: Cell) -> NDArray[np.float64]:
    """Mean returns of the episodes in the last `WINDOW` bins before the end of each bin, float64
    [BINS]; NaN in the first bins, whose windows are not whole, where no episode has ended, and in
    bins that begin after the last step."""
    curve = cell.learning_curve
    assert curve is not None
    episodes, total_rewards = (
        np.convolve(values, np.ones(WINDOW))[:BINS]
        for values in (curve.episodes, curve.total_rewards)
    )
    means = np.full(BINS, np.nan)
    np.divide(total_rewards, episodes, where=episodes > 0, out=means)
    means[: WINDOW - 1] = np.nan
    return np.where(np.isnan(training_returns(cell)), np.nan, means)


def steps_to(curve: NDArray[np.float64], level: float, steps: NDArray[np.float64]) -> float:
    """Environment steps at the end of the first bin with a training return of `level` or more;
    infinite if there is no such bin."""
    there = np.flatnonzero(curve >= level)
    return float(steps[there[0]]) if there.size else inf
