"""What strangers' code says, on a line."""

import pytest

from leaderboard.cells import Cell, failed_cell
from leaderboard.profiles import PROFILES
from leaderboard.protocol import CellSpec
from leaderboard.texts import LONGEST, of_error, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("\n \n  the loss is 3\nand more", "the loss is 3"),
        ("\x1b[2J\x1b]0;title\x07 gone", "\\x1b[2J\\x1b]0;title\\x07 gone"),
        ("nul \0, bell \a, delete \x7f", "nul \\x00, bell \\x07, delete \\x7f"),
        ("\u202eesrever", "\\u202eesrever"),
        ("a lone surrogate \ud800", "a lone surrogate \\ud800"),
        ("größer als 1 \N{EN DASH} ∞", "größer als 1 \N{EN DASH} ∞"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_a_line_cannot_steer_a_terminal(text: str, line: str) -> None:
    assert one_line(text) == line
    assert one_line(line) == line, "escaped once, and not again when it is read"


def test_a_line_is_cut() -> None:
    assert one_line("x" * LONGEST) == "x" * LONGEST
    cut = one_line("\x1b" * 10**6)
    assert len(cut) == LONGEST
    assert cut.endswith("...")


def test_errors_are_lines() -> None:
    assert of_error(ValueError("\x1b[31m red\nmore")) == "ValueError: \\x1b[31m red"
    assert of_error(KeyError()) == "KeyError"


def test_a_cell_that_somebody_has_written_has_lines() -> None:
    spec = CellSpec(
        world="DriftCar", algorithm="a", origin="a", labels=1, seed=0, key={},
        profile=PROFILES["smoke"],
    )  # fmt: skip
    text = failed_cell(spec, "error", "as it was").model_dump_json()
    forged = text.replace('"warnings":[]', '"warnings":["\\u001b[31m"]')
    cell = Cell.model_validate_json(forged.replace("as it was", "\\u001b[2Jas it was\\nnot"))
    assert cell.reason == "\\x1b[2Jas it was"
    assert cell.warnings == ("\\x1b[31m",)
