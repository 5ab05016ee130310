"""A cell's policy is loaded again as it was, or one line says why it cannot be."""

import shutil
import warnings
from pathlib import Path

import pytest

import il_envs
from il_envs import run_episodes
from leaderboard import UserError, child, stored_policies
from leaderboard.cells import failed_cell, read_cell, write_cell
from leaderboard.protocol import cells_of_run
from leaderboard.stored_policies import OtherVersionWarning, load_policy
from leaderboard.submission import load_all
from tests.leaderboard.test_runs import ALGORITHMS, TINY

WORLD = il_envs.get_world("DriftCar")


def computed(algorithm: str, origin: Path, out: Path) -> Path:
    """The folder of the cell of an algorithm, computed in this process."""
    contenders = load_all([str(origin / algorithm)])
    (spec,) = (s for s in cells_of_run(TINY, [WORLD], contenders, 1) if s.algorithm == algorithm)
    folder = out / spec.folder
    folder.mkdir(parents=True)
    child.write(spec, child.compute(spec), folder)
    return folder


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """The folder of a cell of `good`, whose code can be changed."""
    shutil.copytree(ALGORITHMS / "good", tmp_path / "algorithms" / "good")
    return computed("good", tmp_path / "algorithms", tmp_path)


def rewritten(folder: Path, **changes: object) -> None:
    """Change the cell's specification."""
    cell = read_cell(folder)
    write_cell(folder, cell.model_copy(update={"spec": cell.spec.model_copy(update=changes)}))


def test_it_drives_every_evaluation_episode_as_it_did(cell: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        policy = load_policy(cell)
    recorded = read_cell(cell).episodes
    seeds = [row.seed for row in recorded]
    again = run_episodes(WORLD, "held_out", lambda env: policy, seeds)
    assert [episode.state_hash for episode in again] == [row.state_hash for row in recorded]


def test_other_code_is_told_and_the_policy_loaded(cell: Path) -> None:
    rewritten(cell, key=read_cell(cell).spec.key | {"code": "older", "world": "older"})
    told = "the code of good and the world DriftCar changed since this policy was learned"
    with pytest.warns(OtherVersionWarning, match=told):
        load_policy(cell)


def error_of(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_policy(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_without_a_cell(tmp_path: Path) -> None:
    assert "cell.json: No such file or directory" in error_of(tmp_path)


def test_a_cell_that_has_failed_says_why_it_has_no_policy(cell: Path) -> None:
    spec = read_cell(cell).spec
    write_cell(cell, failed_cell(spec, "timeout", "took more than 60 s"))
    assert error_of(cell).endswith("no policy is stored in it (took more than 60 s)")


def test_an_algorithm_whose_policies_have_no_tensors(cell: Path) -> None:
    kept = read_cell(cell)
    write_cell(cell, kept.model_copy(update={"files": {}}))
    assert error_of(cell).endswith("no policy is stored in it (policies of good have no tensors)")


def test_an_algorithm_that_cannot_restore(tmp_path: Path) -> None:
    shutil.copytree(ALGORITHMS / "good", tmp_path / "algorithms" / "good")
    path = tmp_path / "algorithms" / "good" / "algorithm.py"
    path.write_text(path.read_text().replace(", restore=restore", ""))
    folder = computed("good", tmp_path / "algorithms", tmp_path)
    assert "good cannot restore its policies; give it a function" in error_of(folder)


def test_an_algorithm_or_a_world_that_is_gone(cell: Path) -> None:
    origin = read_cell(cell).spec.origin
    rewritten(cell, origin="daggre")
    assert error_of(cell).endswith("unknown algorithm 'daggre'; did you mean 'dagger'?")
    rewritten(cell, origin=origin, world="DriftCart")
    assert error_of(cell).endswith("unknown world 'DriftCart'; did you mean 'DriftCar'?")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_file_that_is_damaged_or_gone(cell: Path, damage) -> None:  # type: ignore[no-untyped-def]
    damage(cell / "policy.safetensors")
    assert error_of(cell).endswith("remove its folder to compute it anew")


def test_tensors_that_do_not_fit_are_a_line(cell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_policies.safetensors.numpy, "load", lambda content: {})
    assert "policy.safetensors: damaged ('weights')" in error_of(cell)
    rewritten(cell, key=read_cell(cell).spec.key | {"code": "older"})
    assert "the code of good changed since, so it may not fit ('weights')" in error_of(cell)
