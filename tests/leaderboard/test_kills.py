"""Runs that are killed at random moments, again and again, lose nothing and compute nothing twice.

A hundred kills in all: of a run alone, of one that is the first process of its namespace, as in a
container, and of runs that share a folder.
"""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from leaderboard.cells import Cell
from leaderboard.runs import read_results
from leaderboard.scores.summary import summary

pytestmark = pytest.mark.statistical

GOOD = Path(__file__).parents[1] / "algorithms" / "good"
FIRST = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
MODES = {"alone": 50, "first process": 25, "two runners": 25}
"""Kills in each mode."""

Stamp = tuple[int, int]
"""Of a file: its inode, and when it was last written."""


def start(out: Path, mode: str) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "leaderboard", "run", "--profile", "smoke", "--worlds", "DriftCar",
        "--algorithms", str(GOOD), "--seeds", "4", "--workers", "2", "--no-controls",
        "--out", str(out),
    ]  # fmt: skip
    before = FIRST if mode == "first process" else ()
    return subprocess.Popen(
        [*before, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def kill(process: "subprocess.Popen[bytes]", mode: str) -> None:
    """Kill the runner, with SIGKILL."""
    runner = psutil.Process(process.pid)
    if mode == "first process":
        runner = next(iter(runner.children()), runner)
    runner.kill()
    process.wait()


def finished(out: Path) -> dict[Path, Stamp]:
    """The finished cells of a folder."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in out.glob("*/*/**/cell.json")
        if not any(part.startswith(".") for part in path.relative_to(out).parts)
    }


def results_of(out: Path) -> list[Cell]:
    """All that cells say but how long they took, and where the algorithm was."""
    times = {"train_seconds": 0.0, "evaluation_seconds": 0.0, "guards": ()}
    return [cell.model_copy(update=times) for cell in read_results(out).cells]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The results of a run that nobody kills, and how long it took, in seconds."""
    out, begin = tmp_path_factory.mktemp("undisturbed") / "out", time.monotonic()
    assert start(out, "alone").wait() == 0
    return out, time.monotonic() - begin


def has_namespaces() -> bool:
    """True if users of this system can make namespaces."""
    return shutil.which("unshare") is not None and not subprocess.run([*FIRST, "true"]).returncode


@pytest.mark.parametrize("mode", MODES)
def test_kills(mode: str, undisturbed: tuple[Path, float], tmp_path: Path) -> None:
    if mode == "first process" and not has_namespaces():
        pytest.skip("this system has no namespaces for its users")
    wanted, duration = undisturbed
    moments, kills, runs = random.Random(mode), 0, 0
    while kills < MODES[mode]:
        out, held = tmp_path / str(runs), {}
        runs, is_done = runs + 1, False
        while not is_done:
            runners = [start(out, mode) for _ in range(2 if mode == "two runners" else 1)]
            for runner in moments.sample(runners, len(runners)):
                try:
                    runner.wait(moments.uniform(0.0, duration))
                except subprocess.TimeoutExpired:
                    kill(runner, mode)
                    kills += 1
                else:
                    assert runner.returncode == 0
                    is_done = True
            time.sleep(1.0)  # scorers notice, and end
            now = finished(out)
            assert held.items() <= now.items()
            held = now
        assert start(out, "alone").wait() == 0  # it removes what the last kill has left
        assert finished(out) == held
        assert results_of(out) == results_of(wanted)
        tables = [summary(read_results(each)) for each in (out, wanted)]
        for column in ("algorithm", "world", "score", "low", "high", "return", "status"):
            assert tables[0][column].equals(tables[1][column])
        assert not list(out.glob("**/.seed_*"))
        shutil.rmtree(out)
    print(f"{kills} kills in {runs} runs")
