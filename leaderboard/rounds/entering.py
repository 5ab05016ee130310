"""A submission of a round: trained and scored in instances of its own."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from il_envs.world import get_world
from leaderboard import UserError, require_at_least, tell
from leaderboard.computing import compute
from leaderboard.conditions import with_settings
from leaderboard.describing import find
from leaderboard.protocol import cells_of_run
from leaderboard.publishing import writing_to
from leaderboard.rounds.attempts import Attempt, logged, submission_of
from leaderboard.rounds.round import known_secret, read_round, suite
from leaderboard.runs import read_results
from leaderboard.seals import has_computed, seal
from leaderboard.selection import manifest_of


def enter(folder: Path, origin: str, workers: int, settings: Sequence[str] = ()) -> Attempt:
    """Train and score an algorithm in a round. The same submission goes on where it was stopped;
    another byte in it is another submission, with instances of its own, and another line in the
    log, which is written first.

    Args:
        origin: name or folder of the algorithm.
        workers: cells at a time.
        settings: settings of the algorithm, "NAME.SETTING=VALUE" each.

    Raises:
        UserError: if the round is over, not of this suite or this computer, or the algorithm does
            not apply to any of its worlds.
        InterruptedRunError: on Ctrl-C; what was finished stays.
    """
    require_at_least("--workers", workers)
    found = read_round(folder)
    if found.revealed is not None:
        raise UserError(f"{folder}: its secret is revealed, so nobody can enter any more")
    if found.suite != suite():
        raise UserError(f"{folder} is a round of {found.suite}, and this is {suite()}")
    secret = known_secret(found)
    if secret is None:
        raise UserError(f"{folder}: its secret is not on this computer")
    (contender,) = with_settings([find(origin)], settings)
    worlds = [name for name in found.worlds if contender.applies_to(get_world(name))]
    if not worlds:
        raise UserError(f"{contender.name} does not apply to {', '.join(found.worlds)}")
    submission = submission_of(contender.code, contender.config)
    with writing_to(folder):
        attempt = logged(folder, contender.name, submission, found.commitment)
    tell(f"attempt {attempt.number}: {attempt.name}, submission {submission[:12]}")
    instances = [
        get_world(instance)
        for name in worlds
        for instance in found.instances_of(secret, submission, name)
    ]
    specs = cells_of_run(found.profile, instances, [contender], 1)
    manifest = manifest_of(found.profile, instances, [contender], 1)
    place = folder / attempt.folder
    compute(specs, manifest, [contender], place, workers)
    with writing_to(folder):
        _seal(place)
    return attempt


def _seal(place: Path) -> None:
    """Seal what was computed here while nobody but this computer knew the secret."""
    with suppress(UserError):  # there is no key, as the run has said, or nothing was finished
        for cell in read_results(place).cells:
            if has_computed(place / cell.spec.folder):
                seal(place / cell.spec.folder, "secret")
