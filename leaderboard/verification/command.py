"""The command `leaderboard verify`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leaderboard import UserError, tell
from leaderboard.cells import Cell, has_evidence
from leaderboard.people import verify_played
from leaderboard.runs import Results, read_results
from leaderboard.seals import Fact, seal
from leaderboard.texts import count_of
from leaderboard.verification.measured import (
    verify_controlled_returns,
    verify_metrics,
    verify_support,
)
from leaderboard.verification.references import verify_reference
from leaderboard.verification.replays import verify_episodes
from leaderboard.verification.retrained import chosen, train_again, why_not
from leaderboard.verification.statements import other_versions, verify_files, verify_statements


@dataclass
class Checked:
    """What came of checking a cell.

    Attributes:
        faults: a line for each thing that is not as the cell says.
        unchecked: what could not be checked, in a few words each.
        episodes: how many of its episodes replay.
        is_measured: whether its exact metrics were computed anew.
    """

    cell: Cell
    faults: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    episodes: int = 0
    is_measured: bool = False

    @property
    def passes(self) -> bool:
        """Whether everything was checked and is as the cell says."""
        return self.cell.status == "ok" and not self.faults and not self.unchecked


def verify_results(
    folder: Path, retrain: int = 0, workers: int = 1, is_set_apart: bool = False
) -> bool:
    """Check every finished cell, and print all that is not as it says; cells that pass are sealed.

    Args:
        retrain: how many cells of learners to train again as well, drawn at random.
        workers: how many of them at a time.
        is_set_apart: whether what cells were scored from is elsewhere, so that those which lack it
            are not checked, and are no fault.

    Returns:
        True if nothing is wrong.

    Raises:
        UserError: if there are no results.
        InterruptedRunError: on Ctrl-C while training.
    """
    results = read_results(folder)
    cells = results.cells
    if is_set_apart:
        cells = tuple(cell for cell in cells if has_evidence(folder, cell))
        print(f"{len(cells)} of {len(results.cells)} cells have here what they were scored from")
    checked = [check_cell(results, cell) for cell in cells]
    for each in checked:
        print(*each.faults, sep="\n", end="\n" * bool(each.faults))
    finished = [each for each in checked if each.cell.status == "ok"]
    episodes = sum(len(each.cell.episodes) for each in finished)
    print(
        f"{sum(each.episodes for each in finished)} of {episodes} episodes in "
        f"{count_of(len(finished), 'cell')} replay to the same returns and states"
    )
    exact = [each for each in finished if each.is_measured]
    if exact:
        measured = sum(not each.faults for each in exact)
        print(f"{measured} of {len(exact)} cells are measured to the same exact numbers")
    for each in finished:
        if each.unchecked:
            print(f"{each.cell.spec.title}: not checked: {', '.join(each.unchecked)}")
    for each in checked:
        if each.cell.status != "ok":
            print(f"{each.cell.spec.title}: failed, nothing to replay: {each.cell.reason}")
    _seal(results, [each.cell for each in checked if each.passes], "replayed")
    right = [each.cell for each in checked if not each.faults]
    is_trained = not retrain or _verify_training(results, right, retrain, workers)
    return is_trained and len(right) == len(checked)


def check_cell(results: Results, cell: Cell) -> Checked:
    """Check a cell in every way; what is damaged is a fault, and the other ways go on."""
    checked = Checked(cell)
    if cell.status != "ok":
        return checked
    folder = results.folder
    versions = other_versions(cell)
    if versions:
        checked.unchecked.append(f"other versions of {', '.join(versions)}")
    ways = (
        lambda: verify_statements(cell, results.manifest),
        lambda: _replayed(folder, checked),
        lambda: _measured(folder, checked),
        lambda: verify_support(folder, cell),
        lambda: verify_controlled_returns(folder, cell),
        lambda: verify_files(folder, cell),
        lambda: verify_played(folder, cell),
        lambda: [] if versions else verify_reference(cell),
    )
    for way in ways:
        try:
            checked.faults += way()
        except UserError as error:
            checked.faults.append(str(error))
    return checked


def _replayed(folder: Path, checked: Checked) -> list[str]:
    faults = verify_episodes(folder, checked.cell)
    checked.episodes = len(checked.cell.episodes) - len(faults)
    return faults


def _measured(folder: Path, checked: Checked) -> list[str]:
    faults = verify_metrics(folder, checked.cell)
    checked.is_measured = faults is not None
    if faults is None and checked.cell.exact is not None:
        kind = "exact" if checked.cell.is_exact else "estimated"
        checked.unchecked.append(f"{kind} metrics")
    return faults or []


def _verify_training(results: Results, cells: Sequence[Cell], count: int, workers: int) -> bool:
    """Train some of the cells again, print what came of it, and seal those that are the same;
    returns True if nothing is wrong."""
    drawn = [(cell, why_not(cell)) for cell in chosen(cells, count)]
    for cell, reason in drawn:
        if reason:
            print(f"{cell.spec.title}: not trained again: {reason}")
    trained = [cell for cell, reason in drawn if not reason]
    same, faults = [], 0
    for cell, difference, is_fault in train_again(trained, workers):
        if not difference:
            same.append(cell)
            continue
        faults += is_fault
        where = "" if is_fault else ", on another kind of computer"
        print(f"{cell.spec.title}: {difference}{where}")
    print(f"trained again with the same result: {len(same)} of {count_of(len(drawn), 'cell')}")
    _seal(results, same, "retrained")
    return not faults


def _seal(results: Results, cells: Sequence[Cell], fact: Fact) -> None:
    """Seal cells, where the folder can be written."""
    try:
        for cell in cells:
            seal(results.folder / cell.spec.folder, fact)
    except (OSError, UserError) as error:
        why = getattr(error, "strerror", None) or error
        tell(f"{results.folder}: {why}; what was checked is not kept")
