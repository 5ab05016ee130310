"""The process that computes one cell: `python -m leaderboard.running.child SPEC FOLDER PARENT`.

It writes into a temporary folder, which the runner then moves to its place. If the runner is gone,
it ends itself.
"""

import hashlib
import os
import random
import resource
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import safetensors.numpy

from il_envs.buttons import chords_of
from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.checks import FloatArray
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal
from il_envs.learning.algorithm import TrainingWarning
from il_envs.learning.learned_reward import InvalidRewardError
from il_envs.learning.learning_curve import LearningCurve, LearningCurveRecorder
from il_envs.learning.metering import Budget, Meter
from il_envs.learning.policy import (
    ExactPolicy,
    ExpertPolicy,
    LinearPolicy,
    Policy,
    RandomPolicy,
    TabularPolicy,
)
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.learning.support import has_support
from il_envs.world import World, get_world
from leaderboard.cells import (
    MODE_TRACES,
    Acting,
    Cell,
    Status,
    episode_results,
    write_cell,
    write_reward_map,
    write_traces,
)
from leaderboard.computer import this_computer
from leaderboard.conditions import configured
from leaderboard.measures.checked import CheckedPolicy, require_policy, tensors_of
from leaderboard.measures.checked_tables import InvalidActionError, learned_reward, policy_table
from leaderboard.measures.exact import ExactMetrics, exact_metrics
from leaderboard.measures.exact_linear import (
    controlled_returns,
    estimated_metrics,
    linear_control,
    row_metrics,
)
from leaderboard.measures.exact_linear import metrics as linear_metrics
from leaderboard.measures.references import (
    box_of,
    linear_reference,
    reference_control,
    reference_table,
    tabular_reference,
)
from leaderboard.measures.support import outside_support
from leaderboard.protocol import EVALUATION_SEED, CellSpec
from leaderboard.recorded import recorded_demonstrations
from leaderboard.reward_maps import RewardMap, reward_map, tables_of
from leaderboard.running.updates import counted_updates
from leaderboard.submission import load

CANNOT_WRITE = 74
"""Exit code when the cell was computed but could not be written, EX_IOERR of sysexits.h."""

INVALID = (InvalidActionError, InvalidRewardError)
"""Errors for invalid output of a learner; their message is the whole reason of the failure."""
WATCH_PERIOD = 0.5  # s
SPARE = 2**30  # bytes; libraries reserve some hundred MB that they do not use


@dataclass
class Outcome:
    """The outcome of a cell, filled in step by step."""

    status: Status = "ok"
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    learning_curve: LearningCurve | None = None
    updates: int | None = None
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    acts: Acting = ""
    episodes: Sequence[Episode] = ()
    mode_episodes: Sequence[Episode] = ()
    controlled: list[float] = field(default_factory=list)  # returns, as those below
    controlled_modes: list[float] = field(default_factory=list)
    exact: ExactMetrics | None = None
    outside_support: float | None = None
    policy: bytes = b""  # safetensors
    reward: bytes = b""  # safetensors
    reward_map: RewardMap = field(default_factory=dict)


def compute(spec: CellSpec) -> Outcome:
    """Train and evaluate; failures of the algorithm are caught and recorded."""
    outcome = Outcome()
    try:
        world = get_world(spec.world)
        if spec.labels is None:
            _evaluate_reference(spec, world, outcome)
        else:
            policy = _train(spec, world, outcome)
            _evaluate_learner(policy, spec, world, outcome)
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
    outcome.policy = _saved(policy)
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
                outcome.warnings.append(_first_line(str(warning.message)))
            else:
                warnings.showwarning(
                    warning.message, warning.category, warning.filename, warning.lineno
                )


def _saved(learned: object) -> bytes:
    """The tensors of a policy or a reward as safetensors; empty if there are none."""
    tensors = tensors_of(learned)
    return safetensors.numpy.save(tensors) if tensors else b""


def _evaluate_reference(spec: CellSpec, world: World, outcome: Outcome) -> None:
    make_policy = reference_policy(world, spec.algorithm, spec.training_seed, spec.style)
    start = time.perf_counter()
    outcome.episodes = _evaluation_episodes(make_policy, spec, world)
    outcome.acts = "scripted" if spec.style or spec.algorithm == "expert" else "drawn"
    if not spec.profile.is_tuning:
        _measure_reference(spec, world, outcome)
    outcome.evaluation_seconds = time.perf_counter() - start


def _measure_reference(spec: CellSpec, world: World, outcome: Outcome) -> None:
    outcome.outside_support = outside_support(world, outcome.episodes)
    reference, linear = tabular_reference(world), linear_reference(world)
    if linear is not None:
        outcome.controlled = controlled_returns(linear, outcome.episodes).tolist()
    if spec.style:
        return  # nothing else is known of an expert but its episodes
    if reference is not None:
        table = reference_table(reference, spec.algorithm)
        outcome.exact = exact_metrics(world, table, None)
        outcome.acts = acting(table)
    elif linear is not None:
        outcome.exact = row_metrics(linear, spec.algorithm, box_of(world))
        outcome.acts = "deterministic" if spec.algorithm == "optimal" else "drawn"


def reference_policy(
    world: World, name: str, seed: int, style: str = ""
) -> Callable[[WorldVectorEnv], Policy]:
    """A function that makes the policy of a reference row, given the environment in which it acts;
    an expert is bound to it.

    Args:
        style: that of the expert whose row it is; empty for any other row.
    """
    if style:
        return lambda env: ExpertPolicy(env, style)
    reference, linear = tabular_reference(world), linear_reference(world)
    control = None if linear is None else reference_control(linear, name)
    if control is not None:
        return lambda env: LinearPolicy(control, world.spaces.action, seed)
    if reference is not None:
        table = reference_table(reference, name)
        return lambda env: TabularPolicy(table, seed, chords_of(world.spaces.action))
    if name == "random":
        return lambda env: RandomPolicy(world.spaces.action, seed)
    return lambda env: ExpertPolicy(env, world.reference_style)


def _evaluate_learner(policy: Policy, spec: CellSpec, world: World, outcome: Outcome) -> None:
    checked = CheckedPolicy(policy, world)
    start = time.perf_counter()
    seed_generators(EVALUATION_SEED + spec.seed)
    episodes = _evaluation_episodes(lambda env: checked, spec, world)
    if not spec.profile.is_tuning:
        _measure_learner(policy, episodes, spec, world, outcome)
    outcome.episodes = episodes  # set last: a policy that has failed has none
    outcome.evaluation_seconds = time.perf_counter() - start


def _measure_learner(
    policy: Policy, episodes: list[Episode], spec: CellSpec, world: World, outcome: Outcome
) -> None:
    """The metrics of a learner that need more than its episodes."""
    reward = learned_reward(policy, world)
    if reward is not None:
        outcome.reward, outcome.reward_map = _saved(reward), reward_map(world, reward)
    reference, linear = tabular_reference(world), linear_reference(world)
    if reference is not None and isinstance(policy, ExactPolicy):
        table = policy_table(policy, reference.model)
        outcome.exact = exact_metrics(world, table, tables_of(outcome.reward_map))
        outcome.acts = acting(table)
    else:
        checked = CheckedPolicy(policy, world)
        modes = _evaluation_episodes(lambda env: checked, spec, world, deterministic=True)
        if [mode.state_hash for mode in modes] == [drawn.state_hash for drawn in episodes]:
            outcome.acts = "deterministic"
        else:
            outcome.acts, outcome.mode_episodes = "drawn", modes
    if linear is not None:
        _measure_linear(policy, linear, world, episodes, outcome)
    outcome.outside_support = outside_support(world, episodes)


def _measure_linear(
    policy: Policy,
    reference: LinearQuadraticSoftOptimal,
    world: World,
    episodes: Sequence[Episode],
    outcome: Outcome,
) -> None:
    """The metrics of a learner in a linear-quadratic world, exact if its policy is linear."""
    outcome.controlled = controlled_returns(reference, episodes).tolist()
    if outcome.mode_episodes:
        outcome.controlled_modes = controlled_returns(reference, outcome.mode_episodes).tolist()
    control = linear_control(policy, reference, box_of(world))
    if control is not None:
        outcome.exact = linear_metrics(reference, control)
    else:
        modes = outcome.controlled_modes or outcome.controlled
        outcome.exact = estimated_metrics(reference, policy, episodes, float(np.mean(modes)))


def acting(table: FloatArray) -> Acting:
    """How a policy with that table acts, [S, A] or [T, S, A]."""
    return "deterministic" if (table.max(-1) == 1.0).all() else "drawn"


def seed_generators(seed: int) -> None:
    """Seed the generators from which a policy without one of its own may draw: Python's, NumPy's
    and, if it is in use, torch's. What it draws does not depend on what training has drawn."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _evaluation_episodes(
    make_policy: Callable[[WorldVectorEnv], Policy],
    spec: CellSpec,
    world: World,
    deterministic: bool = False,
) -> list[Episode]:
    """Run the evaluation episodes, with draws of the policy unless its most likely actions are
    asked for."""
    return run_episodes(
        world,
        spec.profile.evaluation_split,
        make_policy,
        spec.profile.evaluation_seeds,
        deterministic=deterministic,
        keep_observations=has_support(world),
    )


def write(spec: CellSpec, outcome: Outcome, folder: Path) -> None:
    """Write the cell, `cell.json` last.

    Raises:
        OSError: if it cannot be written.
    """
    if outcome.episodes:
        write_traces(folder, [episode.actions for episode in outcome.episodes])
    if outcome.mode_episodes:
        traces = [episode.actions for episode in outcome.mode_episodes]
        write_traces(folder, traces, MODE_TRACES)
    files = {"policy.safetensors": outcome.policy, "reward.safetensors": outcome.reward}
    files = {name: content for name, content in files.items() if content}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if outcome.reward_map:
        write_reward_map(folder, outcome.reward_map)
    cell = Cell(
        spec=spec,
        status=outcome.status,
        reason=outcome.reason,
        warnings=tuple(outcome.warnings),
        meter=outcome.meter.as_dict(),
        learning_curve=outcome.learning_curve,
        updates=outcome.updates,
        train_seconds=outcome.train_seconds,
        evaluation_seconds=outcome.evaluation_seconds,
        acts=outcome.acts,
        episodes=episode_results(outcome.episodes, outcome.controlled if outcome.episodes else ()),
        mode_episodes=episode_results(outcome.mode_episodes, outcome.controlled_modes),
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        exact=outcome.exact,
        outside_support=outcome.outside_support,
        computer=this_computer(),
    )
    write_cell(folder, cell)


def _failure(error: BaseException) -> Status:
    if isinstance(error, INVALID):
        return "invalid action"
    is_refused = isinstance(error, MemoryError) or "allocate memory" in str(error)  # as Torch says
    return "memory" if is_refused else "error"


def _reason(error: BaseException) -> str:
    if isinstance(error, INVALID):
        return str(error)
    return _first_line(traceback.format_exception_only(error)[-1])


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0]


def watch(parent: int) -> None:
    """End this process and its children once the runner is gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_PERIOD)
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


def limit_memory(limit: int) -> None:
    """Let this process, and each one that it starts, reserve no more than `SPARE` bytes beyond its
    limit: the runner, which weighs them all together, does so only now and then. Systems other
    than Linux do not count all of it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit += SPARE
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def main() -> None:
    """Compute the cell that the arguments name."""
    json, folder, parent = sys.argv[1:]
    threading.Thread(target=watch, args=[int(parent)], daemon=True).start()
    spec = CellSpec.model_validate_json(json)
    limit_memory(spec.profile.memory_limit)
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
