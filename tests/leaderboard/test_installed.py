"""An installed package that is out of order: it is named, and everyone else goes on."""

from pathlib import Path

import pytest

from leaderboard import UserError
from leaderboard.algorithms.submission import load, load_installed
from leaderboard.cells import write_cell
from leaderboard.runs import extend_manifest
from tests.leaderboard.conftest import Install
from tests.leaderboard.test_cli import in_process
from tests.leaderboard.test_imports import ALGORITHM
from tests.leaderboard.test_tables import make_results

BROKEN = {
    "imports": ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "spelling": ("x = (", "SyntaxError: '(' was never closed (spelling.py, line 1)"),
    "raises": ("raise RuntimeError('one\\ntwo')", "RuntimeError: one"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "empty": ("", "AttributeError: module 'theirs.empty' has no attribute 'algorithm'"),
    "number": ("algorithm = 3", "`algorithm` is a int, must be an il_envs.Algorithm"),
    "other": (ALGORITHM.format(name="another"), "named 'another', but its entry point is 'other'"),
}
"""The text of each module and what is wrong with it."""
ABSENT = "algorithm absent (theirs.absent:algorithm, of theirs): ModuleNotFoundError: No module "


@pytest.fixture
def broken(install: Install) -> None:
    """Everything in `BROKEN`, a module that there is not, and an algorithm that is well."""
    files = {f"theirs/{name}.py": text for name, (text, _) in BROKEN.items()}
    files |= {"theirs/__init__.py": "", "theirs/fine.py": ALGORITHM.format(name="fine")}
    names = ("absent", *BROKEN, "fine")
    install({name: f"theirs.{name}:algorithm" for name in names}, files)


def left_out() -> list[str]:
    told = [
        f"left out: algorithm {name} (theirs.{name}:algorithm, of theirs): {problem}"
        for name, (_, problem) in BROKEN.items()
    ]
    return [f"left out: {ABSENT}named 'theirs.absent'", *told]


@pytest.mark.usefixtures("broken")
def test_each_is_left_out_with_its_reason_in_a_line() -> None:
    contenders, faults = load_installed()
    assert sorted(faults) == sorted(left_out())
    names = {contender.name for contender in contenders}
    assert {"fine", "bc", "shuffled-labels"} <= names
    assert not names & {"absent", *BROKEN}


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("name", BROKEN)
def test_who_asks_for_it_is_told_why_not(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load(name)
    assert f"left out: {caught.value}" in left_out()


@pytest.mark.usefixtures("broken")
def test_the_list_and_a_run_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, errors = in_process(monkeypatch, capsys, "list")
    assert code == 0
    assert sorted(errors.splitlines()) == sorted(left_out())
    assert "  fine: " in out
    assert "  bc: " in out
    assert "spelling" not in out

    def stop(*arguments: object) -> None:
        raise UserError("the plan is made")

    monkeypatch.setattr("leaderboard.computing.run_cells", stop)
    for asked in ([], ["--algorithms", "bc"]):
        code, _, errors = in_process(
            monkeypatch, capsys,
            "run", "--profile", "full", "--worlds", "RiskyBridge", "--out", tmp_path, *asked,
        )  # fmt: skip
        lines = errors.splitlines()
        assert sorted(line for line in lines if line.startswith("left out")) == sorted(left_out())
        assert (code, lines[-1]) == (1, "leaderboard: the plan is made")
        assert any(line.startswith("  bc ") for line in lines)
        assert any(line.startswith("  shuffled-labels ") for line in lines)
        assert any(line.startswith("  fine ") for line in lines) == (not asked)


@pytest.mark.usefixtures("broken")
def test_a_run_of_it_is_an_error_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (
        ["run", "--out", tmp_path / "out", "--algorithms", "bc,absent"],
        ["check", "absent"],
    ):
        code, out, errors = in_process(monkeypatch, capsys, *command)
        assert (code, out) == (1, "")
        assert errors.startswith(f"leaderboard: {ABSENT}")
        assert errors.count("\n") == 1


@pytest.mark.usefixtures("broken")
def test_a_table_does_not_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results, folder = make_results(), tmp_path / "results"
    for cell in results.cells:
        (folder / cell.spec.folder).mkdir(parents=True)
        write_cell(folder / cell.spec.folder, cell)
    extend_manifest(folder, results.manifest)
    code, out, errors = in_process(monkeypatch, capsys, "table", folder)
    assert (code, errors) == (0, "")
    assert "0.812" in out
