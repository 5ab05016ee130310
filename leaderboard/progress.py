"""How a run tells what it is doing: bars on a terminal, a line for each finished cell elsewhere."""

import time
from types import TracebackType

from rich import progress
from rich.console import Console

from leaderboard.cells import Cell
from leaderboard.protocol import CellSpec


class Progress:
    """Tells of the cells of one run; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = self._total = 0
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
        """So many cells are missing."""
        self._total = total
        self._all = self._bars.add_task("all cells", total=total, count=f"0/{total}")

    def started(self, spec: CellSpec) -> None:
        """A cell is being computed."""
        self._starts[spec.title] = time.monotonic()
        self._rows[spec.title] = self._bars.add_task(spec.title, total=None, count="")

    def finished(self, cell: Cell) -> None:
        """A cell is done, well or badly."""
        self._done += 1
        title = cell.spec.title
        seconds = time.monotonic() - self._starts[title]
        ending = cell.status if cell.status == "ok" else f"{cell.status} ({cell.reason})"
        self._bars.remove_task(self._rows[title])
        self._bars.update(self._all, advance=1, count=f"{self._done}/{self._total}")
        self._console.print(
            f"[{self._done}/{self._total}] {title}: {ending} in {seconds:.0f} s",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
