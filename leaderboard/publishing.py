"""Writing into a folder of results that several runs may share, on one machine or on several.

A cell is written in a temporary folder beside its place, and then moved there. What a run that was
killed has left behind is told by the run's lock, which the system lets go of when a process ends; a
process id may be another process's by then, and means nothing on another machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path, PurePath
from uuid import uuid4

from filelock import FileLock, Timeout

from leaderboard import UserError
from leaderboard.files import remove

ARCHIVE = ".archive"
"""The folder of cells that others have replaced, by their place and the time of that in UTC."""
LOCKS = ".locks"
"""The folder of locks: one of the folder of results itself, and one of each run that writes."""


def require_folder(out: Path) -> None:
    """Require that a folder can be made there.

    Raises:
        UserError: if it is a file.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file, must be a folder")


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn an OSError into a message that names the folder.

    Raises:
        UserError: if something could not be written.
    """
    require_folder(folder)
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error


@contextmanager
def locked(results: Path) -> Iterator[None]:
    """Hold the lock of a folder of results, for a change that no other run may see half made.

    Raises:
        OSError: if the folder cannot be written to.
    """
    (results / LOCKS).mkdir(parents=True, exist_ok=True)
    with FileLock(results / LOCKS / "results"):
        yield


@contextmanager
def registered(results: Path) -> Iterator[str]:
    """Hold a lock of one's own; yields its name, for `temporary_folder`.

    Raises:
        OSError: if the folder cannot be written to.
    """
    writer = uuid4().hex
    path = results / LOCKS / writer
    lock = FileLock(path)
    with locked(results):
        lock.acquire()
    try:
        yield writer
    finally:
        with locked(results):
            lock.release()
            path.unlink(missing_ok=True)


def temporary_folder(folder: Path, writer: str) -> Path:
    """Make an empty sibling folder in which a cell is written before `publish` moves it."""
    temporary = folder.with_name(f".{folder.name}.{writer}")
    temporary.mkdir(parents=True)
    return temporary


def publish(temporary: Path, results: Path, place: PurePath) -> None:
    """Move a written cell to its place in a folder of results, which is `locked`. A cell that is
    there already, of other code or settings, goes to the archive: the new one may have failed."""
    folder = results / place
    if folder.exists():
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H-%M-%S.%f")
        archived = results / ARCHIVE / place.with_name(f"{place.name}.{now}")
        archived.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(archived)
    temporary.rename(folder)


def remove_leftovers(results: Path) -> None:
    """Remove what killed runs have left: temporary folders, and their locks."""
    with locked(results):
        left = {path.name for path in (results / LOCKS).iterdir() if not _is_held(path)}
        for writer in left:
            (results / LOCKS / writer).unlink(missing_ok=True)
        for folder in results.glob("*/*/**/.seed_*.*"):
            writer = folder.name.rpartition(".")[2]
            if writer in left or not (results / LOCKS / writer).exists():
                remove(folder)


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0.0):
            return False
    except Timeout:
        return True
