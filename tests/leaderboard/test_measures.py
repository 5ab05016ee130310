"""Every entry of the table of measures is in all that is printed, without being named there."""

import csv
import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from leaderboard.cells import Cell, Manifest, Results
from leaderboard.explanation import explanation
from leaderboard.measures import EXACT, MEASURES, Measure
from leaderboard.page import CSV_COLUMNS, as_csv, as_latex, as_markdown, as_text
from leaderboard.references import reference_table
from leaderboard.rows import row_of, scale_of
from leaderboard.summary import summary
from tests.leaderboard.test_exact import measured, reference_of, some_table
from tests.leaderboard.test_tables import PROFILE, make_cell, make_results, make_spec, row

EXACT_WORLD = "FourRooms"  # where a reward can be transferred
IDS = [measure.name for measure in MEASURES]


@cache
def results() -> Results:
    """Hill, where returns are sampled, and an exact world in which "ours" has learned a reward."""
    hill = make_results()
    reference = reference_of(EXACT_WORLD)
    cells = [
        _exact_cell(name, None, 0, reference_table(reference, name), None)
        for name in ("random", "soft-optimal", "optimal")
    ]
    reward = np.arange(float(reference.model.states))
    cells += [
        _exact_cell("ours", 20, seed, some_table(EXACT_WORLD, seed), reward) for seed in range(2)
    ]
    worlds = ("Hill", EXACT_WORLD)
    manifest = Manifest(
        profile=PROFILE, worlds=worlds, algorithms={"ours": worlds}, seeds=2,
        exact_worlds=worlds[1:],
    )  # fmt: skip
    return Results(Path("somewhere"), manifest, (*hill.cells, *cells))


def _exact_cell(
    name: str, labels: int | None, seed: int, table: np.ndarray, reward: np.ndarray | None
) -> Cell:
    cell = make_cell(make_spec(EXACT_WORLD, name, labels, seed), [0.0, 0.0])
    return cell.model_copy(update={"exact": measured(EXACT_WORLD, table, reward)})


def world_of(measure: Measure) -> str:
    return EXACT_WORLD if measure.is_exact else "Hill"


def means_of(measure: Measure) -> dict[str, float]:
    """The mean over the cells of "ours" in each column of a measure."""
    ours = row_of(results(), "ours", world_of(measure), 20)
    scale = scale_of(results(), ours.world)
    return {
        column: float(np.mean([quantity(cell, scale) for cell in ours.cells]))
        for column, quantity in measure.columns.items()
    }


def test_no_column_of_the_csv_goes_or_moves() -> None:
    """Programs read it; new measures come between these."""
    expected = [
        "algorithm", "world", "seeds", "score", "low", "high", "status", "labels", "survival",
        "return", "iqm", "reason", "expected_return", "value_gap", "occupancy_distance",
        "policy_divergence", "log_likelihood", "log_likelihood_error", "epic", "starc", "transfer",
    ]  # fmt: skip
    assert [column for column in CSV_COLUMNS if column in expected] == expected


@pytest.mark.parametrize("measure", MEASURES, ids=IDS)
def test_a_measure_is_in_the_summary_and_in_the_csv(measure: Measure) -> None:
    table = summary(results())
    rows = list(csv.DictReader(io.StringIO(as_csv(results(), table))))
    (in_csv,) = (
        parsed
        for parsed in rows
        if (parsed["algorithm"], parsed["world"]) == ("ours", world_of(measure))
    )
    for column, mean in means_of(measure).items():
        assert np.isfinite(mean)
        assert row(table, "ours", world_of(measure))[column] == mean
        assert float(in_csv[column]) == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES, ids=IDS)
def test_a_measure_has_a_column_and_a_note_in_the_page(measure: Measure) -> None:
    page = as_markdown(results(), summary(results()))
    table = page.split("| algorithm |")[2 if measure.is_exact else 1]
    headings, _, *lines = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    )
    (ours,) = (line for line in lines if line[:2] == ["ours", world_of(measure)])
    shown = ours[headings.index(measure.heading) + 1]  # the first heading has been split off
    mean, *error = means_of(measure).values()
    assert shown == " ± ".join(f"{value:{measure.format}}" for value in (mean, *error))
    note = measure.note.split("{")[0].strip()
    assert note in table
    console = Console(record=True, width=250, file=io.StringIO())
    console.print(as_text(results(), summary(results())))
    for other in (console.export_text(), as_latex(results(), summary(results()))):
        assert measure.heading in other
        assert note in " ".join(other.split())  # captions are broken into lines


@pytest.mark.parametrize("measure", MEASURES, ids=IDS)
def test_a_measure_is_explained(measure: Measure) -> None:
    world = world_of(measure)
    text, scale = explanation(results(), "ours", world), scale_of(results(), world)
    for cell in row_of(results(), "ours", world, 20).cells:
        start = f"    {measure.explain(cell, scale)}"
        if not measure.explained:
            start = f"  seed {cell.spec.seed}: "
        told = next(line for line in text.splitlines() if line.startswith(start))
        value = measure.of(cell, scale)
        assert f"{value:.6f}" in told or f"{value:{measure.format}}" in told


def test_a_measure_that_is_not_known_is_left_out() -> None:
    sampled = explanation(results(), "ours", "Hill")
    for measure in EXACT:
        assert not measure.explained or measure.explained.split("{")[0] not in sampled
    ours = row(summary(results()), "ours", "Hill")
    assert ours[[column for measure in EXACT for column in measure.columns]].isna().all()
    over_worlds = row(summary(results()), "ours", "all")
    assert over_worlds[[measure.name for measure in EXACT]].isna().all()


def test_what_measures_share_is_said_once() -> None:
    page = as_markdown(results(), summary(results()))
    assert page.count("EPIC, STARC: distance of the learned reward") == 1
