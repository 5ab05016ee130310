"""The table of a run while it runs: what each row of the worlds at work has so far."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from leaderboard.cells import Cell, read_cell
from leaderboard.protocol import CellSpec
from leaderboard.runs import Manifest, Results
from leaderboard.scores.rows import Row, Scale, scale_of, scores_of
from leaderboard.tables.columns import NONE, number

Key = tuple[str, str, int | None]
"""World, algorithm and number of labels of a row."""


@dataclass
class _Line:
    """A row of the board."""

    planned: int
    cells: list[Cell] = field(default_factory=list)


class Board:
    """The rows of a run at the labels at which the table ranks, as its cells end.

    Args:
        manifest: the run's.
        specs: all cells of the run.
        results: the folder of results, with the cells that are done.
        waiting: titles of the cells that are still to be computed.
    """

    def __init__(
        self, manifest: Manifest, specs: Sequence[CellSpec], results: Path, waiting: set[str]
    ) -> None:
        self._folder = results
        # as it is read from its file, without what is not stored, as the cells are
        self._manifest = Manifest.model_validate_json(manifest.model_dump_json())
        self._scales: dict[str, Scale] = {}
        self._lines: dict[Key, _Line] = {}
        for spec in specs:
            line = self._lines.setdefault((spec.world, spec.algorithm, spec.labels), _Line(0))
            line.planned += 1
        done = (spec for spec in specs if spec.title not in waiting)
        for spec in done:
            self.add(read_cell(results / spec.folder))

    def add(self, cell: Cell) -> None:
        """Take note of a cell that has ended."""
        spec = cell.spec
        self._lines[spec.world, spec.algorithm, spec.labels].cells.append(cell)

    def table(self, running: Sequence[CellSpec], height: int) -> Table:
        """The rows of the worlds of the running cells, at most `height` lines high. A score is the
        mean over the seeds that have ended."""
        grid = Table(box=None, pad_edge=False, padding=(0, 1))
        for heading in ("algorithm", "world"):
            grid.add_column(heading, no_wrap=True)
        for heading in ("score", "seeds"):
            grid.add_column(heading, justify="right", no_wrap=True)
        grid.add_column("", no_wrap=True)
        lines = list(self._shown({spec.world for spec in running}))
        at_work = {(spec.world, spec.algorithm, spec.labels) for spec in running}
        most = max(1, height - 2)  # the headings and what is left out
        for key, line in lines[:most]:
            world, algorithm, labels = key
            state = "running" if key in at_work else _state(line)
            score = self._score(key, line)
            counts = f"{len(line.cells)} of {line.planned}"
            style = "dim" if labels is None else None
            grid.add_row(escape(algorithm), escape(world), score, counts, state, style=style)
        if len(lines) > most:
            grid.add_row(f"and {len(lines) - most} more rows", "", "", "", "", style="dim")
        return grid

    def _shown(self, worlds: set[str]) -> Iterator[tuple[Key, _Line]]:
        """The rows of these worlds at the labels at which the table ranks, world by world."""
        manifest = self._manifest
        places = {world: place for place, world in enumerate(manifest.worlds)}
        for key, line in sorted(self._lines.items(), key=lambda pair: places[pair[0][0]]):
            world, algorithm, labels = key
            if world in worlds and labels in (None, manifest.budgets(algorithm, world)[-1]):
                yield key, line

    def _score(self, key: Key, line: _Line) -> str:
        world, algorithm, labels = key
        scale = self._scale(world)
        if scale is None or not line.cells:
            return NONE
        scores = scores_of(Row(algorithm, world, labels, tuple(line.cells), "", True), scale)
        return NONE if isnan(scores.mean()) else number(float(scores.mean()))

    def _scale(self, world: str) -> Scale | None:
        """The scale of a world, from when its reference rows are complete."""
        if world not in self._scales:
            cells = [
                cell
                for name in self._manifest.references(world)
                for cell in self._lines.get((world, name, None), _Line(0)).cells
            ]
            scale = scale_of(Results(self._folder, self._manifest, tuple(cells)), world)
            if scale is None:
                return None
            self._scales[world] = scale
        return self._scales[world]


def _state(line: _Line) -> str:
    failed = sum(cell.status != "ok" for cell in line.cells)
    if failed:
        return f"{failed} failed"
    return "waiting" if len(line.cells) < line.planned else "ok"
