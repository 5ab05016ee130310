"""A run's computation, with its plan told before and its table while it goes on."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from leaderboard import tell
from leaderboard.algorithms.contender import Contender
from leaderboard.cells import Cell
from leaderboard.protocol import CellSpec
from leaderboard.publishing import writing_to
from leaderboard.running.plan import Forecast, estimates, plan
from leaderboard.running.progress import Progress
from leaderboard.running.runner import InterruptedRunError, run_cells, unfinished
from leaderboard.runs import Manifest, extend_manifest
from leaderboard.tables.board import Board
from leaderboard.texts import count_of


def compute(
    specs: list[CellSpec],
    manifest: Manifest,
    contenders: Sequence[Contender],
    out: Path,
    workers: int,
    in_process: bool = False,
    cluster: str = "",
) -> list[Cell]:
    """Compute the cells that are missing in a folder; returns them.

    Args:
        specs: the cells of the run.
        manifest: the run's, merged into the folder's.
        contenders: the run's algorithms.
        in_process: whether algorithms are in the process that scores them.
        cluster: address of a Ray cluster that computes them; empty for this machine.

    Raises:
        UserError: if the folder holds other results, or cannot be written to.
        InterruptedRunError: on Ctrl-C, with the command that goes on; what was finished stays.
    """
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        extend_manifest(out, manifest)
        waiting = unfinished(specs, out)
        cores = os.cpu_count() or 1
        durations = estimates(waiting, contenders, out)
        lines = plan(waiting, durations, workers, cores) if waiting else []
        if cluster and waiting:  # how many processors it has is not known yet
            lines[0] = f"{count_of(len(waiting), 'cell')} to compute, by the cluster at {cluster}"
        tell(*lines)
        board = Board(manifest, specs, out, {spec.title for spec in waiting})
        forecast = None if cluster else Forecast(waiting, durations, workers, cores)
        progress = Progress(Console(stderr=True), forecast, board)
        try:
            return run_cells(specs, out, workers, progress, in_process, cluster)
        except InterruptedRunError as error:
            again = shlex.join(["leaderboard", *sys.argv[1:]])
            message = f"{error}; go on with: {again}"
            raise InterruptedRunError(message, error.signal_number) from None
