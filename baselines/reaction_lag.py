"""How late somebody reacts, told from labels and from what was seen before them.

A label is predicted from what was seen s steps earlier, for each s, by ridge regression; it is
predicted best from what it answers. Each prediction also knows the actions that were executed in
the steps before: what is seen now echoes them, one's own above all, and would otherwise pass for
the cause.

This tells the lag where actions are buttons. It does not in DriftCar, whose state changes so
smoothly that each s predicts about as well as the next. No lag is told then, rather than a wrong
one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_SHIFT = 8
"""Steps; the longest lag that is considered."""
LEAST_ROWS = 1_000
"""Labels below which no lag is told."""
LEAST_GAIN = 0.025
"""Share by which the best prediction must be better than the second best."""
RIDGE = 0.03
"""Penalty of squared weights, per label, for standardised inputs and targets."""
FOLDS = 5
"""Parts of the labels, in their order; each is predicted from the others."""


def estimated_shift(seen: NDArray[Any], done: NDArray[Any], labels: NDArray[Any]) -> int | None:
    """Steps by which labels are late, from 0 to LONGEST_SHIFT; None if they do not tell.

    Args:
        seen: observations s = 0 ... LONGEST_SHIFT steps before each label, [rows, shifts, ...].
        done: actions executed 1 ... LONGEST_SHIFT steps before, [rows, LONGEST_SHIFT, ...].
        labels: [rows, ...]; actions are a Box or buttons.
    """
    if len(labels) < LEAST_ROWS:
        return None
    targets, known = _standardised(labels), _standardised(done)
    errors = [
        _prediction_error(np.hstack([_standardised(seen[:, shift]), known]), targets)
        for shift in range(LONGEST_SHIFT + 1)
    ]
    best, second = np.sort(errors)[:2]
    return int(np.argmin(errors)) if best <= (1.0 - LEAST_GAIN) * second else None


def _standardised(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Columns of mean 0 and deviation 1 without outliers, [rows, columns]; constant ones are 0."""
    columns = rows.reshape(len(rows), -1).astype(np.float64)
    deviation = columns.std(0)
    return np.clip(
        (columns - columns.mean(0)) / np.where(deviation > 1e-6, deviation, np.inf), -5.0, 5.0
    )


def _prediction_error(inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Mean squared error of ridge regression on rows that it was not fitted to."""
    covariance, joint = inputs.T @ inputs, inputs.T @ targets
    penalty = RIDGE * len(inputs) * np.eye(inputs.shape[1])
    error = 0.0
    for rows in np.array_split(np.arange(len(inputs)), FOLDS):
        x, y = inputs[rows], targets[rows]
        weights = np.linalg.solve(covariance - x.T @ x + penalty, joint - x.T @ y)
        error += float(np.square(x @ weights - y).sum())
    return error / targets.size
