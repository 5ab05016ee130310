"""Computing the cells that the claims are measured from."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from il_envs.world import get_world
from leaderboard import tell
from leaderboard.claims.profile import RUNS
from leaderboard.conditions import with_settings
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.plan import estimates, in_words, makespan
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells, unfinished
from leaderboard.runs import extend_manifest
from leaderboard.selection import manifest_of, of_profile
from leaderboard.texts import count_of


@dataclass(frozen=True)
class Missing:
    """The cells of one run that are still to be computed.

    Attributes:
        folder: of the run's results.
        seconds: about how long they take in all.
    """

    folder: Path
    specs: list[CellSpec]
    seconds: float


def compute(names: Iterable[str], folder: Path, workers: int) -> int:
    """Compute the missing cells of runs, after an estimate of the time; returns their number.

    Args:
        names: of the runs.
        folder: of the profile's results; each run has one of its name in it.

    Raises:
        UserError: if a folder holds other results, or on Ctrl-C; what was finished stays.
        OSError: if results cannot be written.
    """
    missing = [_missing(name, folder / name, workers) for name in names]
    missing = [run for run in missing if run.specs]
    count = sum(len(run.specs) for run in missing)
    for run in missing:
        tell(f"  {run.folder.name:16} {len(run.specs):3} cells, {in_words(run.seconds)}")
    if count:
        total = in_words(sum(run.seconds for run in missing))
        tell(f"{count_of(count, 'cell')} to compute, {workers} at a time, {total} by estimate")
    for run in missing:
        run_cells(run.specs, run.folder, workers, Progress(Console(stderr=True)))
    return count


def _missing(name: str, folder: Path, workers: int) -> Missing:
    """What a run still has to compute; its manifest is written."""
    run = RUNS[name]
    worlds = [get_world(world) for world in run.profile.worlds]
    contenders = list(with_settings(of_profile(run.profile, worlds, ()), run.settings))
    seeds = run.profile.seeds
    folder.mkdir(parents=True, exist_ok=True)
    extend_manifest(folder, manifest_of(run.profile, worlds, contenders, seeds))
    specs = unfinished(cells_of_run(run.profile, worlds, contenders, seeds), folder)
    seconds = makespan(estimates(specs, contenders, folder), workers, os.cpu_count() or 1)
    return Missing(folder, specs, seconds)
