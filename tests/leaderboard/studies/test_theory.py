"""The numbers behind the pictures of theory, against what can be said by hand."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import il_envs
from il_envs.buttons import independent_buttons
from leaderboard.measures.references import exact_reference
from leaderboard.studies import ceilings, theory
from leaderboard.studies.findings import Finding
from leaderboard.studies.theory import HORIZONS, closed_form, erring_cost, log_slope


@pytest.mark.parametrize("error", [1e-3, 0.1, 0.5])
def test_the_cost_on_the_cliff_has_a_closed_form(error: float) -> None:
    costs = [erring_cost(int(horizon), 0.0, error) for horizon in HORIZONS]
    np.testing.assert_allclose(costs, closed_form(HORIZONS, error), rtol=0.0, atol=1e-10)


def test_two_steps_by_hand() -> None:
    """Off at once costs 2, off at the second step 1."""
    assert closed_form(np.array([2]), 0.1)[0] == pytest.approx(0.1 * 2.0 + 0.9 * 0.1)
    assert erring_cost(2, 0.0, 0.1) == pytest.approx(0.1 * 2.0 + 0.9 * 0.1)


def test_the_cost_grows_with_the_square_of_the_horizon_unless_one_climbs_back() -> None:
    slopes = [
        log_slope(HORIZONS, np.array([erring_cost(int(T), recovery, 1e-3) for T in HORIZONS]))
        for recovery in (0.0, 1.0)
    ]
    assert 1.8 < slopes[0] < 2.05
    assert 0.9 < slopes[1] < 1.1


def test_the_posterior_crosses_the_bridge_and_the_expert_does_not() -> None:
    figure, findings = theory.risky_bridge()
    expert, imagined, true = (finding.value for finding in findings[::2])
    assert expert < 0.05
    assert imagined > 0.95
    assert 0.5 < true < imagined
    expected, hoped, got = (finding.value for finding in findings[1::2])
    assert hoped > expected > got
    assert len(figure.axes) == 3


def test_the_expert_dodges_to_one_side_and_its_clone_mixes_them() -> None:
    reference = exact_reference(ceilings.duel)
    assert reference is not None
    expert = ceilings.dodge_probability(reference.evaluation)
    np.testing.assert_allclose(expert, [0.5, 0.5, 0.0, 0.0], atol=1e-9)
    product = il_envs.evaluate(reference.model, independent_buttons(reference.policy))
    np.testing.assert_allclose(ceilings.dodge_probability(product), 0.25, atol=1e-9)


def test_the_probability_of_a_visit_is_that_of_sampled_episodes() -> None:
    """Fails once in 16,000 seeds."""
    reference = exact_reference(theory.risky_bridge_world)
    assert reference is not None
    states, _ = reference.sample(4_000, 0)
    for state in (0, 27, 35, 20):
        probability = theory.visit_probability(reference.policy, reference, np.array([state]))
        share = (states == state).any(1).mean()
        assert abs(share - probability) <= 4.0 * np.sqrt(probability * (1.0 - probability) / 4_000)


def named_on_the_page_of_results() -> set[str]:
    """The pictures that the page says the command makes: that before the sentence, and two."""
    text = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    said = "`leaderboard theory` makes this picture and the next two"
    before, after = (re.findall(r"assets/(\w+\.svg)\)", part) for part in text.split(said))
    return {before[-1], *after[:2]}


def test_the_command_writes_pictures_and_prints_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from leaderboard.cli import main

    monkeypatch.setattr(sys, "argv", ["leaderboard", "theory", "--out", str(tmp_path / "theory")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code in (0, None)
    paths = sorted((tmp_path / "theory").iterdir())
    assert {path.name for path in paths} == named_on_the_page_of_results()
    for path in paths:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    printed = capsys.readouterr().out
    assert "slope without recovery: 1.9" in printed
    assert "Duel: joint / one button, return: 1.7" in printed
    assert "Gauntlet, one button: bound on the return: 4\n" in printed
    assert "NOT" not in printed


def test_a_number_that_is_not_as_in_theory_is_said() -> None:
    wrong = Finding("slope", 1.5, 1.8, 2.05)
    assert not wrong.holds
    assert str(wrong) == "slope: 1.5, NOT as in theory from 1.8 to 2.05"
    assert not Finding("slope", np.nan, 1.8, 2.05).holds
    assert str(Finding("return", -21.5)) == "return: -21.5"
