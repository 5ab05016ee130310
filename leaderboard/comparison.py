"""Whether two folders of results agree, cell by cell, and if not, whether training or scoring is
what differs.

Compared is all of a cell but its times and its computer. Scoring gives the same bits on every
computer: the same policy has the same episodes. Training does so on computers of one kind; another
kind trains another policy, whose return should be that of one more training run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf, sqrt
from typing import Any, Literal

import numpy as np
from scipy.stats import t as student

from il_envs.learning.stored_policy import TENSORS
from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.computer import Computer
from leaderboard.protocol import CellSpec
from leaderboard.runs import Results
from leaderboard.scores.rows import return_of
from leaderboard.texts import one_line
from leaderboard.verification.measured import SHARE_TOLERANCE, agree

LEVEL = 0.999
"""Probability with which the return of one more training run is in `one_more_run`: one of a
thousand honest runs is told as a difference."""

NOT_REPRODUCED = {"spec", "train_seconds", "evaluation_seconds", "computer"}
"""What a cell holds that is of one run alone; keys and conditions are compared on their own."""
SCORED = {"acts", "episodes", "mode_episodes", "exact", "outside_support"}
"""What scoring makes of a policy and its reward; the rest comes of training."""

HASH_LENGTH = 64  # characters of SHA-256

Verdict = Literal["agrees", "differs", "cannot be judged"]


@dataclass(frozen=True)
class Compared:
    """How a cell compares to the published one.

    Attributes:
        cell: the one computed anew; the published one of a row that was not.
        told: in words.
    """

    cell: Cell
    told: str
    verdict: Verdict


@dataclass(frozen=True)
class Difference:
    """A value of a cell that is not the published one.

    Attributes:
        name: path of the value, such as "exact.epic" or "episodes.1.length".
    """

    name: str
    there: Any
    here: Any

    def __str__(self) -> str:
        return one_line(f"{self.name} is {_shown(self.here)}, published {_shown(self.there)}")

    @property
    def field(self) -> str:
        """The field of the cell that the value is in."""
        return self.name.partition(".")[0]

    @property
    def is_rounding(self) -> bool:
        """True if the two may differ so by the processor alone."""
        if self.here is None or self.there is None:
            return False
        if self.name == "outside_support":
            return bool(abs(self.here - self.there) <= SHARE_TOLERANCE)
        is_computed = self.name.startswith("exact.") or self.name.endswith(".controlled_return")
        return is_computed and agree(self.there, self.here)


def compare(published: Results, ours: Results) -> Iterator[Compared]:
    """Compare each cell of a folder of results with the published one of the same world, algorithm,
    labels and seed, if there is one; then tell each published row of which there is no cell. A
    person's row is not missed, since nobody else can play it.

    Raises:
        UserError: if the two are of different profiles, or have no cell in common.
    """
    profiles = [results.manifest.profile for results in (published, ours)]
    if profiles[0] != profiles[1]:
        names = " and ".join(profile.name for profile in profiles)
        told = names if profiles[0].name != profiles[1].name else f"{names}, which has changed"
        raise UserError(f"{published.folder} and {ours.folder} are of different profiles: {told}")
    theirs = {cell.spec.folder: cell for cell in published.cells}
    common = [cell for cell in ours.cells if cell.spec.folder in theirs]
    if not common:
        raise UserError(f"{published.folder} and {ours.folder} have no cell in common")
    for cell in common:
        counterpart = theirs[cell.spec.folder]
        yield _compared(counterpart, cell, one_more_run(published, counterpart))
    rows = {cell.spec.folder.parent for cell in common}
    for cell in published.cells:
        row = cell.spec.folder.parent
        if row not in rows and cell.played is None:
            rows.add(row)
            yield Compared(cell, f"no published seed of this row is in {ours.folder}", "differs")


def cells_without_counterpart(results: Results, other: Results) -> int:
    """The number of cells of a folder of results that another one does not have."""
    folders = {cell.spec.folder for cell in other.cells}
    return sum(cell.spec.folder not in folders for cell in results.cells)


def differences_of_computers(published: Results, ours: Results) -> list[str]:
    """What is different about the computers of two folders of results, a line for each."""
    pairs = product(_computers(published), _computers(ours))
    return sorted({told for there, here in pairs for told in there.differences(here)})


def one_more_run(published: Results, cell: Cell) -> tuple[float, float]:
    """The interval in which the return of one more training run of a published row is with
    probability `LEVEL`, if returns are normal: Student's prediction interval. All numbers, if the
    row has fewer than two runs that did not fail."""
    returns = [return_of(other) for other in published.cells if _is_of_same_row(other, cell)]
    if len(returns) < 2:
        return -inf, inf
    quantile = student.ppf(0.5 + LEVEL / 2.0, len(returns) - 1)
    margin = quantile * np.std(returns, ddof=1) * sqrt(1.0 + 1.0 / len(returns))
    return float(np.mean(returns) - margin), float(np.mean(returns) + margin)


def _compared(published: Cell, ours: Cell, interval: tuple[float, float]) -> Compared:
    """How a cell compares to the published one.

    Args:
        interval: where the return may be if another policy was trained.
    """
    conditions = list(_differences("", _conditions(published.spec), _conditions(ours.spec)))
    if conditions:
        told = f"not compared, run under other conditions: {_listed(conditions)}"
        return Compared(ours, told, "cannot be judged")
    if not published.status == ours.status == "ok":
        return _compared_failures(published, ours)
    found = list(_differences_of_cells(published, ours))
    if not found:
        return Compared(ours, "the same, bit for bit", "agrees")
    differences = [difference for difference in found if not difference.is_rounding]
    if not differences:
        return Compared(ours, f"the same up to rounding: {_listed(found)}", "agrees")
    return _judged(published, ours, differences, interval)


def _judged(
    published: Cell, ours: Cell, differences: list[Difference], interval: tuple[float, float]
) -> Compared:
    """Whether training or scoring is what differs, and whether it may."""
    there, here = published.spec.key, ours.spec.key
    changed = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    because = f" ({', '.join(changed)} changed since)" if changed else ""
    listed = _listed(differences)
    scores = {difference.field for difference in differences} & SCORED
    if _is_of_scoring(published, ours, scores):
        return Compared(ours, f"scoring differs{because}: {listed}", "differs")
    is_lost = published.has_lost_its_policy or ours.has_lost_its_policy
    differs = f"training{' or scoring' if scores and is_lost else ''} differs{because}"
    same_kind = published.computer is not None and published.computer == ours.computer
    if same_kind and not changed:
        told = f"{differs} though computer and code are the same: {listed}"
        return Compared(ours, told, "differs")
    if not scores:
        return Compared(ours, f"{differs}, the scores are the same: {listed}", "agrees")
    numbers = f"returns {return_of(ours):.4f}, published {return_of(published):.4f}"
    low, high = interval
    if high == inf:
        told = f"{differs}, and fewer than two published runs say nothing of another: {numbers}"
        return Compared(ours, f"{told}; {listed}", "cannot be judged")
    bounds = f"[{low:.4f}, {high:.4f}]"
    if not low <= return_of(ours) <= high:
        return Compared(ours, f"{differs}: {numbers}, not in {bounds}; {listed}", "differs")
    told = f"{differs}, the return is that of one more run: {numbers}, in {bounds}; {listed}"
    return Compared(ours, told, "agrees")


def _is_of_scoring(published: Cell, ours: Cell, scores: set[str]) -> bool:
    """True if scores differ that another training cannot have changed: those of a reference row, or
    of the same policy; exact metrics are of its reward too."""
    if ours.spec.labels is None or (published.files == ours.files and not ours.has_lost_its_policy):
        return bool(scores)
    policies = [cell.files.get(TENSORS) for cell in (published, ours)]
    return None not in policies and policies[0] == policies[1] and bool(scores - {"exact"})


def _compared_failures(published: Cell, ours: Cell) -> Compared:
    """How a cell compares to the published one if not both are ok."""
    if published.status == "ok":
        return Compared(ours, f"failed, the published one did not: {ours.reason}", "differs")
    if (published.status, published.reason) == (ours.status, ours.reason):
        return Compared(ours, f"failed, as published: {ours.reason}", "agrees")
    here = "did not fail" if ours.status == "ok" else f"failed: {ours.reason}"
    told = f"{here}; the published one failed: {published.reason}"
    return Compared(ours, told, "cannot be judged")


def _conditions(spec: CellSpec) -> dict[str, Any]:
    """What a run was told to do, apart from the release that did it."""
    return {
        "profile": spec.profile.model_dump(),
        "settings": spec.settings,
        "style": spec.style or "the reference",
        "demonstrations": spec.key.get("demonstrations", "the scripted expert's"),
    }


def _differences_of_cells(published: Cell, ours: Cell) -> Iterator[Difference]:
    """The first difference in each field of a cell that is reproducible; one of rounding only where
    there is no other."""
    there, here = (cell.model_dump(exclude=NOT_REPRODUCED) for cell in (published, ours))
    for field in here:
        found = list(_differences(field, there[field], here[field]))
        yield from sorted(found, key=lambda difference: difference.is_rounding)[:1]


def _differences(name: str, there: Any, here: Any) -> Iterator[Difference]:
    """Where two values differ that may be made of dictionaries and tuples; None has no entries."""
    there, here = (dict(enumerate(v)) if isinstance(v, tuple) else v for v in (there, here))
    if isinstance(there, dict) or isinstance(here, dict):
        there, here = there or {}, here or {}
        for key in {**there, **here}:
            path = f"{name}.{key}" if name else key
            yield from _differences(path, there.get(key), here.get(key))
    elif repr(there) != repr(here):  # which tells the bits of a number
        yield Difference(name, there, here)


def _listed(differences: list[Difference]) -> str:
    return "; ".join(map(str, differences))


def _shown(value: Any) -> str:
    """A value in a line, a hash by its first characters."""
    if isinstance(value, str) and len(value) == HASH_LENGTH:
        return value[:12]
    return "none" if value is None else str(value)


def _is_of_same_row(cell: Cell, other: Cell) -> bool:
    return cell.status == "ok" and cell.spec.folder.parent == other.spec.folder.parent


def _computers(results: Results) -> list[Computer]:
    """The computers of a folder of results, each once."""
    known = [cell.computer for cell in results.cells if cell.computer is not None]
    return list({str(computer): computer for computer in known}.values())
