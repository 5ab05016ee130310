"""The plan of a run: the cells to compute, and an estimate of how long they take."""

from collections.abc import Iterable, Sequence
from heapq import heapify, heapreplace
from math import ceil
from pathlib import Path
from statistics import mean

from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import read_cell
from leaderboard.durations import START, expected_seconds
from leaderboard.protocol import CellSpec
from leaderboard.submission import Contender

REFERENCES = "references"


def plan(
    specs: Sequence[CellSpec],
    contenders: Sequence[Contender],
    results: Path,
    workers: int,
    cores: int,
) -> list[str]:
    """The plan of a run in lines: how many cells and how long in all, and then for each algorithm.

    Args:
        specs: the cells to compute, in their order.
    """
    durations = estimates(specs, contenders, results)
    minutes = ceil(makespan(durations, workers, cores) / 60.0)
    about = "less than a minute" if minutes == 1 else f"about {minutes} minutes"
    lines = [f"{len(specs)} cells to compute, {workers} at a time, {about} by estimate"]
    groups: dict[str, list[tuple[CellSpec, float]]] = {}
    for spec, duration in zip(specs, durations, strict=True):
        name = REFERENCES if spec.labels is None else spec.algorithm
        groups.setdefault(name, []).append((spec, duration))
    width = max(map(len, groups))
    for name, cells in groups.items():
        each = sorted({round(duration) for _, duration in cells})
        shown = f"{each[0]} s" if len(each) == 1 else f"{each[0]} to {each[-1]} s"
        worlds = ", ".join(dict.fromkeys(spec.world for spec, _ in cells))
        lines.append(f"  {name:{width}}  {len(cells):3} x {shown}, {worlds}")
    return lines


def estimates(
    specs: Iterable[CellSpec], contenders: Iterable[Contender], results: Path
) -> list[float]:
    """About how many seconds each cell takes: the mean duration of finished cells of its algorithm
    and world in the same folder, if there are any."""
    specs = list(specs)
    measured = {pair: _measured(results, *pair) for pair in {(s.world, s.algorithm) for s in specs}}
    algorithms = {contender.algorithm.name: contender.algorithm for contender in contenders}

    def seconds(spec: CellSpec) -> float:
        known = measured[spec.world, spec.algorithm]
        if known is not None:
            return known
        if spec.labels is None:
            return START
        return expected_seconds(spec.steps, get_world(spec.world), algorithms[spec.algorithm])

    return [seconds(spec) for spec in specs]


def makespan(durations: Sequence[float], workers: int, cores: int) -> float:
    """Time in seconds until all workers are done, if each takes the next cell as soon as it is
    free; workers that share a core are slower."""
    ends = [0.0] * workers
    heapify(ends)
    for duration in durations:
        heapreplace(ends, ends[0] + duration)
    return max(ends) * max(1.0, workers / cores)


def _measured(results: Path, world: str, algorithm: str) -> float | None:
    """Mean duration, in seconds, of the successful cells of an algorithm and world; None if there
    are none."""
    times = []
    for path in sorted((results / world / algorithm).glob("**/seed_*/cell.json")):
        try:
            cell = read_cell(path.parent)
        except UserError:  # the run itself will report it
            continue
        if cell.status == "ok":
            times.append(START + cell.train_seconds + cell.evaluation_seconds)
    return mean(times) if times else None
