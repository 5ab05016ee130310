"""Tables in documents, from committed results: `python -m leaderboard.tables.embedded FILE ...`.

A table stands between two comments, of which the first says where it is from and which of its
columns are shown:

    <!-- leaderboard/results/labels scores: algorithm, score, 95% interval -->
    ...
    <!-- end of table -->
"""

import re
import sys
from pathlib import Path

from leaderboard import UserError
from leaderboard.tables.document import read_document
from leaderboard.tables.formats import markdown

END = "<!-- end of table -->"
BLOCK = re.compile(rf"<!-- (\S+) (\w+): (.+?) -->\n.*?{END}", re.DOTALL)


def embedded(text: str, root: Path) -> str:
    """A document with every table written anew.

    Args:
        root: the folder in which the folders of results are found.

    Raises:
        UserError: if there are no such results, or they have no such table or column.
    """
    return BLOCK.sub(lambda block: _block(block[1], block[2], block[3], root), text)


def _block(folder: str, name: str, columns: str, root: Path) -> str:
    found = {table.name: table.shown for table in read_document(root / folder).tables}
    if name not in found:
        raise UserError(f"{folder} has no table {name!r}; it has {', '.join(found)}")
    wanted = columns.split(", ")
    for column in wanted:
        if column not in found[name]:
            there = ", ".join(found[name].columns)
            raise UserError(
                f"the table {name} of {folder} has no column {column!r}; it has {there}"
            )
    return f"<!-- {folder} {name}: {columns} -->\n{markdown(found[name][wanted])}\n{END}"


def main() -> None:
    """Write the tables of the documents that the arguments name."""
    for path in map(Path, sys.argv[1:]):
        text = path.read_text(encoding="utf-8")
        path.write_text(embedded(text, Path()), encoding="utf-8")


if __name__ == "__main__":
    main()
