"""The table of a run while it runs."""

import io
from pathlib import Path

from rich.console import Console

from leaderboard.cells import failed_cell, write_cell
from leaderboard.protocol import CellSpec
from leaderboard.runs import Manifest
from leaderboard.tables.board import Board
from leaderboard.tables.columns import NONE
from tests.leaderboard.test_tables import PROFILE, make_cell, make_spec

WORLDS = ("Hill", "Sea")
SPECS = [
    make_spec(world, name, labels, seed)
    for name, labels in (("random", None), ("expert", None), ("ours", 10), ("ours", 20))
    for world in WORLDS
    for seed in range(2)
]
# a profile's worlds are not stored with a cell
STARTED = PROFILE.model_copy(update={"worlds": dict.fromkeys(WORLDS, ())})
MANIFEST = Manifest(profile=STARTED, worlds=WORLDS, algorithms={"ours": WORLDS}, seeds=2)


def lines(board: Board, running: list[CellSpec], height: int = 30) -> list[list[str]]:
    """The words of each line of the table at 80 columns."""
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(board.table(running, height))
    return [line.split() for line in console.export_text().splitlines()]


def board_with(folder: Path, cells: dict[tuple[str, int | None, int], float]) -> Board:
    board = Board(MANIFEST, SPECS, folder, {spec.title for spec in SPECS})
    for (name, labels, seed), value in cells.items():
        board.add(make_cell(make_spec("Hill", name, labels, seed), [value]))
    return board


REFERENCES = {
    ("random", None, 0): 0.0, ("random", None, 1): 0.0,
    ("expert", None, 0): 10.0, ("expert", None, 1): 10.0,
}  # fmt: skip


def test_rows_fill_in_as_cells_end(tmp_path: Path) -> None:
    running = [make_spec("Hill", "ours", 20, 0)]
    assert lines(board_with(tmp_path, {}), running)[1:] == [
        ["random", "Hill", NONE, "0", "of", "2", "waiting"],
        ["expert", "Hill", NONE, "0", "of", "2", "waiting"],
        ["ours", "Hill", NONE, "0", "of", "2", "running"],
    ]
    board = board_with(tmp_path, REFERENCES | {("ours", 20, 0): 7.0})
    assert lines(board, [make_spec("Hill", "ours", 20, 1)])[1:] == [
        ["random", "Hill", "0.000", "2", "of", "2", "ok"],
        ["expert", "Hill", "1.000", "2", "of", "2", "ok"],
        ["ours", "Hill", "0.700", "1", "of", "2", "running"],
    ]
    board.add(failed_cell(make_spec("Hill", "ours", 20, 1), "timeout", "took more than 1 s"))
    assert lines(board, [make_spec("Hill", "random", None, 0)])[3] == [
        "ours", "Hill", "0.350", "2", "of", "2", "1", "failed",
    ]  # fmt: skip


def test_without_references_there_is_no_score_yet(tmp_path: Path) -> None:
    board = board_with(tmp_path, {("ours", 20, 0): 7.0, ("random", None, 0): 0.0})
    assert lines(board, [make_spec("Hill", "ours", 20, 1)])[3][2] == NONE


def test_cells_that_were_done_before_count(tmp_path: Path) -> None:
    done = make_spec("Hill", "ours", 20, 0)
    (tmp_path / done.folder).mkdir(parents=True)
    write_cell(tmp_path / done.folder, make_cell(done, [7.0, 7.0]))
    waiting = {spec.title for spec in SPECS} - {done.title}
    board = Board(MANIFEST, SPECS, tmp_path, waiting)
    assert lines(board, [make_spec("Hill", "ours", 20, 1)])[3][3:6] == ["1", "of", "2"]


def test_it_is_no_higher_than_the_terminal_and_shows_the_worlds_at_work(tmp_path: Path) -> None:
    board = board_with(tmp_path, {})
    both = [make_spec(world, "ours", 20, 0) for world in WORLDS]
    assert [line[1] for line in lines(board, both)[1:]] == ["Hill"] * 3 + ["Sea"] * 3
    shown = lines(board, both, height=5)
    assert len(shown) == 5
    assert shown[-1] == ["and", "3", "more", "rows"]
    assert {line[1] for line in lines(board, both[1:])[1:]} == {"Sea"}


def test_long_names_are_whole_at_80_columns(tmp_path: Path) -> None:
    name, world = "apprenticeship-max-margin", "DriftCarMisspecified"
    spec = make_spec(world, name, 20, 0)
    manifest = Manifest(profile=PROFILE, worlds=(world,), algorithms={name: (world,)}, seeds=2)
    board = Board(manifest, [spec], tmp_path, {spec.title})
    assert lines(board, [spec])[1] == [name, world, NONE, "0", "of", "1", "running"]
