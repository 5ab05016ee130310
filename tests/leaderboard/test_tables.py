"""From raw cells to tables, on cells made by hand."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from leaderboard.cells import Cell, EpisodeResult, failed_cell
from leaderboard.explanation import explanation
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec
from leaderboard.runs import Declaration, Manifest, Results
from leaderboard.scores.metrics import METRICS
from leaderboard.scores.rows import (
    Scale,
    counted,
    crossed_scores_of,
    row_of,
    scale_of,
    scores_of,
    survival,
)
from leaderboard.scores.summary import summary
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_latex, as_markdown, as_text

PROFILE = Profile(
    name="test", labels=(10, 20), seeds=2, evaluation_episodes=2, steps=100, time_limit=1.0
)


def make_spec(
    world: str, algorithm: str, labels: int | None, seed: int, key: dict[str, str] | None = None
) -> CellSpec:
    return CellSpec(
        world=world,
        algorithm=algorithm,
        origin="" if labels is None else algorithm,
        labels=labels,
        seed=seed,
        profile=PROFILE,
        key={"suite": "1", "world": world, "code": algorithm, "seed": str(seed)} | (key or {}),
    )


def make_cell(spec: CellSpec, total_rewards: list[float], falls: int = 0) -> Cell:
    decisions = 2 if spec.algorithm == "ours" else 5
    rows = tuple(
        EpisodeResult(
            seed=i, total_reward=r, length=5, terminated=i < falls, state_hash="0",
            decisions=decisions,
        )
        for i, r in enumerate(total_rewards)
    )  # fmt: skip
    return Cell(
        spec=spec, status="ok", reason="", meter={"demonstrations": spec.labels or 0},
        episodes=rows, files={"policy.safetensors": "0"},
    )  # fmt: skip


def make_results(worlds: tuple[str, ...] = ("Hill",)) -> Results:
    """Random returns 2 on average, the expert 10; "ours" 8 and 9 with 20 labels, and fails for one
    of two seeds with 10."""
    cells = []
    for world in worlds:
        cells += [
            make_cell(make_spec(world, "random", None, 0), [0.0, 2.0], falls=2),
            make_cell(make_spec(world, "random", None, 1), [3.0, 3.0], falls=1),
            make_cell(make_spec(world, "expert", None, 0), [10.0, 10.0]),
            make_cell(make_spec(world, "expert", None, 1), [10.0, 10.0]),
            make_cell(make_spec(world, "ours", 10, 0), [6.0, 6.0], falls=1),
            failed_cell(make_spec(world, "ours", 10, 1), "timeout", "took more than 1 s"),
            make_cell(make_spec(world, "ours", 20, 0), [8.0, 8.0]),
            make_cell(make_spec(world, "ours", 20, 1), [9.0, 9.0], falls=1),
        ]
    manifest = Manifest(profile=PROFILE, worlds=worlds, algorithms={"ours": worlds}, seeds=2)
    return Results(Path("somewhere"), manifest, tuple(cells))


def measured(name: str, cell: Cell, scale: Scale | None) -> float:
    """What a cell counts with in the mean of a metric."""
    (metric,) = (metric for metric in METRICS if metric.name == name)
    return counted(metric.of, cell, scale)


def row(frame: pd.DataFrame, algorithm: str, world: str = "Hill") -> "pd.Series[object]":
    return frame[(frame["algorithm"] == algorithm) & (frame["world"] == world)].iloc[0]


def without(results: Results, algorithm: str, seed: int) -> Results:
    kept = [
        cell for cell in results.cells if (cell.spec.algorithm, cell.spec.seed) != (algorithm, seed)
    ]
    return replace(results, cells=tuple(kept))


def test_scores_are_zero_for_random_and_one_for_the_expert() -> None:
    results = make_results()
    scale = scale_of(results, "Hill")
    assert scale is not None
    assert (scale.random, scale.reference) == (2.0, 10.0)
    assert np.mean([survival(cell) for cell in scale.random_cells]) == 0.25
    table = summary(results)
    assert list(table["algorithm"]) == ["expert", "ours", "random"]
    assert list(table["score"]) == pytest.approx([1.0, (6 / 8 + 7 / 8) / 2, 0.0])
    assert row(table, "ours")["survival"] == 0.75
    assert row(table, "ours")["status"] == "ok"


def test_a_failed_cell_stays_and_counts_as_random() -> None:
    headline = make_results()
    scale, few = scale_of(headline, "Hill"), row_of(headline, "ours", "Hill", 10)
    assert [cell.status for cell in few.cells] == ["ok", "timeout"]
    assert list(scores_of(few, scale)) == [0.5, 0.0]
    assert measured("survival", few.cells[1], scale) == 0.25
    assert few.cells[1].reason == "took more than 1 s"
    profile = PROFILE.model_copy(update={"labels": (10,)})
    cells = tuple(
        c.model_copy(update={"spec": c.spec.model_copy(update={"profile": profile})})
        for c in headline.cells
    )
    manifest = headline.manifest.model_copy(update={"profile": profile})
    ours = row(summary(Results(headline.folder, manifest, cells)), "ours")
    assert ours["score"] == pytest.approx((4 / 8 + 0.0) / 2)
    assert ours["survival"] == pytest.approx((0.5 + 0.25) / 2)
    assert ours["status"] == "1 of 2 failed"
    assert ours["reason"] == "timeout: took more than 1 s"


def test_a_row_with_a_missing_cell_has_the_score_of_the_others_and_is_last() -> None:
    complete = summary(make_results())
    table = summary(without(make_results(), "ours", 1))
    assert row(table, "ours")["status"] == "unranked"
    assert row(table, "ours")["reason"] == "missing seeds: 1"
    assert row(table, "ours")["score"] == row(complete, "ours")["scores"][0]
    assert np.isnan(row(table, "ours")["low"])
    assert pd.isna(row(table, "ours")["rank_low"])
    assert table["algorithm"].iloc[-1] == "ours"
    none = summary(without(without(make_results(), "ours", 0), "ours", 1))
    assert np.isnan(row(none, "ours")["score"])


def test_without_a_reference_nothing_is_ranked() -> None:
    table = summary(without(make_results(), "random", 0))
    assert row(table, "ours")["reason"] == "no complete reference rows"
    assert np.isnan(row(table, "ours")["score"])


@pytest.mark.parametrize("part", ["code", "world", "config"])
def test_cells_of_different_versions_are_not_mixed(part: str) -> None:
    results = make_results()
    *others, last = results.cells
    changed = make_cell(make_spec("Hill", "ours", 20, 1, {part: "changed"}), [9.0, 9.0])
    fault = row_of(replace(results, cells=(*others, changed)), "ours", "Hill", 20).fault
    assert "different versions" in fault
    assert last.spec.seed == 1


def test_cells_of_another_world_version_than_the_references_are_not_ranked() -> None:
    results = make_results()
    *others, _, _ = results.cells
    key = {"world": "new"}
    changed = [make_cell(make_spec("Hill", "ours", 20, i, key), [9.0, 9.0]) for i in (0, 1)]
    fault = row_of(replace(results, cells=(*others, *changed)), "ours", "Hill", 20).fault
    assert "reference rows are of different versions" in fault


def test_several_worlds_have_a_row_for_their_mean() -> None:
    table = summary(make_results(("Hill", "Sea")))
    assert table["world"].iloc[0] == "all"
    assert row(table, "ours", "all")["score"] == pytest.approx(row(table, "ours")["score"])
    narrower = row(table, "ours", "all")["high"] - row(table, "ours", "all")["low"]
    assert narrower < row(table, "ours")["high"] - row(table, "ours")["low"]
    one_missing = replace(
        make_results(("Hill", "Sea")), cells=make_results(("Hill", "Sea")).cells[:-1]
    )
    assert row(summary(one_missing), "ours", "all")["status"] == "unranked"
    assert row(summary(one_missing), "ours", "Hill")["status"] == "ok"


def test_csv_parses_back_to_the_same_numbers() -> None:
    results = make_results()
    table = summary(results)
    table.loc[2, "score"] = -1e-12
    rows = list(csv.DictReader(io.StringIO(as_csv(document(results)))))
    assert list(rows[0])[:7] == ["algorithm", "world", "seeds", "score", "low", "high", "status"]
    for parsed, (_, expected) in zip(rows, table.iterrows(), strict=True):
        assert parsed["algorithm"] == expected["algorithm"]
        for column in ("score", "low", "high", "survival"):
            assert float(parsed[column]) == pytest.approx(expected[column], abs=1e-6)
    assert [r["labels"] for r in rows] == ["", "20", ""]
    assert not any(value.startswith("-0.0000") for r in rows for value in r.values())


def test_markdown_parses_back() -> None:
    results = make_results()
    page = as_markdown(document(results))
    lines = page[: page.rindex("| algorithm |")].splitlines()  # the table of scores
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]
    assert rows[0][:3] == ["algorithm", "world", "score"]
    assert len({len(cells) for cells in rows}) == 1
    assert rows[3][:3] == ["ours", "Hill", "0.812"]
    assert "empirical" in lines[-2]
    assert "2 training seeds" in lines[-2]


def test_latex_has_a_line_for_each_row() -> None:
    results = make_results()
    text = as_latex(document(results))
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert [line.split(" & ")[0] for line in body] == [
        "expert (reference)",
        "ours",
        "random (reference)",
    ]
    assert all(line.endswith(r"\\") for line in body)
    assert r"100\%" in body[0]


def test_text_table_shows_every_row_and_what_the_score_means() -> None:
    results = make_results()
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(as_text(document(results)))
    text = console.export_text()
    assert "expert (reference)" in text
    assert "0.812" in text
    assert "empirical" in text


def test_the_notes_tell_what_one_button_can_return_where_that_is_known() -> None:
    def notes(*worlds: str) -> str:
        results = make_results(worlds)
        return as_markdown(document(results))

    bound = "Gauntlet: one button a step returns at most 4.000 (exact bound)."
    assert bound in notes("Hill", "Gauntlet")
    assert "one button" not in notes("Hill", "Pillar")


def test_what_training_warns_of_is_in_every_format_and_in_the_explanation() -> None:
    results = make_results()
    doubt = {"warnings": ("it rests [too] much", "and more")}
    cells = [
        cell.model_copy(update=doubt) if (cell.spec.labels, cell.spec.seed) == (20, 1) else cell
        for cell in results.cells
    ]
    results = replace(results, cells=tuple(cells))
    table = summary(results)
    assert row(table, "ours")["score"] == row(summary(make_results()), "ours")["score"]
    told = "ok, 1 of 2 warned: it rests [too] much"
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(as_text(document(results)))
    assert told in console.export_text()
    assert told in as_markdown(document(results))
    assert told in as_latex(document(results))
    ours = list(csv.DictReader(io.StringIO(as_csv(document(results)))))[1]
    assert (ours["status"], ours["reason"]) == ("ok, 1 of 2 warned", "it rests [too] much")
    explained = explanation(results, "ours", "Hill")
    assert "seed 1: mean return 9.000000, survival 50%; warned: it rests [too] much" in explained
    assert "; warned: and more" in explained


def test_one_seed_shows_no_interval() -> None:
    results = make_results()
    manifest = results.manifest.model_copy(update={"seeds": 1})
    results = replace(results, manifest=manifest)
    lines = as_markdown(document(results))
    assert "| ours | Hill | 0.778 | \N{EN DASH} |" in lines


def test_an_explanation_can_be_followed_by_hand() -> None:
    text = explanation(make_results(), "ours", "Hill")
    for part in (
        "random = 2.000000",
        "expert = 10.000000",
        "(return - 2.000000) / (10.000000 - 2.000000)",
        "seed 0: mean return 8.000000, survival 100%, score 0.750000",
        "somewhere/Hill/ours/labels_20/seed_1",
        "(0.750000 + 0.875000) / 2 = 0.812500",
        "12.7062 * 0.088388 / sqrt(2)",
        "with 1 degrees of freedom",
        "standard error = sqrt(0.062500^2 + 0.011719^2)",
    ):
        assert part in text


def test_decisions_are_shown_where_somebody_decides_less_than_once_a_step() -> None:
    results = make_results()
    assert measured("decisions", results.cells[-1], None) == 0.4
    assert "| decisions |" in as_markdown(document(results))
    assert "decisions: 0.400 a step" in explanation(results, "ours", "Hill")
    cells = tuple(
        cell.model_copy(
            update={"episodes": tuple(e.model_copy(update={"decisions": 5}) for e in cell.episodes)}
        )
        for cell in results.cells
    )
    always = replace(results, cells=cells)
    assert "decisions" not in as_markdown(document(always))


def test_cells_that_did_not_count_decisions_have_none() -> None:
    (cell, *_) = make_results().cells
    uncounted = [e.model_dump(exclude={"decisions"}) for e in cell.episodes]
    old = cell.model_copy(update={"episodes": tuple(map(EpisodeResult.model_validate, uncounted))})
    assert np.isnan(measured("decisions", old, None))


def make_board(worlds: tuple[str, ...] = ("Hill",)) -> Results:
    """Three seeds on two episodes, the second harder for everybody: "best" is far above "good" and
    "fair", which differ by less than their seeds do. A control is the best of all."""
    profile = PROFILE.model_copy(update={"seeds": 3})
    names = {"best": 18.0, "good": 6.1, "fair": 6.0, "floor": 19.0}
    cells = []
    for world in worlds:
        for seed in range(3):
            for name, mean in {"random": 1.0, "expert": 20.0, **names}.items():
                spread = 0.0 if name in ("random", "expert") else 0.2 * (seed - 1)
                spec = make_spec(world, name, 20 if name in names else None, seed)
                spec = spec.model_copy(update={"profile": profile})
                cells.append(make_cell(spec, [1.4 * mean + spread, 0.6 * mean + spread]))
    manifest = Manifest(
        profile=profile, worlds=worlds, algorithms=dict.fromkeys(names, worlds), seeds=3,
        declarations={"floor": Declaration(is_control=True)},
    )  # fmt: skip
    return Results(Path("somewhere"), manifest, tuple(cells))


def test_rows_have_the_ranks_that_they_may_have_and_controls_none() -> None:
    results = make_board()
    table = summary(results).set_index("algorithm")
    assert list(table.loc["best", ["rank_low", "rank_high", "ties"]]) == [1, 1, "a"]
    for name in ("good", "fair"):
        assert list(table.loc[name, ["rank_low", "rank_high", "ties"]]) == [2, 3, "b"]
    for name in ("floor", "expert", "random"):
        assert pd.isna(table.loc[name, "rank_low"])
    page = as_markdown(document(results))
    assert "] | 1 a |" in page
    assert "] | 2\N{EN DASH}3 b |" in page
    assert "Holm-corrected" in page
    (good,) = (
        parsed
        for parsed in csv.DictReader(io.StringIO(as_csv(document(results))))
        if parsed["algorithm"] == "good"
    )
    assert (good["rank_low"], good["rank_high"], good["ties"]) == ("2", "3", "b")
    assert good["unit"] == "seeds and episodes"


def test_worlds_taken_together_have_ranks_and_an_interval_of_the_interquartile_mean() -> None:
    results = make_board(("Hill", "Sea"))
    assert row(summary(results), "best", "all")["rank_high"] == 1
    middle = row(summary(results), "good", "all")
    assert middle["iqm_low"] < middle["iqm"] < middle["iqm_high"]
    shown = f"{middle['iqm']:.3f} [{middle['iqm_low']:.3f}, {middle['iqm_high']:.3f}]"
    assert f"| {shown} |" in as_markdown(document(results))
    without_best = replace(
        results,
        cells=tuple(c for c in results.cells if "best" not in c.spec.algorithm or c.spec.seed),
    )
    assert pd.isna(row(summary(without_best), "best", "all")["rank_low"])
    assert row(summary(without_best), "good", "all")["rank_low"] == 1


def test_the_interval_is_over_episodes_too_and_says_so() -> None:
    """What makes an episode hard for the reference as well cancels, as all scores here do."""
    results = make_board()
    ours = row_of(results, "best", "Hill", 20)
    scale = scale_of(results, "Hill")
    assert scale is not None
    scores = crossed_scores_of(ours, scale)
    np.testing.assert_allclose(scores.mean(1), scores_of(ours, scale))
    returns = np.array([[e.total_reward for e in cell.episodes] for cell in ours.cells])
    assert np.ptp(returns.mean(0)) / 19.0 > 5.0 * np.ptp(scores.mean(0))
    assert "with new seeds on new episodes" in as_markdown(document(results))


def test_a_failed_cell_counts_as_the_random_policy_on_every_episode() -> None:
    results = make_results()
    few = row_of(results, "ours", "Hill", 10)
    scale = scale_of(results, "Hill")
    assert scale is not None
    np.testing.assert_allclose(crossed_scores_of(few, scale).mean(1), [0.5, 0.0])


def test_an_explanation_tells_the_differences_behind_a_rank() -> None:
    text = explanation(make_board(), "good", "Hill")
    best, fair = text.split("rank 2 to 3 of 3, by the differences from the others:\n")[1].split(
        "\n"
    )
    assert best.startswith("  best: -0.626316, alone in [-0.650")
    assert "a run is better with a chance of 0.00 in [0.00, " in best
    assert fair.startswith("  fair: +0.005263, alone in [-0.018")
    assert "a run is better with a chance of 0.67 in [0.1" in fair
    mirrored = explanation(make_board(), "fair", "Hill")
    assert "  good: -0.005263, alone in [-0.029126, 0.018600]" in mirrored
    assert "rank" not in explanation(make_board(), "floor", "Hill")


def test_a_row_without_a_cell_is_unranked_and_others_stand() -> None:
    results = make_board()
    cells = tuple(cell for cell in results.cells if cell.spec.algorithm != "best")
    table = summary(replace(results, cells=cells))
    assert row(table, "best")["status"] == "unranked"
    assert pd.isna(row(table, "best")["rank_low"])
    assert row(table, "good")["rank_low"] == 1
