"""Trainings of an algorithm with drawn settings, computed and kept as cells, and their scores."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from il_envs.world import World
from leaderboard import UserError
from leaderboard.algorithms.contender import Contender
from leaderboard.cells import Cell, read_cell
from leaderboard.computer import Computer
from leaderboard.describing import configured
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.runs import Results
from leaderboard.scores.rows import Scale, mean_return, scale_of
from leaderboard.selection import manifest_of
from leaderboard.tuning.record import Draw


def texts_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Drawn settings as the command line has them."""
    return {path: json.dumps(value) for path, value in settings.items()}


class Trainings:
    """Trains an algorithm with drawn settings; what the folder holds is not computed again.

    Args:
        contender: the algorithm.
        worlds: worlds to all of which it applies.
        profile: the budget of each training, for tuning.
        references: folder of the reference rows, which make the scores.
        workers: cells at a time.

    Raises:
        InterruptedRunError: on Ctrl-C; what was finished stays.
        UserError: if a reference row has failed.
        OSError: if something cannot be written.
    """

    def __init__(
        self,
        contender: Contender,
        worlds: Sequence[World],
        profile: Profile,
        references: Path,
        workers: int,
    ) -> None:
        self._contender, self._worlds, self._profile = contender, worlds, profile
        self._workers = workers
        rows = self._references(references)
        self.computer: Computer | None = rows.cells[0].computer
        self._scales = self._scales_of(rows)

    def scored(self, number: int, settings: Mapping[str, Any], seeds: range, folder: Path) -> Draw:
        """A draw's settings, trained with each of the seeds in each world.

        Args:
            number: of the draw.
            seeds: numbers of training seeds of tuning, from 0.
            folder: of the draw's cells.

        Raises:
            InterruptedRunError: on Ctrl-C; what was finished stays.
            OSError: if something cannot be written.
        """
        contender = configured(self._contender, texts_of(settings))
        specs = cells_of_run(self._profile, self._worlds, [contender], seeds.stop)
        specs = [spec for spec in specs if spec.labels is not None and spec.seed in seeds]
        cells = self._computed(specs, folder)
        return Draw(
            number=number,
            settings=dict(settings),
            score=float(np.mean([_score(cell, self._scales) for cell in cells])),
            scores={
                world: tuple(
                    _score(cell, self._scales) for cell in cells if cell.spec.world == world
                )
                for world in self._scales
            },
            failures=tuple(
                f"{c.spec.title}: {c.status}: {c.reason}" for c in cells if c.status != "ok"
            ),
        )

    def _references(self, folder: Path) -> Results:
        """The reference rows, on the episodes of tuning."""
        seeds = self._profile.seeds
        specs = cells_of_run(self._profile, self._worlds, [], seeds)
        manifest = manifest_of(self._profile, self._worlds, [], seeds)
        return Results(folder, manifest, tuple(self._computed(specs, folder)))

    def _scales_of(self, references: Results) -> dict[str, Scale]:
        """The scale of scores in each world."""
        scales = {world.name: scale_of(references, world.name) for world in self._worlds}
        for world, scale in scales.items():
            if scale is None:
                raise UserError(
                    f"{world} has no scale of scores, see its reference rows in {references.folder}"
                )
        return {world: scale for world, scale in scales.items() if scale is not None}

    def _computed(self, specs: Sequence[CellSpec], folder: Path) -> list[Cell]:
        """The cells, of which those that are not there are computed."""
        run_cells(specs, folder, self._workers, Progress(Console(quiet=True)))
        return [read_cell(folder / spec.folder) for spec in specs]


def _score(cell: Cell, scales: Mapping[str, Scale]) -> float:
    """The normalised score of a cell; that of the random policy if it has failed."""
    return scales[cell.spec.world].score(mean_return(cell.episodes)) if cell.status == "ok" else 0.0
