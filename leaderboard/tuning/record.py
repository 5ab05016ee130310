"""The record of a study: what was searched, every draw and its score, how the best draw and the
first did with further seeds, and the settings of the better one.

It is a file that is committed, `tuning/NAME.json` beside the algorithm's module, from where
`il_envs.tuned` gives the algorithm its settings.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from il_envs.learning import study_record
from il_envs.learning.installed import installed_algorithms
from il_envs.learning.tuning import record_path
from il_envs.world import UnknownNameError
from leaderboard import UserError
from leaderboard.computer import Computer
from leaderboard.describing import find
from leaderboard.files import first_fault
from leaderboard.texts import count_of


class StudySpec(BaseModel):
    """A study: what is tuned, where, and the budget of each draw."""

    model_config = ConfigDict(frozen=True)

    algorithm: str
    worlds: tuple[str, ...]
    seeds: int
    """Training seeds in each world."""
    stop_after: int
    """Training seeds after which a draw may be stopped; none is if these are all."""
    confirm: int | None = None
    """Further training seeds for the best draw and the first; None in a file that does not say."""
    labels: int
    """Expert actions of each training, if the algorithm uses any."""
    steps: int
    """Environment steps that each training may take, over all rows."""
    episodes: int
    """Training episodes on which each policy is scored."""
    time_limit: float
    """Wall-clock limit of each training and its evaluation, in seconds."""
    sampler_seed: int
    space: dict[str, dict[str, Any]]
    """The space of each setting by its path, as `described`."""
    first: dict[str, Any]
    """The settings of the first draw, those that the algorithm had."""
    config: str
    """The config with them, whose other settings all draws share."""
    code: str
    """SHA-256 over the algorithm's source files."""
    world_hashes: dict[str, str]

    @property
    def budget(self) -> str:
        """What each draw may use, in words."""
        return (
            f"{', '.join(self.worlds)}: {count_of(self.seeds, 'training seed')} of "
            f"{self.labels:,} labels and {self.steps:,} steps in each"
        )


class Draw(BaseModel):
    """One draw of the settings, and its score."""

    model_config = ConfigDict(frozen=True)

    number: int
    settings: dict[str, Any]
    score: float
    """Mean over worlds and seeds of the normalised score; a failed training scores as random."""
    scores: dict[str, tuple[float, ...]]
    """The score of each seed, by the world."""
    is_stopped: bool = False
    """True if it was below the median after its first seeds, and not trained with the others."""
    failures: tuple[str, ...] = ()
    repeats: int | None = None
    """The number of an earlier draw of the same settings, whose scores these are."""


class Confirmation(BaseModel):
    """The first draw and the best one, trained with seeds that no draw has had.

    The best score of many draws is partly luck, which these scores have no part in.
    """

    model_config = ConfigDict(frozen=True)

    seeds: tuple[int, ...]
    """Their numbers, from 0; the draws had those below `StudySpec.seeds`."""
    first: Draw
    best: Draw

    @property
    def is_better(self) -> bool:
        """Whether the best draw is better than the first here too, and has not failed."""
        best = self.best
        return study_record.is_better(self.first.score, best.score, best.failures)

    def __str__(self) -> str:
        kept = "" if self.is_better else "the first is kept: "
        failed = "".join(
            f"; {name} failed in {count_of(len(draw.failures), 'training')} ({draw.failures[0]})"
            for name, draw in (
                (f"draw {self.best.number + 1}", self.best),
                ("the first", self.first),
            )
            if draw.failures
        )
        return (
            f"{kept}draw {self.best.number + 1} scored {self.best.score:.3f} against "
            f"{self.first.score:.3f} of the first on {count_of(len(self.seeds), 'fresh seed')}"
            f"{failed}"
        )


class Record(BaseModel):
    """The contents of a record."""

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    """The settings that the algorithm takes: those of the best draw if it is confirmed, and
    otherwise those of the first."""
    best: int
    """The number of the draw with the best score."""
    config: str
    """The config with the settings."""
    confirmation: Confirmation | None
    """None if the best draw is the first, so that there is nothing to confirm."""
    study: StudySpec
    draws: tuple[Draw, ...]
    computer: Computer | None
    """The computer that it was finished on."""


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON, a draw on each line.

    Raises:
        OSError: if it cannot be written.
    """
    parts = [
        f" {json.dumps(name)}: {_on_lines(part)}"
        for name, part in record.model_dump(mode="json").items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    temporary.replace(path)


def _on_lines(part: Any) -> str:
    """JSON with a line for each entry of an object or an array."""
    if isinstance(part, dict):
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in part.items()]
        return "{\n" + ",\n".join(lines) + "\n }"
    if isinstance(part, list):
        return "[\n" + ",\n".join(f"  {json.dumps(value)}" for value in part) + "\n ]"
    return json.dumps(part)


def read_record(path: Path) -> Record | None:
    """The record in a file; None if there is none.

    Raises:
        UserError: if it is damaged, or its parts do not fit each other.
    """
    try:
        content = study_record.read_record(path)
        return None if content is None else Record.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{path}: {first_fault(error)}; {study_record.REMEDY}") from error
    except ValueError as error:
        raise UserError(str(error)) from error


def record_of(algorithm: str, origin: str) -> Path | None:
    """Where the record of an algorithm is, if there is one.

    Args:
        origin: the name of its entry point, or the path of its folder; an algorithm that is no
            longer there has no place for one.
    """
    if Path(origin).is_absolute():
        return record_path(algorithm, Path(origin) / "algorithm.py")
    point = installed_algorithms().get(origin)
    found = find_spec(point.module) if point is not None else None
    return record_path(algorithm, found.origin) if found is not None and found.origin else None


def told_settings(algorithm: str, origin: str, config: str) -> Iterator[str]:
    """Where the settings of a row come from, in lines.

    Args:
        config: the config that its cells had, as its key has it.

    Raises:
        UserError: if the record is damaged, or its parts do not fit each other.
    """
    of = _tuned_as(origin) or algorithm
    path = record_of(of, of if of in installed_algorithms() else origin)
    record = None if path is None else read_record(path)
    if path is None or record is None:
        yield f"settings: not tuned, there is no recorded study of {of}"
        return
    place = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    if record.config != config and not (of != algorithm and _takes_over(record, origin, config)):
        yield f"settings: not tuned, they are not those of the study {place}"
        return
    study = record.study
    if study.algorithm != of:
        yield f"settings: not tuned, the study {place} is one of {study.algorithm}, not of {of}"
        return
    confirmation = record.confirmation
    which = "first" if confirmation is not None and not confirmation.is_better else "best"
    yield (
        f"settings: of the study {place}, the {which} of {count_of(len(record.draws), 'draw')} of "
        f"{of} ({study.budget})"
    )
    if confirmation is not None:
        yield f"  {confirmation}"
    for name, value in record.settings.items():
        yield f"  {name} = {json.dumps(value)}"


def _tuned_as(origin: str) -> str:
    """The algorithm whose settings another takes over; empty if none, or if it cannot be loaded."""
    with suppress(UserError, UnknownNameError):
        return find(origin).tuned_as
    return ""


def _takes_over(record: Record, origin: str, config: str) -> bool:
    """Whether an algorithm that was run with this config has the settings of a record, inside of
    its own or as its own."""
    present = find(origin)
    return present.config == config and all(
        any(
            (path == name or path.endswith(f".{name}")) and json.dumps(value) == json.dumps(best)
            for path, value in present.values.items()
        )
        for name, best in record.settings.items()
    )
