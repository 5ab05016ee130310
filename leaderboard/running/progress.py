"""Progress of a command, on stderr. A run prints a line for each finished cell; under these, on a
terminal, a table that fills, bars and the time left, and elsewhere occasionally a line for the
running cells."""

import time
from types import TracebackType

from rich import progress
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from leaderboard.cells import Cell
from leaderboard.protocol import CellSpec
from leaderboard.running.plan import Forecast, in_words
from leaderboard.tables.board import Board

QUIET_PERIOD = 600.0
"""Seconds without output after which a line says what is running, where there are no bars."""
LOOK_PERIOD = 0.5
"""Seconds between two pictures of the table on a terminal."""


class Progress:
    """Reports the progress of the cells of one run; a context manager.

    Args:
        console: where to.
        forecast: tells the time left; None for a run that does not say it.
        board: the table of what has ended so far, for a terminal; None for a run without one.
    """

    def __init__(
        self, console: Console, forecast: Forecast | None = None, board: Board | None = None
    ) -> None:
        self._console, self._forecast, self._board = console, forecast, board
        self._done = self._total = 0
        self._last_line = self._last_look = time.monotonic()
        self._starts: dict[str, tuple[CellSpec, float]] = {}
        self._rows: dict[str, progress.TaskID] = {}
        self._bars = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.fields[count]}"),
            progress.TimeElapsedColumn(),
        )
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._live.stop()

    def begin(self, total: int) -> None:
        """Start reporting: `total` cells are missing."""
        self._total = total
        self._all = self._bars.add_task("all cells", total=total, count=f"0/{total}")

    def started(self, spec: CellSpec) -> None:
        """Report that a cell has been started."""
        self._starts[spec.title] = spec, time.monotonic()
        self._rows[spec.title] = self._bars.add_task(escape(spec.title), total=None, count="")

    def waiting(self) -> None:
        """Report, from time to time, which cells are running, and how far everything is."""
        now = time.monotonic()
        if self._console.is_terminal:
            if now - self._last_look >= LOOK_PERIOD:
                self._look()
        elif now - self._last_line >= QUIET_PERIOD:
            running = (
                f"{title} ({(now - t) / 60:.0f} min)" for title, (_, t) in self._starts.items()
            )
            self._print(f"running: {', '.join(running)}")

    def finished(self, cell: Cell) -> None:
        """Report that a cell has ended, whatever its status."""
        self._done += 1
        title = cell.spec.title
        seconds = time.monotonic() - self._starts.pop(title)[1]
        ending = cell.status if cell.status == "ok" else f"{cell.status} ({cell.reason})"
        self._bars.remove_task(self._rows[title])
        self._bars.update(self._all, advance=1, count=f"{self._done}/{self._total}")
        if self._forecast is not None:
            self._forecast.finished(title, seconds)
        if self._board is not None:
            self._board.add(cell)
        left = self._left() if self._done < self._total else ""
        self._print(f"{title}: {ending} in {seconds:.0f} s{left and f', {left}'}")

    def _left(self) -> str:
        """The time left in words; empty if it is not told."""
        if self._forecast is None:
            return ""
        now = time.monotonic()
        seconds = self._forecast.left({title: now - t for title, (_, t) in self._starts.items()})
        return f"{in_words(seconds)} left"

    def _look(self) -> None:
        """Draw the board, and the bars under it."""
        self._last_look = time.monotonic()
        parts: list[RenderableType] = [self._bars, Text(self._left())]
        if self._board is not None:
            height = self._console.height - len(self._bars.tasks) - 4
            parts[:0] = [self._board.table([spec for spec, _ in self._starts.values()], height), ""]
        self._live.update(Group(*parts), refresh=True)

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        self._console.print(
            f"[{self._done}/{self._total}] {text}", markup=False, highlight=False, soft_wrap=True
        )
