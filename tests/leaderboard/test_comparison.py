"""Whether results computed anew agree with published ones, on cells made by hand."""

from dataclasses import replace
from datetime import datetime
from math import inf
from pathlib import Path

import numpy as np
import pytest

from il_envs.learning.learning_curve import LearningCurve
from leaderboard import UserError
from leaderboard.cells import Cell, failed_cell, write_cell
from leaderboard.commands import compare_results
from leaderboard.comparison import (
    Verdict,
    cells_without_counterpart,
    compare,
    differences_of_computers,
    one_more_run,
)
from leaderboard.computer import Computer
from leaderboard.measures.exact import ExactMetrics
from leaderboard.recorded import Played
from leaderboard.runs import Manifest, Results
from tests.leaderboard.test_tables import PROFILE, make_cell, make_results, make_spec

HERE = Computer(processor="A", instructions="V3", system="S", libraries=("blas 1",), versions={})
ELSEWHERE = HERE.model_copy(update={"processor": "B", "versions": {"numpy": "2"}})


OTHERS = (8.1, 7.9, 8.05, 7.95)
"""Returns of a row's other seeds, for which one more run is in [7.2, 8.8]."""
EXACT = ExactMetrics(
    expected_return=8.0, mode_return=8.0, soft_regret=0.0, occupancy_distance=0.0,
    policy_divergence=inf, log_likelihood=-inf, epic=0.9, starc=None, transfer=None,
)  # fmt: skip
CURVE = LearningCurve(100, (1, 2), (0.5, 1.5))


def learned(policy: str, rewards: list[float], computer: Computer = HERE, code: str = "1") -> Cell:
    """A cell of one training run, with the hash of its policy."""
    cell = make_cell(make_spec("Hill", "ours", 20, 0, {"code": code}), rewards)
    files = {"policy.safetensors": policy} if policy else {}
    return cell.model_copy(update={"files": files, "computer": computer})


def changed(cell: Cell, **values: object) -> Cell:
    return cell.model_copy(update=values)


def of_spec(cell: Cell, **values: object) -> Cell:
    """The cell with other values in its specification."""
    return changed(cell, spec=cell.spec.model_copy(update=values))


def told(published: Cell, ours: Cell, others: tuple[float, ...] = ()) -> tuple[str, Verdict]:
    """How a cell compares to the published one, of a row with other runs of these returns."""
    seeds = [
        make_cell(make_spec("Hill", "ours", 20, 1 + i), [value, value])
        for i, value in enumerate(others)
    ]
    (one,) = compare(results_of(published, *seeds), results_of(ours))
    return one.told, one.verdict


def results_of(*cells: Cell) -> Results:
    manifest = Manifest(profile=PROFILE, worlds=("Hill",), algorithms={"ours": ("Hill",)}, seeds=2)
    return Results(Path("somewhere"), manifest, cells)


def test_the_same_results_agree_bit_for_bit() -> None:
    results = make_results()
    compared = list(compare(results, results))
    assert len(compared) == len(results.cells)
    assert {one.verdict for one in compared} == {"agrees"}
    assert [one.told for one in compared].count("the same, bit for bit") == len(compared) - 1


def test_the_same_policy_with_other_episodes_is_a_fault_of_scoring() -> None:
    assert told(learned("p", [8.0, 8.0]), learned("p", [8.0, 8.5], ELSEWHERE)) == (
        "scoring differs: episodes.1.total_reward is 8.5, published 8.0",
        "differs",
    )


def test_a_reference_row_has_nothing_but_scoring() -> None:
    published = make_cell(make_spec("Hill", "random", None, 0), [0.0, 2.0])
    ours = make_cell(make_spec("Hill", "random", None, 0), [0.0, 2.5])
    message, verdict = told(published, ours)
    assert message.startswith("scoring differs: ")
    assert verdict == "differs"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (
            {"mode_episodes": learned("p", [1.0]).episodes},
            "mode_episodes.0.seed is 0, published none",
        ),
        ({"exact": EXACT}, "exact.expected_return is 8.0, published none"),
        ({"outside_support": 0.25}, "outside_support is 0.25, published none"),
        ({"acts": "drawn"}, "acts is drawn"),
    ],
)
def test_all_that_is_scored_is_compared(values: dict[str, object], named: str) -> None:
    published = learned("p", [8.0, 8.0])
    message, verdict = told(published, changed(published, computer=ELSEWHERE, **values))
    assert message.startswith(f"scoring differs: {named}")
    assert verdict == "differs"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"meter": {"demonstrations": 21}}, "meter.demonstrations is 21, published 20"),
        ({"updates": 3}, "updates is 3, published none"),
        ({"learning_curve": CURVE}, "learning_curve.budget is 100, published none"),
        (
            {"files": {"policy.safetensors": "p", "reward.safetensors": "r" * 64}},
            "files.reward.safetensors is rrrrrrrrrrrr, published none",
        ),
        ({"warnings": ("it diverged",)}, "warnings.0 is it diverged, published none"),
    ],
)
def test_all_that_is_trained_is_compared(values: dict[str, object], named: str) -> None:
    published = learned("p", [8.0, 8.0])
    assert told(published, changed(published, **values)) == (
        f"training differs though computer and code are the same: {named}",
        "differs",
    )
    assert told(published, changed(published, computer=ELSEWHERE, **values)) == (
        f"training differs, the scores are the same: {named}",
        "agrees",
    )


def test_a_learning_curve_is_compared_bin_by_bin() -> None:
    published = changed(learned("p", [8.0, 8.0]), learning_curve=CURVE)
    message, _ = told(published, changed(published, learning_curve=replace(CURVE, episodes=(1, 3))))
    assert message.endswith(": learning_curve.episodes.1 is 3, published 2")


def test_times_are_not_compared() -> None:
    published = learned("p", [8.0, 8.0])
    ours = changed(published, computer=ELSEWHERE, train_seconds=3.0, evaluation_seconds=4.0)
    assert told(published, ours) == ("the same, bit for bit", "agrees")


def test_exact_metrics_agree_up_to_rounding_which_is_said() -> None:
    published = changed(learned("p", [8.0, 8.0]), exact=EXACT, outside_support=0.25)
    rounded = changed(published, exact=EXACT.model_copy(update={"epic": 0.9 + 1e-12}))
    message, verdict = told(published, rounded)
    assert message.startswith("the same up to rounding: exact.epic is 0.90000000000")
    assert verdict == "agrees"
    assert told(published, changed(published, outside_support=0.2505))[1] == "agrees"
    assert told(published, changed(published, outside_support=0.252))[1] == "differs"
    other = changed(published, exact=EXACT.model_copy(update={"epic": 0.299}))
    assert told(published, other) == (
        "scoring differs: exact.epic is 0.299, published 0.9",
        "differs",
    )


def test_another_reward_has_other_metrics_and_the_same_episodes() -> None:
    published = changed(
        learned("p", [8.0, 8.0]), exact=EXACT,
        files={"policy.safetensors": "p", "reward.safetensors": "r"},
    )  # fmt: skip
    ours = changed(
        published, exact=EXACT.model_copy(update={"epic": 0.8}), computer=ELSEWHERE,
        files={"policy.safetensors": "p", "reward.safetensors": "s"},
    )  # fmt: skip
    message, verdict = told(published, ours, OTHERS)
    assert message.startswith("training differs, the return is that of one more run: ")
    assert message.endswith(
        "reward.safetensors is s, published r; exact.epic is 0.8, published 0.9"
    )
    assert verdict == "agrees"
    message, verdict = told(published, changed(ours, outside_support=0.5), OTHERS)
    assert message.startswith("scoring differs: ")
    assert verdict == "differs"


@pytest.mark.parametrize(
    ("computer", "code", "because"), [(ELSEWHERE, "1", ""), (HERE, "2", " (code changed since)")]
)
def test_another_policy_as_good_agrees_elsewhere_and_with_other_code(
    computer: Computer, code: str, because: str
) -> None:
    published, ours = learned("p", [8.0, 8.0]), learned("q", [8.0, 8.5], computer, code)
    message, verdict = told(published, ours, OTHERS)
    assert message.startswith(
        f"training differs{because}, the return is that of one more run: returns 8.2500, "
        "published 8.0000, in [7.2"
    )
    assert message.endswith(
        "; episodes.1.total_reward is 8.5, published 8.0; "
        "files.policy.safetensors is q, published p"
    )
    assert verdict == "agrees"


def test_another_policy_as_good_is_a_fault_on_the_same_computer_with_the_same_code() -> None:
    message, verdict = told(learned("p", [8.0, 8.0]), learned("q", [8.0, 8.5]), OTHERS)
    assert message.startswith("training differs though computer and code are the same: ")
    assert verdict == "differs"


def test_another_policy_that_is_worse_than_one_more_run_is_a_fault_anywhere() -> None:
    message, verdict = told(learned("p", [8.0, 8.0]), learned("q", [5.0, 5.0], ELSEWHERE), OTHERS)
    assert message.startswith("training differs: returns 5.0000, published 8.0000, not in [7.2")
    assert verdict == "differs"


def test_one_published_run_does_not_judge_another() -> None:
    message, verdict = told(learned("p", [2.73, 2.73]), learned("q", [16.87, 16.87], ELSEWHERE))
    assert message.startswith(
        "training differs, and fewer than two published runs say nothing of another: "
        "returns 16.8700, published 2.7300; "
    )
    assert verdict == "cannot be judged"


def test_without_a_kept_policy_it_is_not_known_which_part_differs() -> None:
    message, _ = told(learned("", [8.0, 8.0]), learned("", [8.0, 8.5], ELSEWHERE), OTHERS)
    assert message.startswith("training or scoring differs, ")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"settings": {"updates": "10"}}, "settings.updates is 10, published none"),
        ({"style": "noisy"}, "style is noisy, published the reference"),
        (
            {"key": {"demonstrations": "d"}},
            "demonstrations is d, published the scripted expert's",
        ),
        (
            {"profile": PROFILE.model_copy(update={"steps": 7})},
            "profile.steps is 7, published 100",
        ),
    ],
)
def test_other_conditions_are_not_compared(values: dict[str, object], named: str) -> None:
    published = learned("p", [8.0, 8.0])
    assert told(published, of_spec(published, **values), OTHERS) == (
        f"not compared, run under other conditions: {named}",
        "cannot be judged",
    )


def test_settings_that_changed_with_the_release_are_compared() -> None:
    published = learned("p", [8.0, 8.0])
    ours = learned("q", [8.0, 8.5])
    ours = of_spec(ours, key=ours.spec.key | {"config": "Config(updates=10)"})
    message, verdict = told(published, ours, OTHERS)
    assert message.startswith("training differs (config changed since), the return is that of ")
    assert verdict == "agrees"


def test_a_failure_is_a_fault_unless_it_was_published() -> None:
    ours = learned("p", [8.0, 8.0])
    failed = failed_cell(ours.spec, "timeout", "took more than 1 s")
    otherwise = failed_cell(ours.spec, "error", "no module")
    assert told(ours, failed) == (
        "failed, the published one did not: took more than 1 s",
        "differs",
    )
    assert told(failed, failed) == ("failed, as published: took more than 1 s", "agrees")
    assert told(failed, ours) == (
        "did not fail; the published one failed: took more than 1 s", "cannot be judged",
    )  # fmt: skip
    assert told(failed, otherwise) == (
        "failed: no module; the published one failed: took more than 1 s", "cannot be judged",
    )  # fmt: skip


def test_published_rows_that_are_missing_are_told_and_further_seeds_are_not() -> None:
    published = make_results(("Hill", "Sea"))
    first_seeds = tuple(cell for cell in published.cells if cell.spec.seed == 0)
    assert {one.verdict for one in compare(published, replace(published, cells=first_seeds))} == {
        "agrees"
    }
    kept = [
        cell for cell in first_seeds if (cell.spec.world, cell.spec.algorithm) != ("Sea", "ours")
    ]
    ours = replace(published, cells=tuple(kept))
    missing = [one for one in compare(published, ours) if one.verdict != "agrees"]
    assert [(one.cell.spec.title, one.told, one.verdict) for one in missing] == [
        (title, "no published seed of this row is in somewhere", "differs")
        for title in ("Sea ours labels=10 seed=0", "Sea ours labels=20 seed=0")
    ]
    assert cells_without_counterpart(published, ours) == len(published.cells) - len(kept)
    assert cells_without_counterpart(ours, published) == 0


def test_a_person_is_not_missed() -> None:
    played = Played(
        recording="r", player="p", first=datetime(2026, 1, 1), last=datetime(2026, 1, 1),
        seconds=1.0, slowest=1.0, fastest=1.0, other_attempts=0,
    )  # fmt: skip
    person = changed(make_cell(make_spec("Hill", "human:p", 7, 0), [1.0, 1.0]), played=played)
    ours = learned("p", [8.0, 8.0])
    assert len(list(compare(results_of(ours, person), results_of(ours)))) == 1


@pytest.mark.parametrize(
    ("rewards", "agrees", "summary"),
    [
        ([8.0, 8.0], True, "1 of 1 cells agree with {}, 0 differ, 0 cannot be judged"),
        ([5.0, 5.0], False, "0 of 1 cells agree with {}, 0 differ, 1 cannot be judged"),
    ],
)
def test_the_command_succeeds_if_all_agrees_and_not_if_it_cannot_be_judged(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rewards: list[float],
    agrees: bool,
    summary: str,
) -> None:
    published, ours = tmp_path / "published", tmp_path / "ours"
    policy = "p" if agrees else "q"
    further = failed_cell(make_spec("Hill", "ours", 20, 1), "timeout", "took more than 1 s")
    written(published, results_of(learned("p", [8.0, 8.0]), further))
    written(ours, results_of(learned(policy, rewards, ELSEWHERE)))
    assert compare_results(published, ours) == agrees
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        f"not in {ours}: 1 of the cells of {published}",
        summary.format(published),
    ]


def written(folder: Path, results: Results) -> None:
    for cell in results.cells:
        (folder / cell.spec.folder).mkdir(parents=True)
        write_cell(folder / cell.spec.folder, cell)
    (folder / "run.json").write_text(results.manifest.model_dump_json(), encoding="utf-8")


def test_one_more_run_is_in_the_interval_as_often_as_it_says() -> None:
    """Of 2,000 simulated rows of five runs .001 are outside, up to six standard errors."""
    random = np.random.default_rng(0)
    outside = 0
    for runs in random.normal(3.0, 2.0, size=(2_000, 6)):
        published = results_of(
            *(make_cell(make_spec("Hill", "ours", 20, i), [runs[i]] * 2) for i in range(5))
        )
        low, high = one_more_run(published, published.cells[0])
        outside += not low <= runs[5] <= high
    assert outside <= 2_000 * 0.001 + 6.0 * np.sqrt(2_000 * 0.001)
    assert low > -inf


def test_a_single_run_says_nothing_about_another() -> None:
    published = results_of(learned("p", [8.0, 8.0]))
    assert one_more_run(published, published.cells[0]) == (-inf, inf)


def test_other_profiles_and_nothing_in_common_are_refused() -> None:
    results = make_results()
    profile = PROFILE.model_copy(update={"steps": 7})
    manifest = results.manifest.model_copy(update={"profile": profile})
    with pytest.raises(UserError, match="test and test, which has changed"):
        list(compare(results, replace(results, manifest=manifest)))
    with pytest.raises(UserError, match="no cell in common"):
        list(compare(results, replace(results, cells=())))


def test_differences_of_computers_are_named() -> None:
    published, ours = (
        results_of(learned("p", [8.0, 8.0], computer)) for computer in (HERE, ELSEWHERE)
    )
    assert differences_of_computers(published, published) == []
    assert differences_of_computers(published, ours) == ["numpy: none and 2", "processor: A and B"]
