"""Docstrings, which are plain English with names in backticks, as reStructuredText has them."""

import re
from typing import Any

CODE = re.compile(r"(`[^`]+`)")
MARKS = re.compile(r"([|*_](?=\W|$)|(?<!\w)[|*])")
"""What reStructuredText would take for the beginning or the end of something."""


def setup(app: Any) -> dict[str, bool]:
    """Change every docstring before Napoleon reads it."""
    app.connect("autodoc-process-docstring", _changed, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _changed(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = as_restructured("\n".join(lines)).split("\n")


def as_restructured(text: str) -> str:
    """A docstring with its code as code, and nothing else that has a meaning of its own."""
    parts = CODE.split(text)
    return "".join(
        f"`{' '.join(part.split())}`" if CODE.fullmatch(part) else MARKS.sub(r"\\\1", part)
        for part in parts
    )
