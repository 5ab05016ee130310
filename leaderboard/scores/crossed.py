"""Means over training seeds and evaluation episodes that are crossed: every policy plays every
episode, so a hard episode lowers all of them together, and more seeds do not average it out.

A score is mean + seed + episode + rest, with random effects that do not depend on each other
(Searle, Casella and McCulloch 1992, "Variance components", chapter 4). An interval over both speaks
of new seeds on new episodes; Student's interval over the means of seeds speaks of new seeds on
these episodes alone.

Arrays of scores are float [..., seeds, episodes]; what is computed of them has the leading axes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from leaderboard.scores.statistics import CONFIDENCE

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""Scores that differ by less are equal: exact ones have rounding errors, and no variance."""


class Part(NamedTuple):
    """One source's part of the variance of a mean."""

    variance: Floats
    """float [...]; NaN if it is not known."""
    degrees: Floats
    """Degrees of freedom of that variance, float [...]."""


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of means, float [...], and the two parts of its variance."""

    mean: Floats
    seeds: Part
    episodes: Part

    @property
    def total(self) -> Part:
        """The whole variance, with Satterthwaite's degrees of freedom."""
        return _pooled([self.seeds, self.episodes])

    @property
    def quantile(self) -> Floats:
        """Student's quantile at (1 + CONFIDENCE) / 2, float [...]."""
        return stdtrit(self.total.degrees, (1.0 + CONFIDENCE) / 2.0)

    @property
    def margin(self) -> Floats:
        """Half the width of the interval, float [...]; NaN if there is none."""
        error = np.sqrt(self.total.variance)
        return np.where(error == 0.0, 0.0, self.quantile * error)

    @property
    def low(self) -> Floats:
        """Lower end of the two-sided interval, float [...]."""
        return self.mean - self.margin

    @property
    def high(self) -> Floats:
        """Upper end of the two-sided interval, float [...]."""
        return self.mean + self.margin

    @property
    def p_value(self) -> Floats:
        """Two-sided p of a mean of 0, float [...]; 1 if the variance is not known.

        Each part has its own Student's tail, and counts with its share of the variance, as the
        quantiles of Cochran and Cox (1950) do. One Student's distribution with Satterthwaite's
        degrees of freedom is as good at 5%, but too light where a correction for many comparisons
        looks.
        """
        variance = self.total.variance
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.mean) / np.sqrt(variance)
            share = np.where(variance > 0.0, self.seeds.variance / variance, 1.0)
        tails = share * stdtr(self.seeds.degrees, -t)
        tails += (1.0 - share) * stdtr(self.episodes.degrees, -t)
        equal = (np.abs(self.mean) < ROUNDING) | np.isnan(variance)
        return np.where(equal, 1.0, 2.0 * tails)


def crossed_mean(scores: Floats) -> Estimate:
    """The mean of crossed scores.

    With the mean squares of a two-way table without replication, the variance of the mean is
    MS_seed + max(MS_episode - MS_rest, 0), over the number of scores. What episodes add is cut at 0
    on its own, since the seeds' part without it is Student's, and holds.

    Args:
        scores: float [..., seeds, episodes]. One seed has no interval; of one episode, or one exact
            return in the place of episodes, the interval is Student's over seeds.
    """
    return Estimate(scores.mean((-2, -1)), _seeds_part(scores), _episodes_part(scores))


def crossed_difference(minuend: Floats, subtrahend: Floats) -> Estimate:
    """The difference of the means of two algorithms on the same episodes.

    Episodes are paired: what both have in common cancels. The training seeds of two algorithms are
    two samples, as in Welch's test (1947). A seed's number gives both the same demonstrations,
    which makes the interval a little too wide if that is to the good or ill of both; pairing them
    would halve the degrees of freedom.

    Args:
        minuend: float [..., seeds, episodes].
        subtrahend: float [..., seeds, episodes], both with the same number of each.
    """
    difference = minuend - subtrahend
    return Estimate(
        difference.mean((-2, -1)),
        _pooled([_seeds_part(minuend), _seeds_part(subtrahend)]),
        _episodes_part(difference),
    )


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, such as those of several worlds, each float [...]."""
    count = len(estimates)
    return Estimate(
        np.mean([estimate.mean for estimate in estimates], 0),
        _pooled([estimate.seeds for estimate in estimates], count),
        _pooled([estimate.episodes for estimate in estimates], count),
    )


def _seeds_part(scores: Floats) -> Part:
    """MS_seed over the number of scores: the variance of the mean of independent seeds."""
    seeds = scores.shape[-2]
    if seeds == 1:
        return Part(np.full(scores.shape[:-2], np.nan), np.ones(scores.shape[:-2]))
    variance = scores.mean(-1).var(-1, ddof=1) / seeds
    return Part(variance, np.full_like(variance, seeds - 1.0))


def _episodes_part(scores: Floats) -> Part:
    """max(MS_episode - MS_rest, 0) over the number of scores: what episodes add."""
    seeds, episodes = scores.shape[-2:]
    if min(seeds, episodes) == 1:
        return Part(np.zeros(scores.shape[:-2]), np.full(scores.shape[:-2], np.inf))
    of_episodes = scores.mean(-2, keepdims=True)
    rest = scores - scores.mean(-1, keepdims=True) - of_episodes
    rest += scores.mean((-2, -1), keepdims=True)
    mean_square = np.square(rest).sum((-2, -1)) / ((seeds - 1) * (episodes - 1))
    added = seeds * of_episodes[..., 0, :].var(-1, ddof=1) - mean_square
    variance = np.maximum(added, 0.0) / (seeds * episodes)
    return Part(variance, np.full_like(variance, episodes - 1.0))


def _pooled(parts: Sequence[Part], divisor: float = 1.0) -> Part:
    """The variance of a sum over a divisor, and its degrees of freedom (Satterthwaite 1946)."""
    variances = np.array([part.variance for part in parts]) / divisor**2
    degrees = np.array([part.degrees for part in parts])
    total = variances.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.square(total) / (np.square(variances) / degrees).sum(0)
    return Part(total, np.where(total > 0.0, known, degrees.sum(0)))
