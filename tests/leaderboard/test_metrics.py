"""Every entry of the table of measures is in all that is printed, without being named there."""

import csv
import io
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from il_envs import LearningCurve
from il_envs.learning.learning_curve import BINS
from leaderboard.cells import Cell
from leaderboard.explanation import explanation
from leaderboard.measures.references import reference_table
from leaderboard.runs import Manifest, Results
from leaderboard.scores.metrics import EXACT, METRICS, Metric
from leaderboard.scores.rows import row_of, scale_of
from leaderboard.scores.summary import summary
from leaderboard.tables.columns import CSV_COLUMNS, INFINITE, NONE
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_latex, as_markdown, as_text
from tests.leaderboard.test_exact import measured, reference_of, some_table
from tests.leaderboard.test_tables import PROFILE, make_cell, make_results, make_spec, row

EXACT_WORLD = "FourRooms"  # where a reward can be transferred
IDS = [metric.name for metric in METRICS]


def trained(cell: Cell, episodes: int, total_rewards: float) -> Cell:
    """A cell in whose training so many episodes ended, a half of their returns in either bin."""
    counts, sums = [0] * BINS, [0.0] * BINS
    counts[3], counts[-1] = episodes - episodes // 2, episodes // 2
    sums[3] = sums[-1] = total_rewards / 2
    curve = LearningCurve(PROFILE.steps, tuple(counts), tuple(sums))
    return cell.model_copy(update={"learning_curve": curve, "meter": {"steps": PROFILE.steps}})


@cache
def results() -> Results:
    """Hill, where returns are sampled and "ours" has acted while it learned, and an exact world in
    which it has learned a reward."""
    hill = [
        cell.model_copy(update={"outside_support": 0.25 + 0.125 * cell.spec.seed})
        for cell in map(drawn, acting(make_results(), [30, 50]).cells)
    ]
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
    return Results(Path("somewhere"), manifest, (*hill, *cells))


def drawn(cell: Cell) -> Cell:
    """The cell of a policy whose most likely actions return 1 more than its draws, and what its
    training used."""
    if cell.spec.labels is None or not cell.episodes:
        return cell
    modes = tuple(
        episode.model_copy(update={"total_reward": episode.total_reward + 1.0})
        for episode in cell.episodes
    )
    used = {"demonstrations": 15, "expert_labels": 5 + cell.spec.seed}
    return cell.model_copy(
        update={
            "acts": "drawn", "mode_episodes": modes, "updates": 1_000 * (1 + cell.spec.seed),
            "train_seconds": 2.5 + cell.spec.seed, "meter": cell.meter | used,
        }
    )  # fmt: skip


def acting(results: Results, steps: list[int]) -> Results:
    """The cells of "ours" with 20 labels have acted for 90 of 100 steps: an episode in each, which
    returns the expert's 10 from the given step of each seed on, and 9 before."""
    ours = [cell for cell in results.cells if cell.spec.labels == 20]
    acted = [
        acting_cell(cell, [9.0] * (level - 1) + [10.0] * (BINS + 1 - level))
        for cell, level in zip(ours, steps, strict=True)
    ]
    others = [cell for cell in results.cells if cell not in ours]
    return replace(results, cells=(*others, *acted))


def acting_cell(cell: Cell, totals: list[float], episodes: tuple[int, ...] = (1,) * BINS) -> Cell:
    """The cell with that learning curve over 100 steps, of which it has taken 90."""
    curve = LearningCurve(100, episodes, tuple(totals))
    return cell.model_copy(update={"learning_curve": curve, "meter": {"steps": 90}})


def _exact_cell(
    name: str, labels: int | None, seed: int, table: np.ndarray, reward: np.ndarray | None
) -> Cell:
    cell = make_cell(make_spec(EXACT_WORLD, name, labels, seed), [0.0, 0.0])
    return cell.model_copy(update={"exact": measured(EXACT_WORLD, table, reward)})


def world_of(metric: Metric) -> str:
    return EXACT_WORLD if metric.is_exact else "Hill"


def means_of(metric: Metric) -> dict[str, float]:
    """The mean over the cells of "ours" in each column of a metric."""
    ours = row_of(results(), "ours", world_of(metric), 20)
    scale = scale_of(results(), ours.world)
    return {
        column: float(np.mean([quantity(cell, scale) for cell in ours.cells]))
        for column, quantity in metric.columns.items()
    }


def test_no_column_of_the_csv_goes_or_moves() -> None:
    """Programs read it; new measures come between these."""
    expected = [
        "algorithm", "world", "seeds", "score", "low", "high", "status", "labels", "survival",
        "return", "iqm", "reason", "expected_return", "value_gap", "occupancy_distance",
        "policy_divergence", "log_likelihood", "log_likelihood_error", "epic", "starc", "transfer",
    ]  # fmt: skip
    assert [column for column in CSV_COLUMNS if column in expected] == expected


@pytest.mark.parametrize("metric", METRICS, ids=IDS)
def test_a_measure_is_in_the_summary_and_in_the_csv(metric: Metric) -> None:
    table = summary(results())
    rows = list(csv.DictReader(io.StringIO(as_csv(document(results())))))
    (in_csv,) = (
        parsed
        for parsed in rows
        if (parsed["algorithm"], parsed["world"]) == ("ours", world_of(metric))
    )
    for column, mean in means_of(metric).items():
        assert np.isfinite(mean)
        assert row(table, "ours", world_of(metric))[column] == mean
        assert float(in_csv[column]) == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS, ids=IDS)
def test_a_measure_has_a_column_and_a_note_in_the_page(metric: Metric) -> None:
    page = as_markdown(document(results()))
    table = page.split("| algorithm |")[{"episodes": 1, "costs": 3}.get(metric.about, 2)]
    headings, _, *lines = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    )
    (ours,) = (line for line in lines if line[:2] == ["ours", world_of(metric)])
    shown = ours[headings.index(metric.heading) + 1]  # the first heading has been split off
    mean, *error = means_of(metric).values()
    assert shown == f"{mean:{metric.format}}"
    assert not any(error)  # exact metrics have none
    note = metric.note.split("{")[0].strip()
    assert note in table
    console = Console(record=True, width=250, file=io.StringIO())
    console.print(as_text(document(results())))
    for other in (console.export_text(), as_latex(document(results()))):
        assert metric.heading in other
        assert note in " ".join(other.split())  # captions are broken into lines


@pytest.mark.parametrize("metric", METRICS, ids=IDS)
def test_a_measure_is_explained(metric: Metric) -> None:
    world = world_of(metric)
    text, scale = explanation(results(), "ours", world), scale_of(results(), world)
    for cell in row_of(results(), "ours", world, 20).cells:
        start = f"    {metric.explain(cell, scale)}"
        if not metric.explained:
            start = f"  seed {cell.spec.seed}: "
        told = next(line for line in text.splitlines() if line.startswith(start))
        value = metric.of(cell, scale)
        assert f"{value:.6f}" in told or f"{value:{metric.format}}" in told


def test_a_measure_that_is_not_known_is_left_out() -> None:
    sampled = explanation(results(), "ours", "Hill")
    for metric in EXACT:
        assert not metric.explained or metric.explained.split("{")[0] not in sampled
    ours = row(summary(results()), "ours", "Hill")
    assert ours[[column for metric in EXACT for column in metric.columns]].isna().all()
    over_worlds = row(summary(results()), "ours", "all")
    assert over_worlds[[metric.name for metric in EXACT]].isna().all()


def test_the_score_while_learning_is_that_of_the_mean_training_episode() -> None:
    """Random returns 2 in Hill and the expert 10, so that a mean return of 6 is a score of .5."""
    (metric,) = (metric for metric in METRICS if metric.name == "training_score")
    cell, scale = make_results().cells[-1], scale_of(make_results(), "Hill")
    assert metric.of(trained(cell, 5, 30.0), scale) == 0.5
    assert metric.of(trained(cell, 1, 10.0), scale) == 1.0
    for without_any in (cell, trained(cell, 0, 0.0)):
        assert np.isnan(metric.of(without_any, scale))
    assert np.isnan(metric.of(trained(cell, 5, 30.0), None))


def test_a_score_while_learning_is_shown_only_if_somebody_acted() -> None:
    for shown, part in ((results(), "| 0.951 |"), (make_results(), "")):
        page = as_markdown(document(shown))
        assert ("while learning |" in page) == ("While learning:" in page) == bool(part)
        assert part in page
        assert ",training_score," in as_csv(document(shown))


def test_what_measures_share_is_said_once() -> None:
    page = as_markdown(document(results()))
    assert page.count("EPIC, STARC: distance of the learned reward") == 1


def steps_shown(results: Results) -> dict[str, str]:
    """What each row of the page has under "steps to reference"."""
    page = as_markdown(document(results))
    headings, _, *lines = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.split("\n\n")[0].splitlines()  # the first table
        if line.startswith("|")
    )
    return {line[0]: line[headings.index("steps to reference")] for line in lines}


def test_the_steps_to_the_reference_are_those_of_each_seeds_own_curve() -> None:
    """Of a window of five steps all have to be there, since before it is 9."""
    table = summary(acting(make_results(), [26, 47]))
    assert row(table, "ours")["steps_to_reference"] == 40.5


@pytest.mark.parametrize(
    ("total", "count", "steps"),
    [(14.0, 1, 20.0), (13.9, 1, inf), (14.0 + 9.0, 2, inf), (15.0 + 9.0, 2, 20.0)],
)
def test_one_bin_counts_with_the_episodes_that_end_in_it(
    total: float, count: int, steps: float
) -> None:
    """Four or five episodes in the window return 9."""
    results = make_results()
    totals, episodes = [9.0] * BINS, [1] * BINS
    totals[19], episodes[19] = total, count
    cell = acting_cell(results.cells[-1], totals, tuple(episodes))
    assert measured_in(cell, results) == steps


def test_the_first_episodes_that_end_are_not_all_that_began() -> None:
    """They have no window yet; and where no episode has ended there is no return."""
    results = make_results()
    short = [20.0, *[9.0] * (BINS - 1)]
    assert measured_in(acting_cell(results.cells[-1], short), results) == 5.0
    late = acting_cell(results.cells[-1], [0.0] * 40 + [30.0] + [0.0] * 59, (0,) * 40 + (3,) * 60)
    assert measured_in(late, results) == 41.0


def measured_in(cell: Cell, results: Results) -> float:
    (metric,) = (metric for metric in METRICS if metric.name == "steps_to_reference")
    return metric.of(cell, scale_of(results, "Hill"))


@pytest.mark.parametrize("never", [87, BINS + 1])
def test_who_does_not_get_there_has_no_finite_number_of_steps(never: int) -> None:
    """Whether the curve stays below, or what would reach it is after the last step."""
    results = acting(make_results(), [30, never])
    shown = steps_shown(results)
    assert shown == {"ours": INFINITE, "random (reference)": NONE, "expert (reference)": NONE}
    assert ",inf," in as_csv(document(results))


def test_a_table_of_those_who_do_not_act_has_no_steps_to_the_reference() -> None:
    """Neither has one of those whose labels limit them: there it is often the expert that acts."""
    labelled = acting(make_results(), [30, 50])
    few = [cell.model_copy(update={"meter": {"steps": 49}}) for cell in labelled.cells]
    for results in (make_results(), replace(labelled, cells=tuple(few))):
        page = as_markdown(document(results))
        assert "teps to reference" not in page
        assert "survival" in page
