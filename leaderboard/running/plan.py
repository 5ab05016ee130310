"""The plan of a run: the cells to compute, an estimate of how long they take, and while they run,
of the time left."""

from collections.abc import Mapping, Sequence
from heapq import heapify, heapreplace
from math import ceil
from pathlib import Path
from statistics import mean

from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.algorithms.contender import Contender
from leaderboard.cells import read_cell
from leaderboard.durations import START, expected_seconds
from leaderboard.protocol import CellSpec
from leaderboard.texts import count_of

REFERENCES = "references"


def estimates(
    specs: Sequence[CellSpec], contenders: Sequence[Contender], results: Path
) -> list[float]:
    """How long each cell takes by itself, in seconds: the mean duration of finished cells of its
    algorithm and world in the same folder, if there are any, or else what is usual.

    Args:
        specs: the cells.
        contenders: the run's algorithms.
    """
    measured = {pair: _measured(results, *pair) for pair in {(s.world, s.algorithm) for s in specs}}
    algorithms = {contender.name: contender for contender in contenders}

    def seconds(spec: CellSpec) -> float:
        known = measured[spec.world, spec.algorithm]
        if known is not None:
            return known
        if spec.labels is None:
            return START
        return expected_seconds(spec.steps, get_world(spec.world), algorithms[spec.algorithm])

    return [seconds(spec) for spec in specs]


def plan(
    specs: Sequence[CellSpec], durations: Sequence[float], workers: int, cores: int
) -> list[str]:
    """The plan of a run in lines: how many cells and how long in all, and then for each algorithm.

    Args:
        specs: the cells to compute, in their order.
        durations: how long each takes, as `estimates`.
    """
    about = in_words(makespan(durations, workers, cores))
    lines = [f"{count_of(len(specs), 'cell')} to compute, {workers} at a time, {about} by estimate"]
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


def in_words(seconds: float) -> str:
    """A duration, rounded up to minutes."""
    minutes = max(1, ceil(seconds / 60.0))
    if minutes == 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"about {minutes} minutes" if hours < 2 else f"about {hours} h {rest} min"


class Forecast:
    """How long the rest of a run takes, by the estimates and by what the finished cells took.

    Args:
        specs: the cells to compute, in their order.
        durations: how long each takes by itself, as `estimates`.
    """

    def __init__(
        self, specs: Sequence[CellSpec], durations: Sequence[float], workers: int, cores: int
    ) -> None:
        self._expected = {spec.title: d for spec, d in zip(specs, durations, strict=True)}
        self._kinds = {spec.title: (spec.world, spec.algorithm) for spec in specs}
        self._taken: dict[tuple[str, str], list[float]] = {}
        self._planned = self._passed = 0.0
        self._workers, self._pace = workers, max(1.0, workers / cores)

    def finished(self, title: str, seconds: float) -> None:
        """Take note that a cell has ended after so many seconds, beside others."""
        if title not in self._expected:  # another run in the same folder has changed the plan
            return
        self._planned += self._expected.pop(title)
        self._passed += seconds
        self._taken.setdefault(self._kinds[title], []).append(seconds)

    def left(self, running: Mapping[str, float]) -> float:
        """Seconds until all cells have ended.

        Args:
            running: for how many seconds each of the running cells has been running, by title.
        """
        pace = self._passed / self._planned if self._planned else self._pace
        rest = []
        for title, expected in self._expected.items():
            taken = self._taken.get(self._kinds[title])
            whole = mean(taken) if taken else expected * pace
            rest.append(max(0.0, whole - running.get(title, 0.0)))
        return makespan(rest, self._workers, self._workers)


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
