"""Whether results computed anew agree with published ones, on cells made by hand."""

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from leaderboard import UserError
from leaderboard.cells import Cell, failed_cell
from leaderboard.comparison import compare, differences_of_computers, one_more_run
from leaderboard.computer import Computer
from leaderboard.runs import Manifest, Results
from tests.leaderboard.test_tables import PROFILE, make_cell, make_results, make_spec

HERE = Computer(processor="A", instructions="V3", system="S", libraries=("blas 1",), versions={})
ELSEWHERE = HERE.model_copy(update={"processor": "B", "versions": {"numpy": "2"}})


def learned(policy: str, rewards: list[float], computer: Computer = HERE, code: str = "1") -> Cell:
    """A cell of one training run, with the hash of its policy."""
    cell = make_cell(make_spec("Hill", "ours", 20, 0, {"code": code}), rewards)
    files = {"policy.safetensors": policy} if policy else {}
    return cell.model_copy(update={"files": files, "computer": computer})


def told(published: Cell, ours: Cell, others: tuple[float, ...] = ()) -> tuple[str, bool]:
    """How a cell compares to the published one, of a row with other runs of these returns."""
    seeds = [
        make_cell(make_spec("Hill", "ours", 20, 1 + i), [value, value])
        for i, value in enumerate(others)
    ]
    (one,) = compare(results_of(published, *seeds), results_of(ours))
    return one.told, one.is_fault


def results_of(*cells: Cell) -> Results:
    manifest = Manifest(profile=PROFILE, worlds=("Hill",), algorithms={"ours": ("Hill",)}, seeds=2)
    return Results(Path("somewhere"), manifest, cells)


def test_the_same_results_agree_bit_for_bit() -> None:
    results = make_results()
    compared = list(compare(results, results))
    assert len(compared) == len(results.cells)
    assert not any(one.is_fault for one in compared)
    assert [one.told for one in compared].count("the same, bit for bit") == len(compared) - 1


def test_the_same_policy_with_other_episodes_is_a_fault_of_scoring() -> None:
    assert told(learned("p", [8.0, 8.0]), learned("p", [8.0, 8.5], ELSEWHERE)) == (
        "scoring differs: the episode of seed 1 returns 8.500000, published 8.000000",
        True,
    )


def test_a_reference_row_has_nothing_but_scoring() -> None:
    published = make_cell(make_spec("Hill", "random", None, 0), [0.0, 2.0])
    ours = make_cell(make_spec("Hill", "random", None, 0), [0.0, 2.5])
    message, is_fault = told(published, ours)
    assert message.startswith("scoring differs: ")
    assert is_fault


@pytest.mark.parametrize(
    ("computer", "code", "is_fault"),
    [(HERE, "1", True), (ELSEWHERE, "1", False), (HERE, "2", False)],
)
def test_another_policy_as_good_is_a_fault_on_the_same_computer_with_the_same_code(
    computer: Computer, code: str, is_fault: bool
) -> None:
    message, fault = told(learned("p", [8.0, 8.0]), learned("q", [8.0, 8.5], computer, code))
    because = " (code changed since)" if code == "2" else ""
    assert message == (
        f"training differs{because}, the return is that of one more run: returns 8.2500, "
        "published 8.0000"
    )
    assert fault == is_fault


def test_another_policy_that_is_worse_than_one_more_run_is_a_fault_anywhere() -> None:
    message, is_fault = told(
        learned("p", [8.0, 8.0]), learned("q", [5.0, 5.0], ELSEWHERE), others=(8.1, 7.9, 8.05, 7.95)
    )
    assert message.startswith("training differs: returns 5.0000, published 8.0000, not in [7.2")
    assert is_fault


def test_without_a_kept_policy_it_is_not_known_which_part_differs() -> None:
    message, _ = told(learned("", [8.0, 8.0]), learned("", [8.0, 8.5], ELSEWHERE))
    assert message.startswith("training or scoring differs, ")


def test_a_failure_is_a_fault_unless_it_was_published() -> None:
    failed = failed_cell(learned("p", []).spec, "timeout", "took more than 1 s")
    assert told(learned("p", [8.0, 8.0]), failed) == ("failed: took more than 1 s", True)
    assert told(failed, failed) == ("failed: took more than 1 s", False)


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
