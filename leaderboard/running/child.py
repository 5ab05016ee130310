"""The process of a cell: `python -m leaderboard.running.child FOLDER PARENT PLACE`. What cell to
compute is its input.

It is the scorer: the world, the expert, the rewards, the meter and the clock are here, and the
algorithm is in a process of its own. It writes into a temporary folder, which the runner then moves
to its place. If the runner is gone, it ends itself.
"""

import os
import resource
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from il_envs.learning.learning_curve import LearningCurveRecorder
from il_envs.learning.metering import Budget
from il_envs.learning.problem import Problem
from il_envs.remote.channel import Message
from il_envs.remote.contents import Terms
from il_envs.remote.numbering import Numbering
from il_envs.remote.server import ProblemServer
from il_envs.world import World, get_world
from leaderboard.measures.checked import tensors_of
from leaderboard.protocol import CellSpec
from leaderboard.recorded import recorded_demonstrations
from leaderboard.running.evaluation import (
    evaluate_learner,
    evaluate_reference,
    evaluate_table,
    measure_trained,
)
from leaderboard.running.failure import failure_of
from leaderboard.running.learned import FailedError, Report, policy_of, require_success
from leaderboard.running.limits import become_subreaper, end_descendants
from leaderboard.running.outcome import Outcome, packed, write
from leaderboard.running.process import CrashedError, algorithm_process, algorithm_thread

IN_PROCESS, APART = "in-process", "apart"
"""Places of the algorithm: in this process, or in one of its own."""
CANNOT_WRITE = 74
"""Exit code when the cell was computed but could not be written, EX_IOERR of sysexits.h."""

WATCH_PERIOD = 0.5  # s
SPARE = 2**30  # bytes; libraries reserve some hundred MB that they do not use


def compute(spec: CellSpec, in_process: bool = False) -> Outcome:
    """Train and evaluate; failures of the algorithm are caught and recorded.

    Args:
        in_process: whether the algorithm is in this process too, for debugging.
    """
    outcome = Outcome()
    try:
        world = get_world(spec.world)
        if spec.labels is None:
            evaluate_reference(spec, world, outcome)
        else:
            _compute_learner(spec, world, outcome, in_process)
    except FailedError as error:
        outcome.status, outcome.reason = error.status, error.reason
    except CrashedError as error:
        outcome.status, outcome.reason = "crashed", str(error)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        outcome.status, outcome.reason = failure_of(error)
    return outcome


def _compute_learner(spec: CellSpec, world: World, outcome: Outcome, in_process: bool) -> None:
    """Train in one process, and let the policy act in a fresh one, if it can be restored there."""
    assert spec.labels is not None  # only reference rows have none
    algorithm: dict[str, Any] = {"origin": spec.origin, "settings": spec.settings}
    budget = Budget(labels=spec.labels, steps=spec.steps)
    recorder = LearningCurveRecorder(budget.steps)
    recorded = None
    if spec.demonstrations:
        recorded = recorded_demonstrations(spec.demonstrations, spec.key["demonstrations"])
    problem = Problem(
        world, frozenset(spec.sources), budget, spec.training_seed,
        spec.style or world.reference_style, recorder, recorded,
    )  # fmt: skip
    outcome.meter = problem.meter
    numbering = Numbering.of(world)
    terms = [Terms(numbering.nameplate, problem.sources, budget)]
    start_worker = algorithm_thread if in_process else algorithm_process
    memory = spec.profile.memory_limit
    train = Message("train", algorithm | {"seed": spec.training_seed})
    with start_worker(train, terms, memory) as worker:
        channel, outcome.guards = worker.channel, worker.guards
        require_success(channel.receive(), "ready")
        start = time.perf_counter()
        try:
            channel.send(Message("begin"))
            message = ProblemServer(problem, channel, numbering).serve()
        finally:
            outcome.train_seconds = time.perf_counter() - start
            outcome.learning_curve = recorder.curve() if problem.meter.steps else None
        report = Report.of(message)
        outcome.warnings, outcome.updates = list(report.warnings), report.updates
        require_success(message, "policy")
        learned = policy_of(channel, report, numbering)
        tensors = tensors_of(learned)
        outcome.policy = packed(tensors)
        table = measure_trained(learned, spec, world, outcome)
        acts_anew = table is None and bool(tensors) and report.is_restorable
        if table is not None:
            evaluate_table(table, spec, world, outcome)
        elif not acts_anew:
            evaluate_learner(learned, spec, world, outcome)
    if acts_anew:
        with start_worker(Message("restore", algorithm, tensors), terms, memory) as worker:
            restored = Report.of(require_success(worker.channel.receive(), "policy"))
            policy = policy_of(worker.channel, restored, numbering)
            evaluate_learner(policy, spec, world, outcome)


def watch(parent: int) -> None:
    """End this process and its children once the runner is gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_PERIOD)
    end_descendants(None)
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
    """Compute the cell that the input names."""
    folder, parent, place = sys.argv[1:]
    become_subreaper()
    threading.Thread(target=watch, args=[int(parent)], daemon=True).start()
    spec = CellSpec.model_validate_json(sys.stdin.read())
    limit_resources(spec.profile.memory_limit)
    outcome = compute(spec, in_process=place == IN_PROCESS)
    end_descendants(None)  # which could change what is written
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
