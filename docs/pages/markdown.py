"""Small pieces of Markdown."""

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars in its cells are escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def toctree(names: Iterable[str]) -> str:
    """Pages that belong below a page, which names them itself."""
    return "\n".join([":::{toctree}", ":hidden:", "", *names, ":::"])


def section(title: str, *parts: str) -> str:
    """A heading with what is under it; nothing if there is nothing under it."""
    body = "\n\n".join(part for part in parts if part)
    return f"## {title}\n\n{body}" if body else ""
