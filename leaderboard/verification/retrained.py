"""Cells trained again, which is what tells a learner from a recording of the expert."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from il_envs.world import UnknownNameError, get_world
from leaderboard import UserError
from leaderboard.cells import Cell
from leaderboard.describing import find
from leaderboard.keys import key_of, world_key
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells


def chosen(cells: Sequence[Cell], count: int) -> list[Cell]:
    """Some cells of learners that have not failed, drawn so that nobody can know which."""
    learners = [cell for cell in cells if cell.status == "ok" and cell.is_learner]
    return random.SystemRandom().sample(learners, min(count, len(learners)))


def why_not(cell: Cell) -> str:
    """Why a cell cannot be trained here again, in a few words; empty if it can be."""
    spec = cell.spec
    try:
        contender = find(spec.origin, spec.settings)
    except (UserError, UnknownNameError) as error:
        return f"its algorithm is not here: {error}"
    if contender.code != spec.key.get("code"):
        return "the code of its algorithm is another here"
    if contender.config != spec.key.get("config"):
        return "the settings of its algorithm are others here"
    world = get_world(spec.world)
    of_world = world_key(world)
    now = key_of(spec.profile, world, of_world, contender.code, spec.labels, spec.seed)
    if other := [name for name, told in now.items() if spec.key.get(name) != told]:
        return f"its {', '.join(other)} is another here"
    return ""


def train_again(cells: Sequence[Cell], workers: int) -> Iterator[tuple[Cell, str, bool]]:
    """Compute cells again.

    Yields:
        a cell, how it differs when it is computed again (empty if it does not), and whether that
        is a fault: on another kind of computer training may give something else.
    """
    with tempfile.TemporaryDirectory(prefix="leaderboard-verify-") as folder:
        progress = Progress(Console(stderr=True))
        again = run_cells([cell.spec for cell in cells], Path(folder), workers, progress)
    found = {cell.spec.folder: cell for cell in again}
    for cell in cells:
        difference = _difference(cell, found[cell.spec.folder])
        yield cell, difference, _is_comparable(cell, found[cell.spec.folder])


def _difference(recorded: Cell, again: Cell) -> str:
    if again.status != "ok":
        return f"trained again, it fails: {again.reason}"
    if recorded.meter != again.meter:
        return f"trained again, it uses {again.meter}, not {recorded.meter}"
    for i, (row, other) in enumerate(zip(recorded.episodes, again.episodes, strict=True)):
        if row.state_hash != other.state_hash:
            return (
                f"trained again, episode {i} returns {other.total_reward:g}, "
                f"not {row.total_reward:g}"
            )
    if (recorded.exact, recorded.outside_support) != (again.exact, again.outside_support):
        return "trained again, its metrics are others"
    return ""


def _is_comparable(recorded: Cell, again: Cell) -> bool:
    computers = recorded.computer, again.computer
    return computers[0] is not None and computers[0] == computers[1]
