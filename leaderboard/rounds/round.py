"""A round, and the secret from which the instances of its submissions are drawn.

round.json       what the round is, and the commitment to its secret; later the secret itself
attempts.jsonl   every submission, see `attempts`
001-NAME/ ...    the results of each, a folder of results like any other

The secret is drawn when the round is made, and kept where this user alone can read it. Its SHA-256,
with a nonce and the suite, is published before; when it is revealed, everybody can check that it
was there first, and which instances follow from it. Until then nobody can know what an algorithm
will be trained and scored in, not even who has written the suite.
"""

import hashlib
import hmac
import os
import secrets
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from il_envs.world import CODE_LENGTH, INSTANCE
from leaderboard import UserError
from leaderboard.files import read_model
from leaderboard.profiles import MOST_SEEDS, Profile
from leaderboard.publishing import locked
from leaderboard.seals import key_path

ROUND = "round.json"
SIZE = 32  # bytes, of a secret and of a nonce
Hex = Field(default="", pattern=r"([0-9a-f]{2})*", max_length=2 * SIZE)


class Secret(BaseModel):
    """The secret of a round, with its nonce; both in hexadecimal digits."""

    model_config = ConfigDict(frozen=True)

    nonce: str = Hex
    secret: str = Hex

    def commitment(self, suite: str) -> str:
        """SHA-256 of nonce, secret and suite, in hexadecimal digits."""
        content = bytes.fromhex(self.nonce) + bytes.fromhex(self.secret) + suite.encode()
        return hashlib.sha256(content).hexdigest()

    def instance(self, submission: str, world: str, index: int) -> str:
        """The name of an instance of a world, one of several for a submission: its code is the
        HMAC of all three under the secret."""
        told = f"{submission} {world} {index}".encode()
        code = hmac.new(bytes.fromhex(self.secret), told, hashlib.sha256).hexdigest()
        return f"{world}{INSTANCE}{code[:CODE_LENGTH]}"


class Round(BaseModel):
    """The contents of `round.json`."""

    model_config = ConfigDict(frozen=True)

    suite: str
    """Name and version of the suite, of which the commitment is too."""
    commitment: str = Field(pattern=r"[0-9a-f]{64}")
    """As `Secret.commitment`."""
    profile: Profile
    worlds: tuple[str, ...] = Field(min_length=1)
    """Names of the registered worlds."""
    instances: int = Field(ge=1, le=MOST_SEEDS)
    """Instances of each world for each submission, with a training seed each."""
    revealed: Secret | None = None

    def instances_of(self, secret: Secret, submission: str, world: str) -> list[str]:
        """The names of the instances of a world in which a submission is trained."""
        return [secret.instance(submission, world, index) for index in range(self.instances)]


def suite() -> str:
    """Name and version of this suite."""
    return f"il-envs {version('il-envs')}"


def make_round(folder: Path, profile: Profile, worlds: list[str], instances: int) -> Round:
    """Make a round in a new folder, with a new secret.

    Raises:
        UserError: if there is one already.
        OSError: if it cannot be written.
    """
    if (folder / ROUND).exists():
        raise UserError(f"{folder} is a round already")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; a round has a folder of its own")
    secret = Secret(nonce=secrets.token_hex(SIZE), secret=secrets.token_hex(SIZE))
    made = Round(
        suite=suite(),
        commitment=secret.commitment(suite()),
        profile=profile,
        worlds=tuple(worlds),
        instances=instances,
    )
    folder.mkdir(parents=True, exist_ok=True)
    place = _place_of(made)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret.model_dump_json() + "\n")
    _write(folder, made)
    return made


def is_round(folder: Path) -> bool:
    """True if a folder is that of a round."""
    return (folder / ROUND).exists()


def read_round(folder: Path) -> Round:
    """The round in a folder.

    Raises:
        UserError: if there is none, or its file is damaged.
    """
    if not is_round(folder):
        raise UserError(f"{folder}: no round; `leaderboard round new` makes one")
    return read_model(folder / ROUND, Round, "it cannot be made anew")


def known_secret(found: Round) -> Secret | None:
    """The secret of a round, revealed or of this computer; None if it is not known here.

    Raises:
        UserError: if it is damaged, or another one than was committed to.
    """
    if found.revealed is not None:
        secret, where = found.revealed, ROUND
    else:
        place = _place_of(found)
        if not place.exists():
            return None
        secret, where = read_model(place, Secret, "there is no other copy"), str(place)
    if secret.commitment(found.suite) != found.commitment:
        raise UserError(f"{where}: not the secret that the round has committed to")
    return secret


def reveal(folder: Path) -> Round:
    """Write the secret of a round into its file, after which no submission can enter.

    Raises:
        UserError: if it is not known here.
        OSError: if it cannot be written.
    """
    found = read_round(folder)
    secret = known_secret(found)
    if secret is None:
        raise UserError(f"{folder}: its secret is not on this computer")
    revealed = found.model_copy(update={"revealed": secret})
    _write(folder, revealed)
    return revealed


def _place_of(made: Round) -> Path:
    """Where the secret of a round is kept: beside the key of seals, under the commitment's name."""
    return key_path().with_name("rounds") / f"{made.commitment}.json"


def _write(folder: Path, made: Round) -> None:
    with locked(folder):
        temporary = folder / f".{ROUND}"
        temporary.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(folder / ROUND)
