"""Intervals over seeds and episodes against closed forms and other tests."""

import numpy as np
import pytest
from scipy import stats

from leaderboard.scores.crossed import crossed_difference, crossed_mean, mean_of
from leaderboard.scores.statistics import student_interval


def random_scores(seeds: int, episodes: int, key: int = 0) -> np.ndarray:
    random = np.random.default_rng(key)
    scores = random.normal(size=(seeds, 1)) + 2.0 * random.normal(size=episodes)
    return scores + random.normal(size=(seeds, episodes))


def test_the_variance_of_the_mean_is_that_of_the_mean_squares() -> None:
    """Effects of seeds -1, 1 and of episodes -2, 0, 2, and no rest: MS_seed = 3 * 2, MS_episode =
    2 * 4, so the variance is 14 / 6, with 14^2 / (6^2 / 1 + 8^2 / 2) degrees of freedom."""
    estimate = crossed_mean(5.0 + np.array([[-1.0], [1.0]]) + np.array([-2.0, 0.0, 2.0]))
    assert estimate.mean == pytest.approx(5.0)
    assert estimate.seeds == pytest.approx((1.0, 1.0))
    assert estimate.episodes == pytest.approx((8.0 / 6.0, 2.0))
    assert estimate.total == pytest.approx((14.0 / 6.0, 14.0**2 / (6.0**2 + 8.0**2 / 2.0)))
    quantile = stats.t.ppf(0.975, 14.0**2 / 68.0)
    assert estimate.high - estimate.mean == pytest.approx(quantile * np.sqrt(14.0 / 6.0))


def test_what_depends_on_neither_is_taken_off_the_episodes() -> None:
    """An analysis of variance by least squares: residuals of the additive fit."""
    scores = random_scores(4, 7)
    design = np.array(
        [[1.0, *np.eye(4)[s, 1:], *np.eye(7)[e, 1:]] for s in range(4) for e in range(7)]
    )
    _, (residual,), _, _ = np.linalg.lstsq(design, scores.ravel(), rcond=None)
    mean_square = 4 * scores.mean(0).var(ddof=1)
    expected = (mean_square - residual / (3 * 6)) / 28
    assert crossed_mean(scores).episodes.variance == pytest.approx(expected)


@pytest.mark.parametrize("episodes", [1, 6])
def test_without_an_effect_of_episodes_the_interval_is_students_over_seeds(episodes: int) -> None:
    seeds = np.array([[0.2], [0.5], [0.4], [0.9]])
    estimate = crossed_mean(np.repeat(seeds, episodes, 1))
    expected = student_interval(seeds[:, 0])
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))
    assert estimate.p_value == pytest.approx(stats.ttest_1samp(seeds[:, 0], 0.0).pvalue)


def test_of_exact_returns_a_difference_is_welchs() -> None:
    ours, theirs = random_scores(5, 1), 3.0 * random_scores(5, 1, key=1)
    difference = crossed_difference(ours, theirs)
    welch = stats.ttest_ind(ours[:, 0], theirs[:, 0], equal_var=False)
    expected = welch.confidence_interval(0.95)
    assert difference.total.degrees == pytest.approx(welch.df)
    assert (difference.low, difference.high) == pytest.approx((expected.low, expected.high))
    assert difference.p_value == pytest.approx(welch.pvalue)


def test_what_two_algorithms_share_of_an_episode_cancels() -> None:
    ours, theirs = random_scores(5, 8), random_scores(5, 8, key=1)
    shared = 10.0 * np.random.default_rng(2).normal(size=8)
    alone, together = crossed_difference(ours, theirs), crossed_difference(ours + shared, theirs)
    assert crossed_difference(ours + shared, theirs + shared).high == pytest.approx(alone.high)
    assert together.high - together.low > 2.0 * (alone.high - alone.low)


def test_one_seed_has_no_interval_and_no_claim() -> None:
    estimate = crossed_mean(random_scores(1, 8))
    assert np.isnan([estimate.low, estimate.high]).all()
    assert estimate.p_value == 1.0


def test_without_variance_only_what_differs_is_claimed() -> None:
    ones = np.ones((3, 4))
    assert (crossed_mean(ones).low, crossed_mean(ones).high) == (1.0, 1.0)
    assert crossed_difference(ones, 0.0 * ones).p_value == 0.0
    assert crossed_difference(ones, ones + 1e-12).p_value == 1.0


def test_the_mean_of_two_worlds_is_half_their_sum() -> None:
    """Of exact returns in two worlds: Welch's test of x and -y, as in `statistics`."""
    x, y = random_scores(4, 1), 2.0 * random_scores(9, 1, key=1)
    both = mean_of([crossed_mean(x), crossed_mean(-y)])
    expected = stats.ttest_ind(x[:, 0], y[:, 0], equal_var=False).confidence_interval(0.95)
    assert (2 * both.low, 2 * both.high) == pytest.approx((expected.low, expected.high))


def test_many_matrices_at_once_are_each_on_its_own() -> None:
    scores = np.stack([random_scores(4, 6, key) for key in range(3)])
    together = crossed_mean(scores)
    for i in range(3):
        alone = crossed_mean(scores[i])
        assert together.low[i] == pytest.approx(alone.low)
        assert together.p_value[i] == pytest.approx(float(alone.p_value))
