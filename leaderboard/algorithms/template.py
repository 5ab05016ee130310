"""The folder of a new algorithm, a working example."""

import re
from pathlib import Path

import jinja2

from leaderboard import UserError
from leaderboard.measures.references import REFERENCES

TEMPLATES = Path(__file__).parents[1] / "templates"


def write_template(name: str) -> Path:
    """Write the folder of a new algorithm, a working example; returns the folder.

    Args:
        name: the algorithm's name, or a path whose last part is the name.

    Raises:
        UserError: if the folder exists, or the name is invalid.
        OSError: if the folder cannot be written.
    """
    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z]\w*", folder.name) or folder.name in REFERENCES:
        raise UserError(f"{folder.name!r} cannot be an algorithm's name; use letters, digits and _")
    if folder.exists():
        raise UserError(f"{folder} exists; choose another name or remove it")
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    folder.mkdir(parents=True)
    for file in ("algorithm.py", "README.md"):
        text = templates.get_template(f"{file}.j2").render(name=folder.name, folder=folder)
        (folder / file).write_text(text, encoding="utf-8")
    return folder
