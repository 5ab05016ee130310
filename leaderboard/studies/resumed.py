"""A table that is computed over hours, row by row, and goes on where it stopped."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from leaderboard import UserError, tell
from leaderboard.files import first_fault

ANEW = "remove it to compute all anew, or name another folder"

Key = tuple[Any, ...]


class Row(BaseModel):
    """A row of such a table; its fields are the columns, as text or finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    keys: ClassVar[tuple[str, ...]]
    """The columns that name a row."""

    @property
    def key(self) -> Key:
        """Their values."""
        return tuple(getattr(self, name) for name in self.keys)


AnyRow = TypeVar("AnyRow", bound=Row)
Keys = Sequence[Key]


def resume(
    path: Path,
    row_type: type[AnyRow],
    jobs: Iterable[Keys],
    compute: Callable[[Keys], list[AnyRow]],
) -> pd.DataFrame:
    """The table with the rows of all jobs, in their order; written to `path` after each job.

    Args:
        path: a CSV file; jobs whose rows are all in it are not computed again.
        row_type: what a row is.
        jobs: the keys of the rows that are computed together.
        compute: returns the rows of a job.

    Raises:
        OSError: if the file cannot be read or written.
        UserError: if it is there, and is not such a table.
    """
    jobs = list(jobs)
    rows = _read(path, row_type, {key for keys in jobs for key in keys})
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, row_type, rows.values())  # what cannot be written is noticed before any work
    for keys in jobs:
        if not rows.keys() >= set(keys):
            tell(" ".join(map(str, keys[0])))
            rows |= {row.key: row for row in compute(keys)}
            _write(path, row_type, rows.values())
    ordered = [rows[key] for keys in jobs for key in keys]
    return pd.DataFrame([row.model_dump() for row in ordered], columns=_columns(row_type))


def _read(path: Path, row_type: type[AnyRow], known: set[Key]) -> dict[Key, AnyRow]:
    """The rows of a table by key; none if there is no file."""
    if not path.exists():
        return {}
    rows: dict[Key, AnyRow] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file, restkey="more than the columns")
            if table.fieldnames != _columns(row_type):
                columns = ", ".join(_columns(row_type))
                raise UserError(f"{path}: its columns must be {columns}; {ANEW}")
            for entries in table:
                row = row_type.model_validate(entries)
                if row.key not in known or row.key in rows:
                    said = "is there twice" if row.key in rows else "is none of this study"
                    name = " ".join(map(str, row.key))
                    raise UserError(f"{path}, line {table.line_num}: {name} {said}; {ANEW}")
                rows[row.key] = row
    except ValidationError as error:
        raise UserError(f"{path}, line {table.line_num}: {first_fault(error)}; {ANEW}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: damaged: {error}; {ANEW}") from error
    return rows


def _write(path: Path, row_type: type[AnyRow], rows: Iterable[AnyRow]) -> None:
    temporary = path.with_suffix(".part")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, _columns(row_type))
        table.writeheader()
        table.writerows(row.model_dump() for row in rows)
    temporary.replace(path)


def _columns(row_type: type[AnyRow]) -> list[str]:
    return list(row_type.model_fields)
