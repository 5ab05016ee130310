"""Where there is no terminal a run says a line for each cell, and is not silent for an hour."""

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from leaderboard.running.plan import Forecast
from leaderboard.running.progress import QUIET_PERIOD, Progress
from leaderboard.runs import Manifest
from leaderboard.tables.board import Board
from tests.leaderboard.test_tables import PROFILE, make_cell, make_spec


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Its entry is the time, s."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_long_silence_is_broken_by_what_is_running(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out))
    specs = [make_spec("Hill", "ours", 20, seed) for seed in range(2)]
    progress.begin(2)
    progress.started(specs[0])
    clock[0] = 300.0
    progress.started(specs[1])
    clock[0] = QUIET_PERIOD - 1.0
    progress.waiting()
    assert out.getvalue() == ""
    clock[0] = QUIET_PERIOD
    progress.waiting()
    clock[0] += QUIET_PERIOD - 1.0
    progress.waiting()  # counted from the last line
    progress.finished(make_cell(specs[0], [1.0]))
    clock[0] += 1.0
    progress.waiting()
    clock[0] = 3_600.0
    progress.waiting()
    assert out.getvalue().splitlines() == [
        "[0/2] running: Hill ours labels=20 seed=0 (10 min), Hill ours labels=20 seed=1 (5 min)",
        "[1/2] Hill ours labels=20 seed=0: ok in 1199 s",
        "[1/2] running: Hill ours labels=20 seed=1 (55 min)",
    ]


def test_each_line_tells_the_time_left_but_the_last(clock: list[float]) -> None:
    out = io.StringIO()
    specs = [make_spec("Hill", "ours", 20, seed) for seed in range(3)]
    progress = Progress(Console(file=out), Forecast(specs, [60.0] * 3, 1, 1))
    progress.begin(3)
    for spec in specs:
        progress.started(spec)
        clock[0] += 200.0
        progress.finished(make_cell(spec, [1.0]))
    assert out.getvalue().splitlines() == [
        "[1/3] Hill ours labels=20 seed=0: ok in 200 s, about 7 minutes left",
        "[2/3] Hill ours labels=20 seed=1: ok in 200 s, about 4 minutes left",
        "[3/3] Hill ours labels=20 seed=2: ok in 200 s",
    ]


def test_a_terminal_has_a_table_that_fills_and_the_time_left(
    clock: list[float], tmp_path: Path
) -> None:
    out = io.StringIO()
    specs = [make_spec("Hill", "ours", 20, seed) for seed in range(2)]
    manifest = Manifest(profile=PROFILE, worlds=("Hill",), algorithms={"ours": ("Hill",)}, seeds=2)
    board = Board(manifest, specs, tmp_path, {spec.title for spec in specs})
    console = Console(file=out, force_terminal=True, width=80, height=24)
    with Progress(console, Forecast(specs, [60.0] * 2, 1, 1), board) as progress:
        progress.begin(2)
        progress.started(specs[0])
        clock[0] += 90.0
        progress.finished(make_cell(specs[0], [1.0]))
        progress.started(specs[1])
        clock[0] += 1.0
        progress.waiting()
    shown = out.getvalue()
    for part in ("algorithm", "1 of 2", "running", "all cells", "1/2", "about 2 minutes left"):
        assert part in shown


def test_a_terminal_has_bars_instead(clock: list[float]) -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, force_terminal=True))
    progress.begin(1)
    progress.started(make_spec("Hill", "ours", 20, 0))
    clock[0] = 10.0 * QUIET_PERIOD
    progress.waiting()
    assert "running" not in out.getvalue()
