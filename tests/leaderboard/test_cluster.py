"""On a cluster the same cells come out, also where a machine is lost meanwhile."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from il_envs import get_world
from leaderboard import UserError
from leaderboard.cells import read_cell
from leaderboard.describing import find
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.cluster import compute_cell, pack, unpack
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.seals import has_computed

if find_spec("ray") is None:
    pytest.skip("the extra `cluster` is not installed", allow_module_level=True)

ALGORITHMS_APART = True
TINY = Profile(
    name="tiny", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
LABOURS = '''"""Takes a while, and learns from its helper."""

import time
from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm, TabularPolicy

from .helper import PRIOR


@dataclass(frozen=True)
class Config:
    seconds: float = 2.0


def train(problem, seed, config):
    data = problem.demonstrations()
    counts = np.full((problem.observation_space.n, problem.action_space.n), PRIOR)
    np.add.at(counts, (data.observations, data.actions), 1.0)
    end = time.process_time() + config.seconds
    while time.process_time() < end:
        pass
    return TabularPolicy(counts / counts.sum(axis=1, keepdims=True), seed)


algorithm = Algorithm(
    "labours", "", frozenset({"demonstrations"}), Config(), train,
    applies_to=lambda world: world.name == "RiskyBridge",
)
'''


@pytest.fixture
def algorithm(tmp_path: Path) -> Path:
    folder = tmp_path / "labours"
    folder.mkdir()
    (folder / "algorithm.py").write_text(LABOURS)
    (folder / "helper.py").write_text("PRIOR = 0.5\n")
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))


Machine = subprocess.Popen[bytes]


@pytest.fixture
def machines(token: None, tmp_path: Path) -> Iterator[tuple[str, list[Machine]]]:
    """The address of a cluster of two machines with a processor each, both of them here."""
    address, started = f"127.0.0.1:{free_port()}", []
    head = ["--head", f"--port={address.partition(':')[2]}", "--include-dashboard=false"]
    for index, where in enumerate((head, [f"--address={address}"])):
        command = [Path(sys.executable).with_name("ray"), "start", "--num-cpus=1", "--block"]
        with (tmp_path / f"machine_{index}.txt").open("wb") as log:
            machine = subprocess.Popen(
                [*command, "--node-ip-address=127.0.0.1", *where],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(machine)
        give_up = time.monotonic() + 60.0
        while b"Ray runtime started" not in (tmp_path / f"machine_{index}.txt").read_bytes():
            assert time.monotonic() < give_up, (tmp_path / f"machine_{index}.txt").read_text()
            time.sleep(0.2)
    yield address, started
    for machine in started:
        lose(machine)


def lose(machine: Machine) -> None:
    """What happens when a machine loses its power."""
    with suppress(ProcessLookupError):
        os.killpg(machine.pid, signal.SIGKILL)
    machine.wait()


def specs_of(algorithm: Path, seeds: int) -> list[CellSpec]:
    return cells_of_run(TINY, [get_world("RiskyBridge")], [find(str(algorithm))], seeds)


def cells_in(results: Path, specs: list[CellSpec]) -> list[dict[str, Any]]:
    """What cells say, but for how long it took."""
    cells = [read_cell(results / spec.folder) for spec in specs]
    return [cell.model_dump(exclude={"train_seconds", "evaluation_seconds"}) for cell in cells]


def test_a_lost_machine_changes_nothing(
    tmp_path: Path, algorithm: Path, machines: tuple[str, list[Machine]]
) -> None:
    address, (_, other) = machines
    specs, there, here = specs_of(algorithm, 6), tmp_path / "there", tmp_path / "here"
    where = Thread(target=lambda: lose_after(3, there, other))
    where.start()
    done = run_cells(specs, there, 1, Progress(Console(quiet=True)), cluster=address)
    where.join()
    assert len(done) == len(specs)
    assert other.returncode is not None
    run_cells(specs, here, 2, Progress(Console(quiet=True)))
    assert cells_in(there, specs) == cells_in(here, specs)
    assert all(cell["status"] == "ok" for cell in cells_in(here, specs))
    for spec in specs:
        kept = {path.name for path in (here / spec.folder).iterdir()}
        assert {path.name for path in (there / spec.folder).iterdir()} == kept
        guarded = read_cell(here / spec.folder).is_guarded
        assert has_computed(there / spec.folder) == guarded
    assert not run_cells(specs, there, 1, Progress(Console(quiet=True)), cluster=address)


def lose_after(cells: int, results: Path, machine: Machine) -> None:
    while len(list(results.glob("*/labours/*/seed_*/cell.json"))) < cells:
        time.sleep(0.1)
    lose(machine)


def test_another_version_is_refused(algorithm: Path) -> None:
    (spec,) = [spec for spec in specs_of(algorithm, 1) if spec.origin]
    files = {path.name: path.read_bytes() for path in algorithm.iterdir() if path.is_file()}
    with pytest.raises(UserError, match="has another version of code, under Python 3"):
        compute_cell(spec.model_dump_json(), files | {"helper.py": b"PRIOR = 1.0\n"})


def test_what_a_cell_leaves_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    (folder / "inner").mkdir(parents=True)
    (folder / "cell.json").write_bytes(b"{}")
    (folder / "inner" / "actions.npz").write_bytes(bytes(range(256)))
    unpack(pack(folder), tmp_path / "again")
    for name in ("cell.json", "inner/actions.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("somewhere", "must be local or HOST:PORT, not 'somewhere'"),
        ("somewhere:99999999", "must be local or HOST:PORT"),
        (":1234", "must be local or HOST:PORT"),
        ("127.0.0.1:9", "127.0.0.1:9: Connection refused"),
        ("nowhere.invalid:80", "nowhere.invalid:80: "),
    ],
)
def test_no_cluster_is_told_in_a_line_and_nothing_is_written(
    tmp_path: Path, address: str, told: str
) -> None:
    where = ["--worlds", "RiskyBridge", "--algorithms", "bc", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "leaderboard", "run", *where, "--cluster", address]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode != 0
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()
