"""The log of a round's submissions: whoever enters ten stands in it ten times.

It is only ever appended to. Each line has the SHA-256 of the line before, and the first one the
commitment of the round, so that whoever has noted the last line's can tell whether anything before
it was changed or left out.
"""

import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leaderboard import UserError
from leaderboard.algorithms.contender import Line
from leaderboard.files import LARGEST_JSON, first_fault, open_regular
from leaderboard.publishing import locked

LOG = "attempts.jsonl"


class Attempt(BaseModel):
    """A line of the log: one submission."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    time: str = Field(max_length=40)
    """When it was entered, in UTC."""
    name: Line = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    """The algorithm's."""
    submission: str = Field(pattern=r"^[0-9a-f]{64}$")
    """As `submission_of`."""
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the line before; in the first line, the round's commitment."""

    @property
    def folder(self) -> str:
        """Name of the folder of its results."""
        return f"{self.number:03}-{self.name}"

    def line(self) -> str:
        """Its line in the log."""
        return self.model_dump_json() + "\n"


def submission_of(code: str, config: str) -> str:
    """SHA-256 over the code and the settings of an algorithm, as a contender has them: another byte
    in its folder is another submission."""
    return hashlib.sha256(f"{code}\n{config}".encode()).hexdigest()


def read_attempts(folder: Path) -> list[Attempt]:
    """The attempts of a round in order; whether they hang together is for `faults_of` to say.

    Raises:
        UserError: if the log is damaged.
    """
    path = folder / LOG
    if not path.exists():
        return []
    try:
        with open_regular(path) as file:
            lines = file.read(LARGEST_JSON).decode().splitlines()
        return [Attempt.model_validate_json(line) for line in lines]
    except ValidationError as error:
        raise UserError(f"{path}: damaged ({first_fault(error)})") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: damaged: {error}") from error


def head_of(attempts: list[Attempt], commitment: str) -> str:
    """SHA-256 of the last line, which the next one has to name."""
    if not attempts:
        return commitment
    return hashlib.sha256(attempts[-1].line().encode()).hexdigest()


def faults_of(attempts: list[Attempt], commitment: str) -> list[str]:
    """A line for each attempt that does not follow from the one before."""
    return [
        f"attempt {attempt.number}: it does not follow from the line before"
        for place, attempt in enumerate(attempts)
        if attempt.previous != head_of(attempts[:place], commitment) or attempt.number != place + 1
    ]


def logged(folder: Path, name: str, submission: str, commitment: str) -> Attempt:
    """The attempt of a submission, which is appended to the log unless it is there already.

    Raises:
        UserError: if the log is damaged.
        OSError: if it cannot be written.
    """
    with locked(folder):
        attempts = read_attempts(folder)
        for attempt in attempts:
            if (attempt.name, attempt.submission) == (name, submission):
                return attempt
        attempt = Attempt(
            number=len(attempts) + 1,
            time=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            name=name,
            submission=submission,
            previous=head_of(attempts, commitment),
        )
        with (folder / LOG).open("a", encoding="utf-8") as file:
            file.write(attempt.line())
            file.flush()
            os.fsync(file.fileno())
        return attempt
