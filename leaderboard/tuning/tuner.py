"""Tuning an algorithm: its draws are trained and scored as cells are, and recorded."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

import numpy as np
from rich.console import Console

from il_envs.learning.tuning import search_space, setting, with_settings
from il_envs.world import World
from leaderboard import UsageError, UserError, tell
from leaderboard.cells import Cell, Manifest, Results, read_cell
from leaderboard.computer import Computer
from leaderboard.conditions import configured
from leaderboard.durations import expected_seconds
from leaderboard.measures.references import exact_reference, is_of_costs
from leaderboard.protocol import CellSpec, Profile, cells_of_run, world_hash
from leaderboard.publishing import locked
from leaderboard.running.plan import makespan
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.scores.rows import Scale, mean_return, scale_of
from leaderboard.submission import Contender
from leaderboard.tuning.record import (
    Draw,
    Record,
    StudySpec,
    described,
    record_of,
    write_record,
)
from leaderboard.tuning.study import Claim, Study, read_spec


def study_spec(
    contender: Contender,
    worlds: Sequence[World],
    profile: Profile,
    stop_after: int,
    sampler_seed: int,
    folder: Path,
) -> StudySpec:
    """The study of an algorithm; its first draw is that of the study in the folder, if it holds
    one, and otherwise the algorithm's settings.

    Args:
        worlds: those to which it applies, one or more.
        profile: the budget of each draw, for tuning.
        stop_after: training seeds after which a draw may be stopped.
    """
    config = contender.algorithm.config
    before = read_spec(folder)
    space = search_space(config)
    first = {path: setting(config, path) for path in space} if before is None else before.first
    with suppress(ValueError):  # of another study
        config = with_settings(config, first)
    spec = StudySpec(
        algorithm=contender.algorithm.name,
        worlds=tuple(world.name for world in worlds),
        seeds=profile.seeds,
        stop_after=min(stop_after, profile.seeds),
        labels=profile.labels[-1],
        steps=profile.steps,
        episodes=profile.evaluation_episodes,
        time_limit=profile.time_limit,
        sampler_seed=sampler_seed,
        space={path: described(part) for path, part in space.items()},
        first=first,
        config=repr(config),
        code=contender.code,
        world_hashes={world.name: world_hash(world) for world in worlds},
    )
    return StudySpec.model_validate_json(spec.model_dump_json())  # lists in place of tuples


def untunable(contender: Contender, worlds: Sequence[World]) -> str:
    """Why an algorithm is not tuned in these worlds, in a line; empty if it can be."""
    name = contender.algorithm.name
    if contender.algorithm.is_control:
        return f"{name} is a control, which is not tuned"
    if contender.algorithm.tuned_as:
        return f"{name} has the settings of {contender.algorithm.tuned_as}, which is tuned for it"
    if not search_space(contender.algorithm.config):
        return f"{name} has nothing to tune: no setting of it has a search space"
    if not any(contender.applies_to(world) for world in worlds):
        return f"{name} applies to none of the worlds {', '.join(world.name for world in worlds)}"
    return ""


class Tuner:
    """Computes the draws of the study of an algorithm.

    Args:
        contender: the algorithm, which can be tuned.
        worlds: the worlds of the study, to all of which it applies.
        profile: the budget of each draw, for tuning.
        stop_after: training seeds after which a draw may be stopped.
        folder: of the study.
        workers: cells at a time.

    Raises:
        UserError: if the folder holds another study, or a reference row has failed.
        OSError: if the folder cannot be written.
    """

    def __init__(
        self,
        contender: Contender,
        worlds: Sequence[World],
        profile: Profile,
        stop_after: int,
        sampler_seed: int,
        folder: Path,
        workers: int,
    ) -> None:
        self._contender, self._profile, self._workers = contender, profile, workers
        self._worlds = worlds
        self._space = search_space(contender.algorithm.config)
        spec = study_spec(contender, worlds, profile, stop_after, sampler_seed, folder)
        self.study = Study(folder, spec, self._space)

    def require_room(self, draws: int) -> None:
        """Check that the study has no more draws than it is to have.

        Raises:
            UsageError: if it has.
        """
        if self.study.begun > draws:
            raise UsageError(
                f"{self.study.folder} holds a study of {self.study.begun} draws; --draws must be "
                f"as many at least, not {draws}"
            )

    def durations(self, draws: int) -> list[float]:
        """Seconds that each training of the missing draws takes, by a rough estimate."""
        missing, algorithm = draws - self.study.begun, self._contender.algorithm
        return [
            expected_seconds(self._profile.steps, world, algorithm)
            for world in self._worlds
            for _ in range(self._profile.seeds * missing)
        ]

    def introduction(self) -> list[str]:
        """What is tuned, in lines."""
        spec = self.study.spec
        return [
            f"{spec.algorithm} in {spec.budget}",
            *(f"  {path} {part}" for path, part in self._space.items()),
        ]

    def conclusion(self, record: Record | None) -> list[str]:
        """What the study has found, in lines."""
        name, folder = self.study.spec.algorithm, self.study.folder
        if record is None:
            return [f"{name}: other processes still compute draws of {folder}"]
        first = record.draws[0]
        best = next(draw for draw in record.draws if draw.number == record.best)
        found = "its first draw" if best == first else f"draw {best.number + 1}"
        return [
            f"{name}: the best of {len(record.draws)} draws is {found}, {in_words(best)}",
            f"  the first one's score was {first.score:.3f}; all are in {folder / 'record.json'}",
        ]

    def adopt(self, record: Record) -> Path:
        """Write the record beside the algorithm; returns its file.

        Raises:
            OSError: if it cannot be written.
        """
        path = record_of(record.study.algorithm, self._contender.origin)
        assert path is not None  # the algorithm is there
        write_record(path, record)
        return path

    def run(self, draws: int) -> Record | None:
        """Compute the draws that are missing, and write the record, `record.json`.

        Returns:
            the record; None if other processes still compute some of the draws.

        Raises:
            InterruptedRunError: on Ctrl-C; what was finished stays.
            UserError: if a reference row has failed, or every training.
            OSError: if something cannot be written.
        """
        references = self._references()
        scales = self._scales(references)
        while True:
            with self.study.claim(draws) as claim:
                if claim is None:
                    break
                draw = self._draw(claim, scales)
                self.study.finish(claim, draw)
                tell(f"[{claim.number + 1}/{draws}] {in_words(draw)}")
        finished = self.study.draws
        if len(finished) < draws:
            return None
        record = self._record(finished, references.cells[0].computer)
        with locked(self.study.folder):
            write_record(self.study.folder / "record.json", record)
        return record

    def _references(self) -> Results:
        """The reference rows, on the episodes of tuning."""
        folder, seeds = self.study.folder / "references", self._profile.seeds
        specs = cells_of_run(self._profile, self._worlds, [], seeds)
        manifest = Manifest(
            profile=self._profile,
            worlds=tuple(world.name for world in self._worlds),
            algorithms={},
            seeds=seeds,
            exact_worlds=tuple(w.name for w in self._worlds if exact_reference(w) is not None),
            cost_worlds=tuple(world.name for world in self._worlds if is_of_costs(world)),
        )
        return Results(folder, manifest, tuple(self._computed(specs, folder)))

    def _scales(self, references: Results) -> dict[str, Scale]:
        """The scale of scores in each world.

        Raises:
            UserError: if a reference row has failed.
        """
        scales = {world.name: scale_of(references, world.name) for world in self._worlds}
        for world, scale in scales.items():
            if scale is None:
                raise UserError(
                    f"{world} has no scale of scores, see its reference rows in {references.folder}"
                )
        return {world: scale for world, scale in scales.items() if scale is not None}

    def _draw(self, claim: Claim, scales: Mapping[str, Scale]) -> Draw:
        texts = {path: json.dumps(value) for path, value in claim.settings.items()}
        contender = configured(self._contender, texts)
        specs = cells_of_run(self._profile, self._worlds, [contender], self._profile.seeds)
        folder = self.study.folder / "draws" / str(claim.number)
        learners = [spec for spec in specs if spec.labels is not None]
        stop_after = self.study.spec.stop_after
        cells = self._computed([spec for spec in learners if spec.seed < stop_after], folder)
        score = float(np.mean([_score(cell, scales) for cell in cells]))
        is_below = self.study.is_below_median(claim, score)
        is_stopped = is_below and stop_after < self._profile.seeds
        if not is_stopped:
            cells = self._computed(learners, folder)
            score = float(np.mean([_score(cell, scales) for cell in cells]))
        return Draw(
            number=claim.number,
            settings=claim.settings,
            score=score,
            scores={
                world: tuple(_score(cell, scales) for cell in cells if cell.spec.world == world)
                for world in scales
            },
            is_stopped=is_stopped,
            failures=tuple(
                f"{c.spec.title}: {c.status}: {c.reason}" for c in cells if c.status != "ok"
            ),
        )

    def _computed(self, specs: Sequence[CellSpec], folder: Path) -> list[Cell]:
        """The cells, of which those that are not there are computed."""
        run_cells(specs, folder, self._workers, Progress(Console(quiet=True)))
        return [read_cell(folder / spec.folder) for spec in specs]

    def _record(self, draws: Sequence[Draw], computer: Computer | None) -> Record:
        trainings = sum(len(scores) for draw in draws for scores in draw.scores.values())
        failures = [failure for draw in draws for failure in draw.failures]
        if len(failures) == trainings:
            raise UserError(f"every training of the study has failed: {failures[0]}")
        best = max((draw for draw in draws if not draw.is_stopped), key=lambda draw: draw.score)
        return Record(
            settings=best.settings,
            best=best.number,
            config=repr(with_settings(self._contender.algorithm.config, best.settings)),
            study=self.study.spec,
            draws=tuple(draws),
            computer=computer,
        )


def plan_of_studies(tuners: Sequence[Tuner], draws: int, workers: int, cores: int) -> list[str]:
    """What is to be computed, and how long it takes by a rough estimate, in a line."""
    durations = [seconds for tuner in tuners for seconds in tuner.durations(draws)]
    if not durations:
        return []
    minutes = ceil(makespan(durations, workers, cores) / 60.0)
    about = "less than a minute" if minutes == 1 else f"about {minutes} minutes"
    studies = f"{len(tuners)} studies" if len(tuners) > 1 else "a study"
    return [
        f"{studies} of {draws} draws: {len(durations)} trainings, {workers} at a time, {about} by "
        "estimate"
    ]


def in_words(draw: Draw) -> str:
    """A draw and its score in a line."""
    settings = ", ".join(f"{path}={json.dumps(v)}" for path, v in draw.settings.items())
    seeds = len(next(iter(draw.scores.values())))
    stopped = f", stopped after {seeds} seed{'s' if seeds > 1 else ''}" if draw.is_stopped else ""
    failed = f", {len(draw.failures)} failed ({draw.failures[0]})" if draw.failures else ""
    return f"{settings}: score {draw.score:.3f}{stopped}{failed}"


def _score(cell: Cell, scales: Mapping[str, Scale]) -> float:
    """The normalised score of a cell; that of the random policy if it has failed."""
    return scales[cell.spec.world].score(mean_return(cell.episodes)) if cell.status == "ok" else 0.0
