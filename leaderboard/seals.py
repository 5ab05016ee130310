"""Seals: what a computer knows of a cell, beside what the cell says of itself.

Whoever can write a folder of results can write anything into it. So a fact, such as that a cell was
computed here, is kept beside the cell as a signature (Ed25519) of the fact and the bytes of
`cell.json`, under a key that only this user can read. Seals count if they are of this computer, or
of one that the suite names in `SCORERS`: those of its official results. A cell that was edited,
copied from any other computer, or made up has none that count, and its row says so.
"""

import hashlib
import json
import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.files import open_regular

Fact = Literal["computed", "replayed", "secret", "retrained"]
"""Of a cell: a computer has computed it, with the algorithm behind a guard; its actions were
replayed there, and what it says was found; it was computed there in an instance that nobody knew;
or it was trained there again, with the same result."""
Tier = Literal["claimed", "replayed", "verified", "re-trained"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""What was checked of a row, from nothing to most."""
SEALS = "seals.json"
"""Facts by the computer's public key, each with its signature."""
SCORERS = Path(__file__).parent / "results" / "scorers.txt"
"""The public keys of the computers of official results, a line each."""
KEY_SIZE = 32  # bytes
MOST = 2**20  # bytes, of a file of seals


def seal(folder: Path, fact: Fact) -> None:
    """Keep a fact about the cell in a folder; facts about another content of it are forgotten.

    Raises:
        OSError: if it cannot be written.
        UserError: if there is no key, and none can be made.
    """
    content = (folder / "cell.json").read_bytes()
    kept = {signer: _valid(signer, facts, content) for signer, facts in _read(folder).items()}
    signature = _key(key_path()).sign(_told(fact, content))
    kept.setdefault(public_key(), {})[fact] = signature.hex()
    temporary = folder / f".{SEALS}"
    text = json.dumps({signer: facts for signer, facts in kept.items() if facts}, indent=1)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(folder / SEALS)


def tier_of(results: Path, cell: Cell) -> Tier:
    """What was checked of a cell, here or by the computers of official results."""
    folder, trusted = results / cell.spec.folder, official_scorers()
    with suppress(UserError):  # without a key this computer has no seals
        trusted |= {public_key()}
    facts: frozenset[Fact] = frozenset()
    with suppress(OSError):
        facts = _facts(folder, (folder / "cell.json").read_bytes(), trusted)
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
    content = (folder / "cell.json").read_bytes()
    return "computed" in _facts(folder, content, frozenset({public_key()}))


def public_key() -> str:
    """The key by which others can tell this computer's seals, in hexadecimal digits.

    Raises:
        UserError: if there is no key, and none can be made.
    """
    return _key(key_path()).public_key().public_bytes_raw().hex()


@cache
def official_scorers() -> frozenset[str]:
    """The public keys of the computers of official results."""
    lines = SCORERS.read_text(encoding="utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


def _facts(folder: Path, content: bytes, signers: frozenset[str]) -> frozenset[Fact]:
    """The facts that these computers have kept about this content of a cell."""
    known = _read(folder)
    return frozenset(
        fact for signer in signers & known.keys() for fact in _valid(signer, known[signer], content)
    )


def _read(folder: Path) -> dict[str, dict[Fact, str]]:
    """What a file of seals says, which anybody may have written."""
    try:
        with open_regular(folder / SEALS) as file:
            kept = json.loads(file.read(MOST))
        return {
            str(signer): {fact: str(facts[fact]) for fact in get_args(Fact) if fact in facts}
            for signer, facts in kept.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}


def _valid(signer: str, facts: dict[Fact, str], content: bytes) -> dict[Fact, str]:
    """Those of a computer's facts that it has signed for this content of a cell."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
    except ValueError:
        return {}
    valid = {}
    for fact, signature in facts.items():
        with suppress(InvalidSignature, ValueError):
            key.verify(bytes.fromhex(signature), _told(fact, content))
            valid[fact] = signature
    return valid


def _told(fact: Fact, content: bytes) -> bytes:
    """What is signed."""
    return f"il-envs {fact} {hashlib.sha256(content).hexdigest()}".encode()


def key_path() -> Path:
    """Where the key is: $IL_ENVS_KEY, or in the user's folder of settings."""
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.environ.get("IL_ENVS_KEY") or f"{home}/il_envs/scorer.key").expanduser()


@cache
def _key(path: Path) -> Ed25519PrivateKey:
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
    return Ed25519PrivateKey.from_private_bytes(key)


def _make_key(path: Path) -> None:
    """Write a new key: whole, and only where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # which this user alone can read
        file.write(secrets.token_bytes(KEY_SIZE))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
