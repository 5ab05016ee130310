"""From raw cells to the rows of the table, by pure functions: nothing computed here is ever written
into raw results.

Scores are defined in `rows`, and the other metrics in `metrics`.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd

from leaderboard.cells import Cell
from leaderboard.runs import Results
from leaderboard.scores.crossed import crossed_mean, mean_of
from leaderboard.scores.metrics import METRICS
from leaderboard.scores.rows import (
    UNRANKED,
    Row,
    Scale,
    crossed_scores_of,
    headline_row,
    returns_of,
    row_of,
    scale_of,
    scores_of,
    status_of,
)
from leaderboard.scores.standings import standings
from leaderboard.scores.statistics import Interval, interquartile_interval
from leaderboard.seals import TIERS, Tier, tier_of

ALL_WORLDS = "all"
RANKED_BY = ["world", "algorithm"]
SEEDS, SEEDS_AND_EPISODES = "seeds", "seeds and episodes"


def summary(results: Results) -> pd.DataFrame:
    """One row for each algorithm and world at the algorithm's last number of labels, best first,
    and last those that are not ranked.

    With several worlds, rows for the mean over all worlds come first, for the algorithms that apply
    to all of them. Reference rows have no such mean, since they score 0 and 1 in each world.

    Columns: algorithm, world, labels, seeds, episodes (of each seed's evaluation), score, low,
    high, unit (what the interval is over: "seeds", or "seeds and episodes" where returns are
    sampled; empty without one), scores (of each seed, a tuple; empty over all worlds), iqm, iqm_low
    and iqm_high (over seeds), return, acts (the cells' `Acting`, with commas if they differ), tier
    (the least `Tier` of its cells),
    status and reason (see `status_of`), reference, control and person (whether it is such a row),
    rank_low, rank_high and ties (see `standings`; missing for rows that are not ranked), and those
    of the `METRICS`, means over seeds.
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
    frame = pd.DataFrame(summaries).merge(_ranks(results), "left", RANKED_BY)
    place = {name: place for place, name in enumerate((ALL_WORLDS, *worlds))}
    order = pd.DataFrame(
        {
            "world": frame["world"].map(place),
            "unranked": frame["status"] == UNRANKED,
            "score": -frame["score"],
        }
    ).sort_values(["world", "unranked", "score"], kind="stable", na_position="last")
    return frame.loc[order.index].reset_index(drop=True)


def _ranks(results: Results) -> pd.DataFrame:
    """The columns rank_low, rank_high and ties, by world and algorithm."""
    worlds = results.manifest.worlds
    together = {ALL_WORLDS: worlds} if len(worlds) > 1 else {}
    ranks: list[tuple[str, str, int, int, str]] = []
    for world, those in (together | {world: (world,) for world in worlds}).items():
        table = standings(results, those)
        if table is not None:
            order = table.ranking
            for name, (low, high), ties in zip(table.names, order.ranks, order.ties, strict=True):
                ranks.append((world, name, low, high, ties))
    return pd.DataFrame(ranks, columns=[*RANKED_BY, "rank_low", "rank_high", "ties"])


def _rows(results: Results) -> Iterator[Row]:
    manifest = results.manifest
    for world in manifest.worlds:
        for name in manifest.references(world):
            yield row_of(results, name, world, None)
        for name, worlds in manifest.algorithms.items():
            if world in worlds:
                yield headline_row(results, name, world)


def _summarise(results: Results, rows: Sequence[Row], world: str) -> dict[str, object]:
    """A row of the summary, over one world or over all of them."""
    with_scales = [(row, scale_of(results, row.world)) for row in rows]
    scores = [scores_of(row, scale) for row, scale in with_scales]
    returns = [returns_of(row, scale) for row, scale in with_scales]
    status, reason = status_of(rows)
    is_ranked = not any(row.fault for row in rows)
    is_scored = rows[0].is_scored if world != ALL_WORLDS else is_ranked
    one_world = is_scored and world != ALL_WORLDS
    interval, unit = _interval(with_scales, is_scored)
    middle = Interval(nan, nan, nan)
    if not isnan(interval.mean):
        middle = interquartile_interval(scores)
    summarised: dict[str, object] = {
        "algorithm": rows[0].algorithm,
        "world": world,
        "labels": rows[0].labels,
        "seeds": min(len(row.cells) for row in rows),
        "episodes": results.manifest.profile.evaluation_episodes,
        "score": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "unit": unit,
        "scores": tuple(scores[0].tolist()) if one_world else (),
        "iqm": middle.mean,
        "iqm_low": middle.low,
        "iqm_high": middle.high,
        "return": float(np.concatenate(returns).mean()) if one_world else nan,
        "acts": ", ".join(sorted({cell.acts for row in rows for cell in row.cells} - {""})),
        "tier": tier_of_cells(results.folder, [cell for row in rows for cell in row.cells]),
        "status": status,
        "reason": reason,
        "reference": rows[0].labels is None,
        "control": results.manifest.declaration(rows[0].algorithm).is_control,
        "person": results.manifest.declaration(rows[0].algorithm).is_person,
    }
    for metric in METRICS:
        for column, quantity in metric.columns.items():
            values = [
                metric.counted(quantity, cell, scale)
                for row, scale in with_scales
                for cell in row.cells
            ]
            known = one_world if metric.is_exact else is_scored
            summarised[column] = float(np.mean(values)) if known else nan
    return summarised


def tier_of_cells(folder: Path, cells: Iterable[Cell]) -> Tier:
    """The least tier of cells in a folder of results that have not failed, since these score as
    random."""
    tiers = (tier_of(folder, cell) for cell in cells if cell.status == "ok")
    return min(tiers, key=TIERS.index, default=TIERS[0])


def _interval(rows: Sequence[tuple[Row, Scale | None]], is_scored: bool) -> tuple[Interval, str]:
    """The mean of the scores of rows in several worlds, without a number if they have none; and
    what its interval is over, empty if it has none."""
    known = [(row, scale) for row, scale in rows if scale is not None]
    if not is_scored or len(known) < len(rows):
        return Interval(nan, nan, nan), ""
    scores = [crossed_scores_of(row, scale) for row, scale in known]
    mean = mean_of([crossed_mean(values) for values in scores])
    interval = Interval(float(mean.mean), float(mean.low), float(mean.high))
    unit = SEEDS_AND_EPISODES if any(values.shape[1] > 1 for values in scores) else SEEDS
    return interval, "" if isnan(interval.low) else unit
