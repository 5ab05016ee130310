"""What can be checked of a round besides its results: its log, and where its instances are from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from il_envs.world import base_name, get_world
from leaderboard import UserError
from leaderboard.algorithms.submission import code_of
from leaderboard.measures.references import exact_reference
from leaderboard.rounds.attempts import Attempt, Entered, attempts_of, faults_of, read_log
from leaderboard.rounds.entering import SUBMISSION, submission_of
from leaderboard.rounds.round import EVIDENCE, Round, known_secret, read_round, rounds_in
from leaderboard.runs import Results, read_results
from leaderboard.scores.rows import headline_row
from leaderboard.texts import count_of
from leaderboard.verification.command import verify_results


def verify_any(folder: Path, retrain: int, workers: int) -> bool:
    """Check a round, all rounds in a folder, or else a run; returns True if nothing is wrong.

    Args:
        retrain, workers: as in `verify_results`, of each attempt.

    Raises:
        UserError: if there is nothing to check, or the log of a round is damaged.
    """
    rounds = rounds_in(folder)
    if not rounds:
        return verify_results(folder, retrain, workers)
    well = True
    for place in rounds:
        print(f"{place}:")
        try:
            well &= verify_round(place, retrain, workers)
        except UserError as error:
            print(error)
            well = False
    return well


def verify_round(folder: Path, retrain: int = 0, workers: int = 1) -> bool:
    """Check a round and the results of all its attempts, and print all that is not as it says.

    Args:
        retrain, workers: as in `verify_results`, of each attempt.

    Returns:
        True if nothing is wrong.

    Raises:
        UserError: if there is no round, or its log is damaged.
    """
    found, log = read_round(folder), read_log(folder)
    attempts = attempts_of(log)
    faults = faults_of(log, found)
    print(
        f"the log of {count_of(len(attempts), 'attempt')} {'is broken' if faults else 'is whole'}"
    )
    faults += [
        f"{path}: it is not in the log"
        for path in sorted(folder.glob("*/run.json"))
        if path.parent.name not in {attempt.folder for attempt in attempts}
    ]
    for attempt in attempts:
        faults += _faults_of_attempt(folder, found, attempt)
    print(*faults, sep="\n", end="\n" * bool(faults))
    if known_secret(found) is None:
        print("instances: not checked: the secret is not revealed, and not on this computer")
    well = not faults
    for attempt in attempts:
        print(f"attempt {attempt.number}: {attempt.name}")
        try:
            well &= verify_results(
                folder / attempt.folder, retrain, workers, (folder / EVIDENCE).exists()
            )
        except UserError as error:
            print(error)
            well = False
    return well


def _faults_of_attempt(folder: Path, found: Round, attempt: Attempt) -> Iterator[str]:
    """A line for each thing that is not as the round and the log have it."""
    place = folder / attempt.folder
    try:
        results = read_results(place)
    except UserError:  # it will be told where its cells are checked
        return
    named, manifest, secret = f"attempt {attempt.number}", results.manifest, known_secret(found)
    wanted: Sequence[str] = manifest.worlds
    if secret is not None:
        wanted = found.instances_of(secret, attempt.submission, attempt.worlds)
        if set(wanted) != set(manifest.worlds):
            yield f"{named}: its instances do not follow from the secret"
    counted = Counter(map(base_name, manifest.worlds))
    if counted != dict.fromkeys(attempt.worlds, found.instances):
        yield f"{named}: it has not {found.instances} instances of {', '.join(attempt.worlds)}"
    if (manifest.profile, manifest.seeds) != (found.profile, 1):
        yield f"{named}: its profile or its seeds are not those of the round"
    if {name: set(worlds) for name, worlds in manifest.algorithms.items()} != {
        each.name: {world for world in manifest.worlds if base_name(world) in each.worlds}
        for each in attempt.algorithms
    }:
        yield f"{named}: its results are not of {attempt.name} in all of its instances alone"
        return
    for world in manifest.worlds:
        if (exact_reference(get_world(world)) is not None) != (world in manifest.exact_worlds):
            yield f"{named}: {world} has not the references that it should have"
    for each in attempt.algorithms:
        yield from (f"{named}: {fault}" for fault in _faults_of_algorithm(results, place, each))


def _faults_of_algorithm(results: Results, place: Path, algorithm: Entered) -> Iterator[str]:
    """A line for each thing that is not as the log says of an algorithm."""
    for world in results.manifest.algorithms[algorithm.name]:
        if fault := headline_row(results, algorithm.name, world).fault:
            yield f"{world}: {fault}"
    copied = place / SUBMISSION / algorithm.name
    folder = copied if copied.is_dir() else None
    if results.manifest.declaration(algorithm.name).is_control != algorithm.is_control:
        yield f"{algorithm.name} is a control in one place and none in the other"
    cells = [c for c in results.cells if c.is_learner and c.spec.algorithm == algorithm.name]
    if any(cell.spec.sources != algorithm.sources for cell in cells):
        yield f"a cell of {algorithm.name} has other sources than the log"
    for code, config in {
        (cell.spec.key.get("code", ""), cell.spec.key.get("config", "")) for cell in cells
    }:
        is_code = folder is None or code_of(str(folder), algorithm.name) == code
        if not is_code or submission_of(folder, code, config) != algorithm.submission:
            yield f"a cell of {algorithm.name} is of another submission"
