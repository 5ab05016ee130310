"""What a run says before it begins: the order of its cells, and how long they will take."""

from pathlib import Path

import pytest

from il_envs import get_world
from leaderboard.algorithms.submission import load
from leaderboard.cells import write_cell
from leaderboard.durations import CLONING, START, STEP_RATE, expected_seconds
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.plan import Forecast, estimates, in_words, makespan, plan
from leaderboard.selection import named
from tests.leaderboard.test_tables import PROFILE, make_cell

CAR, ROOMS = get_world("DriftCar"), get_world("FourRooms")


def specs_of(*names: str) -> list[CellSpec]:
    return cells_of_run(PROFILE, [CAR, ROOMS], named(names), 1)


def test_references_come_first_so_that_what_is_done_has_scores() -> None:
    specs = specs_of("bc", "shuffled-labels", "maxent")
    labels = [spec.labels for spec in specs]
    assert labels[:5] == [None] * 5
    assert None not in labels[5:]
    assert [spec.algorithm for spec in specs[-1:]] == ["maxent"]
    assert {spec.world for spec in specs[5:7]} == {"DriftCar"}, "networks take longer than tables"


def test_what_acts_takes_as_long_as_its_steps() -> None:
    acts, clones = load("gail"), load("bc")
    assert expected_seconds(120_000, CAR, acts) == START + 120_000 / STEP_RATE
    assert expected_seconds(120_000, ROOMS, clones) == START, "it counts"
    assert expected_seconds(120_000, CAR, clones) == START + CLONING


@pytest.mark.parametrize(
    ("durations", "workers", "cores", "expected"),
    [
        ([5.0, 4.0, 3.0], 1, 1, 12.0),
        ([5.0, 4.0, 3.0], 2, 2, 7.0),
        ([5.0, 4.0, 3.0], 8, 8, 5.0),
        ([5.0, 4.0, 3.0, 2.0], 4, 2, 10.0),
    ],
)
def test_the_last_worker_ends_last(
    durations: list[float], workers: int, cores: int, expected: float
) -> None:
    assert makespan(durations, workers, cores) == expected


def test_a_plan_says_how_many_cells_and_how_long(tmp_path: Path) -> None:
    contenders = named(["bc", "maxent"])
    specs = specs_of("bc", "maxent")
    lines = plan(specs, estimates(specs, contenders, tmp_path), 2, 2)
    assert lines == [
        "11 cells to compute, 2 at a time, less than a minute by estimate",
        "  references    5 x 2 s, DriftCar, FourRooms",
        "  bc            4 x 2 to 14 s, DriftCar, FourRooms",
        "  maxent        2 x 2 s, FourRooms",
    ]


def test_cells_that_are_done_tell_how_long_the_others_take(tmp_path: Path) -> None:
    contenders = named(["maxent"])
    specs = specs_of("maxent")
    done = next(spec for spec in specs if spec.labels == 10)
    cell = make_cell(done, [1.0] * done.profile.evaluation_episodes).model_copy(
        update={"train_seconds": 80.0, "evaluation_seconds": 15.0}
    )
    (tmp_path / done.folder).mkdir(parents=True)
    write_cell(tmp_path / done.folder, cell)
    failed = cell.model_copy(update={"status": "timeout", "train_seconds": 9_000.0})
    other = tmp_path / done.folder.parent / "seed_7"
    other.mkdir()
    write_cell(other, failed)
    damaged = tmp_path / done.folder.parent / "seed_8"
    damaged.mkdir()
    (damaged / "cell.json").write_text("{")
    waiting = [spec for spec in specs if spec is not done]
    lines = plan(waiting, estimates(waiting, contenders, tmp_path), 1, 1)
    assert "  maxent        1 x 97 s, FourRooms" in lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "less than a minute"),
        (61.0, "about 2 minutes"),
        (119.0 * 60.0, "about 119 minutes"),
        (121.0 * 60.0, "about 2 h 1 min"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_time_left_is_that_of_what_is_left_at_the_pace_so_far() -> None:
    specs = specs_of("bc")
    titles = [spec.title for spec in specs]
    forecast = Forecast(specs, [10.0] * len(specs), 1, 1)
    assert forecast.left({}) == 10.0 * len(specs)
    assert forecast.left({titles[0]: 4.0}) == 10.0 * len(specs) - 4.0
    assert forecast.left({titles[0]: 40.0}) == 10.0 * (len(specs) - 1)
    forecast.finished(titles[0], 20.0)  # twice as long as it was thought to take
    others = [spec for spec in specs[1:] if spec.algorithm != specs[0].algorithm]
    same = len(specs) - 1 - len(others)
    assert forecast.left({}) == 20.0 * (same + len(others))
    for title in titles[1:]:
        forecast.finished(title, 1.0)
    assert forecast.left({}) == 0.0


def test_what_a_kind_of_cell_took_tells_how_long_the_next_of_it_takes() -> None:
    specs = specs_of("bc")
    clones = [spec for spec in specs if spec.algorithm == "bc" and spec.world == "DriftCar"]
    rest = [spec for spec in specs if spec not in clones]
    forecast = Forecast(specs, [1.0] * len(specs), 2, 1)
    rounds = (len(specs) + 1) // 2
    assert forecast.left({}) == 2.0 * rounds, "two workers on one core"
    for spec in rest:
        forecast.finished(spec.title, 1.0)
    forecast.finished(clones[0].title, 30.0)
    assert forecast.left({}) == 30.0 * (len(clones) - 1)
