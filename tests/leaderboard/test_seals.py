"""What was checked of a row, and that it cannot be made up in a folder of results."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard import UserError
from leaderboard.cells import Cell, Guard, write_cell
from leaderboard.running.children import Child
from leaderboard.running.limits import Watch
from leaderboard.runs import Results
from leaderboard.scores.summary import summary
from leaderboard.seals import (
    SEALS,
    has_computed,
    key_path,
    official_scorers,
    public_key,
    seal,
    tier_of,
)
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_markdown
from tests.leaderboard.test_tables import make_results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Cells made by hand, on disk."""
    made = replace(make_results(), folder=tmp_path)
    for cell in made.cells:
        folder = tmp_path / cell.spec.folder
        folder.mkdir(parents=True)
        write_cell(folder, cell)
    return made


def ours(results: Results) -> list[tuple[Cell, Path]]:
    """The cells of the learner at its last number of labels, and their folders."""
    cells = [cell for cell in results.cells if cell.spec.labels == 20]
    return [(cell, results.folder / cell.spec.folder) for cell in cells]


def tiers(results: Results) -> dict[str, str]:
    table = summary(results)
    return dict(zip(table["algorithm"], table["tier"], strict=True))


def test_a_row_has_the_least_tier_of_its_cells(results: Results) -> None:
    assert set(tiers(results).values()) == {"claimed"}
    (_, first), (_, second) = ours(results)
    seal(first, "computed")
    assert tiers(results)["ours"] == "claimed"
    seal(second, "replayed")
    assert tiers(results) == {"ours": "replayed", "expert": "claimed", "random": "claimed"}
    seal(first, "retrained")
    assert tiers(results)["ours"] == "replayed"
    seal(second, "retrained")
    assert tiers(results)["ours"] == "re-trained"
    table = as_markdown(document(results))
    assert "| tier |" in table
    assert "cannot tell a learner from the expert" in table


def test_a_failed_cell_lowers_no_tier(results: Results) -> None:
    (cell, first), (_, second) = ours(results)
    seal(second, "computed")
    cells = tuple(
        each.model_copy(update={"status": "error"}) if each is cell else each
        for each in results.cells
    )
    write_cell(first, cell.model_copy(update={"status": "error"}))
    assert tiers(replace(results, cells=cells))["ours"] == "replayed"


def test_a_cell_that_has_changed_has_no_seals(results: Results) -> None:
    cell, folder = ours(results)[0]
    seal(folder, "computed")
    assert tier_of(results.folder, cell) == "replayed"
    text = (folder / "cell.json").read_text()
    (folder / "cell.json").write_text(text.replace('"total_reward": 8.0', '"total_reward": 9.5'))
    assert tier_of(results.folder, cell) == "claimed"
    seal(folder, "replayed")  # of what it is now
    assert set(json.loads((folder / SEALS).read_text())[public_key()]) == {"replayed"}


def test_a_seal_is_for_one_fact_of_one_cell(results: Results) -> None:
    (cell, folder), (other, beside) = ours(results)
    seal(folder, "computed")
    shutil.copy(folder / SEALS, beside / SEALS)
    assert tier_of(results.folder, other) == "claimed"
    (signature,) = json.loads((folder / SEALS).read_text())[public_key()].values()
    (folder / SEALS).write_text(json.dumps({public_key(): {"retrained": signature}}))
    assert tier_of(results.folder, cell) == "claimed"


@pytest.mark.parametrize("in_process", [False, True])
@pytest.mark.parametrize("guards", [(), ("process",), ("process", "landlock")])
def test_what_an_algorithm_could_have_written_is_not_sealed(
    results: Results, guards: tuple[Guard, ...], in_process: bool
) -> None:
    """Whatever it says of its guards."""
    cell, folder = ours(results)[0]
    write_cell(folder, cell.model_copy(update={"guards": guards}))
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    child = Child(cell.spec, folder, Watch(process, cell.spec.profile, 1), in_process)
    assert child.cell(None).guards == guards
    is_sealed = "landlock" in guards and not in_process
    assert tier_of(results.folder, cell) == ("replayed" if is_sealed else "claimed")


def test_another_computer_has_no_seals_for_it(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, folder = ours(results)[0]
    seal(folder, "retrained")
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "theirs" / "key"))
    assert tier_of(results.folder, cell) == "claimed"
    assert key_path().stat().st_mode & 0o777 == 0o600
    assert len(key_path().read_bytes()) == 32


def test_the_seals_of_official_scorers_count_everywhere(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, folder = ours(results)[0]
    seal(folder, "secret")
    theirs = public_key()
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "ours" / "key"))
    seal(folder, "computed")  # beside theirs, which stays
    assert tier_of(results.folder, cell) == "replayed"
    monkeypatch.setattr("leaderboard.seals.official_scorers", lambda: frozenset({theirs}))
    assert tier_of(results.folder, cell) == "verified"
    assert not has_computed(ours(results)[1][1])
    text = (folder / "cell.json").read_text()
    (folder / "cell.json").write_text(text.replace('"total_reward": 8.0', '"total_reward": 9.5'))
    assert tier_of(results.folder, cell) == "claimed"


def test_official_scorers_are_public_keys() -> None:
    assert all(len(bytes.fromhex(key)) == 32 for key in official_scorers())


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", '{"computed": 7}', '{"KEY": 7}', '{"KEY": {"computed": null}}',
     '{"KEY": {"computed": "é"}}', '{"KEY": {"computed": "00"}}', '{"KEY": ["computed"]}',
     "[" * 5_000, '{"KEY": {"computed": "' + "0" * 20_000 + '"}}'],
)  # fmt: skip
def test_a_damaged_file_of_seals_is_none(results: Results, content: str) -> None:
    cell, folder = ours(results)[0]
    (folder / SEALS).write_text(content.replace("KEY", public_key()))
    assert tier_of(results.folder, cell) == "claimed"
    seal(folder, "computed")
    assert tier_of(results.folder, cell) == "replayed"


def test_a_key_that_is_damaged_or_cannot_be_read_is_a_line(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = ours(results)[0]
    (tmp_path / "short").write_bytes(b"1234")
    (tmp_path / "file").touch()
    for place, message in (("short", "a key of 4 bytes"), ("file/key", "IL_ENVS_KEY names")):
        monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / place))
        with pytest.raises(UserError, match=message):
            seal(folder, "computed")


def test_a_run_and_a_table_go_on_without_a_key(
    results: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cell, folder = ours(results)[0]
    seal(folder, "computed")
    (tmp_path / "file").touch()
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "file" / "key"))
    assert tier_of(results.folder, cell) == "claimed"
    write_cell(folder, cell.model_copy(update={"guards": ("process", "landlock")}))
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    child = Child(cell.spec, folder, Watch(process, cell.spec.profile, 1), in_process=False)
    for _ in range(2):
        assert child.cell(None).status == "ok"
    assert capsys.readouterr().err.count("cells are not sealed: ") == 1


def test_the_table_says_where_algorithms_were(results: Results) -> None:
    def told(*guards: tuple[Guard, ...]) -> str:
        cells = [
            cell.model_copy(update={"guards": g})
            for (cell, _), g in zip(ours(results), guards, strict=True)
        ]
        return as_markdown(document(replace(results, cells=(*results.cells[:4], *cells))))

    assert "Algorithms were in the process of their scorer." in told((), ())
    apart: tuple[Guard, ...] = ("process", "namespaces")
    assert "Algorithms were in processes of their own, behind bubblewrap." in told(apart, apart)
    assert (
        "Algorithms were in processes of their own, behind Landlock (1 of 2 cells); in processes "
        "of their own, with no guard (1 of 2 cells)."
    ) in told(("process", "landlock"), ("process",))
