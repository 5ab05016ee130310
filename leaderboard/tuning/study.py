"""A study in a folder, which several processes may share and which goes on where it was stopped.

study.json       what is tuned, where, and the budget of each draw
journal.log      Optuna's journal of the draws
references/      cells of the reference rows, which make the scores
draws/N/         cells of each draw
confirmation/N/  cells of the first draw and of the best one, with further seeds
.locks/          of the folder, of each draw that a process computes, and of the confirmation

A draw whose process was killed is told by its lock, and goes on with the cells that it has.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from pydantic import ValidationError

from il_envs.learning.tuning import Choices, Space
from leaderboard import UserError
from leaderboard.publishing import LOCKS, locked
from leaderboard.tuning.record import Draw, StudySpec

DIGITS = 3
"""Significant digits of a drawn number, so that records can be read and typed."""
STARTUP = 4
"""Draws that are finished before one may be stopped."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass
class Claim:
    """A draw that this process computes."""

    trial: optuna.Trial
    settings: dict[str, Any]

    @property
    def number(self) -> int:
        """The number of the draw, from 0."""
        return self.trial.number


class Study:
    """The draws of a study.

    Args:
        folder: where it is kept; it is made if it is not there.
        spec: what is tuned; `spec.first` is the first draw.
        space: the space of each setting, by its path.

    Raises:
        UserError: if the folder holds another study, or its journal is damaged.
        OSError: if it cannot be written.
    """

    def __init__(self, folder: Path, spec: StudySpec, space: dict[str, Space]) -> None:
        self.folder, self.spec = folder, spec
        self._space = space
        with locked(folder):
            before = read_spec(folder)
            if before is not None:
                _require_same(folder, before, spec)
            self._study = _read_journal(folder / "journal.log", spec.algorithm)
            if before is None or before.confirm is None:
                (folder / "study.json").write_text(spec.model_dump_json(indent=1) + "\n", "utf-8")

    @property
    def draws(self) -> list[Draw]:
        """The finished draws, by number."""
        return _draws(self._study)

    @property
    def begun(self) -> int:
        """The number of draws that have begun, finished or not."""
        states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        return len(self._study.get_trials(deepcopy=False, states=states))

    @contextmanager
    def claim(self, draws: int) -> Iterator[Claim | None]:
        """The next draw for this process: one that another has left unfinished, or else a new one;
        None if all have been begun, and those that are unfinished are computed by others.

        Args:
            draws: the number of draws in all.
        """
        with locked(self.folder):
            claimed, lock = self._claimed(draws)
        try:
            yield claimed
        finally:
            with locked(self.folder):
                if lock is not None:
                    lock.release()

    def is_below_median(self, claim: Claim, score: float) -> bool:
        """Keep the score after a draw's first seeds; returns whether it is below the median of the
        finished draws at the same time."""
        with locked(self.folder):
            with warnings.catch_warnings():  # that a draw goes on, and the score is there already
                warnings.simplefilter("ignore")
                claim.trial.report(score, 0)
            return claim.trial.should_prune()

    def finish(self, claim: Claim, draw: Draw) -> None:
        """Keep a finished draw."""
        with locked(self.folder):
            claim.trial.set_user_attr("draw", draw.model_dump(mode="json"))
            state = TrialState.PRUNED if draw.is_stopped else TrialState.COMPLETE
            self._study.tell(claim.trial, None if draw.is_stopped else draw.score, state)

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """Keep other processes from confirming; they then find what this one has computed."""
        (self.folder / LOCKS).mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / LOCKS / "confirmation"):
            yield

    def _claimed(self, draws: int) -> tuple[Claim | None, FileLock | None]:
        for left in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            lock = self._lock(left.number)
            if lock is None:
                continue
            if "settings" in left.user_attrs:
                trial = optuna.Trial(self._study, left._trial_id)
                return Claim(trial, left.user_attrs["settings"]), lock
            lock.release()
            self._study.tell(left.number, state=TrialState.FAIL)  # killed while it was drawn
        begun = self.begun
        if begun >= draws:
            return None, None
        trial = self._ask(begun)
        values = {name: _value(self._space[name], raw) for name, raw in trial.params.items()}
        claim = Claim(trial, values if begun else self.spec.first)
        trial.set_user_attr("settings", claim.settings)
        return claim, self._lock(claim.number)

    def _ask(self, begun: int) -> optuna.Trial:
        if begun == 0:
            first = {name: _raw(self._space[name], v) for name, v in self.spec.first.items()}
            self._study.enqueue_trial(first)
        seed = np.random.SeedSequence([self.spec.sampler_seed, begun]).generate_state(1)
        # A sampler for each draw, so that interruptions do not change what is drawn.
        self._study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]))
        return self._study.ask({name: _distribution(part) for name, part in self._space.items()})

    def _lock(self, number: int) -> FileLock | None:
        """The lock of a draw, held; None if another process holds it."""
        lock = FileLock(self.folder / LOCKS / f"draw-{number}", timeout=0.0)
        try:
            lock.acquire()
        except Timeout:
            return None
        return lock


def read_spec(folder: Path) -> StudySpec | None:
    """The study that a folder holds; None if it holds none.

    Raises:
        UserError: if its file is damaged.
    """
    path = folder / "study.json"
    try:
        return StudySpec.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: damaged; choose another --out, or remove the folder") from error


def _read_journal(path: Path, algorithm: str) -> optuna.Study:
    """Optuna's study of the draws in a journal, which is begun if there is none.

    Raises:
        UserError: if it is damaged: cut off within a line, say.
        OSError: if it cannot be read or written.
    """
    hint = f"remove it, and draws are made anew with the cells that {path.parent} keeps"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            is_whole = isinstance(json.loads(line), dict) and line.endswith(b"\n")
        except ValueError:
            is_whole = False
        if not is_whole:
            raise UserError(f"{path}: damaged in line {number}; {hint}")
    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        if algorithm not in optuna.get_all_study_names(storage):
            optuna.create_study(storage=storage, study_name=algorithm, direction="maximize")
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
        study = optuna.load_study(study_name=algorithm, storage=storage, pruner=pruner)
        _draws(study)
    except OSError:
        raise
    except Exception as error:  # whatever comes of lines that are not Optuna's
        raise UserError(f"{path}: not the journal of a study; {hint}") from error
    return study


def _draws(study: optuna.Study) -> list[Draw]:
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [Draw.model_validate(trial.user_attrs["draw"]) for trial in trials]


def _require_same(folder: Path, before: StudySpec, now: StudySpec) -> None:
    for name, value in before:
        other = getattr(now, name)
        if value == other or (name == "confirm" and value is None):
            continue
        what = {
            "code": "another version of its code",
            "config": "other settings",
            "space": "another search space",
            "world_hashes": "another version of its worlds",
        }.get(name, f"{name.replace('_', ' ')} {_in_words(value)}, not {_in_words(other)}")
        raise UserError(
            f"{folder} holds a study of {before.algorithm} with {what}; choose another --out"
        )


def _in_words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else f"{value}"


def _distribution(space: Space) -> BaseDistribution:
    if isinstance(space, Choices):
        return CategoricalDistribution(range(len(space.values)))
    if space.is_whole:
        return IntDistribution(int(space.low), int(space.high), log=space.log)
    return FloatDistribution(space.low, space.high, log=space.log)


def _raw(space: Space, value: Any) -> Any:
    """A setting as Optuna has it: a choice by its place."""
    if isinstance(space, Choices):
        return space.values.index(space.value(value))
    return value


def _value(space: Space, raw: Any) -> Any:
    """What Optuna has drawn as a value of the setting."""
    if isinstance(space, Choices):
        return space.values[raw]
    if space.is_whole:
        return raw
    return min(max(float(f"{raw:.{DIGITS}g}"), float(space.low)), float(space.high))
