"""`make bench-peers`: how fast batches are stepped, beside CartPole in the suites of others.

Gymnasium's CartPole is NumPy's, EnvPool's is C++ and gymnax's is compiled by XLA. The last two have
an environment of their own, whose Python is the only argument; all take turns on one core. CartPole
is the smallest world there is; ours do more in a step. Nothing here passes or fails.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # for both sides
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["PYTHONWARNINGS"] = "ignore"  # of the other side

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import il_envs
from benchmarks.exact import Yardstick
from benchmarks.frames import processor
from benchmarks.rates import VECTOR_ROWS, VECTOR_STEPS, vector_rate

ROUNDS = 9
WORLDS = ("DriftCar", "LaneKeeping", "Duel", "Gauntlet", "Pillar", "FourRooms", "Shooter")
NUMPYS = "CartPole of Gymnasium (NumPy)"
PEERS = {
    "CartPole of EnvPool (C++, one thread)": "envpool",
    "CartPole of gymnax (XLA, one scan)": "gymnax",
}


def peer_rate(yardstick: Yardstick, suite: str) -> Callable[[], float]:
    """Steps a second of CartPole in a suite of the other side, all rows together."""

    def measure() -> float:
        taken = yardstick.ask(suite, rows=VECTOR_ROWS, steps=VECTOR_STEPS)
        return float(VECTOR_ROWS * VECTOR_STEPS / taken["seconds"])

    return measure


def main() -> None:
    """Measure everything and print one table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for all sides
    with tempfile.TemporaryDirectory() as folder:
        yardstick = Yardstick(sys.argv[1], Path(folder), "batch_yardstick.py")
        runs = {name: vector_rate(il_envs.get_world(name).id) for name in WORLDS}
        runs[NUMPYS] = vector_rate("CartPole-v1")
        runs |= {label: peer_rate(yardstick, suite) for label, suite in PEERS.items()}
        rates = np.array([[run() for run in runs.values()] for _ in range(ROUNDS + 1)])[1:]
        yardstick.close()
    numpys = rates[:, list(runs).index(NUMPYS)]
    title = f"{VECTOR_ROWS:,} rows, one core"
    table = Table(title, "million steps/s (median)", "of Gymnasium's CartPole")
    for label, rate in zip(runs, rates.T, strict=True):
        table.add_row(label, f"{np.median(rate) / 1e6:.2f}", f"{np.median(rate / numpys):.2f}")
    Console(width=120).print(table)
    print(processor())


if __name__ == "__main__":
    main()
