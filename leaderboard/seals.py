"""Seals: what this computer knows of a cell, beside what the cell says of itself.

Whoever can write a folder of results can write anything into it. So a fact, such as that a cell was
computed here, is kept beside the cell as the HMAC, under a key that only this user can read, of the
fact and the bytes of `cell.json`. A cell that was edited, copied from another computer, or made up
has no seals here, and its row says so.
"""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.files import open_regular

Fact = Literal["computed", "replayed", "secret", "retrained"]
"""Of a cell: this computer has computed it, with the algorithm behind a guard; its actions were
replayed here, and what it says was found; it was computed here in an instance that nobody knew; or
it was trained here again, with the same result."""
Tier = Literal["claimed", "replayed", "verified", "re-trained"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""What was checked of a row, from nothing to most."""
SEALS = "seals.json"
KEY_SIZE = 32  # bytes
MOST = 10_000  # bytes, of a file of seals


def seal(folder: Path, fact: Fact) -> None:
    """Keep a fact about the cell in a folder; facts about another content of it are forgotten.

    Raises:
        OSError: if it cannot be written.
        UserError: if there is no key, and none can be made.
    """
    content = (folder / "cell.json").read_bytes()
    kept = {each: _code(each, content) for each in (*_facts(folder, content), fact)}
    temporary = folder / f".{SEALS}"
    temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / SEALS)


def tier_of(results: Path, cell: Cell) -> Tier:
    """What was checked of a cell."""
    folder = results / cell.spec.folder
    facts: frozenset[Fact] = frozenset()
    with suppress(OSError, UserError):  # without a key there are no seals
        facts = _facts(folder, (folder / "cell.json").read_bytes())
    if "retrained" in facts:
        return "re-trained"
    if "secret" in facts:
        return "verified"
    return "replayed" if facts else "claimed"


def has_computed(folder: Path) -> bool:
    """True if this computer has computed the cell in a folder, its algorithm behind a guard.

    Raises:
        OSError: if there is no cell.
        UserError: if there is no key.
    """
    return "computed" in _facts(folder, (folder / "cell.json").read_bytes())


def _facts(folder: Path, content: bytes) -> frozenset[Fact]:
    """The facts that are kept about this content of a cell."""
    try:
        with open_regular(folder / SEALS) as file:
            kept = json.loads(file.read(MOST))
    except (OSError, ValueError, RecursionError):
        return frozenset()
    codes = kept if isinstance(kept, dict) else {}
    return frozenset(
        fact
        for fact in get_args(Fact)
        if hmac.compare_digest(str(codes.get(fact)).encode(), _code(fact, content).encode())
    )


def _code(fact: Fact, content: bytes) -> str:
    told = f"{fact} {hashlib.sha256(content).hexdigest()}"
    return hmac.new(_key(key_path()), told.encode(), hashlib.sha256).hexdigest()


def key_path() -> Path:
    """Where the key is: $IL_ENVS_KEY, or in the user's folder of settings."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.environ.get("IL_ENVS_KEY") or f"{home}/il_envs/scorer.key").expanduser()


@cache
def _key(path: Path) -> bytes:
    """The key in a file, which is made if there is none."""
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}; IL_ENVS_KEY names another file for the key of seals"
        ) from error
    if len(key) != KEY_SIZE:
        raise UserError(f"{path}: damaged: a key of {len(key)} bytes, must be {KEY_SIZE}")
    return key


def _make_key(path: Path) -> None:
    """Write a new key: whole, and only where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # which this user alone can read
        file.write(secrets.token_bytes(KEY_SIZE))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
