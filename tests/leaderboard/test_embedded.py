"""Tables in documents are those of the committed results."""

import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard import UserError, embedded
from leaderboard.cells import write_cell
from leaderboard.embedded import END
from leaderboard.runs import Results
from leaderboard.scores.summary import summary
from leaderboard.tables.formats import markdown
from leaderboard.tables.page import tables
from tests.leaderboard.test_tables import make_results

ROOT = Path(__file__).parents[2]


def written(folder: Path) -> Results:
    """Results in a folder, as they are committed: without traces and policies."""
    results = make_results()
    for cell in results.cells:
        place = folder / cell.spec.folder
        place.mkdir(parents=True)
        write_cell(place, cell)
    (folder / "run.json").write_text(results.manifest.model_dump_json())
    return results


def test_a_table_is_written_anew_and_nothing_else_is_touched(tmp_path: Path) -> None:
    results = written(tmp_path / "some" / "results")
    begin = "<!-- some/results scores: algorithm, score -->"
    text = f"# Title\n\n{begin}\n| old |\n{END}\n\nThe rest | of it.\n"
    shown = tables(results, summary(results))[0].shown
    table = markdown(shown[["algorithm", "score"]])
    assert "| ours | 0.812 |" in table
    again = embedded.embedded(text, tmp_path)
    assert again == f"# Title\n\n{begin}\n{table}\n{END}\n\nThe rest | of it.\n"
    assert embedded.embedded(again, tmp_path) == again


def test_scores_stand_beside_each_other_by_world(tmp_path: Path) -> None:
    results = written(tmp_path / "results")
    (world,) = results.manifest.worlds
    text = f"<!-- results worlds: algorithm, {world} -->\n{END}"
    (row,) = [line for line in embedded.embedded(text, tmp_path).split("\n") if "| ours |" in line]
    assert row.startswith("| ours | 0.812 [")
    assert "| expert" not in embedded.embedded(text, tmp_path)


@pytest.mark.parametrize(
    ("begin", "problem"),
    [
        ("nowhere scores: score", "nowhere: no such folder of results"),
        ("results scars: score", "results has no table 'scars'; it has scores, costs"),
        ("results scores: scar", "the table scores of results has no column 'scar'; it has algori"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, begin: str, problem: str) -> None:
    written(tmp_path / "results")
    with pytest.raises(UserError, match=problem):
        embedded.embedded(f"<!-- {begin} -->\n{END}", tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\n<!-- r scores: score -->\n| x |\n", "line 2: the table of .* has no end"),
        (f"<!-- r scores: score -->\na\n<!-- r costs: steps -->\n{END}", "line 1: .* has no end"),
        (f"<!-- a comment -->\n\n{END}\n", "line 3: .* has no beginning"),
        (f"<!--r scores:score-->\n{END}\n{END}", "line 3: .* has no beginning"),
    ],
)
def test_a_table_begins_and_ends_or_nothing_is_written(
    tmp_path: Path, text: str, problem: str
) -> None:
    written(tmp_path / "r")
    with pytest.raises(UserError, match=problem):
        embedded.embedded(text, tmp_path)


def test_comments_are_let_be(tmp_path: Path) -> None:
    text = "<!-- a comment -->\n<!-- two: words -->\n"
    assert embedded.embedded(text, tmp_path) == text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff", "cannot be read: 'utf-8' codec"),
        (b"<!-- nowhere scores: score -->\n<!-- end of table -->", "nowhere: no such folder"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_line(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "page.md"
    if content is not None:
        path.write_bytes(content)
    command = [sys.executable, "-m", "leaderboard.embedded", path]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{path}: {problem}")
    assert ended.stderr.count("\n") == 1
    if content is not None:
        assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["README.md", "docs/results.md"])
def test_documents_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert embedded.embedded(text, ROOT) == text
