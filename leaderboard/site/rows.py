"""The rows of runs and rounds, as the board has them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import gymnasium as gym
import pandas as pd

from il_envs.world import World, base_name, get_world
from leaderboard.cells import Cell
from leaderboard.rounds.attempts import read_log
from leaderboard.rounds.round import read_round, rounds_in
from leaderboard.rounds.table import entries_of, summary_of_round
from leaderboard.runs import Results, read_results
from leaderboard.scores.rows import Scale, headline_row, return_of, row_of, scale_of
from leaderboard.scores.summary import ALL_WORLDS, summary
from leaderboard.seals import Tier
from leaderboard.tables.columns import ranks

VERIFIED, REGISTERED = "secret instances", "registered world"


@dataclass(frozen=True)
class Scored:
    """A cell, with the scale of its score.

    Attributes:
        results: in which it is.
        scale: None where reference rows are missing.
    """

    results: Results
    cell: Cell
    scale: Scale | None

    @property
    def score(self) -> float | None:
        """Its score; None if it failed, or there is no scale."""
        if self.cell.status != "ok" or self.scale is None:
            return None
        return float(self.scale.score(return_of(self.cell)))


@dataclass(frozen=True)
class BoardRow:
    """An algorithm, a control or a reference in a world.

    Attributes:
        where: the worlds in which it was scored, in words.
        kind: learner, control, reference or person.
        rank: as the table has it; a dash without one.
        scored: its cells, one for each training seed or instance.
        number: of rows with the same algorithm and world, from 0.
    """

    algorithm: str
    world: str
    where: str
    kind: str
    labels: int | None
    score: float
    low: float
    high: float
    rank: str
    tier: Tier
    status: str
    reason: str
    sources: tuple[str, ...]
    scored: tuple[Scored, ...]
    number: int = 0

    @property
    def family(self) -> str:
        """The family of its world."""
        return family(get_world(self.world))

    @property
    def page(self) -> str:
        """The name of its page."""
        more = f"-{self.number + 1}" if self.number else ""
        return f"{self.world}-{self.algorithm}{more}.html"

    @property
    def has_score(self) -> bool:
        """True if it has one."""
        return not isnan(self.score)


def family(world: World) -> str:
    """The family of a world, by how one acts in it."""
    if isinstance(world.spaces.action, gym.spaces.MultiBinary):
        return "many buttons"
    return "cars" if isinstance(world.spaces.action, gym.spaces.Box) else "grids"


def board_rows(folders: Sequence[Path]) -> list[BoardRow]:
    """The rows of all folders, each of a run, of a round, or of several rounds; the worlds in their
    order, the best first in each.

    Raises:
        UserError: if one holds nothing, or a file is damaged.
    """
    found: list[BoardRow] = []
    for folder in folders:
        rounds = rounds_in(folder)
        for place in rounds:
            found += _rows_of_round(place)
        if not rounds:
            found += _rows_of_run(read_results(folder))
    numbers = Counter[tuple[str, str]]()
    rows = []
    for row in found:
        pair = row.algorithm, row.world
        rows.append(replace(row, number=numbers[pair]))
        numbers[pair] += 1
    return rows


def _rows_of_run(results: Results) -> Iterator[BoardRow]:
    for told in _told(summary(results)):
        row = (
            row_of(results, told.algorithm, told.world, None)
            if told.reference
            else headline_row(results, told.algorithm, told.world)
        )
        scale = scale_of(results, told.world)
        scored = tuple(Scored(results, cell, scale) for cell in row.cells)
        yield _row(told, REGISTERED, scored)


def _rows_of_round(place: Path) -> Iterator[BoardRow]:
    found, log = read_round(place), read_log(place)
    entries = entries_of(place, found, log)
    cells = {
        (entry.attempt.number, entry.algorithm.name, entry.world): tuple(
            Scored(entry.results, cell, scale)
            for row, scale in zip(entry.rows, entry.scales, strict=True)
            for cell in row.cells
        )
        for entry in entries
        if entry.results is not None
    }
    for told in _told(summary_of_round(found, log, entries)):
        yield _row(told, VERIFIED, cells.get((told.attempt, told.algorithm, told.world), ()))


def _told(summary: pd.DataFrame) -> Iterator[Any]:
    """The rows of a summary that are of one world, with their ranks as people read them."""
    table = summary.assign(rank=ranks(summary))
    return table[table["world"] != ALL_WORLDS].itertuples()


def _row(told: Any, where: str, scored: tuple[Scored, ...]) -> BoardRow:
    kinds = [name for name in ("reference", "control", "person") if getattr(told, name)]
    return BoardRow(
        algorithm=told.algorithm,
        world=base_name(told.world),
        where=where,
        kind=kinds[0] if kinds else "learner",
        labels=None if pd.isna(told.labels) else int(told.labels),
        score=float(told.score),
        low=float(told.low),
        high=float(told.high),
        rank=told.rank,
        tier=told.tier,
        status=told.status,
        reason=told.reason,
        sources=scored[0].cell.spec.sources if scored else (),
        scored=scored,
    )
