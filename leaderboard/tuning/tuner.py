"""Tuning an algorithm: draws of its settings are trained, and the best one is confirmed."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from il_envs.world import UnknownNameError, World
from leaderboard import UsageError, UserError, tell
from leaderboard.algorithms.contender import Contender, described
from leaderboard.describing import configured
from leaderboard.durations import expected_seconds
from leaderboard.keys import world_hash
from leaderboard.profiles import Profile
from leaderboard.publishing import locked
from leaderboard.running.plan import in_words, makespan
from leaderboard.texts import count_of
from leaderboard.tuning.record import (
    Confirmation,
    Draw,
    Record,
    StudySpec,
    record_of,
    write_record,
)
from leaderboard.tuning.study import Claim, Study, read_spec
from leaderboard.tuning.trainings import Trainings, texts_of


def study_spec(
    contender: Contender,
    worlds: Sequence[World],
    profile: Profile,
    stop_after: int,
    sampler_seed: int,
    confirm: int,
    folder: Path,
) -> StudySpec:
    """The study of an algorithm; its first draw is that of the study in the folder, if it holds
    one, and otherwise the algorithm's settings.

    Args:
        worlds: those to which it applies, one or more.
        profile: the budget of each draw, for tuning.
        stop_after: training seeds after which a draw may be stopped.
        confirm: further training seeds for the best draw and the first.
    """
    before = read_spec(folder)
    first = contender.values if before is None else before.first
    begun = contender
    with suppress(UserError, UnknownNameError):  # of another study
        begun = configured(contender, texts_of(first))
    spec = StudySpec(
        algorithm=contender.name,
        worlds=tuple(world.name for world in worlds),
        seeds=profile.seeds,
        stop_after=min(stop_after, profile.seeds),
        confirm=confirm,
        labels=profile.labels[-1],
        steps=profile.steps,
        episodes=profile.evaluation_episodes,
        time_limit=profile.time_limit,
        sampler_seed=sampler_seed,
        space={path: described(part) for path, part in contender.space.items()},
        first=first,
        config=begun.config,
        code=contender.code,
        world_hashes={world.name: world_hash(world) for world in worlds},
    )
    return StudySpec.model_validate_json(spec.model_dump_json())  # lists in place of tuples


def untunable(contender: Contender, worlds: Sequence[World]) -> str:
    """Why an algorithm is not tuned in these worlds, in a line; empty if it can be."""
    name = contender.name
    if contender.is_control:
        return f"{name} is a control, which is not tuned"
    if contender.tuned_as:
        return f"{name} has the settings of {contender.tuned_as}, which is tuned for it"
    if not contender.space:
        return f"{name} has nothing to tune: no setting of it has a search space"
    if not any(contender.applies_to(world) for world in worlds):
        return f"{name} applies to none of the worlds {', '.join(world.name for world in worlds)}"
    return ""


class Tuner:
    """Computes the draws of the study of an algorithm, and confirms the best one.

    Args:
        contender: the algorithm, which can be tuned.
        worlds: the worlds of the study, to all of which it applies.
        profile: the budget of each draw, for tuning.
        stop_after: training seeds after which a draw may be stopped.
        confirm: further training seeds with which the best draw is compared with the first.
        folder: of the study.
        workers: cells at a time.

    Raises:
        UserError: if the folder holds another study.
        OSError: if the folder cannot be written.
    """

    def __init__(
        self,
        contender: Contender,
        worlds: Sequence[World],
        profile: Profile,
        stop_after: int,
        sampler_seed: int,
        confirm: int,
        folder: Path,
        workers: int,
    ) -> None:
        self._contender, self._profile, self._workers = contender, profile, workers
        self._worlds, self._confirm = worlds, confirm
        self._space = contender.space
        spec = study_spec(contender, worlds, profile, stop_after, sampler_seed, confirm, folder)
        self.study = Study(folder, spec, self._space)

    def require_room(self, draws: int) -> None:
        """Check that the study has no more draws than it is to have.

        Raises:
            UsageError: if it has.
        """
        if self.study.begun > draws:
            raise UsageError(
                f"{self.study.folder} holds a study of {count_of(self.study.begun, 'draw')}; "
                f"--draws must be as many at least, not {draws}"
            )

    def durations(self, draws: int) -> list[float]:
        """Seconds that each training of the missing draws takes, and each of a confirmation if the
        study has no record, by a rough estimate."""
        missing = draws - self.study.begun
        trainings = self._profile.seeds * missing
        if draws > 1 and (missing or not self._record_path.exists()):
            trainings += 2 * self._confirm
        return [
            expected_seconds(self._profile.steps, world, self._contender)
            for world in self._worlds
            for _ in range(trainings)
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
        confirmed = [] if record.confirmation is None else [f"  {record.confirmation}"]
        return [
            f"{name}: the best of {count_of(len(record.draws), 'draw')} is {found}, {told(best)}",
            *confirmed,
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
        """Compute the draws that are missing, train the first and the best with further seeds, and
        write the record, `record.json`.

        Returns:
            the record; None if other processes still compute some of the draws.

        Raises:
            InterruptedRunError: on Ctrl-C; what was finished stays.
            UserError: if a reference row has failed, or every training.
            OSError: if something cannot be written.
        """
        trainings = Trainings(
            self._contender,
            self._worlds,
            self._profile,
            self.study.folder / "references",
            self._workers,
        )
        while True:
            with self.study.claim(draws) as claim:
                if claim is None:
                    break
                draw = self._draw(claim, trainings)
                self.study.finish(claim, draw)
                tell(f"[{claim.number + 1}/{draws}] {told(draw)}")
        finished = self.study.draws
        if len(finished) < draws:
            return None
        record = self._record(finished, trainings)
        with locked(self.study.folder):
            write_record(self._record_path, record)
        return record

    @property
    def _record_path(self) -> Path:
        return self.study.folder / "record.json"

    def _draw(self, claim: Claim, trainings: Trainings) -> Draw:
        """A draw, trained and scored; the scores of an earlier one if its settings are the same."""
        for earlier in self.study.draws:
            if json.dumps(earlier.settings) == json.dumps(claim.settings):
                return earlier.model_copy(
                    update={"number": claim.number, "repeats": earlier.number}
                )
        folder = self.study.folder / "draws" / str(claim.number)

        def scored(seeds: int) -> Draw:
            return trainings.scored(claim.number, claim.settings, range(seeds), folder)

        begun = scored(self.study.spec.stop_after)
        is_below = self.study.is_below_median(claim, begun.score)
        if is_below and self.study.spec.stop_after < self._profile.seeds:
            return begun.model_copy(update={"is_stopped": True})
        return scored(self._profile.seeds)

    def _record(self, draws: Sequence[Draw], trainings: Trainings) -> Record:
        trained = sum(len(scores) for draw in draws for scores in draw.scores.values())
        failures = [failure for draw in draws for failure in draw.failures]
        if len(failures) == trained:
            raise UserError(f"every training of the study has failed: {failures[0]}")
        first = draws[0]
        best = max((draw for draw in draws if not draw.is_stopped), key=lambda draw: draw.score)
        confirmation = None if best == first else self._confirmation(first, best, trainings)
        is_kept = confirmation is not None and not confirmation.is_better
        settings = first.settings if is_kept else best.settings
        return Record(
            settings=settings,
            best=best.number,
            config=configured(self._contender, texts_of(settings)).config,
            confirmation=confirmation,
            study=self.study.spec,
            draws=tuple(draws),
            computer=trainings.computer,
        )

    def _confirmation(self, first: Draw, best: Draw, trainings: Trainings) -> Confirmation:
        """Both draws, trained with the seeds after those of the study."""
        seeds = range(self._profile.seeds, self._profile.seeds + self._confirm)

        def fresh(draw: Draw) -> Draw:
            folder = self.study.folder / "confirmation" / str(draw.number)
            return trainings.scored(draw.number, draw.settings, seeds, folder)

        with self.study.confirming():
            seeds_each = count_of(self._confirm, "further seed")
            tell(f"draw {best.number + 1} and the first, with {seeds_each} each")
            return Confirmation(seeds=tuple(seeds), first=fresh(first), best=fresh(best))


def plan_of_studies(tuners: Sequence[Tuner], draws: int, workers: int, cores: int) -> list[str]:
    """What is to be computed, and how long it takes by a rough estimate, in a line."""
    durations = [seconds for tuner in tuners for seconds in tuner.durations(draws)]
    if not durations:
        return []
    about = in_words(makespan(durations, workers, cores))
    studies = f"{len(tuners)} studies" if len(tuners) > 1 else "a study"
    trainings = count_of(len(durations), "training")
    return [
        f"{studies} of {count_of(draws, 'draw')}: {trainings}, {workers} "
        f"at a time, {about} by estimate"
    ]


def told(draw: Draw) -> str:
    """A draw and its score in a line."""
    settings = ", ".join(f"{path}={json.dumps(v)}" for path, v in draw.settings.items())
    seeds = len(next(iter(draw.scores.values())))
    stopped = f", stopped after {count_of(seeds, 'seed')}" if draw.is_stopped else ""
    repeated = "" if draw.repeats is None else f", as draw {draw.repeats + 1}"
    failed = f", {len(draw.failures)} failed ({draw.failures[0]})" if draw.failures else ""
    return f"{settings}: score {draw.score:.3f}{repeated}{stopped}{failed}"
