"""The process that computes one cell: `python -m leaderboard.running.child SPEC FOLDER PARENT`.

It writes into a temporary folder, which the runner then moves to its place. If the runner is gone,
it ends itself.
"""

import os
import resource
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from il_envs.learning.algorithm import TrainingWarning
from il_envs.learning.learned_reward import InvalidRewardError
from il_envs.learning.learning_curve import LearningCurveRecorder
from il_envs.learning.metering import Budget
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.world import World, get_world
from leaderboard.cells import Status
from leaderboard.conditions import configured
from leaderboard.measures.checked import require_policy
from leaderboard.measures.checked_tables import InvalidActionError
from leaderboard.protocol import CellSpec
from leaderboard.recorded import recorded_demonstrations
from leaderboard.running.evaluation import evaluate_learner, evaluate_reference
from leaderboard.running.outcome import Outcome, saved, write
from leaderboard.running.updates import counted_updates
from leaderboard.submission import load
from leaderboard.texts import one_line

CANNOT_WRITE = 74
"""Exit code when the cell was computed but could not be written, EX_IOERR of sysexits.h."""

INVALID = (InvalidActionError, InvalidRewardError)
"""Errors for invalid output of a learner; their message is the whole reason of the failure."""
WATCH_PERIOD = 0.5  # s
SPARE = 2**30  # bytes; libraries reserve some hundred MB that they do not use


def compute(spec: CellSpec) -> Outcome:
    """Train and evaluate; failures of the algorithm are caught and recorded."""
    outcome = Outcome()
    try:
        world = get_world(spec.world)
        if spec.labels is None:
            evaluate_reference(spec, world, outcome)
        else:
            policy = _train(spec, world, outcome)
            evaluate_learner(policy, spec, world, outcome)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        outcome.status, outcome.reason = _failure(error), _reason(error)
    return outcome


def _train(spec: CellSpec, world: World, outcome: Outcome) -> Policy:
    assert spec.labels is not None  # only reference rows have none
    algorithm = configured(load(spec.origin), spec.settings).algorithm
    budget = Budget(labels=spec.labels, steps=spec.steps)
    recorder = LearningCurveRecorder(budget.steps)
    recorded = None
    if spec.demonstrations:
        recorded = recorded_demonstrations(spec.demonstrations, spec.key["demonstrations"])
    problem = Problem(
        world, algorithm.sources, budget, spec.training_seed, spec.style or world.reference_style,
        recorder, recorded,
    )  # fmt: skip
    outcome.meter = problem.meter
    start = time.perf_counter()
    try:
        with _kept_warnings(outcome), counted_updates() as updates:
            policy = algorithm.train(problem, spec.training_seed, algorithm.config)
    finally:
        outcome.train_seconds = time.perf_counter() - start
        outcome.updates = updates.count
        outcome.learning_curve = recorder.curve() if problem.meter.steps else None
    require_policy(policy)
    outcome.policy = saved(policy)
    return policy


@contextmanager
def _kept_warnings(outcome: Outcome) -> Iterator[None]:
    """Record every TrainingWarning; other warnings are shown as usual."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", TrainingWarning)
            yield
    finally:
        for warning in caught:
            if issubclass(warning.category, TrainingWarning):
                outcome.warnings.append(one_line(str(warning.message)) or "no reason given")
            else:
                warnings.showwarning(
                    warning.message, warning.category, warning.filename, warning.lineno
                )


def _failure(error: BaseException) -> Status:
    if isinstance(error, INVALID):
        return "invalid action"
    is_refused = isinstance(error, MemoryError) or "allocate memory" in str(error)  # as Torch says
    return "memory" if is_refused else "error"


def _reason(error: BaseException) -> str:
    if isinstance(error, INVALID):
        return str(error)
    return one_line(traceback.format_exception_only(error)[-1])


def watch(parent: int) -> None:
    """End this process and its children once the runner is gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_PERIOD)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


def limit_resources(memory: int) -> None:
    """Let this process, and each one that it starts, reserve no more than `SPARE` bytes beyond its
    limit of memory: the runner, which weighs them all together, does so only now and then. Systems
    other than Linux do not count all of it. No file may be larger than that limit."""
    for resource_limit, most in (
        (resource.RLIMIT_DATA, memory + SPARE),
        (resource.RLIMIT_FSIZE, memory),
    ):
        _, hard = resource.getrlimit(resource_limit)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource_limit, (soft, hard))


def main() -> None:
    """Compute the cell that the arguments name."""
    json, folder, parent = sys.argv[1:]
    threading.Thread(target=watch, args=[int(parent)], daemon=True).start()
    spec = CellSpec.model_validate_json(json)
    limit_resources(spec.profile.memory_limit)
    outcome = compute(spec)
    try:
        write(spec, outcome, Path(folder))
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError):  # the log is on the same disk
            print(error.strerror or error, file=sys.stderr, flush=True)
        os._exit(CANNOT_WRITE)  # at once: closing files that are half written has more to say
    os._exit(0)  # threads that the algorithm left behind do not keep the process


if __name__ == "__main__":
    main()
