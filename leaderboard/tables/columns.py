"""The columns of the table of scores, and how their numbers are written.

A new column is an entry in `COLUMNS`, or, if it is a number of a cell, a metric in `metrics`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isinf, isnan

import numpy as np
import pandas as pd

from leaderboard.scores.metrics import COSTS, EXACT, SAMPLED, Metric
from leaderboard.scores.statistics import CONFIDENCE
from leaderboard.scores.summary import ALL_WORLDS, SEEDS, SEEDS_AND_EPISODES

NONE = "\N{EN DASH}"
INFINITE = "\N{INFINITY}"
REFERENCE, CONTROL, PERSON = " (reference)", " (control)", " (person)"
INTERVAL = f"{CONFIDENCE:.0%} interval"
OVER = "over"
LEFT = {"algorithm", "world", "acts", "tier", "status", "actions", "learning", "claim"}
"""Headings of the columns that are aligned on the left."""

Cells = Callable[[pd.DataFrame], Sequence[str]]
"""A function from the summary to what a column says in each of its rows."""


@dataclass(frozen=True)
class Column:
    """A column of the tables that people read.

    Attributes:
        heading: its heading.
        cells: what it says in each row.
        holds: the columns of the summary that it shows; programs read these.
        is_shown: whether a summary has anything to show in it.
    """

    heading: str
    cells: Cells
    holds: tuple[str, ...]
    is_shown: Callable[[pd.DataFrame], bool] = lambda summary: True


def number(value: float, form: str = ".3f") -> str:
    """A number in a table."""
    if isnan(value):
        return NONE
    if isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    text = f"{value:{form}}"
    return "0.000" if text == "-0.000" else text


def step_count(steps: float) -> str:
    """A number of environment steps in a table; infinite for what was not reached."""
    if isinf(steps):
        return "not reached"
    return NONE if isnan(steps) else f"{steps:,.0f}"


def intervals(
    table: pd.DataFrame, prefix: str = "", shown: Callable[[float], str] = number
) -> list[str]:
    """The intervals from the columns PREFIXlow and PREFIXhigh."""
    return [
        NONE if isnan(low) else f"[{shown(low)}, {shown(high)}]"
        for low, high in zip(table[f"{prefix}low"], table[f"{prefix}high"], strict=True)
    ]


def scores_with_intervals(table: pd.DataFrame) -> pd.Series:
    """The scores, each with its interval behind it if it has one."""
    written = pd.Series(intervals(table), index=table.index)
    return table["score"].map(number) + (" " + written).where(written != NONE, "")


def names(summary: pd.DataFrame) -> list[str]:
    """The algorithms; what is none says what it is."""
    kinds = ("reference", REFERENCE), ("control", CONTROL), ("person", PERSON)
    return [
        row["algorithm"] + "".join(said for kind, said in kinds if row[kind])
        for _, row in summary.iterrows()
    ]


def metric_column(metric: Metric) -> Column:
    """The column of a metric, with its standard error if it has one."""

    def cells(summary: pd.DataFrame) -> Sequence[str]:
        values, write = summary[metric.name], partial(number, form=metric.format)
        written = values.map(write)
        if metric.error is not None:
            errors = summary[f"{metric.name}_error"]
            is_estimated = np.isfinite(values) & (errors > 0.0)
            written += (" ± " + errors.map(write)).where(is_estimated, "")
        return list(written)

    def is_shown(summary: pd.DataFrame) -> bool:
        if metric.name == "decisions" and not (summary["decisions"] < 1.0).any():
            return False  # everybody decides at each step
        return metric.is_exact or bool(summary[metric.name].notna().any())

    return Column(metric.heading, cells, tuple(metric.columns), is_shown)


def _iqms(summary: pd.DataFrame) -> list[str]:
    """The interquartile mean over all worlds, with its interval behind it if it has one."""
    whole = summary["iqm"].where(summary["world"] == ALL_WORLDS)
    return [
        number(value) if interval == NONE or isnan(value) else f"{number(value)} {interval}"
        for value, interval in zip(whole, intervals(summary, "iqm_"), strict=True)
    ]


def ranks(summary: pd.DataFrame) -> list[str]:
    """The ranks that a row may have, and the letters of its tie groups."""
    columns = (summary[name] for name in ("rank_low", "rank_high", "ties"))
    return [
        NONE if pd.isna(low) else f"{low:g}{f'{NONE}{high:g}' if high > low else ''} {ties}"
        for low, high, ties in zip(*columns, strict=True)
    ]


def _units(summary: pd.DataFrame) -> list[str]:
    said = {SEEDS: "seeds", SEEDS_AND_EPISODES: "both", "": NONE}
    return [said[unit] for unit in summary["unit"]]


def _labels(summary: pd.DataFrame) -> list[str]:
    return [NONE if pd.isna(count) else f"{count:,.0f}" for count in summary["labels"]]


COLUMNS = (
    Column("algorithm", names, ("algorithm", "reference", "control", "person")),
    Column("world", lambda summary: list(summary["world"]), ("world",)),
    Column("score", lambda summary: list(summary["score"].map(number)), ("score", "scores")),
    Column(INTERVAL, intervals, ("low", "high")),
    Column(OVER, _units, ("unit",), lambda summary: len(set(summary["unit"]) - {""}) > 1),
    Column(
        "rank",
        ranks,
        ("rank_low", "rank_high", "ties"),
        lambda summary: bool(summary["seeds"].max() > 1),
    ),
    Column(
        "acts",
        lambda summary: [said or NONE for said in summary["acts"]],
        ("acts",),
        lambda summary: any(summary["acts"]),
    ),
    Column("labels", _labels, ("labels",)),
    Column("tier", lambda summary: list(summary["tier"]), ("tier",)),
    Column("status", lambda summary: list(summary["status"]), ("status", "reason")),
    *map(metric_column, SAMPLED),
    Column(
        "IQM",
        _iqms,
        ("iqm", "iqm_low", "iqm_high"),
        lambda summary: summary["world"].nunique() > 1,
    ),
)
"""The table of scores."""

EXACT_COLUMNS = (*COLUMNS[:2], *map(metric_column, EXACT))
"""The table of exact metrics."""

COST_COLUMNS = (*COLUMNS[:2], *map(metric_column, COSTS))
"""The table of costs."""

CSV_COLUMNS = list(
    dict.fromkeys(
        (
            "algorithm", "world", "seeds", "score", "low", "high", "status", "labels",
            *(name for metric in (*SAMPLED, *COSTS) for name in metric.columns), "return",
            *(name for column in COLUMNS for name in column.holds if name != "reason"), "episodes",
            "reason", *(name for metric in EXACT for name in metric.columns),
        )
    )
)  # fmt: skip
"""All columns of the summary, in the order of the csv; programs know them by name."""


def shown(columns: Sequence[Column], summary: pd.DataFrame) -> pd.DataFrame:
    """The columns that have anything to show, by their headings."""
    return pd.DataFrame(
        {column.heading: column.cells(summary) for column in columns if column.is_shown(summary)}
    )
