"""What a submission is, is said by a process of its own, and none of its code runs in that of the
run."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from il_envs import WORLDS
from il_envs.remote.channel import Message
from leaderboard import UsageError, UserError, describing
from leaderboard.algorithms.submission import load
from leaderboard.describing import configured, find, find_all
from leaderboard.running.process import Worker
from tests.leaderboard.test_tuning import TOY
from tests.remote.connected import channels

ALGORITHMS_APART = True
ALGORITHMS = Path(__file__).parents[1] / "algorithms"
GOOD = str(ALGORITHMS / "good")
TOLD: dict[str, Any] = {
    "name": "told", "summary": "", "sources": ["demonstrations"], "worlds": ["DriftCar"],
    "is_control": False, "factors": {}, "tuned_as": "", "config": "Config()", "settings": {},
    "space": {}, "values": {},
}  # fmt: skip


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A folder whose algorithm.py does what a test writes before the rest of it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "algorithm.py").write_text(TOY)
    return folder


def begin_with(folder: Path, text: str) -> str:
    path = folder / "algorithm.py"
    path.write_text(f"{text}\n{path.read_text()}")
    return str(folder)


def test_it_is_described_as_it_would_be_here(submission: Path) -> None:
    for folder, settings in ((GOOD, {}), (GOOD, {"penalty": "1e-2"}), (str(submission), {})):
        assert find(folder, settings) == load(folder, settings)
    assert find("maxent") == load("maxent")


def test_where_it_applies_may_depend_on_a_model(submission: Path) -> None:
    text = (submission / "algorithm.py").read_text()
    applies = "lambda world: world.truth.model and world.known_model().features is not None"
    text = text.replace("Config(), train", f"Config(), train, applies_to={applies}", 1)
    (submission / "algorithm.py").write_text(text)
    with_features = {
        world.name
        for world in WORLDS.values()
        if world.truth.model and getattr(world.known_model(), "features", None) is not None
    }
    assert find(str(submission)).worlds == load(str(submission)).worlds == with_features


def test_its_code_does_not_run_here(submission: Path) -> None:
    before = set(sys.modules)
    folder = begin_with(submission, "import leaderboard.scores.rows as rows; rows.Row = None")
    assert find(folder).name == "toy"
    from leaderboard.scores import rows

    assert rows.Row is not None
    assert not [name for name in set(sys.modules) - before if "submission_" in name]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("import os; os._exit(0)", UserError, "ended itself with exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", UserError, "was killed by signal 9"),
        ("raise SystemExit(3)", UserError, "algorithm.py: SystemExit: 3$"),
        ("raise ValueError('a\\nb\\x1b[2J')", UserError, r"algorithm.py: ValueError: a$"),
        ("import none_such", UserError, "No module named 'none_such'"),
        ("import time; time.sleep(60)", UserError, "the process took more than 5 s"),
        ("def f(:", UserError, "SyntaxError"),
    ],
)
def test_what_it_does_when_it_is_imported_is_a_line(
    submission: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: type[Exception],
    message: str,
) -> None:  # fmt: skip
    if "sleep" in text:
        monkeypatch.setattr(describing, "SECONDS", 5.0)
    folder = begin_with(submission, text)
    with pytest.raises(error, match=message) as caught:
        find(folder)
    assert str(caught.value).startswith(folder)
    assert str(caught.value).isprintable()


def test_a_mistake_in_its_settings_is_a_line(submission: Path) -> None:
    contender = find(str(submission))
    for settings, message in (
        ({"plcae": "1"}, "unknown setting of toy 'plcae'; did you mean 'place'"),
        ({"place": "far"}, "--set toy.place=far: "),
    ):
        with pytest.raises(UsageError, match=message):
            configured(contender, settings)
    changed = configured(contender.within({"DriftCar"}), {"place": "0.25"})
    assert changed.settings == {"place": "0.25"}
    assert changed.worlds == {"DriftCar"}
    assert configured(contender, {}) is contender


def test_two_of_one_name_are_refused(submission: Path) -> None:
    (submission / "algorithm.py").write_text((Path(GOOD) / "algorithm.py").read_text())
    with pytest.raises(UserError, match="are both named 'good'"):
        find_all([GOOD, str(submission), GOOD])


@contextlib.contextmanager
def saying(*messages: Message) -> Iterator[Worker]:
    with channels() as (near, far):
        for message in messages:
            far.send(message)
        yield Worker(near, ())


@pytest.mark.parametrize(
    "message",
    [
        Message("described", TOLD | {"name": "random"}),
        Message("described", TOLD | {"name": "../a"}),
        Message("described", TOLD | {"name": "a" * 30_000}),
        Message("described", TOLD | {"sources": ["everything"]}),
        Message("described", TOLD | {"worlds": "DriftCar"}),
        Message("described", TOLD | {"config": "x" * 30_000}),
        Message("described", TOLD | {"config": 3}),
        Message("described", TOLD | {"space": {"x": {"low": 1, "high": 0, "log": False}}}),
        Message("described", TOLD | {"space": {"x": {"low": "0", "high": 1, "log": False}}}),
        Message("described", TOLD | {"space": {"x": 7}}),
        Message("described", TOLD | {"space": 7}),
        Message("described", {}),
        Message("something"),
        Message("refused", {"error": "OSError", "message": ""}),
        Message("refused", {"error": ["UserError"], "message": ""}),
        Message("model", {"world": "DriftCar"}),
        Message("model", {"world": ["FourRooms"]}),
        Message("model", {}),
    ],
)
def test_what_it_says_is_checked(monkeypatch: pytest.MonkeyPatch, message: Message) -> None:
    monkeypatch.setattr(describing, "algorithm_process", lambda *_: saying(message))
    with pytest.raises(UserError, match="does not say what it is: ") as caught:
        find(GOOD)
    assert len(str(caught.value)) < 800


def test_what_it_says_may_be_strange_and_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = TOLD | {"summary": "a\x1b[2J\nb", "worlds": ["DriftCar", "Nowhere"], "code": "another"}
    message = Message("described", told)
    monkeypatch.setattr(describing, "algorithm_process", lambda *_: saying(message))
    contender = find(GOOD)
    assert contender.summary == "a\\x1b[2J"
    assert contender.worlds == {"DriftCar"}
    assert contender.code == load(GOOD).code
