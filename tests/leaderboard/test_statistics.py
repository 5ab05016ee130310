"""Intervals against closed forms, SciPy and simulation."""

from math import isnan, sqrt

import numpy as np
import pytest
from scipy import stats

from leaderboard.scores.statistics import (
    difference_interval,
    interquartile_interval,
    interquartile_mean,
    probability_of_improvement,
    ratio_interval,
    stratified_interval,
    student_interval,
)


def test_student_interval_is_scipys() -> None:
    values = np.array([0.2, 0.5, 0.4, 0.9, 0.1])
    interval = student_interval(values)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert interval.mean == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert interval.degrees == 4


def test_student_interval_of_two_values_in_closed_form() -> None:
    """With one degree of freedom the quantile is tan(pi (p - 1/2)); s / sqrt(2) is |a - b| / 2."""
    interval = student_interval([1.0, 3.0])
    assert interval.quantile == pytest.approx(np.tan(np.pi * 0.475), rel=1e-9)
    assert interval.high == pytest.approx(2.0 + interval.quantile * 1.0)


def test_one_seed_has_no_interval() -> None:
    interval = student_interval([0.7])
    assert interval.mean == 0.7
    assert isnan(interval.low)
    assert isnan(interval.high)


def test_equal_values_have_an_interval_of_no_width() -> None:
    interval = student_interval([0.5, 0.5, 0.5])
    assert (interval.low, interval.mean, interval.high) == (0.5, 0.5, 0.5)


def test_two_strata_are_welchs_test() -> None:
    """The mean of the means of x and -y is half the difference of the means of x and y."""
    random = np.random.default_rng(1)
    x, y = random.normal(1.0, 1.0, 4), random.normal(0.0, 3.0, 9)
    interval = stratified_interval([x, -y])
    welch = stats.ttest_ind(x, y, equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert interval.degrees == pytest.approx(welch.df)
    assert (2 * interval.low, 2 * interval.high) == pytest.approx((expected.low, expected.high))


def test_a_difference_has_welchs_interval() -> None:
    a, b = [1.0, 2.0, 4.0], [0.3, 0.1, 0.9, 0.5]
    interval = difference_interval(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert interval.mean == pytest.approx(np.mean(a) - np.mean(b))
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert isnan(difference_interval(a, [1.0]).low)


def test_a_stratum_without_variance_adds_no_width() -> None:
    noisy = np.array([0.1, 0.4, 0.3])
    both = stratified_interval([noisy, np.ones(3)])
    alone = stratified_interval([noisy])
    assert both.mean == pytest.approx((noisy.mean() + 1.0) / 2)
    assert both.high - both.low == pytest.approx((alone.high - alone.low) / 2)


@pytest.mark.parametrize("count", [1, 3, 4, 10, 13])
def test_interquartile_mean_is_scipys_trimmed_mean(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))


def test_intervals_cover_the_mean_as_often_as_they_say() -> None:
    """Three seeds in each of four worlds of unequal noise, 4,000 times.

    The number of covering intervals is binomial; were coverage exactly 95%, a share outside 0.95 +-
    0.0135 would have a chance below 1e-4. Welch and Satterthwaite's approximation is on the safe
    side here, so there is room upwards.
    """
    random = np.random.default_rng(0)
    deviations = np.array([0.05, 0.1, 0.2, 0.4])
    trials = 4_000
    covered = 0
    for _ in range(trials):
        strata = [random.normal(0.5, deviation, 3) for deviation in deviations]
        interval = stratified_interval(strata)
        covered += interval.low <= 0.5 <= interval.high
    margin = 3.9 * sqrt(0.95 * 0.05 / trials)
    assert 0.95 - margin <= covered / trials <= 0.985


def test_fiellers_interval_holds_the_ratios_that_agree_with_the_samples() -> None:
    """At both ends the difference m - r d is as far from 0 as Student's t allows."""
    numerator, denominator = np.array([2.4, 2.9, 2.1, 3.3]), np.array([1.1, 0.9, 1.3])
    interval = ratio_interval(numerator, denominator)
    assert interval.mean == pytest.approx(numerator.mean() / denominator.mean())
    at_the_ratio = stats.ttest_ind(numerator, interval.mean * denominator, equal_var=False)
    assert interval.degrees == pytest.approx(at_the_ratio.df)
    for end in (interval.low, interval.high):
        difference = numerator.mean() - end * denominator.mean()
        error = sqrt(numerator.var(ddof=1) / 4 + end**2 * denominator.var(ddof=1) / 3)
        assert abs(difference) / error == pytest.approx(stats.t.ppf(0.975, interval.degrees))
    assert interval.low < interval.mean < interval.high


def test_a_ratio_to_what_may_be_zero_has_no_bounds() -> None:
    interval = ratio_interval([2.0, 3.0, 2.5], [-0.1, 0.3, 0.1])
    assert (interval.low, interval.high) == (-np.inf, np.inf)
    assert interval.mean == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        ([2.0, 2.0], [4.0, 4.0], (0.5, 0.5, 0.5)),
        ([2.0], [4.0, 4.1], (2.0 / 4.05, np.nan, np.nan)),
        ([2.0, 2.1], [0.0, 0.0], (np.nan, np.nan, np.nan)),
    ],
)
def test_a_ratio_without_variance_or_without_an_interval(
    numerator: list[float], denominator: list[float], expected: tuple[float, ...]
) -> None:
    interval = ratio_interval(numerator, denominator)
    np.testing.assert_allclose((interval.mean, interval.low, interval.high), expected)


def test_a_constant_denominator_leaves_students_interval() -> None:
    values = np.array([0.2, 0.5, 0.4, 0.9, 0.1])
    interval, plain = ratio_interval(values, [2.0, 2.0]), student_interval(values / 2.0)
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high))


def test_fiellers_interval_covers_the_ratio_as_often_as_it_says() -> None:
    """Five seeds each, of unequal noise, 4,000 times; the margins are those of the test above."""
    random = np.random.default_rng(0)
    trials, covered = 4_000, 0
    for _ in range(trials):
        interval = ratio_interval(random.normal(2.5, 0.5, 5), random.normal(1.0, 0.1, 5))
        covered += interval.low <= 2.5 <= interval.high
    margin = 3.9 * sqrt(0.95 * 0.05 / trials)
    assert 0.95 - margin <= covered / trials <= 0.985


def test_the_probability_of_improvement_is_mann_and_whitneys() -> None:
    ours, theirs = [0.2, 0.5, 0.5, 0.9], [0.1, 0.5, 0.8]
    interval = probability_of_improvement(ours, theirs)
    assert interval.mean == pytest.approx(stats.mannwhitneyu(ours, theirs).statistic / 12)
    mirrored = probability_of_improvement(theirs, ours)
    assert (1.0 - mirrored.high, 1.0 - mirrored.low) == pytest.approx((interval.low, interval.high))


def test_the_probability_of_improvement_has_a_width_where_all_runs_are_better() -> None:
    """At an estimate of 1 the end q solves n m (1 - q) = t^2 q (1 + k (1 - q) / (2 - q) + k q /
    (1 + q))."""
    interval = probability_of_improvement([5.0, 6.0, 7.0], [1.0, 2.0, 3.0])
    q, t, k = interval.low, interval.quantile, 2.0
    assert interval.mean == interval.high == 1.0
    assert t == pytest.approx(stats.t.ppf(0.975, 4))
    bracket = 1.0 + k * (1.0 - q) / (2.0 - q) + k * q / (1.0 + q)
    assert 9.0 * (1.0 - q) == pytest.approx(t**2 * q * bracket)
    assert isnan(probability_of_improvement([1.0], [0.0]).low)


def test_the_interval_of_the_interquartile_mean_is_of_the_seeds_alone() -> None:
    """With forty seeds a world and no spread between worlds, the error is about that of a trimmed
    mean: the winsorised deviation over (1 - 2 / 4) sqrt(n)."""
    random = np.random.default_rng(0)
    strata = [random.normal(size=40) for _ in range(5)]
    pooled = np.concatenate(strata)
    interval = interquartile_interval(strata)
    assert interval.mean == interquartile_mean(pooled)
    expected = stats.mstats.trimmed_stde(pooled, (0.25, 0.25))
    assert interval.standard_error == pytest.approx(expected, rel=0.1)
    far = interquartile_interval([strata[0], strata[1] + 100.0])
    assert far.high - far.low < 2.0
    assert interval == interquartile_interval(strata)


@pytest.mark.parametrize(
    ("strata", "expected"),
    [([[0.5, 0.5], [1.0, 1.0]], (0.75, 0.75, 0.75)), ([[0.5], [1.0]], (0.75, np.nan, np.nan))],
)
def test_an_interquartile_mean_without_variance_or_with_one_seed(
    strata: list[list[float]], expected: tuple[float, ...]
) -> None:
    interval = interquartile_interval([np.array(values) for values in strata])
    np.testing.assert_allclose((interval.mean, interval.low, interval.high), expected)
