"""`make bench`: whether LLVM makes lanes of rows, and what a second thread is worth.

A loop is made of lanes where its code has a vector body. Kernels are compiled anew for it, since
code that comes from the cache cannot be read. Nothing here passes or fails.
"""

import os
import re
import sys
import tempfile
import time

import numpy as np
from rich.console import Console
from rich.table import Table

import il_envs
from benchmarks.frames import processor
from il_envs.engine.kernels import batch_kernels
from il_envs.world import World

WORLDS = ("DriftCar", "LaneKeeping", "Gauntlet", "Duel", "FourRooms")
LOOPS = {"advance_rows": "step", "look_rows": "observe and measure", "are_valid": "valid?"}
VECTOR_BODY = re.compile(r"^vector\.body\d*:", re.MULTILINE)
WIDE = re.compile(r"\bv\w+\s[^\n]*%[yz]mm")
ROUNDS, THREADS = 15, 2
BATCHES = {"DriftCar": 16_384, "LaneKeeping": 16_384, "Shooter": 1_024}
"""Rows in a measurement of threads, which cost some ten microseconds a step."""


def vector_loops(world: World) -> dict[str, tuple[int, int]]:
    """For each loop over rows the number of its vector bodies and of its instructions on whole
    AVX registers, if the loops have been compiled in this process."""
    loops = sys.modules[batch_kernels(world).__name__]
    counts = {}
    for name, label in LOOPS.items():
        (code,) = getattr(loops, name).inspect_llvm().values()
        (assembly,) = getattr(loops, name).inspect_asm().values()
        counts[label] = len(VECTOR_BODY.findall(code)), len(WIDE.findall(assembly))
    return counts


def thread_ratio(name: str, rows: int) -> float:
    """How many times as fast a batch is with two threads, the median over rounds in turns."""
    envs = [il_envs.WorldVectorEnv(name, rows, num_threads=count) for count in (1, THREADS)]
    for env in envs:
        env.reset(seed=0)
        env.action_space.seed(0)
    actions = [envs[0].action_space.sample() for _ in range(10)]
    ratios = []
    for _ in range(ROUNDS):
        seconds = []
        for env in envs:
            start = time.perf_counter()
            for action in actions:
                env.step(action)
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return float(np.median(ratios))


def main() -> None:
    """Print two tables."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["IL_ENVS_CACHE"] = cache
        table = Table("loops over rows", *LOOPS.values(), title="vector bodies, wide instructions")
        for name in WORLDS:
            counts = vector_loops(il_envs.get_world(name))
            table.add_row(name, *(f"{bodies}, {wide}" for bodies, wide in counts.values()))
        Console().print(table)
        table = Table("batch", f"{THREADS} threads against 1")
        for name, rows in BATCHES.items():
            table.add_row(f"{name}, {rows:,} rows", f"{thread_ratio(name, rows):.2f}")
        Console().print(table)
    print(processor())


if __name__ == "__main__":
    main()
