"""A bundle: an algorithm as its author hands it in, to be read and run by others.

submission.json      what it is and whose, with the SHA-256 of every file
submission.json.sig  its author's signature, if there is one, see `signatures`
algorithm/           the files of the algorithm's folder
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from leaderboard import UserError
from leaderboard.algorithms.contender import fault_of_name
from leaderboard.algorithms.submission import files_of
from leaderboard.files import read_model
from leaderboard.texts import LONGEST, one_line

DESCRIPTION = "submission.json"
SIGNATURE = "submission.json.sig"
ALGORITHM = "algorithm"
MOST_FILES = 200
MOST_BYTES = 2**24
"""Of all files together: a bundle is for people to read, and goes into a repository."""
PART = r"[A-Za-z0-9_][\w.-]{0,99}"
"""A part of a file's path."""
PATH = rf"{PART}(/{PART})*"


def _plain(text: str) -> str:
    if text != one_line(text):
        raise ValueError(f"must be a line of at most {LONGEST} characters that can be printed")
    return text


def _listed(name: str) -> str:
    if fault := fault_of_name(name):
        raise ValueError(fault)
    return name


Line = Annotated[str, AfterValidator(_plain)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FilePath = Annotated[str, Field(pattern=rf"^{PATH}$", max_length=300)]


class Submission(BaseModel):
    """What a bundle says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(_listed)]
    """The name under which it is listed."""
    contact: Annotated[Line, Field(min_length=1)]
    """Where its authors can be asked: an address or a page."""
    licence: Annotated[Line, Field(min_length=1)]
    """By its SPDX name, or a file of the algorithm's."""
    authors: Line = ""
    paper: Line = ""
    compute: Line = ""
    """What it took to find it, in its authors' words: no run here can tell."""
    suite: Line
    """The suite for which it was checked."""
    summary: Line
    """As the algorithm has it."""
    sources: tuple[Line, ...]
    """What it asks for, in order."""
    files: dict[FilePath, Sha256] = Field(min_length=1, max_length=MOST_FILES)
    """SHA-256 of every file of the algorithm, by its path."""
    checked: tuple[Line, ...]
    """What `leaderboard check` has said on its author's computer, a line for each world."""
    signer: Line = ""
    """The public key of its signature, as OpenSSH writes it; empty without one."""

    @property
    def code(self) -> str:
        """SHA-256 over the names and contents of all files: the version of the algorithm."""
        told = "".join(f"{name} {content}\n" for name, content in sorted(self.files.items()))
        return hashlib.sha256(told.encode()).hexdigest()


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of an algorithm by its path, hidden ones left out.

    Raises:
        UserError: if a file cannot be part of a bundle, or they are too many or too large.
    """
    files = files_of(folder)
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            raise UserError(f"{path}: is a link, whose target would be missing elsewhere")
    for name, path in files.items():
        if re.fullmatch(PATH, name) is None:
            raise UserError(f"{path}: rename it; letters, digits and . _ - are allowed")
    if len({name.casefold() for name in files}) < len(files):
        raise UserError(f"{folder}: two files have the same name on some systems; rename one")
    if len(files) > MOST_FILES:
        raise UserError(f"{folder}: {len(files)} files; a bundle has at most {MOST_FILES}")
    size = sum(path.stat().st_size for path in files.values())
    if size > MOST_BYTES:
        raise UserError(
            f"{folder}: {size / 2**20:.0f} MiB; a bundle has at most {MOST_BYTES // 2**20}"
        )
    try:
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from error


def read_bundle(folder: Path) -> Submission:
    """What a bundle says of itself, compared with its files.

    Raises:
        UserError: if there is no bundle, it is damaged, or its files are not those it names.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UserError(f"{folder}: no {DESCRIPTION} in it; `leaderboard submit` makes one")
    told = read_model(path, Submission, "make it anew with `leaderboard submit`")
    _require_nothing_else(folder, told.files)
    _require_same(folder / ALGORITHM, told.files)
    return told


def _require_nothing_else(folder: Path, told: Mapping[str, str]) -> None:
    """Require that a bundle has no file, hidden or not, that it does not name."""
    named = {DESCRIPTION, SIGNATURE, *(f"{ALGORITHM}/{name}" for name in told)}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or str(path.relative_to(folder)) in named):
            raise UserError(f"{path}: not named in {DESCRIPTION}")


def _require_same(folder: Path, told: Mapping[str, str]) -> None:
    found = hashes_of(folder)
    for name in sorted(found.keys() | told.keys()):
        if name not in told:
            raise UserError(f"{folder / name}: not named in {DESCRIPTION}")
        if name not in found:
            raise UserError(f"{folder / name}: missing, though {DESCRIPTION} names it")
        if found[name] != told[name]:
            raise UserError(f"{folder / name}: another file than the one that {DESCRIPTION} names")
