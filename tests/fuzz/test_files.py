"""What is in files and on command lines: a result, or a line."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leaderboard import UserError, describing
from leaderboard.algorithms.contender import Contender
from leaderboard.cells import read_cell, read_traces, write_cell
from leaderboard.cli import main
from leaderboard.runs import Results, extend_manifest, read_results
from leaderboard.seals import SEALS, seal, tier_of
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_markdown
from leaderboard.tuning.record import read_record
from leaderboard.verification.replays import verify_episodes
from tests.fuzz.nonsense import Nonsense
from tests.fuzz.test_doors import INPUTS, SEEDS
from tests.leaderboard.test_tables import make_cell, make_results, make_spec

RECORDS = Path(__file__).parents[2] / "baselines" / "tuning"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """A folder of results."""
    made = replace(make_results(("DriftCar",)), folder=tmp_path / "results")
    for cell in made.cells:
        folder = made.folder / cell.spec.folder
        folder.mkdir(parents=True)
        write_cell(folder, cell)
    extend_manifest(made.folder, made.manifest)
    return made


def other(nonsense: Nonsense, content: bytes) -> bytes:
    """JSON that is damaged, or says something else."""
    if nonsense.random.random() < 0.4:
        return nonsense.changed(content)
    told = json.loads(content)
    for _ in range(nonsense.random.randint(1, 3)):
        told = nonsense.edited(told)
    return json.dumps(told).encode()


def require_lines(lines: list[str], others: int) -> None:
    """Check that both come up, what was refused and what was not, and that the former is a line."""
    assert min(len(lines), others) > 20
    assert {len(line.splitlines()) for line in lines} == {1}


@pytest.mark.parametrize("seed", SEEDS)
def test_cells_and_manifests(results: Results, seed: int) -> None:
    nonsense, lines, tables = Nonsense(seed), list[str](), 0
    files = [results.folder / "run.json", *sorted(results.folder.rglob("cell.json"))]
    for _ in range(INPUTS):
        path = nonsense.random.choice(files)
        kept = path.read_bytes()
        path.write_bytes(other(nonsense, kept))
        try:
            shown = document(read_results(results.folder))
            assert "\x1b" not in as_markdown(shown) + as_csv(shown)
            tables += 1
        except UserError as error:
            lines.append(str(error))
        path.write_bytes(kept)
    require_lines(lines, tables)


@pytest.mark.parametrize("seed", SEEDS)
def test_seals(results: Results, seed: int) -> None:
    nonsense = Nonsense(seed)
    cell = results.cells[0]
    folder = results.folder / cell.spec.folder
    seal(folder, "computed")
    kept = (folder / SEALS).read_bytes()
    ((key, facts),) = json.loads(kept).items()
    signed = (key, facts["computed"])
    for _ in range(INPUTS):
        (folder / SEALS).write_bytes(content := other(nonsense, kept))
        is_whole = all(part.encode() in content.lower() for part in signed)
        assert tier_of(results.folder, cell) in ("claimed", *(["replayed"] if is_whole else []))


@pytest.mark.parametrize("seed", SEEDS)
def test_traces(tmp_path: Path, seed: int) -> None:
    nonsense, lines, read = Nonsense(seed), list[str](), 0
    cell = make_cell(make_spec("DriftCar", "ours", 20, 0), [1.0, 2.0])
    folder = tmp_path / cell.spec.folder
    folder.mkdir(parents=True)
    path = folder / "actions.npz"
    for number in range(INPUTS):
        traces = [nonsense.array(np.zeros((3, 2), np.float32)) for _ in range(2)]
        save = np.savez_compressed if number % 2 else np.savez
        save(path, *traces)
        if number % 3:
            path.write_bytes(nonsense.changed(path.read_bytes()))
        try:
            assert len(read_traces(folder, 2)) == 2
            assert len(verify_episodes(tmp_path, cell)) == 2  # nothing has that hash
            read += 1
        except UserError as error:
            lines.append(str(error))
    require_lines(lines, read)


@pytest.mark.parametrize("seed", SEEDS)
def test_records(tmp_path: Path, seed: int) -> None:
    nonsense, lines, read = Nonsense(seed), list[str](), 0
    paths = sorted(RECORDS.glob("*.json"))
    for _ in range(INPUTS):
        path = tmp_path / "record.json"
        path.write_bytes(other(nonsense, nonsense.random.choice(paths).read_bytes()))
        try:
            read_record(path)
            read += 1
        except UserError as error:
            lines.append(str(error))
    require_lines(lines, read)


COMMANDS = (
    "run", "table", "explain", "verify", "compare", "watch", "list", "check", "tune", "new",
    "claims", "round", "round",
)  # fmt: skip
WORDS = (
    *COMMANDS, "--profile", "--worlds", "--algorithms", "--seeds", "--labels", "--steps", "--style",
    "--set", "--workers", "--out", "--format", "--retrain", "--draws", "--only", "--demonstrations",
    "--no-controls", "--in-process", "--help", "smoke", "quick", "DriftCar", "FourRooms", "all",
    "bc", "maxent", "bc,maxent", "ours", "0", "1", "-1", "3", "1e3", "nan", "10**30", "9" * 40, "",
    " ", ",", ",,", ".", "..", "/", "/dev/null", "/nowhere/none", "\x1b[2J", "é\x00", "a" * 300,
    "--", "-", "bc.updates=10", "bc.updates", "bc.=3", "=", "md", "csv", "text", "RESULTS",
    "RESULTS", "new", "enter", "reveal", "spring", "--instances", "FourRooms~0123456789abcdef",
    "FourRooms~0", "~",
)  # fmt: skip


class NotComputedError(UserError):
    """What stands for computing."""


@pytest.fixture
def nothing_computed(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands come as far as computing, and no farther."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotComputedError("this would be computed")

    def found(origin: str, settings: Any = None) -> Contender:
        raise UserError(f"{origin}: would be described")

    for place in (
        "leaderboard.computing.run_cells", "leaderboard.claims.running.run_cells",
        "leaderboard.verification.retrained.run_cells", "leaderboard.check.run_cells",
        "leaderboard.tuning.trainings.run_cells", "leaderboard.figures.write.write_figures",
    ):  # fmt: skip
        monkeypatch.setattr(place, refuse)
    monkeypatch.setattr(describing, "_described", found)
    monkeypatch.chdir(tmp_path)
    return results.folder


@pytest.mark.parametrize("seed", SEEDS)
def test_command_lines(
    nothing_computed: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    nonsense = Nonsense(seed)
    codes = set()
    for _ in range(INPUTS):
        count = nonsense.random.randint(0, 6)
        words = [nonsense.random.choice(WORDS) for _ in range(count)]
        if nonsense.random.random() < 0.8:
            words.insert(0, nonsense.random.choice(COMMANDS))
        arguments = [str(nothing_computed) if word == "RESULTS" else word for word in words]
        monkeypatch.setattr(sys, "argv", ["leaderboard", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        shown = capsys.readouterr()
        assert caught.value.code in (0, 1, 2, None), (arguments, caught.value.code)
        assert "Traceback" not in shown.err + shown.out, arguments
        codes.add(caught.value.code or 0)
        if caught.value.code:
            assert shown.err.strip() or shown.out.strip(), arguments
    assert codes == {0, 1, 2}


def test_a_cell_that_is_read_is_the_one_that_was_written(results: Results) -> None:
    for cell in results.cells:
        assert read_cell(results.folder / cell.spec.folder) == cell
