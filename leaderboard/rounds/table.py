"""The table of a round: a row for every attempt in each world, and for its mean over all worlds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from il_envs.world import base_name, get_world
from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.rounds.attempts import (
    Attempt,
    Entered,
    attempts_of,
    head_of,
    read_log,
    times_entered,
)
from leaderboard.rounds.round import Round, Secret, known_secret, read_round, rounds_in
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
from leaderboard.seals import TIERS
from leaderboard.tables.columns import COLUMNS, Column, shown
from leaderboard.tables.document import Document, read_document
from leaderboard.tables.page import Table
from leaderboard.texts import count_of


@dataclass(frozen=True)
class Entry:
    """An algorithm of an attempt in a world.

    Attributes:
        algorithm: as the log has it.
        results: of the attempt; None if there are none.
        rows: one in each instance of the world; none if one is missing.
        scales: those of their scores; None where reference rows are missing.
    """

    attempt: Attempt
    algorithm: Entered
    world: str
    results: Results | None
    rows: tuple[Row, ...]
    scales: tuple[Scale | None, ...]

    @property
    def is_complete(self) -> bool:
        """True if it has a score in every instance."""
        return bool(self.rows) and not np.isnan(self.scores).any()

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
        if self.results is None:
            return False
        return self.results.manifest.declaration(self.algorithm.name).is_control


def any_document(folder: Path) -> Document:
    """The tables of a folder: of a round, of several rounds in it, or else of a run.

    Raises:
        UserError: if there is nothing to show, or a file is damaged.
    """
    rounds = rounds_in(folder)
    if not rounds:
        return read_document(folder)
    documents = {place.name: round_document(place) for place in rounds}
    if len(rounds) == 1:
        return documents[rounds[0].name]
    first = next(iter(documents.values()))
    return replace(
        first,
        worlds=tuple(world for each in documents.values() for world in each.worlds),
        tables=[
            replace(table, name=name, title=name)
            for name, each in documents.items()
            for table in each.tables
        ],
    )


def round_document(folder: Path) -> Document:
    """The table of a round.

    Raises:
        UserError: if there is none, nobody has entered it, or a file is damaged.
    """
    found, log = read_round(folder), read_log(folder)
    if not log:
        raise UserError(f"{folder}: no attempts yet; `leaderboard round enter` makes one")
    raw = summary_of_round(found, log, entries_of(folder, found, log))
    columns = [
        column
        for column in (*COLUMNS[:1], ATTEMPT, *COLUMNS[1:])
        if set(column.holds) <= set(raw.columns)
    ]
    table = Table("round", "Round", shown(columns, raw), raw, list(_notes(found, log)))
    return Document(found.profile, found.worlds, found.instances, [table])


ATTEMPT = Column(
    "attempt",
    lambda table: [
        f"{number} of {of}" + (f", entered {times} times" if times > 1 else "")
        for number, of, times in zip(
            table["attempt"], table["attempts"], table["entered"], strict=True
        )
    ],
    ("attempt", "attempts", "entered"),
)
"""Which of all attempts it was."""


def summary_of_round(
    found: Round, log: Sequence[Attempt], entries: Sequence[Entry]
) -> pd.DataFrame:
    """One row for each algorithm of an attempt and world, best first, and last those that are not
    ranked; with several worlds, rows for the mean over all of them come first.

    Columns: as `summary` has them, as far as they are defined over instances, of which there are as
    many as seeds; attempt, its number, attempts, how many there are, submission, and entered, how
    often it was trained or went on.
    """
    groups = {world: [[e] for e in entries if e.world == world] for world in found.worlds}
    if len(found.worlds) > 1:
        groups[ALL_WORLDS] = _in_every_world(found, entries)
    told = [_row(found, each, world) for world, group in groups.items() for each in group]
    frame = pd.DataFrame(told)
    frame["attempts"] = len(attempts_of(log))
    frame["entered"] = frame["attempt"].map(times_entered(log))
    ranks = [rank for world, group in groups.items() for rank in _ranks(world, group)]
    names = [*RANKED_BY, "attempt"]  # an algorithm is once in an attempt
    known = pd.DataFrame(ranks, columns=[*names, "rank_low", "rank_high", "ties"])
    frame = frame.merge(known, "left", names)
    places = {name: place for place, name in enumerate((ALL_WORLDS, *found.worlds))}
    order = frame.assign(
        world=frame["world"].map(places),
        status=frame["status"] == UNRANKED,
        score=-frame["score"],
    ).sort_values(["world", "status", "score"], kind="stable", na_position="last")
    return frame.loc[order.index].reset_index(drop=True)


def entries_of(folder: Path, found: Round, log: Sequence[Attempt]) -> list[Entry]:
    """The algorithms of all attempts in each world to which they apply.

    Raises:
        UserError: if a file is damaged.
    """
    secret = known_secret(found)
    return [e for attempt in attempts_of(log) for e in _entries(folder, found, secret, attempt)]


def _entries(
    folder: Path, found: Round, secret: Secret | None, attempt: Attempt
) -> Iterator[Entry]:
    """The algorithms of an attempt in each world to which they apply."""
    place, results = folder / attempt.folder, None
    if any(place.glob("*/*/**/cell.json")):
        results = read_results(place)
    for algorithm, world in ((each, world) for each in attempt.algorithms for world in each.worlds):
        own = _instances(results, found, secret, attempt, algorithm, world)
        if results is None or len(own) != found.instances:
            yield Entry(attempt, algorithm, world, results, (), ())
            continue
        rows = tuple(headline_row(results, algorithm.name, name) for name in own)
        scales = tuple(scale_of(results, name) for name in own)
        yield Entry(attempt, algorithm, world, results, rows, scales)


def _instances(
    results: Results | None,
    found: Round,
    secret: Secret | None,
    attempt: Attempt,
    algorithm: Entered,
    world: str,
) -> Sequence[str]:
    """The names of the instances of a world in which an algorithm has results: those that follow
    from the secret if it is known, and otherwise those that it says it has."""
    told = () if results is None else results.manifest.algorithms.get(algorithm.name, ())
    own = [name for name in told if base_name(name) == world]
    if secret is None:
        return own
    drawn = found.instances_of(secret, attempt.submission, (world,))
    return [name for name in drawn if name in own]


def _in_every_world(found: Round, entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each algorithm that has one in every world."""
    of: dict[tuple[int, str], list[Entry]] = {}
    for entry in entries:
        of.setdefault((entry.attempt.number, entry.algorithm.name), []).append(entry)
    return [each for each in of.values() if len(each) == len(found.worlds)]


def _row(found: Round, entries: Sequence[Entry], world: str) -> dict[str, object]:
    """A row of the summary, over one world or over all of them."""
    attempt, algorithm = entries[0].attempt, entries[0].algorithm
    rows = [row for entry in entries for row in entry.rows]
    cells = [cell for entry in entries for cell in entry.cells]
    results = entries[0].results
    told: dict[str, object] = {
        "algorithm": algorithm.name,
        "attempt": attempt.number,
        "submission": algorithm.submission,
        "world": world,
        "seeds": found.instances,
        "labels": rows[0].labels if rows else nan,
        "acts": ", ".join(sorted({cell.acts for row in rows for cell in row.cells} - {""})),
        "reference": False,
        "control": entries[0].is_control,
        "person": False,
    }
    if results is None or not all(entry.is_complete for entry in entries):
        status, reason = UNRANKED, "it has not all of its instances"
        if rows and any(row.fault for row in rows):
            status, reason = status_of(rows)
        return told | {
            "score": nan, "low": nan, "high": nan, "scores": (), "tier": TIERS[0],
            "status": status, "reason": reason,
        }  # fmt: skip
    status, reason = status_of(rows)
    estimate = mean_of([crossed_mean(entry.scores[:, None]) for entry in entries])
    return told | {
        "score": float(estimate.mean),
        "low": float(estimate.low),
        "high": float(estimate.high),
        "scores": tuple(entries[0].scores.tolist()) if world != ALL_WORLDS else (),
        "tier": tier_of_cells(results.folder, cells),
        "status": status,
        "reason": reason,
    }


def _ranks(
    world: str, group: Sequence[Sequence[Entry]]
) -> list[tuple[str, str, int, int, int, str]]:
    """The world, algorithm, attempt, ranks and ties of each ranked algorithm, by what two of them
    score in their instances: as two samples, as in Welch's test, also where they share them."""
    ranked = [
        entries
        for entries in group
        if not entries[0].is_control and all(entry.is_complete for entry in entries)
    ]
    if not ranked:
        return []
    by_world = [
        np.stack([entry.scores[:, None] for entry in each]) for each in zip(*ranked, strict=True)
    ]
    differences = all_differences(by_world)
    order = ranking(differences, holm(differences.p_value), len(ranked))
    return [
        (world, entries[0].algorithm.name, entries[0].attempt.number, low, high, ties)
        for entries, (low, high), ties in zip(ranked, order.ranks, order.ties, strict=True)
    ]


def _notes(found: Round, log: list[Attempt]) -> Iterator[str]:
    profile, attempts = found.profile, attempts_of(log)
    yield (
        f"Round of {found.suite}, profile {profile.name}: each attempt has "
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
    entered = [each for attempt in attempts for each in attempt.algorithms]
    names = len({each.name for each in entered})
    yield (
        f"Attempts: {len(attempts)}, with {count_of(len(entered), 'submission')} under "
        f"{count_of(names, 'name')}, all of them shown; SHA-256 of the log's last line "
        f"{head_of(log, found.commitment)}."
    )
    undrawn = [name for name in found.worlds if get_world(name).redraw is None]
    if undrawn:
        yield (
            f"In {', '.join(undrawn)} instances differ in streams and numbers alone: who finds out "
            "which entry is which can bring along what solves them."
        )
    revealed = "is not revealed yet" if found.revealed is None else "is revealed"
    yield f"Commitment {found.commitment}, whose secret {revealed}."
    yield TIER_NOTE
