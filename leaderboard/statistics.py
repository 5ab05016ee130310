"""Means and 95% intervals over training seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and its two-sided confidence interval; low and high are NaN if there is none."""

    mean: float
    low: float
    high: float
    degrees: float = nan
    """Degrees of freedom."""
    quantile: float = nan
    """Quantile of Student's t with those degrees of freedom, at (1 + CONFIDENCE) / 2."""
    standard_error: float = nan


def student_interval(values: ArrayLike) -> Interval:
    """The mean of independent values with Student's interval (Student 1908).

    mean +- t * s / sqrt(n), with s the sample standard deviation and t the quantile of Student's
    distribution with n - 1 degrees of freedom. One value has no interval.

    Args:
        values: float [n], a score for each training seed, n at least 1.
    """
    return stratified_interval([np.asarray(values, np.float64)])


def stratified_interval(strata: Sequence[NDArray[np.float64]]) -> Interval:
    """The mean of the means of several strata, each stratum with its own variance.

    With one stratum this is Student's interval. There is no interval if a stratum has only one
    value.

    Args:
        strata: float [n_w] each, the scores of the training seeds in one world.
    """
    return _combined_interval(strata, [1.0 / len(strata)] * len(strata))


def difference_interval(minuend: ArrayLike, subtrahend: ArrayLike) -> Interval:
    """The difference of the means of two independent samples (Welch 1947).

    There is no interval if a sample has only one value.

    Args:
        minuend: float [n].
        subtrahend: float [m].
    """
    samples = [np.asarray(values, np.float64) for values in (minuend, subtrahend)]
    return _combined_interval(samples, [1.0, -1.0])


def _combined_interval(
    samples: Sequence[NDArray[np.float64]], weights: Sequence[float]
) -> Interval:
    """The sum of the means of samples, each with a weight and a variance of its own.

    With n_i values, sample variance s_i^2 and weight w_i, and v_i = w_i^2 s_i^2 / n_i, its standard
    error is sqrt(sum v_i), with (sum v_i)^2 / sum(v_i^2 / (n_i - 1)) degrees of freedom
    (Satterthwaite 1946, Welch 1947).
    """
    mean = sum(w * float(values.mean()) for w, values in zip(weights, samples, strict=True))
    sizes = np.array([len(values) for values in samples])
    if sizes.min() < 2:
        return Interval(mean, nan, nan)
    variances = np.array([values.var(ddof=1) for values in samples])
    variances *= np.square(weights) / sizes
    error = sqrt(variances.sum())
    if error == 0.0:
        return Interval(mean, mean, mean, float(sizes.sum() - len(sizes)), standard_error=0.0)
    degrees = variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum()
    quantile = float(stdtrit(degrees, (1.0 + CONFIDENCE) / 2.0))
    margin = quantile * error
    return Interval(mean, mean - margin, mean + margin, float(degrees), quantile, error)


def ratio_interval(numerator: ArrayLike, denominator: ArrayLike) -> Interval:
    """The ratio of the means of two independent samples with Fieller's interval (Fieller 1954).

    With means m and d and v_m = s_m^2 / n_m, v_d likewise, the interval holds the ratios r that
    agree with the samples: (m - r d)^2 <= t^2 (v_m + r^2 v_d). Variances may differ, so t has
    Satterthwaite's degrees of freedom (1946) for m - r d at r = m / d. Where d itself does not
    differ from 0 at that level, the interval is unbounded: all numbers. There is no interval if a
    sample has only one value.

    Args:
        numerator: float [n_m], a value for each training seed, n_m at least 1.
        denominator: float [n_d] likewise, with a mean that is not 0.
    """
    samples = [np.asarray(values, np.float64) for values in (numerator, denominator)]
    m, d = (float(values.mean()) for values in samples)
    ratio = m / d if d else nan
    if min(map(len, samples)) < 2 or isnan(ratio):
        return Interval(ratio, nan, nan)
    v_m, v_d = (float(values.var(ddof=1)) / len(values) for values in samples)
    error = sqrt(v_m + ratio**2 * v_d)
    if error == 0.0:
        return Interval(ratio, ratio, ratio, standard_error=0.0)
    n_m, n_d = map(len, samples)
    degrees = error**4 / (v_m**2 / (n_m - 1) + (ratio**2 * v_d) ** 2 / (n_d - 1))
    t = float(stdtrit(degrees, (1.0 + CONFIDENCE) / 2.0))
    leading = d**2 - t**2 * v_d  # leading coefficient of the inequality, quadratic in r
    if leading <= 0.0:
        return Interval(ratio, -inf, inf, degrees, t)
    half_width = t * sqrt(v_m * leading + v_d * m**2) / leading
    centre = m * d / leading
    return Interval(ratio, centre - half_width, centre + half_width, degrees, t)


def interquartile_mean(values: ArrayLike) -> float:
    """The mean of the middle half of the values.

    Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".

    The lowest and the highest quarter, rounded down to whole values, are left out.

    Args:
        values: float [n], a score for each world and training seed.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())
