"""Means and 95% intervals over training seeds; `crossed` has those over episodes too."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import stdtrit

CONFIDENCE = 0.95
RESAMPLES = 2_000
"""Samples of the bootstrap."""
TINY = 1e-9
"""Distance of the ends of an interval from its middle, between which a root is looked for."""


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
    return float(_middle_mean(np.asarray(values, np.float64)))


def interquartile_interval(strata: Sequence[NDArray[np.float64]]) -> Interval:
    """The interquartile mean of all values of several strata, and its interval.

    The standard error is that of a bootstrap stratified by world, as in Agarwal et al. 2021, times
    sqrt(n / (n - 1)) for n seeds, since a sample varies less than what it is from; with Student's t
    and the degrees of freedom of the mean (Satterthwaite 1946). The percentiles of Agarwal et al.
    cover too seldom with a few seeds. There is no interval if a stratum has only one value.

    Args:
        strata: float [n_w] each, the scores of the training seeds in one world.
    """
    mean = interquartile_mean(np.concatenate(strata))
    seeds = min(map(len, strata))
    spread = stratified_interval(strata)
    if seeds < 2:
        return Interval(mean, nan, nan)
    if spread.standard_error == 0.0:
        return Interval(mean, mean, mean, standard_error=0.0)
    drawn = stats.bootstrap(
        list(strata),
        lambda *samples, axis: _middle_mean(np.concatenate(samples, axis)),
        n_resamples=RESAMPLES,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(0),  # the same results, the same table
    )
    error = float(drawn.standard_error) * sqrt(seeds / (seeds - 1))
    margin = spread.quantile * error
    return Interval(mean, mean - margin, mean + margin, spread.degrees, spread.quantile, error)


def _middle_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interquartile mean over the last axis, float [...]."""
    ordered, count = np.sort(values, -1), values.shape[-1]
    return ordered[..., count // 4 : count - count // 4].mean(-1)


def probability_of_improvement(ours: ArrayLike, theirs: ArrayLike) -> Interval:
    """The chance that a run of ours scores above one of theirs, a tie counting half (Agarwal et al.
    2021), and its interval.

    It is the Mann-Whitney statistic over all pairs of runs. The interval is Newcombe's (2006,
    "Confidence intervals for an effect size measure based on the Mann-Whitney statistic", method
    5), the chances q with |estimate - q| <= t sqrt(V(q)), for

        V(q) = q (1 - q) (1 + k (1 - q) / (2 - q) + k q / (1 + q)) / (n m),    k = (n + m) / 2 - 1,

    with Student's quantile at n + m - 2 degrees of freedom in the place of the normal one. Unlike
    the bootstrap it has a width where all of ours are above all of theirs. One run each has none.

    Args:
        ours: float [n], a score for each training seed.
        theirs: float [m].
    """
    x, y = (np.asarray(values, np.float64) for values in (ours, theirs))
    n, m = len(x), len(y)
    mean = float(np.mean((np.sign(x[:, None] - y) + 1.0) / 2.0))
    if min(n, m) < 2:
        return Interval(mean, nan, nan)
    degrees = n + m - 2.0
    t = float(stdtrit(degrees, (1.0 + CONFIDENCE) / 2.0))
    k = (n + m) / 2.0 - 1.0

    def excess(q: float) -> float:
        variance = q * (1.0 - q) * (1.0 + k * (1.0 - q) / (2.0 - q) + k * q / (1.0 + q)) / (n * m)
        return (mean - q) ** 2 - t**2 * variance

    low = float(brentq(excess, 0.0, mean - TINY)) if mean > 0.0 else 0.0
    high = float(brentq(excess, mean + TINY, 1.0)) if mean < 1.0 else 1.0
    return Interval(mean, low, high, degrees, t)
