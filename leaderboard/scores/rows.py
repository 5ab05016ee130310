"""Rows of the table: their cells, the scale of their scores, and whether they are ranked.

The score of a cell is (return - random) / (reference - random); in a world of costs, where returns
are negative, it is that of the logarithms of the costs, since one cost may be a thousand times
another: every tenth of a score divides the cost by the same factor. In a world with an exact
reference the returns are exact: `random` is the uniform random policy and `reference` the
soft-optimal one. Elsewhere a return is the mean over the evaluation episodes, and `random` and
`reference`, the scripted expert, are the means over the cells of the reference rows, on the same
episodes. A failed cell counts as a random policy. A row with a missing cell has the score of the
others, and is not ranked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leaderboard import UserError
from leaderboard.cells import Cell, EpisodeResult
from leaderboard.runs import Results

UNRANKED = "unranked"
"""The status of rows that cannot be ranked."""

Returns = TypeVar("Returns", float, NDArray[np.float64])


@dataclass(frozen=True)
class Scale:
    """The scale on which returns of one world become scores."""

    random: float
    """Return of the uniform random policy: score 0."""
    reference: float
    """Return of the reference: score 1."""
    random_cells: tuple[Cell, ...]
    """The cells of the uniform random policy, whose values stand for those of a failed cell."""
    reference_cells: tuple[Cell, ...]
    """The cells of the reference."""
    is_of_costs: bool = False
    """True if minus a return is a cost, of which the logarithm counts."""

    @property
    def is_exact(self) -> bool:
        """True if returns are exact."""
        return self.random_cells[0].exact is not None

    @property
    def cost_factor(self) -> float:
        """By how much the cost is divided from score 0 to score 1."""
        return self.random / self.reference

    def score(self, total_reward: Returns) -> Returns:
        """The normalised score of a return, or of each of several."""
        if self.is_of_costs:
            scores: Returns = np.log(self.random / total_reward) / np.log(self.cost_factor)
            return scores
        return (total_reward - self.random) / (self.reference - self.random)

    def slope(self, total_reward: float) -> float:
        """The derivative of the score at a return."""
        if self.is_of_costs:
            return -1.0 / (total_reward * float(np.log(self.cost_factor)))
        return 1.0 / (self.reference - self.random)


Quantity = Callable[[Cell, Scale | None], float]
"""A function from a cell that did not fail, and its world's scale if that is known, to a number."""


@dataclass(frozen=True)
class Row:
    """The cells of one algorithm in one world at one number of labels, one for each seed.

    Attributes:
        labels: number of labels; None for a reference row.
        cells: the cells that exist, by seed.
        fault: why the row cannot be ranked; empty if it can.
        is_scored: whether the cells that exist have a score, which one that lacks seeds has too.
    """

    algorithm: str
    world: str
    labels: int | None
    cells: tuple[Cell, ...]
    fault: str
    is_scored: bool


def named_row(results: Results, algorithm: str, world: str) -> Row:
    """The row of an algorithm or a reference in a world, at the labels at which the table ranks.

    Raises:
        UserError: if the table has no such row.
    """
    manifest = results.manifest
    if world not in manifest.worlds:
        raise UserError(
            f"{results.folder} has no world {world!r}; it has {', '.join(manifest.worlds)}"
        )
    references = manifest.references(world)
    names = [*references, *(n for n, worlds in manifest.algorithms.items() if world in worlds)]
    if algorithm not in names:
        raise UserError(
            f"{results.folder} has no {algorithm!r} in {world}; it has {', '.join(names)}"
        )
    if algorithm in references:
        return row_of(results, algorithm, world, None)
    return headline_row(results, algorithm, world)


def headline_row(results: Results, algorithm: str, world: str) -> Row:
    """The row of an algorithm in a world at the labels at which the table ranks."""
    return row_of(results, algorithm, world, results.manifest.budgets(algorithm, world)[-1])


def row_of(results: Results, algorithm: str, world: str, labels: int | None) -> Row:
    """The row of a table, complete or not."""
    cells = _current(results, algorithm, world, labels)
    expected = range(results.manifest.seeds_of(algorithm, world))
    missing = sorted(set(expected) - {cell.spec.seed for cell in cells})
    fault = _fault_of(results, world, labels, cells) if cells else ""
    is_scored = bool(cells) and not fault
    if missing:
        fault = f"missing seeds: {', '.join(map(str, missing))}"
    return Row(algorithm, world, labels, tuple(cells), fault, is_scored)


def _fault_of(results: Results, world: str, labels: int | None, cells: Sequence[Cell]) -> str:
    """Why the cells of a row have no score together; empty if they have."""
    if len({_revision(cell) for cell in cells}) > 1:
        return "its cells are of different versions; run again"
    if labels is not None and scale_of(results, world) is None:
        return "no complete reference rows"
    if {_world_revision(cell) for cell in cells} != _reference_revision(results, world):
        return "its cells and the reference rows are of different versions; run again"
    return ""


def status_of(rows: Sequence[Row]) -> tuple[str, str]:
    """The status of rows taken together, "ok", "ok, 1 of 3 warned", "1 of 3 failed" or "unranked",
    and the reason."""
    faults = [row.fault for row in rows if row.fault]
    if faults:
        return UNRANKED, faults[0]
    cells = [cell for row in rows for cell in row.cells]
    failed = [cell for cell in cells if cell.status != "ok"]
    if failed:
        return f"{len(failed)} of {len(cells)} failed", f"{failed[0].status}: {failed[0].reason}"
    warned = [cell for cell in cells if cell.warnings]
    if warned:
        return f"ok, {len(warned)} of {len(cells)} warned", warned[0].warnings[0]
    return "ok", ""


def _current(results: Results, algorithm: str, world: str, labels: int | None) -> list[Cell]:
    manifest = results.manifest
    cells = [
        cell
        for cell in results.cells
        if (cell.spec.algorithm, cell.spec.world, cell.spec.labels) == (algorithm, world, labels)
        and cell.spec.profile == manifest.profile
        and cell.spec.seed < manifest.seeds_of(algorithm, world)
    ]
    return sorted(cells, key=lambda cell: cell.spec.seed)


def _revision(cell: Cell) -> tuple[str, ...]:
    own = (cell.spec.key.get(name, "") for name in ("code", "config", "demonstrations"))
    return (*_world_revision(cell), *own)


def _world_revision(cell: Cell) -> tuple[str, ...]:
    names = ("suite", "world", "support", "measures", "transfer")
    return tuple(cell.spec.key.get(name, "") for name in names)


def _reference_revision(results: Results, world: str) -> set[tuple[str, ...]]:
    names = results.manifest.references(world)
    cells = [cell for name in names for cell in _current(results, name, world, None)]
    return {_world_revision(cell) for cell in cells}


def scale_of(results: Results, world: str) -> Scale | None:
    """The scale of scores in a world; None until every reference cell exists."""
    manifest = results.manifest
    names = manifest.references(world)
    rows = [_current(results, name, world, None) for name in names]
    expected = manifest.seeds_of(names[0], world)
    if any(len(cells) < expected or any(c.status != "ok" for c in cells) for cells in rows):
        return None
    random, reference = (float(np.mean([return_of(c) for c in cells])) for cells in rows[:2])
    if reference == random:
        return None
    is_of_costs = world in manifest.cost_worlds
    return Scale(random, reference, tuple(rows[0]), tuple(rows[1]), is_of_costs)


def return_of(cell: Cell) -> float:
    """The exact return where there is one, and the mean over the evaluation episodes elsewhere."""
    return mean_return(cell.episodes) if cell.exact is None else cell.exact.expected_return


def mean_return(episodes: Sequence[EpisodeResult]) -> float:
    """Mean return of episodes."""
    return float(np.mean([episode.counted_return for episode in episodes]))


def survival(cell: Cell) -> float:
    """Share of the evaluation episodes that did not end by termination."""
    return float(np.mean([not episode.terminated for episode in cell.episodes]))


def counted(quantity: Quantity, cell: Cell, scale: Scale | None) -> float:
    """The value of a cell in a mean over cells; a failed cell has the random policy's mean value,
    NaN if that is not known."""
    if cell.status == "ok":
        return quantity(cell, scale)
    if scale is None:
        return nan
    return float(np.mean([quantity(random, scale) for random in scale.random_cells]))


def returns_of(row: Row, scale: Scale | None) -> NDArray[np.float64]:
    """The return of each seed, float64 [seeds]; see `counted` for failed ones."""
    return np.array([counted(lambda cell, _: return_of(cell), cell, scale) for cell in row.cells])


def scores_of(row: Row, scale: Scale | None) -> NDArray[np.float64]:
    """The score of each seed, float64 [seeds]."""
    if scale is None:
        return np.full(len(row.cells), nan)
    return np.array([scale.score(total_reward) for total_reward in returns_of(row, scale)])


def crossed_scores_of(row: Row, scale: Scale) -> NDArray[np.float64]:
    """What each seed and episode adds to the score of a row that is ranked, float64 [seeds,
    episodes]; [seeds, 1] of exact returns, and of a single cell, which has no interval. The means
    over episodes are `scores_of`.

    A sampled score is a ratio of means over episodes, (return - random) / (reference - random), so
    an episode counts with the ratio's linear part there (the delta method): score + (return -
    random - score * (reference - random)) / (mean reference - mean random), all on that episode. An
    episode that is as hard for the reference adds no variance. In an exact world random and
    reference are no means over episodes, and an episode of a policy that is not exact counts with
    the linear part of its own score.
    """
    scores = scores_of(row, scale)[:, None]
    sampled = [cell.status == "ok" and not cell.is_exact for cell in row.cells]
    if len(row.cells) == 1 or (scale.is_exact and not any(sampled)):
        return scores
    if scale.is_exact:
        rewards = [_rewards(cell) for cell, own in zip(row.cells, sampled, strict=True) if own]
        means = np.array([values.mean() for values in rewards])
        slopes = np.array([scale.slope(mean) for mean in means])
        matrix = np.repeat(scores, len(rewards[0]), 1)
        matrix[sampled] += slopes[:, None] * (np.array(rewards) - means[:, None])
        return matrix
    random, reference = (
        np.mean([_rewards(cell) for cell in cells], 0)
        for cells in (scale.random_cells, scale.reference_cells)
    )
    returns = np.array([_rewards(cell) if cell.status == "ok" else random for cell in row.cells])
    linear = returns - random - scores.mean() * (reference - random)
    return scores.mean() + linear / (scale.reference - scale.random)


def _rewards(cell: Cell) -> NDArray[np.float64]:
    """The return of each evaluation episode, float64 [episodes]."""
    return np.array([episode.counted_return for episode in cell.episodes])
