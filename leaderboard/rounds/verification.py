"""What can be checked of a round besides its results: its log, and where its instances are from."""

from collections.abc import Iterator
from pathlib import Path

from il_envs.world import base_name
from leaderboard import UserError
from leaderboard.rounds.attempts import Attempt, faults_of, read_attempts, submission_of
from leaderboard.rounds.round import Round, Secret, known_secret, read_round
from leaderboard.runs import read_results
from leaderboard.texts import count_of
from leaderboard.verification.command import verify_results


def verify_round(folder: Path, retrain: int, workers: int) -> bool:
    """Check a round and the results of all its attempts, and print all that is not as it says.

    Args:
        retrain, workers: as in `verify_results`, of each attempt.

    Returns:
        True if nothing is wrong.

    Raises:
        UserError: if there is no round, or its log is damaged.
    """
    found, attempts = read_round(folder), read_attempts(folder)
    secret = known_secret(found)
    faults = faults_of(attempts, found.commitment)
    print(
        f"the log of {count_of(len(attempts), 'attempt')} {'is broken' if faults else 'is whole'}"
    )
    faults += [
        f"{path}: it is not in the log"
        for path in sorted(folder.glob("*/run.json"))
        if path.parent.name not in {attempt.folder for attempt in attempts}
    ]
    for attempt in attempts:
        faults += _faults_of_attempt(folder, found, secret, attempt)
    print(*faults, sep="\n", end="\n" * bool(faults))
    if secret is None:
        print("instances: not checked: the secret is not revealed, and not on this computer")
    well = not faults
    for attempt in attempts:
        print(f"attempt {attempt.number}: {attempt.name}")
        try:
            well &= verify_results(folder / attempt.folder, retrain, workers)
        except UserError as error:
            print(error)
            well = False
    return well


def _faults_of_attempt(
    folder: Path, found: Round, secret: Secret | None, attempt: Attempt
) -> Iterator[str]:
    """A line for each thing that does not fit together."""
    try:
        results = read_results(folder / attempt.folder)
    except UserError:  # it will be told where its cells are checked
        return
    named = f"attempt {attempt.number}"
    if results.manifest.profile != found.profile:
        yield f"{named}: its profile is not that of the round"
    if set(results.manifest.algorithms) != {attempt.name}:
        yield f"{named}: its results are not of {attempt.name} alone"
    if secret is None:
        return
    told = results.manifest.worlds
    for world in dict.fromkeys(map(base_name, told)):
        own = [name for name in told if base_name(name) == world]
        if world not in found.worlds:
            yield f"{named}: {world} is no world of the round"
        elif own != found.instances_of(secret, attempt.submission, world):
            yield f"{named}: its instances of {world} do not follow from the secret"
    submissions = {
        submission_of(cell.spec.key.get("code", ""), cell.spec.key.get("config", ""))
        for cell in results.cells
        if cell.is_learner
    }
    if not submissions <= {attempt.submission}:
        yield f"{named}: a cell is of another submission"
