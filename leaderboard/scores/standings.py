"""How sure the order of a table is: for each row the ranks that it may have and its tie groups, and
its differences from the others.

The ranked rows of a world are those of algorithms; references, controls and people are not ranked,
nor are incomplete rows. Over all worlds the algorithms that apply to each of them are ranked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from leaderboard.runs import Results
from leaderboard.scores.crossed import Estimate, Floats
from leaderboard.scores.ranking import Ranking, all_differences, holm, ranking
from leaderboard.scores.rows import Row, crossed_scores_of, headline_row, scale_of


@dataclass(frozen=True)
class Standings:
    """The ranked algorithms of a world, or of several taken together.

    Attributes:
        names: of the n algorithms.
        differences: of all pairs, [n (n - 1) / 2], in the order of `itertools.combinations`.
        p_values: corrected for their number, likewise.
    """

    names: tuple[str, ...]
    differences: Estimate
    p_values: Floats

    @property
    def ranking(self) -> Ranking:
        """What is known of their order."""
        return ranking(self.differences, self.p_values, len(self.names))

    def pairs(self) -> list[tuple[str, str]]:
        """The names of all pairs."""
        return list(combinations(self.names, 2))


def standings(results: Results, worlds: Sequence[str]) -> Standings | None:
    """The standings in worlds, taken together; None if nobody is ranked in all of them."""
    manifest = results.manifest
    scores: dict[str, list[NDArray[np.float64]]] = {}
    for name, applies_to in manifest.algorithms.items():
        said = manifest.declaration(name)
        if not said.is_control and not said.is_person and set(worlds) <= set(applies_to):
            rows = [headline_row(results, name, world) for world in worlds]
            if not any(row.fault for row in rows):
                scores[name] = [_scores(results, row) for row in rows]
    if not scores:
        return None
    by_world = [_stacked(each) for each in zip(*scores.values(), strict=True)]
    differences = all_differences(by_world)
    return Standings(tuple(scores), differences, holm(differences.p_value))


def _scores(results: Results, row: Row) -> NDArray[np.float64]:
    scale = scale_of(results, row.world)
    assert scale is not None  # or the row has a fault
    return crossed_scores_of(row, scale)


def _stacked(scores: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Scores [seeds, episodes] of several algorithms, float64 [n, seeds, episodes]; an exact one is
    the same in every episode."""
    episodes = max(each.shape[1] for each in scores)
    return np.stack([np.broadcast_to(each, (len(each), episodes)) for each in scores])
