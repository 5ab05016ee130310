"""Several runs in one folder of results: nothing is lost, and leftovers are told from what is being
written."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from il_envs import get_world
from leaderboard.cells import failed_cell, write_cell
from leaderboard.protocol import cells_of_run
from leaderboard.publishing import LOCKS, locked, registered, remove_leftovers, temporary_folder
from leaderboard.runs import Declaration, Manifest, extend_manifest, read_results
from tests.leaderboard.test_runs import ALGORITHMS, TINY

RUNS = 27


def manifest_of(name: str) -> Manifest:
    return Manifest(
        profile=TINY, worlds=("DriftCar",), algorithms={name: ("DriftCar",)}, seeds=1,
        declarations={name: Declaration()},
    )  # fmt: skip


def test_manifests_of_runs_that_start_together_are_all_kept(tmp_path: Path) -> None:
    names = [f"algorithm{number}" for number in range(RUNS)]
    with ThreadPoolExecutor(RUNS) as pool:
        list(pool.map(lambda name: extend_manifest(tmp_path, manifest_of(name)), names))
    kept = Manifest.model_validate_json((tmp_path / "run.json").read_bytes())
    assert set(kept.algorithms) == set(kept.declarations) == set(names)


def test_runs_into_one_folder_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two compute the same cells, and one others."""
    commands = [
        [sys.executable, "-m", "leaderboard", "run", "--profile", "smoke", "--worlds", "DriftCar",
         "--algorithms", str(ALGORITHMS / name), "--no-controls", "--out", str(tmp_path)]
        for name in ("good", "good", "acts")
    ]  # fmt: skip
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for command in commands
    ]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], outputs
    results = read_results(tmp_path)
    assert set(results.manifest.algorithms) == {"good", "acts"}
    cells = sorted((cell.spec.algorithm, cell.status) for cell in results.cells)
    assert cells == [("acts", "ok"), ("expert", "ok"), ("good", "ok"), ("random", "ok")]
    assert not list(tmp_path.glob("**/.seed_*"))


def test_a_copy_of_a_cell_is_no_cell(tmp_path: Path) -> None:
    extend_manifest(tmp_path, manifest_of("mine"))
    spec = cells_of_run(TINY, [get_world("DriftCar")], [], 1)[0]
    place = tmp_path / spec.folder
    place.mkdir(parents=True)
    write_cell(place, failed_cell(spec, "error", "none"))
    for other in (place.with_name("seed_0 (copy)"), tmp_path / "RiskyBridge" / "bc" / "seed_1"):
        shutil.copytree(place, other)
    assert [cell.spec for cell in read_results(tmp_path).cells] == [spec]


def test_what_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    place = tmp_path / "DriftCar" / "bc" / "seed_0"
    with registered(tmp_path) as writer:
        writing = temporary_folder(place, writer)
        remove_leftovers(tmp_path)
        assert writing.is_dir()
        assert (tmp_path / LOCKS / writer).exists()
    remove_leftovers(tmp_path)
    assert not writing.exists()


@pytest.mark.parametrize("writer", ["1", "0123456789abcdef"])
def test_the_leftover_of_a_killed_run_goes_whatever_it_is_called(
    writer: str, tmp_path: Path
) -> None:
    """A container's process 1 is always there, and is another one each time."""
    left = temporary_folder(tmp_path / "DriftCar" / "bc" / "labels_400" / "seed_0", writer)
    with locked(tmp_path):
        (tmp_path / LOCKS / writer).touch()  # nobody holds it any more
    remove_leftovers(tmp_path)
    assert not left.exists()
    assert not (tmp_path / LOCKS / writer).exists()
