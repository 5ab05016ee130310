"""The table of concurrency, on cells made by hand, and of a whole run."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from math import inf, isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from il_envs import Algorithm, LearningCurve
from il_envs.learning.learning_curve import BINS
from leaderboard import commands
from leaderboard.cells import Cell, failed_cell
from leaderboard.profiles import Profile
from leaderboard.runs import Declaration, Manifest, Results, read_results
from leaderboard.scores.statistics import difference_interval, ratio_interval, student_interval
from leaderboard.studies.concurrency import (
    EXPERT,
    PERFORMANCE,
    TIME,
    TIME_OF_SEEDS,
    claim_table,
    final_table,
    milestone_table,
)
from leaderboard.tables.columns import NONE
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_latex, as_markdown, as_text
from leaderboard.tables.page import final_header
from tests.leaderboard.test_tables import make_cell, make_spec

ALGORITHMS = Path(__file__).parents[2] / "algorithms"
PROFILE = Profile(
    name="test", labels=(10,), seeds=3, evaluation_episodes=2, steps=1_000, time_limit=1.0
)
FACTORS = {
    "saps-rl": {"actions": "SAPS", "learning": "RL"},
    "mail-saps": {"actions": "SAPS", "learning": "IL + RL"},
    "maps-rl": {"actions": "MAPS", "learning": "RL"},
    "mail": {"actions": "MAPS", "learning": "IL + RL"},
}
RETURNS = {
    "random": (0.0, 0.0, 0.0),
    "expert": (10.0, 10.0, 10.0),
    "saps-rl": (3.0, 4.0, 5.0),
    "mail-saps": (5.0, 5.0, 5.0),
    "maps-rl": (6.0, 7.0, 8.0),
    "mail": (10.5, 11.0, 12.0),
}
CURVES = {  # the level that training episodes rise to, and the step at which each seed's do
    "saps-rl": (4.0, (780, 800, 820)),
    "mail-saps": (5.0, (500, 500, 500)),
    "maps-rl": (8.0, (500, 510, 520)),
    "mail": (16.0, (200, 210, 220)),
}


def rising(level: float, steps: int) -> LearningCurve:
    """Two episodes in each bin, which return 0 until the bin that ends at `steps`."""
    totals = tuple(0.0 if 10 * (i + 1) < steps else 2.0 * level for i in range(BINS))
    return LearningCurve(1_000, (2,) * BINS, totals)


def cell_of(algorithm: str, seed: int) -> Cell:
    reference = algorithm in ("random", "expert")
    uses_labels = algorithm.startswith("mail")
    labels = None if reference else 10 if uses_labels else 0
    spec = make_spec("Hill", algorithm, labels, seed).model_copy(update={"profile": PROFILE})
    cell = make_cell(spec, [RETURNS[algorithm][seed]] * 2)
    if reference:
        return cell
    level, steps = CURVES[algorithm]
    curve = rising(level, steps[seed])
    return cell.model_copy(update={"learning_curve": curve, "meter": {"steps": 990 + 5 * seed}})


def make_results() -> Results:
    """Random returns 0, the expert 10."""
    manifest = Manifest(
        profile=PROFILE,
        worlds=("Hill",),
        algorithms=dict.fromkeys(reversed(FACTORS), ("Hill",)),
        seeds=3,
        declarations={
            name: Declaration(uses_labels=name.startswith("mail"), factors=factors)
            for name, factors in FACTORS.items()
        },
    )
    cells = tuple(cell_of(name, seed) for name in RETURNS for seed in range(3))
    return Results(Path("somewhere"), manifest, cells)


def changed(results: Results, algorithm: str, seed: int, update: dict[str, object]) -> Results:
    cells = [
        cell.model_copy(update=update)
        if (cell.spec.algorithm, cell.spec.seed) == (algorithm, seed)
        else cell
        for cell in results.cells
    ]
    return replace(results, cells=tuple(cells))


def without(results: Results, algorithm: str, seed: int) -> Results:
    ours = (algorithm, seed)
    kept = [cell for cell in results.cells if (cell.spec.algorithm, cell.spec.seed) != ours]
    return replace(results, cells=tuple(kept))


def failed(results: Results, algorithm: str, seed: int) -> Results:
    kept = without(results, algorithm, seed)
    spec = cell_of(algorithm, seed).spec
    return replace(kept, cells=(*kept.cells, failed_cell(spec, "timeout", "took more than 1 s")))


def declared(results: Results, factors: Mapping[str, dict[str, str]]) -> Results:
    declarations = {
        name: declaration.model_copy(update={"factors": factors.get(name, declaration.factors)})
        for name, declaration in results.manifest.declarations.items()
    }
    manifest = results.manifest.model_copy(update={"declarations": declarations})
    return replace(results, manifest=manifest)


def claims_of(results: Results) -> pd.DataFrame:
    return claim_table(results).set_index("claim")


def milestones_of(results: Results, algorithm: str) -> pd.DataFrame:
    table = milestone_table(results)
    return table[table["algorithm"] == algorithm].set_index("score")


# What an algorithm declares.


def algorithm_with(factors: object) -> Algorithm[None]:
    sources = frozenset({"env", "reward"})
    return Algorithm("a", "", sources, None, lambda p, s, c: None, factors=factors)  # type: ignore[arg-type,return-value]


def test_factors_are_read_only_and_leave_an_algorithm_hashable() -> None:
    levels = {"actions": "SAPS"}
    algorithm = algorithm_with(levels)
    levels["actions"] = "MAPS"
    assert algorithm.factors == {"actions": "SAPS"}
    with pytest.raises(TypeError):
        algorithm.factors["actions"] = "MAPS"  # type: ignore[index]
    assert algorithm_with({}).factors == {}
    assert replace(algorithm, name="b").factors == {"actions": "SAPS"}
    assert isinstance(hash(algorithm), int)
    assert algorithm != algorithm_with({"actions": "MAPS"})


@pytest.mark.parametrize("factors", [{"actions": 1}, {1: "SAPS"}, {"actions": ""}, {"": "SAPS"}])
def test_factors_are_text(factors: dict[object, object]) -> None:
    with pytest.raises(ValueError, match=r"a: factors must map names to levels, both of them text"):
        algorithm_with(factors)


@pytest.mark.parametrize(
    ("sources", "uses_labels"),
    [
        ({"env", "reward"}, False),
        ({"env", "expert"}, True),
        ({"demonstrations"}, True),
        ((), False),
    ],
)
def test_labels_are_of_demonstrations_or_an_expert(sources: set[str], uses_labels: bool) -> None:
    assert replace(algorithm_with({}), sources=frozenset(sources)).uses_labels is uses_labels


# The numbers.


def test_every_arm_has_its_final_return_and_score() -> None:
    table = final_table(make_results()).set_index("algorithm")
    assert list(table.index) == list(FACTORS)  # in the order of the design
    mail = table.loc["mail"]
    interval = student_interval(RETURNS["mail"])
    assert (mail["return"], mail["return_low"], mail["return_high"]) == pytest.approx(
        (interval.mean, interval.low, interval.high)
    )
    assert (mail["score"], mail["low"], mail["high"]) == pytest.approx(
        (interval.mean / 10.0, interval.low / 10.0, interval.high / 10.0)
    )
    assert (mail["actions"], mail["learning"]) == ("MAPS", "IL + RL")
    assert (mail["steps"], mail["seeds"], mail["status"]) == (995.0, 3, "ok")


def test_steps_to_a_score_are_read_off_the_curves() -> None:
    """One seed of three at 16 makes a mean of 5.3, two of 10.7."""
    mail = milestones_of(make_results(), "mail")
    assert list(mail.index) == [0.25, 0.5, 0.75, 1.0]
    assert list(mail["return"]) == [2.5, 5.0, 7.5, 10.0]
    assert list(mail["steps"]) == [200.0, 200.0, 210.0, 210.0]
    interval = student_interval([200.0, 210.0, 220.0])
    assert (mail["seeds_there"] == 3).all()
    assert list(mail["seed_steps"]) == [210.0] * 4
    assert mail["low"].iloc[0] == pytest.approx(interval.low)
    assert mail["high"].iloc[0] == pytest.approx(interval.high)


def test_the_notes_say_how_many_steps_there_are_in_each_world() -> None:
    profile = PROFILE.model_copy(update={"steps_of_worlds": {"Sea": 20}})
    results = make_results()
    manifest = results.manifest.model_copy(update={"profile": profile})
    notes = final_header(replace(results, manifest=manifest), ["Hill", "Sea"])
    assert notes[-1].endswith("of at most 1,000 in Hill, 20 in Sea.")


def test_a_score_that_is_not_reached_is_said_to_be_so() -> None:
    results = make_results()
    single = milestones_of(results, "saps-rl")
    assert list(single["steps"]) == [800.0, inf, inf, inf]
    assert list(single["seeds_there"]) == [3, 0, 0, 0]
    assert single["seed_steps"].isna().tolist() == [False, True, True, True]
    some = milestones_of(
        changed(results, "maps-rl", 1, {"learning_curve": rising(1.0, 500)}), "maps-rl"
    )
    assert (some.loc[0.75, "steps"], some.loc[0.75, "seeds_there"]) == (inf, 2)
    assert isnan(some.loc[0.75, "seed_steps"])
    assert (some.loc[0.5, "steps"], some.loc[0.5, "seeds_there"]) == (520.0, 2)
    lines = as_markdown(document(results)).splitlines()
    line = next(x for x in lines if x.startswith("| saps-rl | Hill | 50%"))
    assert line == f"| saps-rl | Hill | 50% | 5.000 | not reached | 0 of 3 | {NONE} | {NONE} | ok |"


def test_a_first_bin_without_episodes_is_not_reached() -> None:
    """Nothing is known of the mean until every seed has had an episode."""
    late = rising(16.0, 200)
    late = replace(late, episodes=(0,) * 50 + late.episodes[50:])
    mail = milestones_of(changed(make_results(), "mail", 0, {"learning_curve": late}), "mail")
    assert list(mail["steps"]) == [510.0] * 4
    assert mail["seed_steps"].iloc[0] == pytest.approx((510 + 210 + 220) / 3)


def test_the_ratios_are_beside_the_published_ones() -> None:
    claims = claims_of(make_results())
    assert list(claims["published"]) == ["2.5", "4", "4", "passed"]
    performance = ratio_interval(RETURNS["mail"], RETURNS["saps-rl"])
    assert claims.loc[PERFORMANCE, "value"] == pytest.approx(11.1666667 / 4.0)
    assert claims.loc[PERFORMANCE, "low"] == pytest.approx(performance.low)
    assert claims.loc[PERFORMANCE, "high"] == pytest.approx(performance.high)
    assert claims.loc[TIME, "value"] == 820.0 / 200.0
    assert claims.loc[TIME, "status"] == "820 / 200 steps to the return 4.000"
    of_seeds = ratio_interval([780.0, 800.0, 820.0], [200.0, 210.0, 220.0])
    assert claims.loc[TIME_OF_SEEDS, "value"] == pytest.approx(800.0 / 210.0)
    assert claims.loc[TIME_OF_SEEDS, "low"] == pytest.approx(of_seeds.low)


def test_the_return_to_get_to_is_that_of_saps_rls_last_tenth() -> None:
    """Seed 0 ended after 990 of 1,000 steps. In the ten bins before, six at 4 and four at 1."""
    results = make_results()
    for seed in range(3):
        curve = rising(4.0, 780)
        fallen = (*curve.total_rewards[:95], *(2.0,) * 5)
        update = {"learning_curve": replace(curve, total_rewards=fallen)}
        results = changed(results, "saps-rl", seed, update)
    assert claims_of(results).loc[TIME, "status"] == "780 / 200 steps to the return 2.800"


def test_mail_that_does_not_get_there_has_no_ratio_of_times() -> None:
    results = make_results()
    for seed in range(3):
        results = changed(results, "mail", seed, {"learning_curve": rising(seed * 3.0, 200)})
    claims = claims_of(results)
    assert isnan(claims.loc[TIME, "value"])
    assert claims.loc[TIME, "status"] == "mail does not get to the return 4.000"
    assert isnan(claims.loc[TIME_OF_SEEDS, "value"])
    assert claims.loc[TIME_OF_SEEDS, "status"] == "3 of 3 and 1 of 3 seeds get there"


def test_a_score_of_exactly_nothing_leaves_no_ratio_and_is_said() -> None:
    results = make_results()
    for seed in range(3):
        episodes = make_cell(cell_of("saps-rl", seed).spec, [0.0] * 2).episodes
        results = changed(results, "saps-rl", seed, {"episodes": episodes})
    claim = claims_of(results).loc[PERFORMANCE]
    assert isnan(claim["value"])
    assert claim["status"] == "saps-rl's score does not differ from 0"


def test_seed_by_seed_each_gets_to_where_saps_rl_of_that_seed_arrives() -> None:
    results = make_results()
    for seed, level in enumerate((3.0, 4.0, 5.0)):
        results = changed(results, "saps-rl", seed, {"learning_curve": rising(level, 800)})
    mail = (rising(3.5, 200), rising(3.5, 100), rising(5.0, 400))
    for seed, curve in enumerate(mail):
        results = changed(results, "mail", seed, {"learning_curve": curve})
    claims = claims_of(results)
    assert claims.loc[TIME_OF_SEEDS, "status"] == "3 of 3 and 2 of 3 seeds get there"
    results = changed(results, "mail", 1, {"learning_curve": rising(4.0, 100)})
    expected = ratio_interval([800.0] * 3, [200.0, 100.0, 400.0])
    claim = claims_of(results).loc[TIME_OF_SEEDS]
    assert list(claim[["value", "low", "high"]]) == pytest.approx(
        [expected.mean, expected.low, expected.high]
    )


def test_the_experts_luck_with_the_episodes_counts() -> None:
    """The expert's mean over two episodes is too uncertain to claim that it was surpassed."""
    results = make_results()
    for seed in range(3):
        episodes = make_cell(cell_of("expert", seed).spec, [4.0, 16.0]).episodes
        results = changed(results, "expert", seed, {"episodes": episodes})
        episodes = make_cell(cell_of("mail", seed).spec, [11.0 + 0.1 * seed] * 2).episodes
        results = changed(results, "mail", seed, {"episodes": episodes})
    claim = claims_of(results).loc[EXPERT]
    expected = difference_interval([11.0, 11.1, 11.2], [4.0, 16.0])
    assert claim["status"] == "undecided"
    assert list(claim[["value", "low"]]) == pytest.approx([expected.mean, expected.low])


@pytest.mark.parametrize(
    ("returns", "status"),
    [
        ((10.5, 11.0, 12.0), "undecided"),
        ((10.9, 11.0, 11.1), "passed"),
        ((8.9, 9.0, 9.1), "not passed"),
    ],
)
def test_the_expert_is_passed_if_the_interval_says_so(
    returns: tuple[float, ...], status: str
) -> None:
    results = make_results()
    for seed, value in enumerate(returns):
        episodes = make_cell(cell_of("mail", seed).spec, [value] * 2).episodes
        results = changed(results, "mail", seed, {"episodes": episodes})
    claims = claims_of(results)
    interval = student_interval(np.array(returns) - 10.0)
    assert claims.loc[EXPERT, "value"] == pytest.approx(interval.mean)
    assert claims.loc[EXPERT, "low"] == pytest.approx(interval.low)
    assert claims.loc[EXPERT, "status"] == status


def test_a_ratio_to_a_score_of_nothing_is_said_to_have_no_bounds() -> None:
    results = make_results()
    for seed, value in enumerate((-1.0, 1.0, 0.5)):
        episodes = make_cell(cell_of("saps-rl", seed).spec, [value] * 2).episodes
        results = changed(results, "saps-rl", seed, {"episodes": episodes})
    claim = claims_of(results).loc[PERFORMANCE]
    assert (claim["low"], claim["high"]) == (-inf, inf)
    assert claim["status"] == "saps-rl's score does not differ from 0"
    assert "[-∞, ∞]" in as_markdown(document(results))


def test_one_seed_has_no_intervals() -> None:
    manifest = make_results().manifest.model_copy(update={"seeds": 1})
    results = replace(make_results(), manifest=manifest)
    claims = claims_of(results)
    assert claims["low"].isna().all()
    assert claims.loc[PERFORMANCE, "value"] == pytest.approx(10.5 / 3.0)
    assert claims.loc[EXPERT, "status"] == "one training seed or episode"


# What is not there.


def test_a_failed_cell_counts_as_random_and_is_said() -> None:
    results = failed(make_results(), "mail", 2)
    final = final_table(results).set_index("algorithm").loc["mail"]
    assert final["return"] == pytest.approx((10.5 + 11.0 + 0.0) / 3)
    assert (final["status"], final["reason"]) == ("1 of 3 failed", "timeout: took more than 1 s")
    assert final["steps"] == 992.5
    mail = milestones_of(results, "mail")
    assert list(mail["steps"]) == [200.0, 200.0, 210.0, 210.0]
    assert list(mail["seeds_there"]) == [2, 2, 2, 2]
    assert (mail["status"] == "1 of 3 failed").all()
    assert mail["seed_steps"].isna().all()
    claims = claims_of(results)
    assert claims.loc[PERFORMANCE, "value"] == pytest.approx((10.5 + 11.0) / 12.0)
    assert (claims["status"].str.endswith("mail: 1 of 3 failed")).all()
    assert claims.loc[TIME_OF_SEEDS, "status"].startswith("3 of 3 and 2 of 3 seeds get there; ")


def test_a_missing_cell_leaves_its_arm_and_the_claims_unranked() -> None:
    results = without(make_results(), "saps-rl", 1)
    table = final_table(results).set_index("algorithm")
    assert (table.loc["saps-rl", "status"], table.loc["mail", "status"]) == ("unranked", "ok")
    assert table.loc["saps-rl", "reason"] == "missing seeds: 1"
    assert isnan(table.loc["saps-rl", "return"])
    milestones = milestones_of(results, "saps-rl")
    assert milestones["steps"].isna().all()
    assert (milestones["status"] == "missing seeds: 1").all()
    claims = claims_of(results)
    assert claims["value"].isna().all()
    assert (claims["status"] == "unranked: saps-rl: missing seeds: 1").all()
    others = claims_of(without(make_results(), "maps-rl", 1))
    assert not others["value"].isna().any()


def test_without_the_expert_nothing_is_ranked() -> None:
    results = without(make_results(), "expert", 0)
    assert (final_table(results)["status"] == "unranked").all()
    assert milestone_table(results)["steps"].isna().all()
    assert claims_of(results)["value"].isna().all()
    assert "no complete reference rows" in as_markdown(document(results))


def test_a_cell_that_never_acted_leaves_the_times_out() -> None:
    never = {"learning_curve": None, "meter": {"steps": 0}}
    results = changed(make_results(), "mail", 1, never)
    reason = "no learning curve of seeds: 1"
    assert (milestones_of(results, "mail")["status"] == reason).all()
    claims = claims_of(results)
    assert list(claims.loc[[TIME, TIME_OF_SEEDS], "status"]) == [f"mail: {reason}"] * 2
    assert claims.loc[PERFORMANCE, "value"] > 2.0
    assert final_table(results).set_index("algorithm").loc["mail", "status"] == "ok"


@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"actions": "MAPS"},
        {"actions": "MAPS", "learning": "IL"},
        {"actions": "MAPS", "learning": "IL + RL", "memory": "LSTM"},
    ],
)
def test_there_is_no_table_without_all_four_arms(factors: dict[str, str]) -> None:
    results = declared(make_results(), {"mail": factors})
    for table in (final_table, milestone_table, claim_table):
        assert table(results).empty
    text = as_markdown(document(results))
    assert "Concurrency" not in text
    assert len(as_csv(document(results)).split("\n\n")) == 1


def test_two_algorithms_in_one_arm_make_no_claim() -> None:
    results = make_results()
    names = results.manifest.algorithms | {"mail-2": ("Hill",)}
    twin = results.manifest.declarations | {"mail-2": results.manifest.declaration("mail")}
    manifest = results.manifest.model_copy(update={"algorithms": names, "declarations": twin})
    cells = [cell_of("mail", seed) for seed in range(3)]
    cells = [
        cell.model_copy(update={"spec": cell.spec.model_copy(update={"algorithm": "mail-2"})})
        for cell in cells
    ]
    results = replace(results, manifest=manifest, cells=(*results.cells, *cells))
    assert list(final_table(results)["algorithm"])[-2:] == ["mail", "mail-2"]
    claims = claims_of(results)
    assert (claims["status"] == "unranked: mail and mail-2 are both MAPS, IL + RL").all()


# As people and programs read it.


def test_every_format_has_the_tables_beneath_the_others() -> None:
    results = make_results()
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(as_text(document(results)))
    text, latex = console.export_text(), as_latex(document(results))
    for shown in (text, latex, as_markdown(document(results))):
        assert shown.index("survival") < shown.index("Concurrency") < shown.index("published")
        for part in ("IL + RL", "not reached", "2.792", "4.100", "undecided", "820 / 200 steps"):
            assert part in shown
    assert latex.count(r"\midrule") == 5


def test_the_csv_has_a_block_for_each_table() -> None:
    results = failed(make_results(), "mail-saps", 0)
    scores, final, milestones, claims = (
        list(csv.DictReader(io.StringIO(block)))
        for block in as_csv(document(results)).split("\n\n")
    )
    assert {row["algorithm"] for row in scores} == {*FACTORS, "random", "expert"}
    assert [row["algorithm"] for row in final] == list(FACTORS)
    assert final[1]["reason"] == "timeout: took more than 1 s"
    assert len(milestones) == 16
    assert milestones[1]["steps"] == "inf"
    assert milestones[1]["seed_steps"] == ""
    assert [float(row["value"]) for row in claims] == pytest.approx(
        [2.791667, 4.1, 800 / 210, 7 / 6], abs=1e-5
    )


def test_a_run_of_all_four_prints_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four times the same algorithm, which acts at random; two of them say they use an expert."""
    text = (ALGORITHMS / "acts" / "algorithm.py").read_text()
    end = text.index("algorithm = Algorithm(")
    origins = []
    for name, factors in FACTORS.items():
        sources = {"env", "reward"} | ({"expert"} if name.startswith("mail") else set())
        folder = tmp_path / name
        folder.mkdir()
        declaration = f"'{name}', '', frozenset({sources}), Config(), train, factors={factors}"
        (folder / "algorithm.py").write_text(f"{text[:end]}algorithm = Algorithm({declaration})\n")
        origins.append(str(folder))
    profile = Profile(
        name="tiny", labels=(100, 200), seeds=1, evaluation_episodes=2, steps=2_000, time_limit=60.0
    )
    out = tmp_path / "out"
    commands.run(profile, origins, ["DriftCar"], 1, 2, out, controls=False)
    printed = capsys.readouterr().out
    results = read_results(out)
    assert {cell.status for cell in results.cells} == {"ok"}
    assert results.manifest.declaration("maps-rl") == Declaration(
        uses_labels=False, factors=FACTORS["maps-rl"]
    )
    folders = sorted(str(cell.spec.folder) for cell in results.cells if "rl" in cell.spec.algorithm)
    assert folders == [
        "DriftCar/maps-rl/labels_0/seed_0", "DriftCar/saps-rl/labels_0/seed_0",
    ]  # fmt: skip
    assert len([cell for cell in results.cells if cell.spec.algorithm == "mail"]) == 2
    assert "Concurrency" in printed
    assert "published" in (out / "table.md").read_text()
    assert "published" in (out / "table.csv").read_text()
    assert (out / "learning_curve.svg").exists()
    for name in ("text", "md", "csv", "latex"):
        commands.table(out, name)
        assert "MAIL's return - the expert's" in capsys.readouterr().out
