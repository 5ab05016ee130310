"""Progress of a command, on stderr. A run shows bars on a terminal; elsewhere it prints a line for
each finished cell, and occasionally one for the running ones."""

import sys
import time
from types import TracebackType

from rich import progress
from rich.console import Console

from leaderboard.cells import Cell
from leaderboard.protocol import CellSpec

QUIET_PERIOD = 600.0
"""Seconds without output after which a line says what is running, where there are no bars."""


def tell(*lines: str) -> None:
    """Print lines to stderr at once."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


class Progress:
    """Reports the progress of the cells of one run; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0
        self._last_line = time.monotonic()
        self._starts: dict[str, float] = {}
        self._rows: dict[str, progress.TaskID] = {}
        self._bars = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=30),
            progress.TextColumn("{task.fields[count]}"),
            progress.TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> "Progress":
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def begin(self, total: int) -> None:
        """Start reporting: `total` cells are missing."""
        self._total = total
        self._all = self._bars.add_task("all cells", total=total, count=f"0/{total}")

    def started(self, spec: CellSpec) -> None:
        """Report that a cell has been started."""
        self._starts[spec.title] = time.monotonic()
        self._rows[spec.title] = self._bars.add_task(spec.title, total=None, count="")

    def waiting(self) -> None:
        """Report, from time to time, which cells are running."""
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= QUIET_PERIOD:
            running = (f"{title} ({(now - t) / 60:.0f} min)" for title, t in self._starts.items())
            self._print(f"running: {', '.join(running)}")

    def finished(self, cell: Cell) -> None:
        """Report that a cell has ended, whatever its status."""
        self._done += 1
        title = cell.spec.title
        seconds = time.monotonic() - self._starts.pop(title)
        ending = cell.status if cell.status == "ok" else f"{cell.status} ({cell.reason})"
        self._bars.remove_task(self._rows[title])
        self._bars.update(self._all, advance=1, count=f"{self._done}/{self._total}")
        self._print(f"{title}: {ending} in {seconds:.0f} s")

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        self._console.print(
            f"[{self._done}/{self._total}] {text}", markup=False, highlight=False, soft_wrap=True
        )
