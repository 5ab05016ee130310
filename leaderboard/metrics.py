"""From raw cells to tables: pure functions, nothing computed here is ever written into raw results.

`rows` says what a score is.
"""

from collections.abc import Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from il_envs.learning.metering import Meter
from leaderboard.cells import Cell, Results
from leaderboard.rows import (
    Row,
    Scale,
    measured,
    row_of,
    scale_of,
    scores_of,
    status_of,
)
from leaderboard.statistics import Interval, interquartile_mean, stratified_interval

ALL_WORLDS = "all"
MEASURES = (
    "expected_return",
    "value_gap",
    "occupancy_distance",
    "policy_divergence",
    "log_likelihood",
    "log_likelihood_error",
    "epic",
    "starc",
    "transfer",
)
"""Exact ones: those of `ExactMeasures`, and how far the return is from the reference's."""


def cell_table(results: Results) -> pd.DataFrame:
    """One row for each expected cell that is there, whatever its status, by world, algorithm,
    labels and seed.

    Columns: world, algorithm, labels (NaN for references), seed, status, reason, return, score,
    survival, labels_used, steps, train_seconds, and the exact `MEASURES`.
    """
    rows = []
    for row in _rows(results, every_budget=True):
        scale = scale_of(results, row.world)
        for cell in row.cells:
            total_reward, score, survived = measured(cell, scale)
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
                    **exact_measures(cell, scale),
                }
            )
    return pd.DataFrame(rows)


def _rows(results: Results, every_budget: bool = False) -> Iterator[Row]:
    manifest = results.manifest
    for world in manifest.worlds:
        for name in manifest.references(world):
            yield row_of(results, name, world, None)
        for name, worlds in manifest.algorithms.items():
            budgets = manifest.budgets(name) if world in worlds else ()
            for labels in budgets if every_budget else budgets[-1:]:
                yield row_of(results, name, world, labels)


def summary(results: Results) -> pd.DataFrame:
    """One row for each algorithm and world at the algorithm's last number of labels, best first.

    With several worlds, rows for the mean over all of them come first, for the algorithms that
    apply to all. The reference rows have none: they are 0 and 1 in each world.

    Columns: algorithm, world, labels, seeds, score, low, high, iqm, survival, return, status and
    reason as `status_of` has them, reference and control (whether it is such a row), and the exact
    `MEASURES`, means over seeds.
    """
    rows = list(_rows(results))
    summaries = [_summarise(results, [row], row.world) for row in rows]
    worlds = results.manifest.worlds
    if len(worlds) > 1:
        summaries += [
            _summarise(results, [row for row in rows if row.algorithm == name], ALL_WORLDS)
            for name, applies_to in results.manifest.algorithms.items()
            if set(worlds) <= set(applies_to)
        ]
    frame = pd.DataFrame(summaries)
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
    status, reason = status_of(rows)
    ranked = not any(row.fault for row in rows)
    with_scales = [
        (cell, scale) for row, scale in zip(rows, scales, strict=True) for cell in row.cells
    ]
    values = [measured(cell, scale) for cell, scale in with_scales]
    exact = [exact_measures(cell, scale) for cell, scale in with_scales]
    interval = stratified_interval(scores) if ranked else Interval(nan, nan, nan)
    one_world = ranked and world != ALL_WORLDS
    row: dict[str, object] = {
        "algorithm": rows[0].algorithm,
        "world": world,
        "labels": rows[0].labels,
        "seeds": min(len(row.cells) for row in rows),
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "iqm": interquartile_mean(np.concatenate(scores)) if ranked else nan,
        "survival": float(np.mean([survived for _, _, survived in values])) if ranked else nan,
        "return": float(np.mean([total for total, _, _ in values])) if one_world else nan,
        "status": status,
        "reason": reason,
        "reference": rows[0].labels is None,
        "control": results.manifest.declaration(rows[0].algorithm).is_control,
    }
    return row | {
        name: float(np.mean([measures[name] for measures in exact])) if one_world else nan
        for name in MEASURES
    }


def exact_measures(cell: Cell, scale: Scale | None) -> dict[str, float]:
    """The exact `MEASURES` of a cell, NaN where there is none; a failed one has those of random."""
    if scale is None or scale.random_measures is None:
        return dict.fromkeys(MEASURES, nan)
    exact = cell.exact if cell.status == "ok" else scale.random_measures
    if exact is None:
        return dict.fromkeys(MEASURES, nan)
    measures = exact.model_dump() | {"value_gap": scale.reference - exact.expected_return}
    return {name: nan if measures[name] is None else measures[name] for name in MEASURES}
