"""Tables in documents, from committed results: `python -m leaderboard.tables.embedded FILE ...`.

A table stands between two comments, of which the first says where it is from and which of its
columns are shown:

    <!-- leaderboard/results/labels scores: algorithm, score, 95% interval -->
    ...
    <!-- end of table -->

Other comments are let be.
"""

import argparse
import re
import sys
from pathlib import Path

from leaderboard import UserError
from leaderboard.publishing import writing_to
from leaderboard.tables.document import read_document
from leaderboard.tables.formats import markdown

END = "<!-- end of table -->"
MARK = re.compile(r"<!-- *(?:(\S+) +(\w+): *(.+?)|end of table) *-->")


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
        if not begin[1] or end[1]:
            line = 1 + text.count("\n", 0, begin.start())
            lacks = "end" if begin[1] else "beginning"
            raise UserError(f"line {line}: the table of {begin[0]!r} has no {lacks}")
        parts += [text[done : begin.start()], _block(begin[1], begin[2], begin[3], root)]
        done = end.end()
    return "".join([*parts, text[done:]])


def _block(folder: str, name: str, columns: str, root: Path) -> str:
    found = {table.name: table.shown for table in read_document(root / folder).tables}
    if name not in found:
        raise UserError(f"{folder} has no table {name!r}; it has {', '.join(found)}")
    wanted = [column.strip() for column in columns.split(",")]
    for column in wanted:
        if column not in found[name]:
            there = ", ".join(found[name].columns)
            raise UserError(
                f"the table {name} of {folder} has no column {column!r}; it has {there}"
            )
    return f"<!-- {folder} {name}: {', '.join(wanted)} -->\n{markdown(found[name][wanted])}\n{END}"


def main() -> None:
    """Write the tables of the documents that the arguments name."""
    parser = argparse.ArgumentParser(prog="leaderboard.tables.embedded", description=main.__doc__)
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
