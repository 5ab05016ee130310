"""Docstrings, which are plain English with names in backticks, as reStructuredText has them."""

import re
from typing import Any

CODE = re.compile(r"(`[^`]+`)")


def setup(app: Any) -> dict[str, bool]:
    """Change every docstring before Napoleon reads it."""
    app.connect("autodoc-process-docstring", _changed, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _changed(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = [as_restructured(line) for line in lines]


def as_restructured(line: str) -> str:
    """A line with its code as code, and nothing else that has a meaning of its own."""
    parts = CODE.split(line)
    return "".join(
        f"`{part}`" if CODE.fullmatch(part) else re.sub(r"([|*_](?=\W|$)|(?<!\w)[|*])", r"\\\1", part)
        for part in parts
    )
