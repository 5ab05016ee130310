"""`make bench-exact`: the exact solver against the library `imitation`, and its cost as it grows.

`imitation` pins old releases of what we need, so it has a virtual environment of its own; its
Python is the only argument; `imitation_yardstick.py` runs there as a subprocess. The two
sides take turns on the same core, on the same models. Nothing here passes or fails.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is imported, and for both sides
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import ctypes
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import sparse

from baselines.maxent_irl import MaxEntConfig, match_features
from il_envs import TabularModel, soft_optimal
from il_envs.exact.soft_backup import Backup
from il_envs.exact.soft_optimal import SoftOptimal
from il_envs.exact.tabular_model import FloatArray

ROUNDS = 5
Timings = list[float] | FloatArray
BACKUPS: tuple[Backup, ...] = ("causal", "posterior")
SIDES = [32, 56, 100, 178, 316, 562, 1000]  # 10^3, 10^3.5, ... 10^6 states
SLIP = 0.1


def slippery_grid(side: int, horizon: int, regions: int = 1) -> TabularModel:
    """A square grid of four moves, each of which slips to the left or to the right.

    The features say which of regions x regions squares a state is in; their rewards are random.
    """
    states = np.arange(side * side)
    row, column = np.divmod(states, side)
    moves = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    targets = [
        np.clip(row + down, 0, side - 1) * side + np.clip(column + right, 0, side - 1)
        for down, right in moves
    ]
    slips = [(targets[move], targets[(move + 1) % 4], targets[move - 1]) for move in range(4)]
    chances = np.repeat([1.0 - SLIP, SLIP / 2, SLIP / 2], len(states))
    matrices = [
        sparse.csr_array(
            (chances, (np.tile(states, 3), np.concatenate(landings))), shape=(side**2, side**2)
        )
        for landings in slips
    ]
    region = row * regions // side * regions + column * regions // side
    random = np.random.default_rng(0)
    if regions > 1:
        features, reward = np.eye(regions**2)[region], random.normal(size=regions**2)[region]
    else:
        features, reward = np.ones((len(states), 1)), random.normal(size=len(states))
    initial = (states == 0).astype(np.float64)
    return TabularModel(matrices, reward, initial, horizon, features=features)


class Yardstick:
    """The subprocess that runs the libraries of others, by default `imitation`."""

    def __init__(self, python: str, folder: Path, script: str = "imitation_yardstick.py") -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name(script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # It leaves log files behind, and draws bars.
            env=os.environ | {"TMPDIR": str(folder), "TQDM_DISABLE": "1"},
        )

    def ask(self, task: str, **arguments: Any) -> dict[str, Any]:
        """Have something done.

        Raises:
            RuntimeError: if the other side has stopped.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"task": task} | arguments), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the yardstick stopped at the task {task!r}")
        return json.loads(answer)

    def load(self, model: TabularModel) -> None:
        """Give it a model."""
        assert model.features is not None
        assert model.horizon is not None
        path = str(self.folder / "model.npz")
        transition = model.transition
        np.savez(
            path, indptr=transition.indptr, indices=transition.indices,
            probabilities=transition.data, reward=model.reward_at(0), initial=model.initial,
            features=model.features, horizon=model.horizon,
        )  # fmt: skip
        self.ask("load", model=path)

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def results(self) -> dict[str, FloatArray]:
        """Value, policy and visits of its last passes."""
        path = str(self.folder / "results.npz")
        self.ask("save", path=path)
        return dict(np.load(path))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How many seconds something takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def duration(seconds: float) -> str:
    """Seconds or milliseconds, with three figures."""
    return f"{seconds:,.3g} s" if seconds >= 1.0 else f"{1e3 * seconds:,.3g} ms"


def ratio_row(table: Table, what: str, ours: Timings, theirs: Timings, bar: str) -> None:
    """Add how many times longer the yardstick takes."""
    ratios = np.divide(theirs, ours)
    table.add_row(
        what,
        duration(float(np.median(ours))),
        duration(float(np.median(theirs))),
        f"{np.median(ratios):,.0f}",
        f"{ratios.min():,.0f} ... {ratios.max():,.0f}",
        bar,
    )


def time_passes(model: TabularModel, yardstick: Yardstick) -> tuple[tuple[float, ...], SoftOptimal]:
    """Seconds of our values, policy and occupancy, and of its two passes; and our solution."""
    value, solution = timed(lambda: soft_optimal(model))
    policy, _ = timed(lambda: solution.policy)
    occupancy, _ = timed(lambda: solution.occupancy)
    theirs = [yardstick.ask(task)["seconds"] for task in ("backward", "forward")]
    return (value, policy, occupancy, *theirs), solution


def compare_passes(table: Table, yardstick: Yardstick) -> list[str]:
    """Backward and forward passes on 4,096 states; returns how the numbers compare."""
    model = slippery_grid(64, horizon=100)
    yardstick.load(model)
    time_passes(model, yardstick)  # not counted
    rounds = []
    for _ in range(ROUNDS):
        seconds, solution = time_passes(model, yardstick)
        rounds.append(seconds)
    value, policy, occupancy, backward, forward = np.array(rounds).T
    label = "4,096 states, T = 100: "
    ratio_row(table, f"{label}backward, values", value, backward, ">= 100")
    ratio_row(table, f"{label}backward, values and policy", value + policy, backward, "")
    ratio_row(table, f"{label}forward, policy at hand", occupancy, forward, ">= 100")
    ratio_row(table, f"{label}forward, policy included", policy + occupancy, forward, "")
    both = value + policy + occupancy
    ratio_row(table, f"{label}both, from model to occupancy", both, backward + forward, "")

    theirs, visits = yardstick.results(), solution.occupancy.sum(-1)
    steps = len(visits)
    errors = [
        np.abs(theirs["value"] - solution.value[:steps]).max(),
        np.abs(theirs["policy"] - solution.policy).max(),
        np.abs(theirs["visits"][:steps] - visits).max(),
    ]
    return [
        "Its backward pass always keeps Q and the policy; its forward pass is given the policy.",
        "Largest differences: values {:.1e}, policy {:.1e}, visits of steps 1 ... T {:.1e}.".format(
            *errors
        ),
        f"imitation backs up T = {steps} rewards, as we do, but counts {len(theirs['visits'])} "
        f"visits: its occupancy sums to {theirs['visits'].sum():.6g}, ours to {visits.sum():.6g}.",
    ]


def compare_learning(table: Table, yardstick: Yardstick) -> list[str]:
    """Maximum-entropy inverse reinforcement learning; returns how the errors compare."""
    model = slippery_grid(16, horizon=50, regions=4)
    yardstick.load(model)
    expert = soft_optimal(model)
    feature_mean = expert.feature_expectations
    networks = ("linear", "tabular")
    ours: list[float] = []
    theirs: dict[str, list[float]] = {network: [] for network in networks}
    answers: dict[str, dict[str, Any]] = {}
    config = MaxEntConfig(gradient_tolerance=1e-6)
    for _ in range(ROUNDS):
        seconds, (weights, curve) = timed(lambda: match_features(model, feature_mean, 0.0, config))
        ours.append(seconds)
        for network in networks:
            answers[network] = yardstick.ask("learn", network=network, iterations=200)
            theirs[network].append(answers[network]["seconds"])
    label = "256 states, 16 features, T = 50: MaxEnt IRL"
    ratio_row(table, f"{label} (200 linear)", ours, theirs["linear"], "ours <= 1 s")
    ratio_row(table, f"{label} (200 tabular)", ours, theirs["tabular"], "")

    def errors(reward: FloatArray) -> str:
        learned = soft_optimal(model.with_reward(reward))
        visits = np.abs((learned.occupancy - expert.occupancy).sum((0, 2))).max()
        gradient = np.abs(learned.feature_expectations - feature_mean).max()
        return f"visits of a state {visits:.1e}, gradient {gradient:.1e}"

    assert model.features is not None
    notes = [
        "200 iterations of its MCEIRL, with a reward linear in the features or one for each state.",
        f"Errors left by ours, after {len(curve['gradient'])} evaluations: "
        f"{errors(model.features @ weights)}.",
    ]
    for network in networks:
        answer = answers[network]
        notes.append(
            f"Errors left by imitation, {network}: {errors(np.array(answer['reward']))} (over its "
            f"own T + 1 visits {answer['visit_error']:.1e} and {answer['gradient']:.1e})."
        )
    return notes


def peak_growth(work: Callable[[], Any]) -> tuple[int, Any]:
    """Bytes by which the process grows at most while something is done, and its result; Linux."""
    ctypes.CDLL(None).malloc_trim(0)  # give back what is free, so that using it again counts
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = peak_bytes()
    result = work()
    return peak_bytes() - before, result


def peak_bytes() -> int:
    """The most memory that the process has had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def model_bytes(model: TabularModel) -> int:
    """Transitions, rewards and the start."""
    transition = model.transition
    arrays = [transition.data, transition.indices, transition.indptr, model.initial, model.reward]
    return sum(array.nbytes for array in arrays if array is not None)


def measure_growth(console: Console) -> None:
    """Time and memory of the backward pass as the model grows."""
    models = [slippery_grid(side, horizon=50) for side in SIDES]
    seconds = np.empty((ROUNDS + 1, len(models), len(BACKUPS)))
    for round_seconds in seconds:
        for index, model in enumerate(models):
            for column, backup in enumerate(BACKUPS):
                round_seconds[index, column], _ = timed(partial(soft_optimal, model, backup))
    seconds = seconds[1:]  # the first round is not counted
    medians = np.median(seconds, axis=0)
    stored = np.array([model.transition.nnz for model in models])

    table = Table("backward pass, T = 50", "stored transitions")
    for backup in BACKUPS:
        table.add_column(f"{backup}, ns per transition and step", justify="right")
        table.add_column("range", justify="right")
    per_entry = 1e9 * seconds / (50 * stored[:, None])
    for index, model in enumerate(models):
        cells = []
        for entries in per_entry[:, index].T:
            cells += [f"{np.median(entries):.2f}", f"{entries.min():.2f} ... {entries.max():.2f}"]
        table.add_row(f"{model.states:,} states", f"{stored[index]:,}", *cells)
    slopes = np.polyfit(np.log(stored), np.log(medians), 1)[0]
    table.add_row("slope of log seconds", "", f"{slopes[0]:.3f}", "", f"{slopes[1]:.3f}")
    console.print(table)

    table = Table("one million states, T = 50", *BACKUPS, "bar")
    times = [f"{np.median(s):.2f} s ({s.min():.2f} ... {s.max():.2f})" for s in seconds[:, -1].T]
    table.add_row("backward pass", *times, "<= 3 s")
    model, size = models[-1], model_bytes(models[-1])
    del models
    processor, growths, values = [], [], []
    for backup in BACKUPS:
        start = time.process_time()
        growth, solution = peak_growth(partial(soft_optimal, model, backup))
        processor.append(f"{time.process_time() - start:.2f} s")
        growths.append(f"{growth / size:.2f}")
        values.append(f"{solution.value.nbytes / size:.2f}")
        del solution
    table.add_row("processor time of one more", *processor, "")
    table.add_row(f"values / model of {size / 1e6:,.0f} MB", *values, "<= 3")
    table.add_row("peak growth of the process / model", *growths, "")
    console.print(table)


def main() -> None:
    """Measure everything and print the tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for both sides
    console = Console(width=130)
    with tempfile.TemporaryDirectory() as folder:
        yardstick = Yardstick(sys.argv[1], Path(folder))
        table = Table("what", "ours", "imitation", "ratio (median)", "range", "bar")
        versions = yardstick.ask("versions")["versions"]
        notes = compare_passes(table, yardstick) + compare_learning(table, yardstick)
        yardstick.close()
    console.print(table, f"Yardstick: {versions}.", *notes, sep="\n")
    measure_growth(console)


if __name__ == "__main__":
    main()
