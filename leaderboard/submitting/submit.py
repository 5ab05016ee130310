"""Making a bundle of an algorithm."""

from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from leaderboard import UsageError, UserError
from leaderboard.algorithms.submission import files_of
from leaderboard.describing import find
from leaderboard.files import copy_files, first_fault, remove
from leaderboard.rounds.round import suite
from leaderboard.submitting.bundle import (
    ALGORITHM,
    DESCRIPTION,
    Submission,
    hashes_of,
    read_bundle,
)
from leaderboard.submitting.signatures import public_key, sign

LICENCES = (
    "LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "COPYING",
)  # fmt: skip
"""Files in which a licence is looked for."""


def described(origin: str, told: dict[str, str], key: Path | None) -> Submission:
    """What a bundle is to say of an algorithm, but for what a check of it says.

    Args:
        origin: its folder.
        told: what its authors say: name, contact, licence, authors, paper and compute.
        key: with which it is to be signed.

    Raises:
        UserError: if it is no algorithm of others, or something is missing or will not do.
    """
    if not (Path(origin) / "algorithm.py").is_file():
        raise UserError(f"{origin}: no algorithm.py in it; `leaderboard new NAME` writes one")
    contender = find(origin)
    if told["name"] not in ("", contender.name):
        raise UsageError(
            f"{origin}: the algorithm calls itself {contender.name!r}, and is listed by that name; "
            f"leave --name out, or change it in algorithm.py to {told['name']!r}"
        )
    files = hashes_of(Path(origin))
    licence = told["licence"] or next((f"file {name}" for name in LICENCES if name in files), "")
    if not licence:
        raise UsageError(
            f"{origin}: no licence; give one by its SPDX name, as in --licence MIT, or put a file "
            f"{LICENCES[0]} into the folder"
        )
    fields = {name: text for name, text in told.items() if text} | {"licence": licence}
    try:
        return Submission(
            **fields | {"name": contender.name},
            suite=suite(),
            summary=contender.summary,
            sources=tuple(sorted(contender.sources)),
            files=files,
            checked=(),
            signer="" if key is None else public_key(key),
        )
    except ValidationError as error:
        raise UsageError(f"the submission will not do: {first_fault(error)}") from error


def write_bundle(folder: Path, origin: str, submission: Submission, key: Path | None) -> None:
    """Write a bundle in place of the one that is there.

    Args:
        origin: folder of the algorithm.
        key: with which it is signed.

    Raises:
        UserError: if the signature cannot be made, or a file has changed meanwhile.
        OSError: if it cannot be written.
    """
    source = Path(origin).resolve()
    if folder.resolve() in (source, *source.parents):
        raise UserError(f"{folder}: holds the algorithm itself; --out names another folder")
    if folder.exists() and not (folder / DESCRIPTION).is_file():
        raise UserError(f"{folder} is there already, and no bundle; --out names another folder")
    made = folder.with_name(f".{folder.name}.{uuid4().hex}")
    try:
        copy_files(files_of(Path(origin)), made / ALGORITHM)
        (made / DESCRIPTION).write_text(submission.model_dump_json(indent=1) + "\n", "utf-8")
        if key is not None:
            sign(made / DESCRIPTION, key)
        read_bundle(made)
        remove(folder)
        made.rename(folder)
    finally:
        remove(made)


def listed_bundle(folder: Path) -> Submission | None:
    """The bundle that a folder holds; None if it holds none.

    Raises:
        UserError: if it is damaged.
    """
    return read_bundle(folder) if (folder / DESCRIPTION).exists() else None


def require_name(listed: Path, name: str) -> None:
    """Require that a name is another one than those that are listed also on systems that take
    capital and small letters for the same.

    Raises:
        UserError: if it is not.
    """
    for path in listed.glob(f"*/{DESCRIPTION}"):
        other = path.parent.name
        if other != name and other.casefold() == name.casefold():
            raise UserError(f"{other!r} is listed, which is the same name on some systems")


def require_same_signer(folder: Path, before: Submission | None, submission: Submission) -> None:
    """Require that a bundle may take the place of the one that is listed in a folder.

    Raises:
        UserError: if that is signed by somebody else.
    """
    if before is not None and before.signer and before.signer != submission.signer:
        raise UserError(
            f"{folder}: signed with {before.signer}, and so must be whatever takes its place; "
            "--sign names the key, --name another name"
        )
