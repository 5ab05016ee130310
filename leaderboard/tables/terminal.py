"""Tables for a terminal of any width: no name or number is cut, and none is broken over two lines.

Each world has a table of its own. Where its columns do not fit into the width, the rest of them
follow below, beside the same names. Lines wrap at spaces, and only in columns of sentences.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from textwrap import wrap

import pandas as pd
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.tables.columns import CONTROL, LEFT, NONE, OVER, REFERENCE
from leaderboard.tables.page import SCORES, Table

SENTENCES = {"status", "claim"}
"""Headings of the columns that may take several lines in a row."""
SENTENCE_WIDTH = 28
"""The width from which a column of sentences takes several lines."""
GAP = 2
"""Spaces between two columns."""
NOTE_WIDTH = 100
"""Longest line of the notes under a table."""
PIPE_WIDTH = 120
"""Width of what is printed where there is no terminal."""


def print_page(page: RenderableType) -> None:
    """Print tables on a terminal, or as they are on a wide one."""
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if has_width else PIPE_WIDTH).print(page, crop=False)


class Page:
    """Tables, as wide as the console on which they are printed; it must not crop them."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        note_width = min(options.max_width, NOTE_WIDTH)
        for table in self._tables:
            for world, rows in _by_world(table.shown):
                yield Text(_title(table, world), style="bold")
                for columns in parts(rows, options.max_width):
                    grid, width = _grid(rows[columns])
                    yield from console.render(grid, options.update(width=width))
                    yield Text()
            for note in table.notes:
                for line in wrap(note, note_width, break_long_words=False, break_on_hyphens=False):
                    yield Text(line, style="dim", no_wrap=True, overflow="ignore")
            yield Text()


def _title(table: Table, world: str) -> str:
    where = "all worlds" if world == ALL_WORLDS else world
    return where if table.name == SCORES else f"{where}: {table.title.lower()}"


def _by_world(shown: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each world, without the columns that say nothing there: those without a value,
    of what intervals are over if that is the same in all rows, and of the status if all are ok."""
    for world, rows in shown.groupby("world", sort=False):
        said = {name: set(rows[name]) - {NONE} for name in rows}
        idle = {name for name, values in said.items() if not values}
        idle |= {OVER} if len(said.get(OVER, ())) == 1 else set()
        idle |= {"status"} if said.get("status") == {"ok"} else set()
        yield str(world), rows[[name for name in rows if name not in idle | {"world"}]]


def parts(rows: pd.DataFrame, width: int) -> list[list[str]]:
    """The headings of each of the tables into which one is divided so that each fits into `width`;
    all begin with the first column, and have another one whether that fits or not."""
    first, *others = rows.columns
    divided: list[list[str]] = []
    space = 0
    for name in others:
        needed = GAP + _least_width(rows, name)
        if needed > space or not divided:
            divided.append([first])
            space = width - _width(rows, first)
        divided[-1].append(name)
        space -= needed
    return divided


def _grid(rows: pd.DataFrame) -> tuple[Grid, int]:
    """A table, and the width it takes."""
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP // 2))
    widths = [_least_width(rows, name) for name in rows]
    for name, width in zip(rows, widths, strict=True):
        grid.add_column(
            escape(name),
            justify="left" if name in LEFT else "right",
            width=width,
            no_wrap=name not in SENTENCES,
        )
    grid.add_row(*("-" * width for width in widths), style="dim")
    for cells in rows.itertuples(index=False):
        style = "dim" if cells[0].endswith((REFERENCE, CONTROL)) else None
        grid.add_row(*map(escape, cells), style=style)
    return grid, sum(widths) + GAP * (len(widths) - 1)


def _least_width(rows: pd.DataFrame, name: str) -> int:
    """The width of a column, in lines of `SENTENCE_WIDTH` if it is one of sentences."""
    if name not in SENTENCES:
        return _width(rows, name)
    words = [word for text in [name, *rows[name]] for word in text.split()]
    return min(_width(rows, name), max(SENTENCE_WIDTH, *map(cell_len, words)))


def _width(rows: pd.DataFrame, name: str) -> int:
    """The width of a column in one line."""
    return max(map(cell_len, [name, *rows[name]]))
