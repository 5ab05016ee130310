"""The table of a round: a row for every attempt in each world, and for its mean over all worlds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from il_envs.world import base_name
from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.rounds.attempts import Attempt, head_of, read_attempts
from leaderboard.rounds.round import Round, read_round
from leaderboard.runs import Results, read_results
from leaderboard.scores.crossed import Floats, crossed_mean, mean_of
from leaderboard.scores.notes import TIER_NOTE
from leaderboard.scores.ranking import all_differences, holm, ranking
from leaderboard.scores.rows import (
    UNRANKED,
    Row,
    Scale,
    headline_row,
    scale_of,
    scores_of,
    status_of,
)
from leaderboard.scores.statistics import CONFIDENCE
from leaderboard.scores.summary import ALL_WORLDS, RANKED_BY, tier_of_cells
from leaderboard.tables.columns import COLUMNS, Column, shown
from leaderboard.tables.document import Document
from leaderboard.tables.page import Table
from leaderboard.texts import count_of


@dataclass(frozen=True)
class Entry:
    """An attempt in a world.

    Attributes:
        results: of the attempt.
        rows: one in each instance of the world.
        scales: those of their scores; None where reference rows are missing.
    """

    attempt: Attempt
    world: str
    results: Results
    rows: tuple[Row, ...]
    scales: tuple[Scale | None, ...]

    @property
    def scores(self) -> Floats:
        """The score in each instance, float64 [instances]; NaN where there is none."""
        pairs = zip(self.rows, self.scales, strict=True)
        return np.array([nan if row.fault else scores_of(row, scale)[0] for row, scale in pairs])

    @property
    def cells(self) -> list[Cell]:
        """Its cells, and those that its scores are measured by."""
        own = [cell for row in self.rows for cell in row.cells]
        scales = [scale for scale in self.scales if scale is not None]
        return own + [c for scale in scales for c in (*scale.random_cells, *scale.reference_cells)]

    @property
    def is_control(self) -> bool:
        """True if the algorithm is a control, which is not ranked."""
        return self.results.manifest.declaration(self.attempt.name).is_control


def round_document(folder: Path) -> Document:
    """The table of a round.

    Raises:
        UserError: if there is none, nobody has entered it, or a file is damaged.
    """
    found, attempts = read_round(folder), read_attempts(folder)
    if not attempts:
        raise UserError(f"{folder}: no attempts yet; `leaderboard round enter` makes one")
    raw = summary_of_round(folder, found, attempts)
    columns = [
        column
        for column in (*COLUMNS[:1], ATTEMPT, *COLUMNS[1:])
        if set(column.holds) <= set(raw.columns)
    ]
    table = Table("round", "Round", shown(columns, raw), raw, list(_notes(found, attempts)))
    return Document(found.profile, found.worlds, found.instances, [table])


ATTEMPT = Column(
    "attempt",
    lambda table: [
        f"{number} of {of}" for number, of in zip(table["attempt"], table["attempts"], strict=True)
    ],
    ("attempt", "attempts"),
)
"""Which of all attempts it was."""


def summary_of_round(folder: Path, found: Round, attempts: Sequence[Attempt]) -> pd.DataFrame:
    """One row for each attempt and world, best first, and last those that are not ranked; with
    several worlds, rows for the mean over all of them come first.

    Columns: as `summary` has them, as far as they are defined over instances, of which there are as
    many as seeds; attempt, its number, attempts, how many there are, and submission.
    """
    entries = [entry for attempt in attempts for entry in _entries(folder, found, attempt)]
    groups = {world: [[e] for e in entries if e.world == world] for world in found.worlds}
    if len(found.worlds) > 1:
        groups[ALL_WORLDS] = _in_every_world(found, entries)
    told = [_row(found, each, world) for world, group in groups.items() for each in group]
    there = {entry.attempt.number for entry in entries}
    told += [_unscored(found, attempt) for attempt in attempts if attempt.number not in there]
    frame = pd.DataFrame(told)
    frame["attempts"] = len(attempts)
    ranks = [rank for world, group in groups.items() for rank in _ranks(world, group)]
    names = [*RANKED_BY, "attempt"]
    known = pd.DataFrame(ranks, columns=[*names, "rank_low", "rank_high", "ties"])
    frame = frame.merge(known, "left", names)
    places = {name: place for place, name in enumerate((ALL_WORLDS, *found.worlds))}
    order = frame.assign(
        world=frame["world"].map(places),
        status=frame["status"] == UNRANKED,
        score=-frame["score"],
    ).sort_values(["world", "status", "score"], kind="stable", na_position="last")
    return frame.loc[order.index].reset_index(drop=True)


def _entries(folder: Path, found: Round, attempt: Attempt) -> Iterator[Entry]:
    """An attempt in each world to which it applies; nothing if it has no results."""
    place = folder / attempt.folder
    if not any(place.glob("*/*/**/cell.json")):
        return
    results = read_results(place)
    instances = results.manifest.algorithms.get(attempt.name, ())
    for world in found.worlds:
        own = [name for name in instances if base_name(name) == world]
        if not own:
            continue
        rows = tuple(headline_row(results, attempt.name, name) for name in own)
        scales = tuple(scale_of(results, name) for name in own)
        yield Entry(attempt, world, results, rows, scales)


def _in_every_world(found: Round, entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each attempt that has one in every world."""
    of: dict[int, list[Entry]] = {}
    for entry in entries:
        of.setdefault(entry.attempt.number, []).append(entry)
    return [each for each in of.values() if len(each) == len(found.worlds)]


def _row(found: Round, entries: Sequence[Entry], world: str) -> dict[str, object]:
    """A row of the summary, over one world or over all of them."""
    attempt, rows = entries[0].attempt, [row for entry in entries for row in entry.rows]
    status, reason = status_of(rows)
    estimate = mean_of([crossed_mean(entry.scores[:, None]) for entry in entries])
    return _unscored(found, attempt) | {
        "world": world,
        "labels": rows[0].labels,
        "score": float(estimate.mean),
        "low": float(estimate.low),
        "high": float(estimate.high),
        "scores": tuple(entries[0].scores.tolist()) if world != ALL_WORLDS else (),
        "acts": ", ".join(sorted({cell.acts for row in rows for cell in row.cells} - {""})),
        "tier": tier_of_cells(
            entries[0].results.folder, [cell for entry in entries for cell in entry.cells]
        ),
        "status": status,
        "reason": reason,
        "control": entries[0].is_control,
    }


def _unscored(found: Round, attempt: Attempt) -> dict[str, object]:
    """The row of an attempt without results."""
    return {
        "algorithm": attempt.name,
        "attempt": attempt.number,
        "submission": attempt.submission,
        "world": found.worlds[0] if len(found.worlds) == 1 else ALL_WORLDS,
        "seeds": found.instances,
        "labels": nan,
        "score": nan,
        "low": nan,
        "high": nan,
        "scores": (),
        "acts": "",
        "tier": "claimed",
        "status": UNRANKED,
        "reason": "it has no results",
        "reference": False,
        "control": False,
        "person": False,
    }


def _ranks(
    world: str, group: Sequence[Sequence[Entry]]
) -> list[tuple[str, str, int, int, int, str]]:
    """The world, algorithm, attempt, ranks and ties of each ranked attempt, by what two of them
    score in instances of their own: two samples, as in Welch's test."""
    ranked = [
        entries
        for entries in group
        if not entries[0].is_control and not any(np.isnan(each.scores).any() for each in entries)
    ]
    if not ranked:
        return []
    by_world = [
        np.stack([entry.scores[:, None] for entry in each]) for each in zip(*ranked, strict=True)
    ]
    differences = all_differences(by_world)
    order = ranking(differences, holm(differences.p_value), len(ranked))
    return [
        (world, entries[0].attempt.name, entries[0].attempt.number, low, high, ties)
        for entries, (low, high), ties in zip(ranked, order.ranks, order.ties, strict=True)
    ]


def _notes(found: Round, attempts: list[Attempt]) -> Iterator[str]:
    profile = found.profile
    yield (
        f"Round of {found.suite}, profile {profile.name}: each submission has "
        f"{count_of(found.instances, 'instance')} of each world of its own, drawn from a secret "
        "and its code, with a training seed each; "
        f"{profile.evaluation_episodes} held-out episodes, {profile.labels[-1]:,} labels."
    )
    yield "Score: 0 is the uniform random policy, 1 the reference, both in the same instance."
    if found.instances > 1:
        yield (
            f"Interval: {CONFIDENCE:.0%}, over instances, which differ in map, streams and "
            "training seed: what would be scored on average in new ones."
        )
        yield (
            "Rank: those that a row may have, by the differences between all attempts in its "
            f"world, Holm-corrected; with {CONFIDENCE:.0%} confidence every order that is claimed "
            "there is true. Two rows that share a letter cannot be told apart."
        )
    names = len({attempt.name for attempt in attempts})
    yield (
        f"Attempts: {count_of(len(attempts), 'submission')} under {count_of(names, 'name')}, all "
        f"of them shown; SHA-256 of the log's last line {head_of(attempts, found.commitment)}."
    )
    revealed = "is not revealed yet" if found.revealed is None else "is revealed"
    yield f"Commitment {found.commitment}, whose secret {revealed}."
    yield TIER_NOTE
