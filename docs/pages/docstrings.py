"""Docstrings, which are plain English with names in backticks, as reStructuredText has them."""

import re
import sys
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
    if what == "data":
        lines[:] = said_of(name.rpartition(".")[2], thing)
    lines[:] = as_restructured("\n".join(lines)).split("\n")


def said_of(name: str, thing: object) -> list[str]:
    """The docstring below an assignment, wherever the package has it: the thing itself has none of
    its own, but its type's."""
    from sphinx.pycode import ModuleAnalyzer

    for module in [*sys.modules]:
        if module.startswith("il_envs.") and vars(sys.modules[module]).get(name) is thing:
            said = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name))
            if said:
                return said
    return []


def as_restructured(text: str) -> str:
    """A docstring with its code as code, and nothing else that has a meaning of its own."""
    parts = CODE.split(text)
    return "".join(
        f"`{' '.join(part.split())}`" if CODE.fullmatch(part) else MARKS.sub(r"\\\1", part)
        for part in parts
    )
