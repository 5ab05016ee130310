"""A table that is computed row by row, over hours, and goes on where it stopped."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from leaderboard import UserError
from leaderboard.progress import tell

DAMAGES = (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError)


def resume(
    path: Path,
    columns: Sequence[str],
    jobs: Iterable[dict[str, Any]],
    compute: Callable[..., list[tuple[Any, ...]]],
) -> pd.DataFrame:
    """The table at `path`, with the rows of all jobs; it is written after each of them.

    Args:
        path: a CSV file; jobs whose rows are in it are not computed again.
        columns: its columns.
        jobs: values of columns, by which a job's rows are known; `compute` takes them by name.
        compute: returns the rows of a job.

    Raises:
        OSError: if the file cannot be written.
        UserError: if it is there and is no such table.
    """
    rows = _read(path, columns)
    for job in jobs:
        if _has(rows, job):
            continue
        tell(", ".join(f"{name} {value}" for name, value in job.items()))
        new = pd.DataFrame(compute(**job), columns=list(columns))
        rows = pd.concat([rows, new], ignore_index=True) if len(rows) else new
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        rows.to_csv(temporary, index=False)
        temporary.replace(path)
    return rows


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(columns=list(columns))
    try:
        rows = pd.read_csv(path)
    except DAMAGES as error:
        raise UserError(f"{path}: damaged: {error}; remove it to compute it anew") from error
    if list(rows.columns) != list(columns):
        raise UserError(
            f"{path}: its columns are not {', '.join(columns)}; remove it, or use --out"
        )
    return rows


def _has(rows: pd.DataFrame, job: dict[str, Any]) -> bool:
    same = pd.Series(True, rows.index)
    for name, value in job.items():
        same &= rows[name] == value
    return bool(same.any())
