"""Who is surely better than whom among several algorithms: all differences of two, corrected for
their number, and the ranks that they leave possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from leaderboard.scores.crossed import Estimate, Floats, crossed_difference, mean_of
from leaderboard.scores.statistics import CONFIDENCE


@dataclass(frozen=True)
class Ranking:
    """What a table can say about the order of n algorithms.

    With a chance of CONFIDENCE, all of it is true at once (Holm 1979; Mogstad, Romano, Shaikh and
    Wilhelm 2024, "Inference for ranks").
    """

    better: NDArray[np.bool_]
    """[n, n], true if the row's algorithm is significantly better than the column's."""

    @property
    def ranks(self) -> list[tuple[int, int]]:
        """The best and the worst possible rank of each algorithm, from 1."""
        above, below = self.better.sum(0), self.better.sum(1)
        return [(1 + int(a), len(above) - int(b)) for a, b in zip(above, below, strict=True)]

    @property
    def ties(self) -> list[str]:
        """The letters of each algorithm's tie groups: two that share one cannot be told apart, and
        two that can share none.

        By insertion and absorption (Piepho 2004, "An algorithm for a letter-based representation of
        all-pairwise comparisons").
        """
        count = len(self.better)
        groups = [frozenset(range(count))]
        for i, j in np.argwhere(self.better):
            apart = [group - {int(one)} for group in groups if {i, j} <= group for one in (i, j)]
            whole = [group for group in groups if not {i, j} <= group]
            candidates = list(dict.fromkeys(whole + apart))
            groups = [a for a in candidates if not any(a < b for b in candidates)]
        places = np.argsort(np.argsort([low + high for low, high in self.ranks], kind="stable"))
        groups.sort(key=lambda group: sorted(places[i] for i in group))
        return [
            "".join(_letter(k) for k, group in enumerate(groups) if i in group)
            for i in range(count)
        ]


def ranking(differences: Estimate, p_values: Floats, count: int) -> Ranking:
    """The ranking of algorithms by their differences.

    Args:
        differences: of all pairs in the order of `all_differences`, [pairs].
        p_values: corrected, float [pairs].
        count: number of algorithms.
    """
    better = np.zeros((count, count), bool)
    for k, (i, j) in enumerate(combinations(range(count), 2)):
        if p_values[k] <= 1.0 - CONFIDENCE:
            winner, loser = (i, j) if differences.mean[k] > 0.0 else (j, i)
            better[winner, loser] = True
    return Ranking(better)


def all_differences(worlds: Sequence[Floats]) -> Estimate:
    """The differences of all pairs of n algorithms, first minus second, in the order of
    `itertools.combinations`: [..., pairs], of the means over worlds.

    Args:
        worlds: for each world the scores, float [..., n, seeds, episodes].
    """
    first, second = np.triu_indices(worlds[0].shape[-3], 1)
    return mean_of([crossed_difference(s[..., first, :, :], s[..., second, :, :]) for s in worlds])


def holm(p_values: Floats) -> Floats:
    """p values corrected for their number (Holm 1979), so that the chance of any false claim among
    those at or below a level is at most that level, whatever depends on what.

    Args:
        p_values: float [..., n].
    """
    count = p_values.shape[-1]
    order = np.argsort(p_values, -1, kind="stable")
    ordered = np.take_along_axis(p_values, order, -1) * (count - np.arange(count))
    corrected = np.empty_like(p_values)
    rising = np.minimum(np.maximum.accumulate(ordered, -1), 1.0)
    np.put_along_axis(corrected, order, rising, -1)
    return corrected


def _letter(number: int) -> str:
    """a to z, A to Z, then Greek ones and whatever follows."""
    after = number - len(ascii_letters)
    return ascii_letters[number] if after < 0 else chr(ord("\N{GREEK SMALL LETTER ALPHA}") + after)
