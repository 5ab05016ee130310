"""Reading and removing files that anybody may have written: only regular ones, of limited size."""

import hashlib
import os
import shutil
import stat
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any, TypeVar
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812

from numpy.lib import format as npy
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from leaderboard import UserError

LARGEST_JSON = 2**26  # bytes
LARGEST_ARCHIVE = 2**30  # bytes, unpacked
PIECE = 2**20  # bytes
DAMAGES = (OSError, KeyError, ValueError, EOFError, RuntimeError, BadZipFile, ZlibError)
"""Exceptions for archives that are missing, damaged or too large."""

Model = TypeVar("Model", bound=BaseModel)


def open_regular(path: Path) -> IO[bytes]:
    """A file opened for reading, and nothing that could wait for a writer.

    Raises:
        OSError: if it cannot be opened.
        ValueError: if it is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("not a regular file")
    return os.fdopen(descriptor, "rb")


def read_end(path: Path, most: int) -> bytes:
    """The last bytes of a file, at most `most`; empty if it cannot be read."""
    try:
        with open_regular(path) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - most))
            return file.read(most)
    except (OSError, ValueError):
        return b""


def read_model(path: Path, model: type[Model], hint: str) -> Model:
    """The model in a JSON file.

    Args:
        hint: what to do if it is damaged.

    Raises:
        UserError: if it is damaged, too large, or cannot be read.
    """
    try:
        with open_regular(path) as file:
            text = file.read(LARGEST_JSON + 1)
        if len(text) > LARGEST_JSON:
            raise UserError(f"{path}: larger than {LARGEST_JSON // 2**20} MiB; {hint}")
        return model.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: damaged ({first_fault(error)}); {hint}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {hint}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}; {hint}") from error


def first_fault(error: ValidationError) -> str:
    """The first thing that does not fit a model, and where."""
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` archive by name.

    Raises:
        Exception: one of DAMAGES, if it is missing, damaged or too large.
    """
    with open_regular(path) as file, ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST_ARCHIVE:
            raise ValueError(f"it holds more than {LARGEST_ARCHIVE // 2**20} MiB")
        return {
            member.filename.removesuffix(".npy"): _read_array(archive, member.filename)
            for member in archive.infolist()
        }


def _read_array(archive: ZipFile, name: str) -> NDArray[Any]:
    """An array of an archive, for which no more memory is taken than the archive says it has."""
    with archive.open(name) as stream:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    if dtype.itemsize * prod(shape) > archive.getinfo(name).file_size:
        raise ValueError(f"{name} is cut short")
    with archive.open(name) as stream:
        return npy.read_array(stream, allow_pickle=False)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: if it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(PIECE):
            digest.update(part)
    return digest.hexdigest()


def copy_files(files: Mapping[str, Path], place: Path) -> None:
    """Copy files to a folder, each to its path within it.

    Raises:
        OSError: if one cannot be read or written.
    """
    for name, path in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place / name)


def remove(folder: Path) -> None:
    """Remove a folder and all in it, also subfolders that their writer has closed to everybody."""
    for parent, names, _ in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
