"""The formats of the tables: text for a terminal, Markdown, LaTeX and HTML as people read them, csv
and JSON with every column, unrounded, for programs."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from rich.console import RenderableType

from leaderboard.algorithms.template import TEMPLATES
from leaderboard.tables.columns import CONTROL, INFINITE, LEFT, REFERENCE
from leaderboard.tables.document import Document
from leaderboard.tables.terminal import Page


def as_text(document: Document) -> RenderableType:
    """Tables for the terminal."""
    return Page(document.tables)


def as_markdown(document: Document) -> str:
    """Tables in Markdown, as GitHub reads them."""
    return "\n".join(
        f"{markdown(table.shown)}\n\n{_markdown_text(' '.join(table.notes))}\n"
        for table in document.tables
    )


def markdown(shown: pd.DataFrame) -> str:
    """A table of texts, as GitHub reads it."""
    lines = [
        list(shown.columns),
        ["---" if name in LEFT else "---:" for name in shown.columns],
        *(
            [_markdown_text(cell).replace("|", "\\|") for cell in row]
            for row in shown.itertuples(index=False)
        ),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_text(text: str) -> str:
    """Text without what Markdown takes for HTML."""
    return text.replace("<", "&lt;")


def as_csv(document: Document) -> str:
    """Tables for programs, separated by empty lines. A missing number is an empty field; a number
    of steps is infinite if the level was not reached; the scores of seeds are separated by spaces.
    """
    return "\n".join(_csv(table.raw) for table in document.tables if len(table.raw.columns))


def _csv(raw: pd.DataFrame) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(raw.columns)
    for row in raw.itertuples(index=False):
        writer.writerow([_field(value) for value in row])
    return text.getvalue()


def _field(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_field, value))
    return "" if pd.isna(value) else str(_plain(value))


def as_json(document: Document) -> str:
    """The tables of the csv as JSON, with their notes. A missing number is null, and as JSON has
    no infinity, that is the text "Infinity" or "-Infinity"."""
    content = {
        "profile": document.profile.model_dump(mode="json"),
        "worlds": document.worlds,
        "seeds": document.seeds,
        "tables": {
            table.name: {
                "notes": table.notes,
                "rows": [_object(row) for row in table.raw.to_dict("records")],
            }
            for table in document.tables
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _object(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): json_value(value) for name, value in row.items()}


def json_value(value: Any) -> Any:
    """A value as JSON has it: null for a missing number, a text for infinity, lists for tuples."""
    if isinstance(value, tuple):
        return [json_value(entry) for entry in value]
    if pd.isna(value):
        return None
    value = _plain(value)
    if isinstance(value, float) and not isfinite(value):
        return "Infinity" if value > 0.0 else "-Infinity"
    return value


def _plain(value: Any) -> Any:
    """A value of Python's own types; -0 is 0."""
    value = value.item() if isinstance(value, np.generic) else value
    return value + 0.0 if isinstance(value, float) else value


def as_latex(document: Document) -> str:
    """Tables for a paper; they need the LaTeX package booktabs."""
    text = "\n".join(
        "".join(f"% {line}\n" for line in table.notes) + _latex(table.shown)
        for table in document.tables
    )
    for character, command in LATEX.items():
        text = text.replace(character, command)
    return text


LATEX = {
    INFINITE: r"$\infty$",
    "±": r"$\pm$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "\N{EN DASH}": "--",
}
"""Characters that not every font of LaTeX has."""


def _latex(shown: pd.DataFrame) -> str:
    alignment = "".join("l" if name in LEFT else "r" for name in shown.columns)
    return shown.to_latex(index=False, escape=True, column_format=alignment)


def page_of_template(name: str, **values: Any) -> str:
    """A page of HTML from one of the templates."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)


def as_html(document: Document) -> str:
    """A page of its own, which needs no other file: names are headers of their rows, the rows of a
    world a group, and what is no algorithm is dimmed."""
    return page_of_template(
        "table.html.j2",
        profile=document.profile.name,
        tables=document.tables,
        left=LEFT,
        others=(REFERENCE, CONTROL),
    )


FORMATS: dict[str, Callable[[Document], str | RenderableType]] = {
    "text": as_text,
    "md": as_markdown,
    "csv": as_csv,
    "latex": as_latex,
    "json": as_json,
    "html": as_html,
}
