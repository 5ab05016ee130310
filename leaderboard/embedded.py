"""Tables in documents, from committed results: `python -m leaderboard.embedded FILE ...`.

A table stands between two comments, of which the first says where it is from and which of its
columns are shown:

    <!-- leaderboard/results/labels scores: algorithm, score, 95% interval -->
    ...
    <!-- end of table -->

The table `worlds` has the scores of all algorithms, a column for each world. That of the committed
claims stands after `<!-- claims -->`. Other comments are let be.
"""

import argparse
import re
import sys
from pathlib import Path

from leaderboard import UserError
from leaderboard.claims.committed import committed
from leaderboard.claims.page import as_markdown as claims_as_markdown
from leaderboard.publishing import writing_to
from leaderboard.rounds.table import any_document
from leaderboard.tables.formats import markdown
from leaderboard.tables.worlds import table_by_world

BY_WORLD = "worlds"
END = "<!-- end of table -->"
MARK = re.compile(
    r"<!-- *(?:(?P<folder>\S+) +(?P<name>\w+): *(?P<columns>.+?)|(?P<claims>claims)|end of table)"
    r" *-->"
)


def embedded(text: str, root: Path) -> str:
    """A document with every table written anew.

    Args:
        root: the folder in which the folders of results are found.

    Raises:
        UserError: if there are no such results, they have no such table or column, or a table has
            no beginning or no end.
    """
    parts, done = [], 0
    marks = list(MARK.finditer(text))
    if len(marks) % 2:
        marks.append(marks[-1])
    for begin, end in zip(marks[::2], marks[1::2], strict=True):
        if not _begins(begin) or _begins(end):
            line = 1 + text.count("\n", 0, begin.start())
            lacks = "end" if _begins(begin) else "beginning"
            raise UserError(f"line {line}: the table of {begin[0]!r} has no {lacks}")
        parts += [text[done : begin.start()], f"{begin[0]}\n{_table(begin, root)}\n{END}"]
        done = end.end()
    return "".join([*parts, text[done:]])


def _begins(mark: re.Match[str]) -> bool:
    return bool(mark["folder"] or mark["claims"])


def _table(begin: re.Match[str], root: Path) -> str:
    """The table that stands after a mark."""
    if begin["claims"]:
        return claims_as_markdown(committed()).rstrip("\n")
    folder, name = begin["folder"], begin["name"]
    tables = any_document(root / folder).tables
    found = {table.name: table.shown for table in tables}
    if name == BY_WORLD:
        found[BY_WORLD] = table_by_world(tables)
    if name not in found:
        raise UserError(f"{folder} has no table {name!r}; it has {', '.join(found)}")
    wanted = [column.strip() for column in begin["columns"].split(",")]
    for column in wanted:
        if column not in found[name]:
            there = ", ".join(found[name].columns)
            raise UserError(
                f"the table {name} of {folder} has no column {column!r}; it has {there}"
            )
    return markdown(found[name][wanted])


def main() -> None:
    """Write the tables of the documents that the arguments name."""
    parser = argparse.ArgumentParser(prog="leaderboard.embedded", description=main.__doc__)
    parser.add_argument("file", type=Path, nargs="+", help="a document in Markdown")
    for path in parser.parse_args().file:
        try:
            text = path.read_text(encoding="utf-8")
            again = embedded(text, Path())
            with writing_to(path.parent):
                path.write_text(again, encoding="utf-8")
        except UserError as error:
            sys.exit(f"{path}: {error}")
        except (OSError, UnicodeDecodeError) as error:
            sys.exit(f"{path}: cannot be read: {getattr(error, 'strerror', '') or error}")
        print(f"{path}: {again.count(END)} tables")


if __name__ == "__main__":
    main()
