"""Whether two folders of results agree, cell by cell, and if not, whether training or scoring is
what differs.

Scoring gives the same bits on every computer: the same policy has the same episodes. Training does
so on computers of one kind; another kind trains another policy, whose return should be that of one
more training run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf, sqrt

import numpy as np
from scipy.stats import t as student

from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.computer import Computer
from leaderboard.runs import Results
from leaderboard.scores.rows import return_of
from leaderboard.verification import agree

LEVEL = 0.999
"""Probability with which the return of one more training run is in `one_more_run`: one of a
thousand honest runs is told as a difference."""


@dataclass(frozen=True)
class Compared:
    """How a cell compares to the published one.

    Attributes:
        told: in words.
        is_fault: False if that is as it should be.
    """

    cell: Cell
    told: str
    is_fault: bool


def compare(published: Results, ours: Results) -> Iterator[Compared]:
    """Compare each cell of a folder of results with the published one of the same world, algorithm,
    labels and seed, if there is one.

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
    if ours.status != "ok":
        return Compared(ours, f"failed: {ours.reason}", is_fault=published.status == "ok")
    if published.status != "ok":
        return Compared(ours, f"the published one failed: {published.reason}", is_fault=False)
    scoring = _difference_of_scoring(published, ours)
    if not scoring:
        return Compared(ours, "the same, bit for bit", is_fault=False)
    there, here = published.spec.key, ours.spec.key
    changed = [name for name in here if there.get(name) != here[name]]
    because = f" ({', '.join(changed)} changed since)" if changed else ""
    policies = [cell.files.get("policy.safetensors") for cell in (published, ours)]
    is_reference = ours.spec.labels is None
    if is_reference or (policies[0] is not None and policies[0] == policies[1]):
        return Compared(ours, f"scoring differs{because}: {scoring}", is_fault=True)
    what = "training or scoring" if None in policies else "training"
    numbers = f"returns {return_of(ours):.4f}, published {return_of(published):.4f}"
    low, high = interval
    if not low <= return_of(ours) <= high:
        told = f"{what} differs{because}: {numbers}, not in [{low:.4f}, {high:.4f}]"
        return Compared(ours, told, is_fault=True)
    told = f"{what} differs{because}, the return is that of one more run: {numbers}"
    same_kind = published.computer is not None and published.computer == ours.computer
    return Compared(ours, told, is_fault=same_kind and not changed)


def _difference_of_scoring(published: Cell, ours: Cell) -> str:
    """The first thing that was scored otherwise; empty if there is none."""
    uncontrolled = {"controlled_return": None}  # which follows from the others, up to rounding
    for there, here in zip(published.episodes, ours.episodes, strict=True):
        if there.model_copy(update=uncontrolled) != here.model_copy(update=uncontrolled):
            returns = f"{here.total_reward:.6f}, published {there.total_reward:.6f}"
            return f"the episode of seed {here.seed} returns {returns}"
    if published.exact is not None and ours.exact is not None:
        again = ours.exact.numbers
        for name, value in published.exact.numbers.items():
            if not agree(value, again[name]):
                return f"{name} is {again[name]}, published {value}"
    return ""


def _is_of_same_row(cell: Cell, other: Cell) -> bool:
    return cell.status == "ok" and cell.spec.folder.parent == other.spec.folder.parent


def _computers(results: Results) -> list[Computer]:
    """The computers of a folder of results, each once."""
    known = [cell.computer for cell in results.cells if cell.computer is not None]
    return list({str(computer): computer for computer in known}.values())
