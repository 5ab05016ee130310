"""From raw cells to the rows of the table, by pure functions: nothing computed here is ever written
into raw results.

Scores are defined in `rows`, and the other metrics in `metrics`.
"""

from collections.abc import Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from leaderboard.cells import Results
from leaderboard.metrics import METRICS
from leaderboard.rows import Row, counted, returns_of, row_of, scale_of, scores_of, status_of
from leaderboard.statistics import Interval, interquartile_mean, stratified_interval

ALL_WORLDS = "all"


def summary(results: Results) -> pd.DataFrame:
    """One row for each algorithm and world at the algorithm's last number of labels, best first.

    With several worlds, rows for the mean over all worlds come first, for the algorithms that apply
    to all of them. Reference rows have no such mean, since they score 0 and 1 in each world.

    Columns: algorithm, world, labels, seeds, score, low, high, iqm, return, status and reason (see
    `status_of`), reference, control and person (whether it is such a row), and those of the
    `METRICS`, means over seeds.
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


def _rows(results: Results) -> Iterator[Row]:
    manifest = results.manifest
    for world in manifest.worlds:
        for name in manifest.references(world):
            yield row_of(results, name, world, None)
        for name, worlds in manifest.algorithms.items():
            if world in worlds:
                yield row_of(results, name, world, manifest.budgets(name, world)[-1])


def _summarise(results: Results, rows: Sequence[Row], world: str) -> dict[str, object]:
    """A row of the summary, over one world or over all of them."""
    with_scales = [(row, scale_of(results, row.world)) for row in rows]
    scores = [scores_of(row, scale) for row, scale in with_scales]
    returns = [returns_of(row, scale) for row, scale in with_scales]
    status, reason = status_of(rows)
    ranked = not any(row.fault for row in rows)
    one_world = ranked and world != ALL_WORLDS
    interval = stratified_interval(scores) if ranked else Interval(nan, nan, nan)
    summarised: dict[str, object] = {
        "algorithm": rows[0].algorithm,
        "world": world,
        "labels": rows[0].labels,
        "seeds": min(len(row.cells) for row in rows),
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "iqm": interquartile_mean(np.concatenate(scores)) if ranked else nan,
        "return": float(np.concatenate(returns).mean()) if one_world else nan,
        "status": status,
        "reason": reason,
        "reference": rows[0].labels is None,
        "control": results.manifest.declaration(rows[0].algorithm).is_control,
        "person": results.manifest.declaration(rows[0].algorithm).is_person,
    }
    for metric in METRICS:
        for column, quantity in metric.columns.items():
            values = [
                counted(quantity, cell, scale) for row, scale in with_scales for cell in row.cells
            ]
            known = one_world if metric.is_exact else ranked
            summarised[column] = float(np.mean(values)) if known else nan
    return summarised
