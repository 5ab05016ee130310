"""Submissions of a round: trained and scored in instances of their own."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from il_envs.learning.installed import installed_algorithms
from il_envs.world import World, get_world
from leaderboard import UserError, require_at_least, tell
from leaderboard.algorithms.contender import Contender
from leaderboard.algorithms.imports import hash_of
from leaderboard.algorithms.submission import files_of, require_folder_of_algorithm
from leaderboard.computing import compute
from leaderboard.conditions import with_settings
from leaderboard.describing import find_all
from leaderboard.files import copy_files
from leaderboard.protocol import cells_of_run
from leaderboard.publishing import writing_to
from leaderboard.rounds.attempts import (
    Attempt,
    Entered,
    attempt_of,
    logged,
    read_log,
    submission_of_all,
    worlds_of_all,
)
from leaderboard.rounds.round import Kept, Round, kept_of, read_round, suite
from leaderboard.running.runner import unfinished
from leaderboard.runs import read_results
from leaderboard.seals import has_computed, seal
from leaderboard.selection import manifest_of

SUBMISSION = "submission"
"""Folder of the copies of algorithms, from which they are trained, beside their results."""


def submission_of(folder: Path | None, code: str, config: str) -> str:
    """SHA-256 over all of a submission: another byte is another submission.

    Args:
        folder: the copy of its files; None for an installed algorithm.
        code, config: as in `Contender`.
    """
    files = "" if folder is None else hash_of(files_of(folder))
    return hashlib.sha256(f"{code}\n{config}\n{files}".encode()).hexdigest()


def enter(
    folder: Path, origins: Sequence[str], workers: int, settings: Sequence[str] = ()
) -> Attempt:
    """Train and score algorithms in a round, in the same instances. The same ones go on where they
    were stopped; another byte in one of them is another submission, with instances of its own.
    Either way there is a line in the log first, unless nothing is left to compute.

    Args:
        origins: names or folders of algorithms; what is trained is a copy of a folder, without
            files that are hidden.
        workers: cells at a time.
        settings: settings of the algorithms, "NAME.SETTING=VALUE" each.

    Raises:
        UserError: if the round is over, not of this suite or this computer, or none of them applies
            to any of its worlds.
        InterruptedRunError: on Ctrl-C; what was finished stays.
    """
    require_at_least("--workers", workers)
    found = read_round(folder)
    kept = _require_open(folder, found)
    worlds = [get_world(name) for name in found.worlds]
    with tempfile.TemporaryDirectory(prefix="il-envs-") as scratch:
        entries = _entries(origins, Path(scratch), worlds, settings)
        if not entries:
            raise UserError(f"{', '.join(origins)}: applies to none of {', '.join(found.worlds)}")
        algorithms = tuple(entry.told for entry in entries)
        submission, of_worlds = submission_of_all(algorithms), worlds_of_all(algorithms)
        names = found.instances_of(kept.secret, submission, of_worlds)
        instances = [get_world(name) for name in names]
        contenders = [entry.contender for entry in entries]
        known = attempt_of(read_log(folder), algorithms)
        specs = cells_of_run(found.profile, instances, contenders, 1)
        if known is not None and not unfinished(specs, folder / known.folder):
            tell(f"attempt {known.number}: {known.name}, all of it is done")
            return known
        with writing_to(folder):
            attempt = logged(folder, found, kept, algorithms)
            place = folder / attempt.folder
            contenders = [entry.moved(place / SUBMISSION) for entry in entries]
            specs = cells_of_run(found.profile, instances, contenders, 1)
    tell(f"attempt {attempt.number}: {attempt.name}, submission {attempt.submission[:12]}")
    manifest = manifest_of(found.profile, instances, contenders, 1)
    compute(specs, manifest, contenders, place, workers)
    now = kept_of(found)
    if now is not None and not now.is_over:  # nobody has learned the secret meanwhile
        with writing_to(folder):
            _seal(place)
    return attempt


@dataclass(frozen=True)
class _Entry:
    """An algorithm that is to be entered.

    Attributes:
        copied: the copy of its folder; None for an installed one.
        told: what the log says of it.
    """

    contender: Contender
    copied: Path | None
    told: Entered

    def moved(self, folder: Path) -> Contender:
        """The contender whose code is a copy beside its results.

        Raises:
            UserError: if there is another copy already.
            OSError: if it cannot be written.
        """
        if self.copied is None:
            return self.contender
        place = folder / self.contender.name
        if not place.exists():
            shutil.copytree(self.copied, place)
        if hash_of(files_of(place)) != hash_of(files_of(self.copied)):
            raise UserError(f"{place}: not what was entered; restore it")
        return self.contender.model_copy(update={"origin": str(place.resolve())})


def _entries(
    origins: Sequence[str], scratch: Path, worlds: Sequence[World], settings: Sequence[str]
) -> list[_Entry]:
    """Those of the algorithms that apply to one of the worlds.

    Raises:
        UserError, UnknownNameError: if one is not valid, or two have the same name.
    """
    copies = {
        origin: _copied(origin, scratch / str(number))
        for number, origin in enumerate(dict.fromkeys(origins))
    }
    found = find_all([str(copied or origin) for origin, copied in copies.items()])
    entries = []
    for contender, copied in zip(with_settings(found, settings), copies.values(), strict=True):
        names = tuple(world.name for world in worlds if contender.applies_to(world))
        if names:
            submission = submission_of(copied, contender.code, contender.config)
            told = Entered(
                name=contender.name,
                submission=submission,
                summary=contender.summary,
                sources=tuple(sorted(contender.sources)),
                is_control=contender.is_control,
                worlds=names,
            )
            entries.append(_Entry(contender, copied, told))
    return entries


def _require_open(folder: Path, found: Round) -> Kept:
    """What this computer keeps of a round that takes submissions.

    Raises:
        UserError: if it takes none, or not here.
    """
    kept = kept_of(found)
    if found.revealed is not None or (kept is not None and kept.is_over):
        raise UserError(f"{folder}: its secret is revealed, so nobody can enter any more")
    if kept is None:
        raise UserError(f"{folder}: its secret is not on this computer")
    if found.suite != suite():
        raise UserError(f"{folder} is a round of {found.suite}, and this is {suite()}")
    return kept


def _copied(origin: str, place: Path) -> Path | None:
    """A copy of the files that count of a submission; None for an installed algorithm.

    Raises:
        UserError, UnknownNameError: if there is no algorithm.
    """
    if origin in installed_algorithms():
        return None
    require_folder_of_algorithm(origin)
    copy_files(files_of(Path(origin)), place)
    return place


def _seal(place: Path) -> None:
    """Seal what was computed here while nobody but this computer knew the secret."""
    with suppress(UserError):  # there is no key, as the run has said, or nothing was finished
        for cell in read_results(place).cells:
            if has_computed(place / cell.spec.folder):
                seal(place / cell.spec.folder, "secret")
