"""A round, and the secret from which the instances of its submissions are drawn.

round.json       what the round is, and the commitment to its secret; later the secret itself
attempts.jsonl   every submission, see `attempts`
001-NAME/ ...    the results of each, a folder of results like any other

The secret is drawn when the round is made, and kept where this user alone can read it. Its SHA-256,
with a nonce and the terms of the round, is published before; when it is revealed, everybody can
check that it was there first, and which instances follow from it. Until then nobody can know what
an algorithm will be trained and scored in, not even who has written the suite.
"""

import hashlib
import hmac
import os
import secrets
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from il_envs.world import CODE_LENGTH, INSTANCE
from leaderboard import UserError
from leaderboard.files import read_model
from leaderboard.profiles import MOST_SEEDS, Profile
from leaderboard.publishing import locked
from leaderboard.runs import ROUND
from leaderboard.seals import key_path

EVIDENCE = "evidence.sha256"
"""The file beside `round.json` that says what cells were scored from is in an archive elsewhere."""
SIZE = 32  # bytes, of a secret and of a nonce
Bytes = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * SIZE}}}$")]
"""SIZE bytes, as many as a SHA-256 has, in hexadecimal digits."""


class Secret(BaseModel):
    """The secret of a round, with its nonce."""

    model_config = ConfigDict(frozen=True)

    nonce: Bytes
    secret: Bytes

    def commitment(self, terms: str) -> str:
        """SHA-256 of nonce, secret and the terms of a round."""
        content = bytes.fromhex(self.nonce) + bytes.fromhex(self.secret) + terms.encode()
        return hashlib.sha256(content).hexdigest()

    def code(self, told: str) -> str:
        """The HMAC of a text under the secret, which nobody can know before it is revealed."""
        return hmac.new(bytes.fromhex(self.secret), told.encode(), hashlib.sha256).hexdigest()

    def instance(self, submission: str, world: str, index: int) -> str:
        """The name of an instance of a world, one of several for a submission: its code is the
        HMAC of all three under the secret."""
        code = self.code(f"{submission} {world} {index}")
        return f"{world}{INSTANCE}{code[:CODE_LENGTH]}"


class Kept(BaseModel):
    """What this computer keeps of a round of its own."""

    model_config = ConfigDict(frozen=True)

    secret: Secret
    head: Bytes
    """SHA-256 of the last line that it has written into the log."""
    is_over: bool = False
    """Whether the secret was revealed, wherever `round.json` is by now."""


class Round(BaseModel):
    """The contents of `round.json`."""

    model_config = ConfigDict(frozen=True)

    suite: str
    """Name and version of the suite."""
    profile: Profile
    worlds: tuple[Annotated[str, Field(pattern=r"^\w+$")], ...] = Field(min_length=1)
    """Names of the registered worlds."""
    instances: int = Field(ge=1, le=MOST_SEEDS)
    """Instances of each world for each submission, with a training seed each."""
    commitment: Bytes = "0" * 2 * SIZE
    """As `Secret.commitment`, to the secret and all of the above."""
    revealed: Secret | None = None
    head: Bytes | None = None
    """SHA-256 of the last line of the log when the secret was revealed."""

    @property
    def terms(self) -> str:
        """What is committed to besides the secret."""
        return self.model_dump_json(include={"suite", "profile", "worlds", "instances"})

    def instances_of(self, secret: Secret, submission: str, worlds: tuple[str, ...]) -> list[str]:
        """The names of the instances in which a submission is trained, world by world."""
        return [
            secret.instance(submission, world, index)
            for world in worlds
            for index in range(self.instances)
        ]


def suite() -> str:
    """Name and version of this suite."""
    return f"il-envs {version('il-envs')}"


def make_round(folder: Path, profile: Profile, worlds: list[str], instances: int) -> Round:
    """Make a round in a new folder, with a new secret.

    Raises:
        UserError: if there is one already, or the secret cannot be kept.
        OSError: if it cannot be written.
    """
    if is_round(folder):
        raise UserError(f"{folder} is a round already")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; a round has a folder of its own")
    secret = Secret(nonce=secrets.token_hex(SIZE), secret=secrets.token_hex(SIZE))
    terms = Round(suite=suite(), profile=profile, worlds=tuple(worlds), instances=instances)
    made = terms.model_copy(update={"commitment": secret.commitment(terms.terms)})
    keep(made, Kept(secret=secret, head=made.commitment))
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, made)
    return made


def is_round(folder: Path) -> bool:
    """True if a folder is that of a round."""
    return (folder / ROUND).exists()


def rounds_in(folder: Path) -> list[Path]:
    """The folder itself if it is that of a round, or else those in it that are."""
    if is_round(folder):
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{ROUND}"))


def read_round(folder: Path) -> Round:
    """The round in a folder.

    Raises:
        UserError: if there is none, its file is damaged, or its terms or its secret are not those
            that it has committed to, where this can be told.
    """
    if not is_round(folder):
        raise UserError(f"{folder}: no round; `leaderboard round new` makes one")
    found = read_model(folder / ROUND, Round, "it cannot be made anew")
    secret = known_secret(found)
    if secret is not None and secret.commitment(found.terms) != found.commitment:
        raise UserError(
            f"{folder / ROUND}: the secret or the terms are not those that it has committed to"
        )
    return found


def known_secret(found: Round) -> Secret | None:
    """The secret of a round, revealed or of this computer; None if it is not known here."""
    if found.revealed is not None:
        return found.revealed
    kept = kept_of(found)
    return None if kept is None else kept.secret


def kept_of(found: Round) -> Kept | None:
    """What this computer keeps of a round; None if it is not its own.

    Raises:
        UserError: if that is damaged.
    """
    place = _place_of(found)
    return read_model(place, Kept, "there is no other copy") if place.exists() else None


def keep(found: Round, kept: Kept) -> None:
    """Keep what only this user may read.

    Raises:
        UserError: if it cannot be written.
    """
    place = _place_of(found)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(kept.model_dump_json() + "\n")
        temporary.replace(place)
    except OSError as error:
        raise UserError(
            f"{place}: {error.strerror}; IL_ENVS_KEY names another file for the key of seals, "
            "beside which secrets are kept"
        ) from error


def reveal(folder: Path) -> Round:
    """Write the secret of a round into its file, after which no submission can enter.

    Raises:
        UserError: if it is not known here.
        OSError: if it cannot be written.
    """
    found = read_round(folder)
    with locked(folder):
        kept = kept_of(found)
        if kept is None:
            raise UserError(f"{folder}: its secret is not on this computer")
        keep(found, kept.model_copy(update={"is_over": True}))
    revealed = found.model_copy(update={"revealed": kept.secret, "head": kept.head})
    _write(folder, revealed)
    return revealed


def _place_of(made: Round) -> Path:
    """Where this computer keeps a round: beside the key of seals, under the commitment's name."""
    return key_path().with_name("rounds") / f"{made.commitment}.json"


def _write(folder: Path, made: Round) -> None:
    with locked(folder):
        temporary = folder / f".{ROUND}"
        temporary.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(folder / ROUND)
