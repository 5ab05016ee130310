"""What the formats of a table promise: nothing cut in a terminal, nothing rounded for programs, and
pages and papers that other programs accept."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from importlib.metadata import entry_points
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console, RenderableType

from leaderboard.runs import Results
from leaderboard.scores.summary import summary
from leaderboard.tables.columns import CSV_COLUMNS, NONE, OVER
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_html, as_json, as_latex, as_markdown, as_text
from leaderboard.tables.page import tables
from tests.leaderboard.studies.test_concurrency import make_results as make_arms
from tests.leaderboard.test_exact_runs import mixed_results
from tests.leaderboard.test_tables import make_board, make_results, without

LONGEST = max(
    (entry.name for entry in entry_points(group="il_envs.algorithms")), key=len
)  # apprenticeship-max-margin
WORLD = "DriftCarMisspecified"


def renamed(results: Results, names: dict[str, str]) -> Results:
    """The same results with other names of algorithms."""
    manifest = results.manifest
    declarations = {
        name: said.model_copy(
            update={"controls": tuple(names.get(other, other) for other in said.controls)}
        )
        for name, said in manifest.declarations.items()
    }
    changes = {
        "algorithms": {names.get(k, k): v for k, v in manifest.algorithms.items()},
        "declarations": {names.get(k, k): v for k, v in declarations.items()},
    }
    cells = tuple(
        cell.model_copy(
            update={
                "spec": cell.spec.model_copy(
                    update={"algorithm": names.get(cell.spec.algorithm, cell.spec.algorithm)}
                )
            }
        )
        for cell in results.cells
    )
    return replace(results, manifest=manifest.model_copy(update=changes), cells=cells)


def printed(page: RenderableType, width: int) -> list[str]:
    """The lines of a page on a terminal of that width."""
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(page, crop=False)
    return [line.rstrip() for line in console.export_text().splitlines()]


def page_of(results: Results) -> RenderableType:
    """The tables in text."""
    return as_text(document(results))


BOARDS = {
    "longest names": lambda: renamed(
        make_board(("Hill", WORLD)),
        {"best": LONGEST, "good": "gcl-exact-no-appended", "floor": "constant-reward"},
    ),
    "exact and empirical, a failure": mixed_results,
    "four tables": make_arms,
    "unranked": lambda: without(make_results(), "ours", 1),
    "a person": lambda: renamed(make_board(), {"good": "human-somebody-with-a-long-name-2026"}),
}


@pytest.mark.parametrize("board", BOARDS)
def test_no_name_and_no_number_is_cut_or_broken_at_any_width_from_80(board: str) -> None:
    results = BOARDS[board]()
    words = {
        word
        for table in tables(results, summary(results))
        for heading, cells in table.shown.drop(columns=["world", OVER], errors="ignore").items()
        if not set(cells) <= {NONE, "ok"}  # or it says nothing
        for cell in [heading, *cells]
        for word in cell.split()
    }
    assert LONGEST in words or board != "longest names"
    page = page_of(results)
    for width in [*range(80, 131), 160, 200]:
        lines = printed(page, width)
        assert max(map(len, lines)) <= width
        there = {word for line in lines for word in line.split()}
        assert not any("\N{HORIZONTAL ELLIPSIS}" in word for word in there)
        assert words <= there, (width, words - there)


def test_a_name_wider_than_the_terminal_is_whole() -> None:
    name = "a" * 90
    page = page_of(renamed(make_board(), {"best": name}))
    assert any(line.startswith(name) for line in printed(page, 80))


def test_rows_of_a_divided_table_begin_with_their_names() -> None:
    """At 80 columns; at 200 there is one table for the world."""
    page = page_of(BOARDS["longest names"]())
    narrow, wide = (
        [line.split()[0] for line in printed(page, width) if line.startswith(LONGEST)]
        for width in (80, 200)
    )
    assert len(narrow) > len(wide) == 6  # scores and costs, in all worlds and each of two


def test_a_table_in_a_pipe_has_no_colours_and_always_the_same_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from leaderboard import commands

    monkeypatch.delenv("COLUMNS", raising=False)
    commands.show(document(make_board()), "text")
    piped = capsys.readouterr().out
    assert "\x1b" not in piped
    monkeypatch.setenv("COLUMNS", "120")
    commands.show(document(make_board()), "text")
    assert capsys.readouterr().out == piped


def test_why_a_row_is_not_ok_is_told_below() -> None:
    lines = printed(page_of(BOARDS["unranked"]()), 80)
    assert any(re.match(r"ours .* unranked\b", line) for line in lines)
    assert "Hill: ours: unranked: missing seeds: 1" in lines


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.split("\n\n")[0])))


def test_csv_and_json_have_every_column_of_the_summary_unrounded() -> None:
    results = mixed_results()
    frame = summary(results)
    assert set(CSV_COLUMNS) == set(frame.columns)
    rows = json.loads(as_json(document(results)))["tables"]["scores"]["rows"]
    for from_csv, from_json, (_, expected) in zip(
        read(as_csv(document(results))), rows, frame.iterrows(), strict=True
    ):
        assert set(from_csv) == set(from_json) == set(CSV_COLUMNS)
        for name, value in expected.items():
            if isinstance(value, tuple):
                assert tuple(from_json[name]) == value
                assert tuple(map(float, from_csv[name].split())) == value
            elif pd.isna(value):
                assert from_json[name] is None
                assert from_csv[name] == ""
            elif isinstance(value, float):
                assert float(from_json[name]) == float(from_csv[name]) == value
            else:
                assert from_json[name] == value
                assert from_csv[name] == str(value)


def test_raw_scores_are_there_for_each_seed() -> None:
    results = make_results()
    ours = next(row for row in read(as_csv(document(results))) if row["algorithm"] == "ours")
    assert list(map(float, ours["scores"].split())) == [6 / 8, 7 / 8]
    assert (ours["seeds"], ours["episodes"]) == ("2", "2")


def test_json_is_plain_and_has_the_notes() -> None:
    results = mixed_results()
    text = as_json(document(results))

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    content = json.loads(text, parse_constant=refuse)
    scores = content["tables"]["scores"]
    optimal = next(row for row in scores["rows"] if row["algorithm"] == "optimal")
    assert optimal["policy_divergence"] == "Infinity"
    assert optimal["log_likelihood"] == "-Infinity"
    assert any("Holm-corrected" in note for note in scores["notes"])
    assert content["worlds"] == ["Hill", "RiskyBridge"]
    arms = json.loads(as_json(document(make_arms())))["tables"]
    assert list(arms) == ["scores", "costs", "concurrency", "milestones", "claims"]


class Tables(HTMLParser):
    """Collects the cells of a page's tables, and checks that its tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.scopes: list[str | None] = []
        self.captions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag == "th":
            self.scopes.append(dict(attrs).get("scope"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "caption":
            self.captions.append(data)


@pytest.mark.parametrize("board", BOARDS)
def test_html_has_headers_for_rows_and_columns_and_needs_no_other_file(board: str) -> None:
    results = BOARDS[board]()
    page = as_html(document(results))
    found = Tables()
    found.feed(page)
    assert found.open == []
    expected = tables(results, summary(results))
    assert found.captions == [table.title for table in expected]
    assert found.rows == [
        line
        for table in expected
        for line in [list(table.shown.columns), *table.shown.to_numpy().tolist()]
    ]
    assert found.scopes == [
        scope
        for table in expected
        for scope in ["col"] * len(table.shown.columns) + ["row"] * len(table.shown)
    ]
    assert "<html lang=" in page
    assert not re.search(r"(src|href)=|<script|@import|url\(", page)


def test_what_an_exception_said_is_text_in_every_format() -> None:
    results = make_board()
    said = "<script>alert(1)</script> [bold]50% & _x_ | $y"
    cells = tuple(
        cell.model_copy(update={"status": "error", "reason": said})
        if cell.spec.algorithm == "fair" and cell.spec.seed == 0
        else cell
        for cell in results.cells
    )
    results = replace(results, cells=cells)
    assert "&lt;script&gt;alert(1)" in as_html(document(results))
    assert "<script" not in as_html(document(results)) + as_markdown(document(results))
    assert any(said in line for line in printed(page_of(results), 200))
    rows = json.loads(as_json(document(results)))["tables"]["scores"]["rows"]
    (fair,) = (row for row in rows if row["algorithm"] == "fair")
    assert fair["reason"] == f"error: {said}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX")
@pytest.mark.parametrize("board", BOARDS)
def test_latex_compiles(board: str, tmp_path: Path) -> None:
    results = renamed(BOARDS[board](), {"best": "under_score_2"})
    text = (
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        f"{as_latex(document(results))}\\end{{document}}\n"
    )
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2_000:]
    assert "Missing character" not in (tmp_path / "paper.log").read_text(errors="replace")


def test_latex_escapes_what_it_would_take_for_commands() -> None:
    results = renamed(make_results(), {"ours": "ours_50%"})
    assert r"ours\_50\% & Hill & 0.812 &" in as_latex(document(results))
    assert as_latex(document(results)).isascii()


def test_a_world_of_several_rows_has_a_group_of_its_own_in_html() -> None:
    results = make_board(("Hill", "Sea"))
    assert as_html(document(results)).count("<tbody>") == 6  # and for its costs
