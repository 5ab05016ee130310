"""The log of a round's submissions: whoever enters ten stands in it ten times.

It is only ever appended to: a line whenever a submission is trained, before it is. Each line has
the SHA-256 of the line before, and the first one the commitment of the round. The computer of the
round keeps the SHA-256 of the last line, and tells it when the round is over.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from il_envs.learning.metering import Source
from leaderboard import UserError
from leaderboard.algorithms.contender import NAME
from leaderboard.files import LARGEST_JSON, first_fault, open_regular
from leaderboard.publishing import locked
from leaderboard.rounds.round import Bytes, Kept, Round, keep, kept_of
from leaderboard.texts import LONGEST

LOG = "attempts.jsonl"


class Entered(BaseModel):
    """An algorithm that was entered."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=f"^{NAME}$")
    submission: Bytes
    """As `entering.submission_of`."""
    summary: str = Field(max_length=LONGEST)
    """In its own words."""
    sources: tuple[Source, ...]
    """What it declares, in order: its process is given nothing else."""
    is_control: bool
    worlds: tuple[str, ...] = Field(min_length=1)
    """The worlds of the round to which it applies."""


class Attempt(BaseModel):
    """A line of the log: algorithms that were entered together, or once more the same."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    """Of the attempt; that of an earlier line if it was trained again, or went on."""
    time: str = Field(max_length=40)
    """When it was entered, in UTC."""
    algorithms: tuple[Entered, ...] = Field(min_length=1)
    """They share their instances, and so are compared in the same ones."""
    previous: Bytes
    """SHA-256 of the line before; in the first line, the round's commitment."""

    @property
    def name(self) -> str:
        """Names its algorithms, in short."""
        first, others = self.algorithms[0].name, len(self.algorithms) - 1
        return f"{first}-and-{others}-more" if others else first

    @property
    def submission(self) -> str:
        """As `submission_of_all`."""
        return submission_of_all(self.algorithms)

    @property
    def worlds(self) -> tuple[str, ...]:
        """As `worlds_of_all`."""
        return worlds_of_all(self.algorithms)

    @property
    def folder(self) -> str:
        """Name of the folder of its results."""
        return f"{self.number:03}-{self.name}"

    @property
    def line(self) -> bytes:
        """Its line in the log."""
        return f"{self.model_dump_json()}\n".encode()


def submission_of_all(algorithms: Sequence[Entered]) -> str:
    """SHA-256 over algorithms that are entered together, from which their instances are drawn; that
    of a single one is its own."""
    if len(algorithms) == 1:
        return algorithms[0].submission
    told = "".join(f"{each.submission}\n" for each in algorithms)
    return hashlib.sha256(told.encode()).hexdigest()


def worlds_of_all(algorithms: Sequence[Entered]) -> tuple[str, ...]:
    """The worlds of the round to which one of them applies."""
    return tuple(dict.fromkeys(world for each in algorithms for world in each.worlds))


def read_log(folder: Path) -> list[Attempt]:
    """All lines of a round's log in order; whether they hang together is for `faults_of` to say.

    What follows the last line's end was not written whole, and is not part of it.

    Raises:
        UserError: if the log is damaged.
    """
    path = folder / LOG
    if not path.exists():
        return []
    try:
        with open_regular(path) as file:
            *lines, _ = file.read(LARGEST_JSON).split(b"\n")
        return [Attempt.model_validate_json(line) for line in lines]
    except ValidationError as error:
        raise UserError(f"{path}: damaged ({first_fault(error)})") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: damaged: {error}") from error


def attempts_of(log: Sequence[Attempt]) -> list[Attempt]:
    """Each attempt once, by the first of its lines."""
    first = {attempt.number: attempt for attempt in reversed(log)}
    return [first[number] for number in sorted(first)]


def attempt_of(log: Sequence[Attempt], algorithms: tuple[Entered, ...]) -> Attempt | None:
    """The attempt of these algorithms; None if they have not been entered together."""
    return next((each for each in log if each.algorithms == algorithms), None)


def times_entered(log: Sequence[Attempt]) -> Counter[int]:
    """How many lines each attempt has, by its number."""
    return Counter(attempt.number for attempt in log)


def head_of(log: Sequence[Attempt], commitment: str) -> str:
    """SHA-256 of the last line, which the next one has to name."""
    return hashlib.sha256(log[-1].line).hexdigest() if log else commitment


def faults_of(log: Sequence[Attempt], found: Round) -> list[str]:
    """A line for everything that does not hang together."""
    faults, known = [], dict[int, tuple[Entered, ...]]()
    for place, attempt in enumerate(log):
        what = attempt.algorithms
        is_next = attempt.number == len(known) + 1 and what not in known.values()
        if attempt.previous != head_of(log[:place], found.commitment) or not (
            is_next or known.get(attempt.number) == what
        ):
            faults.append(f"line {place + 1} of the log does not follow from those before")
        known.setdefault(attempt.number, what)
    kept = kept_of(found)
    last = found.head if kept is None else kept.head
    if last not in (None, head_of(log, found.commitment)):
        faults.append("the log does not end with the line that was its last")
    return faults


def logged(folder: Path, found: Round, kept: Kept, algorithms: tuple[Entered, ...]) -> Attempt:
    """Append a line for algorithms that are entered together to the log; returns it.

    Args:
        kept: what this computer keeps of the round, whose head is moved on.

    Raises:
        UserError: if the log is damaged, or not as this computer has left it.
        OSError: if it cannot be written.
    """
    with locked(folder):
        log = read_log(folder)
        heads = [head_of(log, found.commitment), head_of(log[:-1], found.commitment)]
        if kept.head not in heads:  # the last one was not kept if we were killed right then
            raise UserError(f"{folder / LOG}: not as this computer has left it; restore it")
        before = attempt_of(log, algorithms)
        attempt = Attempt(
            number=len(attempts_of(log)) + 1 if before is None else before.number,
            time=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            algorithms=algorithms,
            previous=heads[0],
        )
        (folder / attempt.folder).mkdir(exist_ok=True)  # first, as it may not be possible
        with (folder / LOG).open("ab") as file:
            file.truncate(sum(len(each.line) for each in log))
            file.write(attempt.line)
            file.flush()
            os.fsync(file.fileno())
        keep(found, kept.model_copy(update={"head": head_of([attempt], "")}))
        return attempt
