"""Policies that know, or do, what no learned one would."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from il_envs import get_world
from leaderboard.cells import Cell, read_cell, read_traces
from leaderboard.describing import find
from leaderboard.measures.references import required_reference
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.scores.rows import Scale

FOLDER = Path(__file__).parent
TINY = Profile(
    name="tiny", labels=(200,), seeds=1, evaluation_episodes=2, steps=400, time_limit=60.0
)


def cells(out: Path, world: str, algorithm: Path) -> dict[str, Cell]:
    """The cells of an algorithm and of the reference rows by name."""
    specs = cells_of_run(TINY, [get_world(world)], [find(str(algorithm))], 1)
    run_cells(specs, out, 2, Progress(Console(quiet=True)))
    return {spec.algorithm: read_cell(out / spec.folder) for spec in specs}


def test_a_policy_of_two_faces_is_scored_by_the_one_that_it_shows(tmp_path: Path) -> None:
    """The process that has seen the demonstrations does not act."""
    cell = cells(tmp_path, "DriftCar", FOLDER / "two_faced")["two-faced"]
    assert cell.status == "ok", cell.reason
    for actions in read_traces(tmp_path / cell.spec.folder, len(cell.episodes)):
        assert not actions.any()


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    """The algorithm, with the best policy of the registered world."""
    folder = Path(shutil.copytree(FOLDER / "carried", tmp_path / "carried"))
    np.save(folder / "brought.npy", required_reference(get_world("FourRooms")).policy)
    return folder


def test_what_is_carried_along_fits_no_instance(tmp_path: Path, carried: Path) -> None:
    """It scores 1 in the registered world, and like chance in one that it could not know."""
    scores = []
    for world in ("FourRooms", "FourRooms~0123456789abcdef"):
        there = cells(tmp_path / "out", world, carried)
        assert all(cell.status == "ok" for cell in there.values())
        random, reference = there["random"], there["soft-optimal"]
        assert random.exact is not None
        assert reference.exact is not None
        scale = Scale(
            random.exact.expected_return, reference.exact.expected_return, (random,), (reference,)
        )
        exact = there["carried"].exact
        assert exact is not None
        scores.append(scale.score(exact.expected_return))
    assert scores[0] == pytest.approx(1.0)
    assert scores[1] < 0.1


def test_a_file_that_is_carried_along_is_part_of_the_key(carried: Path) -> None:
    before = find(str(carried)).code
    np.save(carried / "brought.npy", np.load(carried / "brought.npy") * 1.0000001)
    assert find(str(carried)).code != before
