"""The commands as a user types them, and the one line for each mistake."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard import UserError
from leaderboard.cells import failed_cell, read_cell, write_cell
from leaderboard.profiles import PROFILES

ALGORITHMS = Path(__file__).parents[1] / "algorithms"


def leaderboard(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "leaderboard", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    """The same without a new process: exit code, output, errors."""
    from leaderboard.cli import main

    monkeypatch.setattr(sys, "argv", ["leaderboard", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    captured = capsys.readouterr()
    code = caught.value.code
    return code if isinstance(code, int) else 0, captured.out, captured.err


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `run` leaves, with one good algorithm."""
    out = tmp_path_factory.mktemp("results") / "out"
    finished = leaderboard(
        "run", "--profile", "smoke", "--worlds", "DriftCar", "--algorithms", ALGORITHMS / "good",
        "--no-controls", "--out", out,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert "good" in finished.stdout
    assert finished.stderr.splitlines()[-1].startswith("[3/3] DriftCar ")
    return out


@pytest.mark.parametrize("command", ["run", "table"])
def test_a_terminal_that_knows_ascii_alone_stops_nothing(command: str, results: Path) -> None:
    """And files are UTF-8, whatever the locale."""
    arguments = [results] if command == "table" else [
        "--profile", "smoke", "--worlds", "DriftCar", "--algorithms", ALGORITHMS / "good",
        "--no-controls", "--out", results,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    environment.pop("PYTHONIOENCODING", None)
    shown = subprocess.run(
        [sys.executable, "-m", "leaderboard", command, *map(str, arguments)],
        capture_output=True,
        env=environment,
    )
    assert (shown.returncode, b"Error" in shown.stderr) == (0, False), shown.stderr
    assert b"good" in shown.stdout
    assert shown.stdout.isascii()
    assert "\N{EN DASH}" in (results / "table.md").read_text(encoding="utf-8")


def test_help_names_the_commands_and_loads_nothing_slow() -> None:
    shown = leaderboard("--help")
    for name in ("list", "run", "table", "explain", "new", "check", "verify"):
        assert name in shown.stdout
    slow = "numba", "torch", "pandas", "matplotlib"
    code = f"import leaderboard.cli, sys; print([m for m in {slow} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"


def test_power_has_a_row_for_each_number_of_seeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from leaderboard.studies import power

    monkeypatch.setattr(power, "SEEDS", (2, 3))
    code, printed, _ = in_process(monkeypatch, capsys, "power")
    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()[:3]] == ["seeds", "2", "3"]
    assert "Holm-corrected" in printed


def test_list_names_worlds_algorithms_and_profiles() -> None:
    shown = leaderboard("list").stdout
    for part in (
        "DriftCar",
        "scripted expert",
        "bc: ",
        "uses env, expert",
        "smoke: worlds DriftCar, RiskyBridge; labels",
        "shooter: worlds Shooter (saps-rl, mail-saps, maps-rl, mail, mail-il, bc); labels 20,000; "
        "training seeds 5; 64 evaluation episodes; 3,000,000 steps; 1800 s",
    ):
        assert part in shown


def test_a_run_begins_with_who_does_not_apply_and_with_its_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*arguments: object) -> None:
        raise UserError("the plan is made")

    monkeypatch.setattr("leaderboard.computing.run_cells", stop)
    code, out, errors = in_process(
        monkeypatch, capsys,
        "run", "--worlds", "RiskyBridge", "--algorithms", "mail,bc", "--workers", "1",
        "--out", tmp_path,
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert errors.splitlines() == [
        "mail: no buttons in RiskyBridge",
        "7 cells to compute, 1 at a time, less than a minute by estimate",
        "  references         3 x 2 s, RiskyBridge",
        "  bc                 2 x 2 s, RiskyBridge",
        "  shuffled-labels    2 x 2 s, RiskyBridge",
        "leaderboard: the plan is made",
    ]


def test_a_run_leaves_a_table_and_figures(results: Path) -> None:
    names = {path.name for path in results.iterdir()}
    assert names == {
        "DriftCar", "run.json", ".locks", "table.csv", "table.md",
        "compounding_error.svg", "survival.svg", "score.svg", "performance_profiles.svg",
        "outside_support.svg", "map_DriftCar_good.svg",
    }  # fmt: skip
    assert (results / "table.csv").read_text() == leaderboard(
        "table", results, "--format", "csv"
    ).stdout


@pytest.mark.parametrize("name", ["text", "md", "latex", "json", "html"])
def test_table_formats(
    results: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = in_process(monkeypatch, capsys, "table", results, "--format", name)
    assert code == 0
    assert "good" in out
    assert "empirical" in out


def test_explain_names_the_folders(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = in_process(monkeypatch, capsys, "explain", results, "good", "DriftCar")
    assert code == 0
    labels = PROFILES["smoke"].labels[-1]
    assert str(results / "DriftCar" / "good" / f"labels_{labels}" / "seed_0") in out
    assert "there is one training seed" in out


def test_verify_counts_episodes(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = in_process(monkeypatch, capsys, "verify", results)
    assert code == 0
    assert "48 of 48 episodes in 3 cells" in out


def test_verify_names_a_cell_that_has_nothing_to_replay(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "results"
    shutil.copytree(results, folder)
    path = next(folder.glob("DriftCar/good/*/seed_0"))
    write_cell(path, failed_cell(read_cell(path).spec, "error", "TypeError: forgotten"))
    code, out, _ = in_process(monkeypatch, capsys, "verify", folder)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("32 of 32 episodes in 2 cells")
    assert lines[1] == (
        "DriftCar good labels=3000 seed=0: failed, nothing to replay: TypeError: forgotten"
    )


def test_new_writes_an_algorithm_that_passes_its_check(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert leaderboard("new", folder).returncode == 0
    assert (folder / "README.md").read_text().startswith("# mine")
    checked = leaderboard("check", folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.startswith("DriftCar: ok (mean return ")
    before = (folder / "algorithm.py").read_bytes()
    again = leaderboard("new", folder)
    assert again.returncode == 1
    assert "exists" in again.stderr
    assert (folder / "algorithm.py").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nan", "invalid action: DriftCar: action entry 0 (steer) of row 0 is nan"),
        ("unseeded", "the same seed gave another policy the second time"),
        ("forgets", "train must return a policy with a method predict, not NoneType"),
    ],
)
def test_check_says_what_is_wrong_in_one_line(name: str, problem: str) -> None:
    checked = leaderboard("check", ALGORITHMS / name)
    assert checked.returncode == 1
    assert checked.stdout.startswith("DriftCar: ")
    assert problem in checked.stdout
    assert checked.stdout.count("\n") == 1
    assert checked.stderr == ""


def test_a_policy_that_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(ALGORITHMS / "good", tmp_path / "good")
    text = (folder / "algorithm.py").read_text()
    text = text.replace("def tensors", "def numbers")
    here = 'restore=restore, applies_to=lambda world: world.name == "DriftCar"'
    (folder / "algorithm.py").write_text(text.replace("restore=restore", here))
    lost = "its policy has no tensors() and "
    assert f"s; {lost}is not kept)\n" in leaderboard("check", folder).stdout
    small = ["--profile", "smoke", "--worlds", "DriftCar", "--seeds", "1", "--no-controls"]
    for algorithm, is_lost in ((folder, True), (ALGORITHMS / "good", False)):
        out = tmp_path / str(is_lost)
        run = ["run", *small, "--out", out, "--algorithms", algorithm]
        _, told, _ = in_process(monkeypatch, capsys, *run)
        assert ("good: the policy has no tensors(), and so it is not kept" in told) == is_lost
        _, told, _ = in_process(monkeypatch, capsys, "explain", out, "good", "DriftCar")
        assert (lost in told) == is_lost


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "no algorithm.py in it"),
        ("x = (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "defines no `algorithm`"),
        ("algorithm = 3", "`algorithm` is a int, must be an il_envs.Algorithm"),
        ("from . import helper", "cannot import name 'helper'"),
        (
            "from il_envs import Algorithm\n"
            "algorithm = Algorithm('a', '', frozenset(), {}, lambda p, s, c: None)",
            "config must be an instance of a frozen dataclass, is {}",
        ),
        (
            "from il_envs import Algorithm, Budget\n"
            "algorithm = Algorithm('random', '', frozenset(), Budget(1, 1), lambda p, s, c: None)",
            "the name 'random' will not do",
        ),
        (
            "from il_envs import Algorithm, Budget\n"
            "algorithm = Algorithm('a', '', {'oracle'}, Budget(1, 1), lambda p, s, c: 0)",
            "unknown sources ['oracle']",
        ),
        (
            "from il_envs import Algorithm, Budget\n"
            "algorithm = Algorithm('a', '', frozenset(), Budget(1, 1), lambda p, s, c: 0,\n"
            "    applies_to=lambda world: False)",
            "applies_to is False for every world",
        ),
        (
            "from il_envs import Algorithm, Budget\n"
            "algorithm = Algorithm('a', '', 'env', Budget(1, 1), lambda p, s, c: 0)",
            "sources must be a set of names, as {'env'}",
        ),
    ],
)
def test_check_of_a_folder_without_an_algorithm(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    problem: str,
) -> None:
    if text is not None:
        (tmp_path / "algorithm.py").write_text(text)
    code, _, errors = in_process(monkeypatch, capsys, "check", tmp_path)
    assert code == 1
    assert problem in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "run"])
def test_an_applies_to_that_raises_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (tmp_path / "algorithm.py").write_text(
        "from il_envs import Algorithm, Budget\n"
        "algorithm = Algorithm('a', '', frozenset(), Budget(1, 1), lambda p, s, c: 0,\n"
        "    applies_to=lambda world: world.foo)"
    )
    arguments = ["check", tmp_path] if command == "check" else ["run", "--algorithms", tmp_path]
    code, _, errors = in_process(monkeypatch, capsys, *arguments)
    assert code == 1
    assert "applies_to(DriftCar) raises AttributeError" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["run", "--worlds", ""], 2, "--worlds '' names nothing; leave it out for the profile's"),
        (["run", "--algorithms", " ,"], 2, "--algorithms ' ,' names nothing; leave it out"),
        (["run", "--worlds", "DriftCra"], 2, "unknown world 'DriftCra'; did you mean 'DriftCar'?"),
        (
            ["run", "--algorithms", "daggre"],
            2,
            "unknown algorithm 'daggre'; did you mean 'dagger'?",
        ),
        (["run", "--algorithms", "./nowhere"], 1, "nowhere: no such folder"),
        (
            ["run", "--profile", "smok"],
            2,
            "--profile must be one of smoke, quick, labels, rewards, exact, one-episode, full, "
            "official, shooter, reinforce, reproduce, worries, minds, not 'smok'",
        ),
        (["run", "--seeds", "0"], 2, "--seeds must be at least 1, not 0"),
        (["run", "--workers", "-1"], 2, "--workers must be at least 1, not -1"),
        (["run", "--out", "FILE"], 1, "is a file, must be a folder"),
        (["run", "--out", "FILE/deeper"], 1, "cannot write to FILE/deeper: Not a directory"),
        (["run", "--out", "/proc/nowhere"], 1, "cannot write to /proc/nowhere"),
        (["table", "nowhere"], 1, "nowhere: no such folder of results"),
        (["table", "EMPTY"], 1, "no finished cells in it"),
        (
            ["table", "RESULTS", "--format", "pdf"],
            2,
            "--format must be one of text, md, csv, latex, json, html",
        ),
        (["explain", "RESULTS", "bc", "DriftCar"], 1, "it has random, expert, good"),
        (["explain", "RESULTS", "good", "Moon"], 1, "has no world 'Moon'; it has DriftCar"),
        (["check", "nowhere/at/all"], 1, "no such folder; `leaderboard new NAME` makes one"),
        (["new", "not a name"], 1, "cannot be an algorithm's name"),
        (["new", "FILE/name"], 1, "cannot write FILE/name: Not a directory"),
        (["run", "--profile", "full", "--out", "RESULTS"], 1, "profile 'smoke', not 'full'"),
    ],
)
def test_a_mistake_is_one_line(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    problem: str,
) -> None:
    places = {"FILE": tmp_path / "file", "EMPTY": tmp_path / "empty", "RESULTS": results}
    places["FILE"].touch()
    places["EMPTY"].mkdir()
    for name, path in places.items():
        arguments = [argument.replace(name, str(path)) for argument in arguments]
        problem = problem.replace(name, str(path))
    if arguments[0] == "run" and "--algorithms" not in arguments:
        arguments += ["--algorithms", str(ALGORITHMS / "good")]
    exit_code, _, errors = in_process(monkeypatch, capsys, *arguments)
    assert exit_code == code
    assert problem in errors
    assert errors.count("\n") == 1
    assert errors.startswith("leaderboard: ")


def test_an_unknown_option_is_a_usage_error() -> None:
    shown = leaderboard("run", "--sed", "3")
    assert shown.returncode == 2
    assert "--sed" in shown.stderr
    assert "--seeds" in shown.stderr
    assert "Traceback" not in shown.stderr
