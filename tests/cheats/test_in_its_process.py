"""What an algorithm gets hold of in the process of its scorer, and does not in its own.

The same text runs in both, so that a way that would not work anywhere is told.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from il_envs import get_world
from leaderboard.cells import Cell, Guard, read_cell
from leaderboard.describing import find
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from tests.cheats.cheat.algorithm import WAYS

CHEAT = Path(__file__).parent / "cheat"
ELSEWHERE = Path(__file__).parent.parent / "algorithms" / "elsewhere"
TINY = Profile(
    name="tiny", labels=(200,), seeds=2, evaluation_episodes=2, steps=400, time_limit=60.0
)
SHARED: dict[Guard, set[str]] = {"namespaces": set(), "landlock": {"note_for_another"}}
"""What works all the same behind a guard: Landlock leaves the memory that processes share."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port of this machine at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def cheated(out: Path, port: int, in_process: bool) -> tuple[Cell, set[str]]:
    """The second of two cells of the same algorithm, and the ways that have worked in it."""
    note = f"il-envs-cheat-{hash(out)}"
    settings = {"way": "+".join(WAYS), "port": str(port), "note": note}
    contender = find(str(CHEAT), settings)
    specs = cells_of_run(TINY, [get_world("DriftCar")], [contender], 2)
    for spec in (each for each in specs if each.labels is not None):
        run_cells([spec], out, 1, Progress(Console(quiet=True)), in_process)
    for place in (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"), Path.home()):
        (place / note).unlink(missing_ok=True)
    cell = read_cell(out / spec.folder)
    log = (out / spec.folder / "log.txt").read_text()
    return cell, {way for way in WAYS if f"{way} has worked" in log}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "a key")


def test_every_way_works_in_the_process_of_the_scorer(tmp_path: Path, port: int) -> None:
    cell, worked = cheated(tmp_path, port, in_process=True)
    assert (cell.status, cell.guards) == ("ok", ())
    assert worked == set(WAYS)


@pytest.mark.parametrize("guard", ["namespaces", "landlock"])
def test_no_way_works_behind_a_guard(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, guard: Guard
) -> None:
    if guard == "landlock":
        monkeypatch.setenv("PATH", without("bwrap", tmp_path / "path"))
    cell, worked = cheated(tmp_path / "out", port, in_process=False)
    assert cell.status == "ok"
    if cell.guards != ("process", guard):
        pytest.skip(f"this system has {' and '.join(cell.guards)} alone")
    assert worked == SHARED[guard]


@pytest.mark.parametrize("guard", ["namespaces", "landlock"])
def test_what_is_installed_elsewhere_is_found_behind_a_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: Guard
) -> None:
    """As with `pip install --user`, or modules of a cluster: here by a path from where one is."""
    said = tmp_path / "site" / "installed_elsewhere-1.0.dist-info"
    said.mkdir(parents=True)
    (said / "METADATA").write_text("Name: installed_elsewhere\nVersion: 1.0\n")
    (said / "top_level.txt").write_text("installed_elsewhere\n")
    (tmp_path / "site" / "installed_elsewhere.py").write_text("GREETING = 'found'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["site", os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend("site")
    if guard == "landlock":
        monkeypatch.setenv("PATH", without("bwrap", tmp_path / "path"))
    contender = find(str(ELSEWHERE))
    specs = cells_of_run(TINY, [get_world("DriftCar")], [contender], 1)
    run_cells(specs, tmp_path / "out", 1, Progress(Console(quiet=True)))
    (spec,) = (each for each in specs if each.labels is not None)
    cell = read_cell(tmp_path / "out" / spec.folder)
    log = (tmp_path / "out" / spec.folder / "log.txt").read_text()
    assert (cell.status, cell.reason) == ("ok", "")
    assert log.startswith("found algorithm")


def without(program: str, folder: Path) -> str:
    """A path of programs on which one is missing."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for found in place.iterdir() if place.is_dir() else ():
            if found.name != program and not (folder / found.name).exists():
                (folder / found.name).symlink_to(found)
    return str(folder)
