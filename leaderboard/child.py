"""The process that computes one cell: `python -m leaderboard.child SPEC FOLDER PARENT`.

It writes into a temporary folder; the runner, which watches it, gives the folder its place. When
the runner is gone, it ends itself.
"""

import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import safetensors.numpy
from numpy.typing import NDArray

from il_envs.gym_env import checked_actions
from il_envs.kernels import action_bounds
from il_envs.policy import ExpertPolicy, Policy, RandomPolicy
from il_envs.problem import Budget, Meter, Problem
from il_envs.rollout import Episode, run_episodes
from il_envs.vector_env import WorldVectorEnv
from il_envs.world import World, get_world
from leaderboard.cells import Cell, Status, episode_rows, versions, write_cell, write_traces
from leaderboard.protocol import REFERENCE_STYLE, CellSpec
from leaderboard.submission import load

CANNOT_WRITE = 74
"""Exit code when the cell was computed but could not be written, EX_IOERR of sysexits.h."""

WATCH_PERIOD = 0.5  # s


class InvalidActionError(ValueError):
    """A policy answered with something that is no batch of actions."""


class CheckedPolicy:
    """A policy whose every answer is checked before the world sees it."""

    def __init__(self, policy: Policy, world: World) -> None:
        if not callable(getattr(policy, "predict", None)):
            kind = type(policy).__name__
            raise TypeError(f"train must return a policy with a method predict, not {kind}")
        self._policy = policy
        self._world = world
        self._low, self._high = action_bounds(world.action_space)

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """The policy's answer.

        Raises:
            InvalidActionError: if it is not (actions [rows, ...] in the action space, state).
        """
        answer = self._policy.predict(observation, state, episode_start, deterministic)
        if not isinstance(answer, tuple) or len(answer) != 2:
            kind = type(answer).__name__
            raise InvalidActionError(f"predict must return (actions, state), not {kind}")
        actions, state = answer
        try:
            rows = checked_actions(actions, self._world, (len(observation),))
        except (ValueError, TypeError) as error:
            raise InvalidActionError(str(error)) from error
        rows = rows.reshape(len(observation), -1)
        invalid = np.argwhere(~((self._low <= rows) & (rows <= self._high)))
        if len(invalid):
            row, entry = invalid[0]
            raise InvalidActionError(
                f"{self._world.name}: action entry {entry} of row {row} is {rows[row, entry]}, "
                f"must be from {self._low[entry]:g} to {self._high[entry]:g}"
            )
        return actions, state


@dataclass
class Outcome:
    """What came of a cell, filled in as far as it got."""

    status: Status = "ok"
    reason: str = ""
    meter: Meter = field(default_factory=Meter)
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    episodes: Sequence[Episode] = ()
    policy: bytes = b""  # safetensors


def compute(spec: CellSpec) -> Outcome:
    """Train and evaluate, whatever the algorithm does."""
    outcome = Outcome()
    try:
        world = get_world(spec.world)
        is_reference = spec.labels is None
        make_policy = _reference(spec, world) if is_reference else _train(spec, world, outcome)
        start = time.perf_counter()
        outcome.episodes = run_episodes(world, "held_out", make_policy, spec.evaluation_seeds)
        outcome.evaluation_seconds = time.perf_counter() - start
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        outcome.status, outcome.reason = _failure(error), _reason(error)
    return outcome


def _reference(spec: CellSpec, world: World) -> Callable[[WorldVectorEnv], Policy]:
    if spec.algorithm == "random":
        return lambda env: RandomPolicy(world.action_space, spec.seed)
    return lambda env: ExpertPolicy(env, REFERENCE_STYLE)


def _train(spec: CellSpec, world: World, outcome: Outcome) -> Callable[[WorldVectorEnv], Policy]:
    assert spec.labels is not None  # only reference rows have none
    algorithm = load(spec.origin).algorithm
    budget = Budget(labels=spec.labels, steps=spec.profile.steps)
    problem = Problem(world, algorithm.sources, budget, spec.seed, REFERENCE_STYLE)
    outcome.meter = problem.meter
    start = time.perf_counter()
    try:
        policy = algorithm.train(problem, spec.seed, algorithm.config)
    finally:
        outcome.train_seconds = time.perf_counter() - start
    checked = CheckedPolicy(policy, world)
    if hasattr(policy, "tensors"):
        arrays = {name: np.ascontiguousarray(array) for name, array in policy.tensors().items()}
        outcome.policy = safetensors.numpy.save(arrays)
    return lambda env: checked


def write(spec: CellSpec, outcome: Outcome, folder: Path) -> None:
    """Write the cell, `cell.json` last.

    Raises:
        OSError: if it cannot be written.
    """
    if outcome.episodes:
        write_traces(folder, outcome.episodes)
    if outcome.policy:
        (folder / "policy.safetensors").write_bytes(outcome.policy)
    cell = Cell(
        spec=spec,
        status=outcome.status,
        reason=outcome.reason,
        meter=outcome.meter.as_dict(),
        train_seconds=outcome.train_seconds,
        evaluation_seconds=outcome.evaluation_seconds,
        episodes=episode_rows(outcome.episodes),
        versions=versions(),
        platform=platform.platform(),
    )
    write_cell(folder, cell)


def _failure(error: BaseException) -> Status:
    if isinstance(error, InvalidActionError):
        return "invalid action"
    return "memory" if isinstance(error, MemoryError) else "error"


def _reason(error: BaseException) -> str:
    if isinstance(error, InvalidActionError):
        return str(error)
    return traceback.format_exception_only(error)[-1].strip().splitlines()[0]


def watch(parent: int) -> None:
    """End this process and its children once the runner is gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_PERIOD)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


def main() -> None:
    """Compute the cell that the arguments name."""
    json, folder, parent = sys.argv[1:]
    threading.Thread(target=watch, args=[int(parent)], daemon=True).start()
    spec = CellSpec.model_validate_json(json)
    outcome = compute(spec)
    code = 0
    try:
        write(spec, outcome, Path(folder))
        sys.stdout.flush()
    except OSError as error:
        code = CANNOT_WRITE
        with suppress(OSError):  # the log is on the same disk
            print(error.strerror or error, file=sys.stderr, flush=True)
    os._exit(code)  # threads that the algorithm left behind do not keep the process


if __name__ == "__main__":
    main()
