"""From raw cells to tables: pure functions, nothing computed here is ever written into raw results.

The score of a cell is (return - random) / (expert - random), where `return` is the mean return over
its evaluation episodes and `random` and `expert` are the means over the cells of the two reference
rows, on the same episodes. A failed cell counts as a random policy. A row with a missing cell is
not ranked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il_envs.problem import Meter
from leaderboard.cells import Cell, Results
from leaderboard.statistics import Interval, interquartile_mean, stratified_interval
from leaderboard.submission import REFERENCES

ALL_WORLDS = "all"


@dataclass(frozen=True)
class Scale:
    """What the returns of one world are measured against."""

    random: float
    """Mean return of the uniform random policy: score 0."""
    expert: float
    """Mean return of the scripted expert: score 1."""
    random_survival: float

    def score(self, total_reward: float) -> float:
        """The normalised score of a mean return."""
        return (total_reward - self.random) / (self.expert - self.random)


@dataclass(frozen=True)
class Row:
    """The cells of one algorithm in one world at one number of labels, one for each seed.

    Attributes:
        labels: None for a reference row.
        cells: those that are there, by seed.
        fault: why the row cannot be ranked, or empty.
    """

    algorithm: str
    world: str
    labels: int | None
    cells: tuple[Cell, ...]
    fault: str


def row_of(results: Results, algorithm: str, world: str, labels: int | None) -> Row:
    """The row of a table, complete or not."""
    cells = _current(results, algorithm, world, labels)
    missing = sorted(set(range(results.manifest.seeds)) - {cell.spec.seed for cell in cells})
    fault = ""
    if missing:
        fault = f"missing seeds: {', '.join(map(str, missing))}"
    elif len({_revision(cell) for cell in cells}) > 1:
        fault = "its cells are of different versions; run again"
    elif labels is not None and scale_of(results, world) is None:
        fault = "no complete reference rows"
    elif {_world_revision(cell) for cell in cells} != _reference_revision(results, world):
        fault = "its cells and the reference rows are of different versions; run again"
    return Row(algorithm, world, labels, tuple(cells), fault)


def _current(results: Results, algorithm: str, world: str, labels: int | None) -> list[Cell]:
    manifest = results.manifest
    cells = [
        cell
        for cell in results.cells
        if (cell.spec.algorithm, cell.spec.world, cell.spec.labels) == (algorithm, world, labels)
        and cell.spec.profile == manifest.profile
        and cell.spec.seed < manifest.seeds
    ]
    return sorted(cells, key=lambda cell: cell.spec.seed)


def _revision(cell: Cell) -> tuple[str, ...]:
    key = cell.spec.key
    return (*_world_revision(cell), key["code"], key.get("config", ""))


def _world_revision(cell: Cell) -> tuple[str, ...]:
    return cell.spec.key["suite"], cell.spec.key["world"]


def _reference_revision(results: Results, world: str) -> set[tuple[str, ...]]:
    cells = [cell for name in REFERENCES for cell in _current(results, name, world, None)]
    return {_world_revision(cell) for cell in cells}


def scale_of(results: Results, world: str) -> Scale | None:
    """What returns in a world are measured against; None until every reference cell is there."""
    means = []
    for name in REFERENCES:
        cells = _current(results, name, world, None)
        if len(cells) < results.manifest.seeds or any(cell.status != "ok" for cell in cells):
            return None
        means.append(
            (np.mean([mean_return(c) for c in cells]), np.mean([survival(c) for c in cells]))
        )
    (random, random_survival), (expert, _) = means
    if expert == random:
        return None
    return Scale(float(random), float(expert), float(random_survival))


def mean_return(cell: Cell) -> float:
    """Over its evaluation episodes."""
    return float(np.mean([episode.total_reward for episode in cell.episodes]))


def survival(cell: Cell) -> float:
    """Share of the evaluation episodes that did not end by termination."""
    return float(np.mean([not episode.terminated for episode in cell.episodes]))


def cell_table(results: Results) -> pd.DataFrame:
    """One row for each expected cell that is there, whatever its status, by world, algorithm,
    labels and seed.

    Columns: world, algorithm, labels (NaN for references), seed, status, reason, return, score,
    survival, labels_used, steps, train_seconds.
    """
    rows = []
    for row in _rows(results, every_budget=True):
        scale = scale_of(results, row.world)
        for cell in row.cells:
            total_reward, score, survived = _measured(cell, scale)
            meter = Meter(**cell.meter)
            rows.append(
                {
                    "world": row.world,
                    "algorithm": row.algorithm,
                    "labels": nan if row.labels is None else float(row.labels),
                    "seed": cell.spec.seed,
                    "status": cell.status,
                    "reason": cell.reason,
                    "return": total_reward,
                    "score": score,
                    "survival": survived,
                    "labels_used": meter.labels,
                    "steps": meter.steps,
                    "train_seconds": cell.train_seconds,
                }
            )
    return pd.DataFrame(rows)


def _measured(cell: Cell, scale: Scale | None) -> tuple[float, float, float]:
    """Return, score and survival of a cell; a failed one has those of a random policy."""
    if cell.status == "ok":
        total_reward = mean_return(cell)
        return total_reward, scale.score(total_reward) if scale else nan, survival(cell)
    return (scale.random, 0.0, scale.random_survival) if scale else (nan, nan, nan)


def _rows(results: Results, every_budget: bool = False) -> Iterator[Row]:
    manifest = results.manifest
    budgets = manifest.profile.labels if every_budget else manifest.profile.labels[-1:]
    for world in manifest.worlds:
        for name in REFERENCES:
            yield row_of(results, name, world, None)
        for name, worlds in manifest.algorithms.items():
            for labels in budgets if world in worlds else ():
                yield row_of(results, name, world, labels)


def scores_of(row: Row, scale: Scale | None) -> NDArray[np.float64]:
    """The score of each seed, float64 [seeds]."""
    return np.array([_measured(cell, scale)[1] for cell in row.cells])


def summary(results: Results) -> pd.DataFrame:
    """One row for each algorithm and world at the profile's last number of labels, best first.

    With several worlds, rows for the mean over all of them come first.

    Columns: algorithm, world, labels, seeds, score, low, high, iqm, survival, return, status ("ok",
    "1 of 3 failed", "unranked"), reason, reference (whether it is a reference row).
    """
    rows = list(_rows(results))
    frame = pd.DataFrame([_summarise(results, [row], row.world) for row in rows])
    worlds = results.manifest.worlds
    if len(worlds) > 1:
        names = dict.fromkeys(row.algorithm for row in rows)
        overall = [
            _summarise(results, [row for row in rows if row.algorithm == name], ALL_WORLDS)
            for name in names
        ]
        frame = pd.concat([pd.DataFrame(overall), frame])
    order = {name: place for place, name in enumerate((ALL_WORLDS, *worlds))}
    return frame.sort_values(
        ["world", "score"],
        key=lambda column: column.map(order) if column.name == "world" else -column,
        kind="stable",
        na_position="last",
        ignore_index=True,
    )


def _summarise(results: Results, rows: Sequence[Row], world: str) -> dict[str, object]:
    """A row of the summary, over one world or over all of them."""
    scales = [scale_of(results, row.world) for row in rows]
    scores = [scores_of(row, scale) for row, scale in zip(rows, scales, strict=True)]
    faults = [row.fault for row in rows if row.fault]
    if world == ALL_WORLDS and len(rows) < len(results.manifest.worlds):
        faults.append("does not apply to every world")
    cells = [cell for row in rows for cell in row.cells]
    failed = [cell for cell in cells if cell.status != "ok"]
    status, reason = "ok", ""
    if faults:
        status, reason = "unranked", faults[0]
    elif failed:
        status = f"{len(failed)} of {len(cells)} failed"
        reason = f"{failed[0].status}: {failed[0].reason}"
    ranked = not faults
    measured = [
        _measured(cell, scale)
        for row, scale in zip(rows, scales, strict=True)
        for cell in row.cells
    ]
    interval = stratified_interval(scores) if ranked else Interval(nan, nan, nan)
    return {
        "algorithm": rows[0].algorithm,
        "world": world,
        "labels": rows[0].labels,
        "seeds": min(len(row.cells) for row in rows),
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "iqm": interquartile_mean(np.concatenate(scores)) if ranked else nan,
        "survival": float(np.mean([survived for _, _, survived in measured])) if ranked else nan,
        "return": (
            float(np.mean([total_reward for total_reward, _, _ in measured]))
            if ranked and world != ALL_WORLDS
            else nan
        ),
        "status": status,
        "reason": reason,
        "reference": rows[0].algorithm in REFERENCES,
    }
