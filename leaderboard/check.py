"""Checking an algorithm before a run, on two identical small cells in each world it applies to."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from il_envs.world import WORLDS, World
from leaderboard import UserError
from leaderboard.algorithms.contender import Contender
from leaderboard.cells import Cell
from leaderboard.describing import find
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.scores.rows import return_of

CHECK = Profile(
    name="check", labels=(500,), seeds=1, evaluation_episodes=2, steps=20_000, time_limit=120.0
)


def check(origin: str) -> Iterator[tuple[str, bool]]:
    """Try an algorithm in each world it applies to.

    Args:
        origin: as `describing.find` takes it.

    Yields:
        A line for each world, and True if the algorithm passed there.

    Raises:
        UserError: if there is no algorithm, it is not a valid one, or it applies to no world.
    """
    contender = find(origin)
    worlds = [world for world in WORLDS.values() if contender.applies_to(world)]
    if not worlds:
        raise UserError(f"{origin}: applies_to is False for every world ({', '.join(WORLDS)})")
    for world in worlds:
        problem, cell = _try(contender, world)
        if problem or cell is None:
            yield f"{world.name}: {problem}", False
        else:
            kind = "mean" if cell.exact is None else "exact"
            lost = "; its policy has no tensors() and is not kept" * cell.has_lost_its_policy
            yield (
                f"{world.name}: ok ({kind} return {return_of(cell):.2f} with {cell.spec.labels} "
                f"labels, trained in {cell.train_seconds:.1f} s{lost})",
                True,
            )


def check_aloud(origin: str) -> tuple[list[str], int]:
    """Check an algorithm, and print each line as it comes; returns them, and in how many worlds it
    fails.

    Raises:
        UserError: as `check`.
    """
    lines, failures = [], 0
    for line, passed in check(origin):
        print(line, flush=True)
        lines.append(line)
        failures += not passed
    return lines, failures


def _try(contender: Contender, world: World) -> tuple[str, Cell | None]:
    """What is wrong, or an empty string, and the cell if there is one."""
    specs = [spec for spec in cells_of_run(CHECK, [world], [contender], seeds=1) if spec.origin]
    first = _compute(specs)
    if first.status != "ok":
        return f"{first.status}: {first.reason}", None
    second = _compute(specs)
    if (second.episodes, second.exact) != (first.episodes, first.exact):
        return "the same seed gave another policy the second time; draw from `seed` alone", None
    return "", first


def _compute(specs: list[CellSpec]) -> Cell:
    with tempfile.TemporaryDirectory(prefix="leaderboard-check-") as folder:
        return run_cells(specs, Path(folder), 1, Progress(Console(quiet=True)))[0]
