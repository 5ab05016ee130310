"""`make bench-peers`: how fast batches are stepped, beside CartPole in the suites of others.

Gymnasium's CartPole is NumPy's, EnvPool's is C++ and gymnax's is compiled by XLA. They have an
environment of their own, whose Python is the only argument, and take turns with ours on one core.
CartPole is the smallest world there is; ours do more in a step. Nothing here passes or fails.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # for both sides
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import il_envs
from benchmarks.frames import processor

ROWS, STEPS, ROUNDS = 1024, 200, 9
WORLDS = ("DriftCar", "LaneKeeping", "Duel", "Gauntlet", "Pillar", "FourRooms", "Shooter")
PEERS = {
    "gymnasium": "CartPole of Gymnasium (NumPy)",
    "envpool": "CartPole of EnvPool (C++, one thread)",
    "gymnax": "CartPole of gymnax (XLA, one scan)",
}


def our_seconds(env: il_envs.WorldVectorEnv) -> float:
    """Seconds that the steps take."""
    start = time.perf_counter()
    for _ in range(STEPS // 10):
        for action in ACTIONS[env.world.name]:
            env.step(action)
    return time.perf_counter() - start


ACTIONS: dict[str, list[np.ndarray]] = {}


def main() -> None:
    """Measure everything and print one table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for all sides
    envs = [il_envs.WorldVectorEnv(name, ROWS) for name in WORLDS]
    for env in envs:
        env.reset(seed=0)
        env.action_space.seed(0)
        ACTIONS[env.world.name] = [env.action_space.sample() for _ in range(10)]
    peer = subprocess.Popen(
        [sys.argv[1], "-W", "ignore", str(Path(__file__).with_name("batch_yardstick.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdin is not None
    assert peer.stdout is not None
    seconds: list[list[float]] = []
    versions = {}
    for _ in range(ROUNDS + 1):  # the first one is not counted
        seconds.append([our_seconds(env) for env in envs])
        for name in PEERS:
            print(name, ROWS, STEPS, file=peer.stdin, flush=True)
            taken, versions[name] = peer.stdout.readline().split()
            seconds[-1].append(float(taken))
    peer.stdin.close()
    peer.wait()
    rates = ROWS * STEPS / np.array(seconds[1:]) / 1e6
    labels = [*WORLDS, *(f"{label} {versions[name]}" for name, label in PEERS.items())]
    numpys = rates[:, len(WORLDS)]
    table = Table(f"{ROWS:,} rows, one core", "million steps/s (median)", "of Gymnasium's CartPole")
    for label, rate in zip(labels, rates.T, strict=True):
        ratio = np.median(rate / numpys)
        table.add_row(label, f"{np.median(rate):.2f}", f"{ratio:.2f}")
    Console(width=120).print(table)
    print(processor())


if __name__ == "__main__":
    main()
