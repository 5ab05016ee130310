"""Scores in linear-quadratic worlds: closed forms, estimates, and the scale of costs."""

from dataclasses import replace
from math import inf, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from il_envs import LinearPolicy, RandomPolicy, get_world, run_episodes
from il_envs.exact.linear_gaussian import LinearGaussianPolicy, evaluate_linear_gaussian
from leaderboard.cells import read_cell
from leaderboard.keys import reference_codes, world_hash
from leaderboard.measures.checked_tables import InvalidActionError
from leaderboard.measures.exact import ExactMetrics, likelihood_bound
from leaderboard.measures.exact_linear import (
    controlled_returns,
    estimated_metrics,
    linear_control,
    metrics,
    row_metrics,
)
from leaderboard.measures.references import (
    exact_reference,
    is_of_costs,
    linear_reference,
    tabular_reference,
)
from leaderboard.protocol import cells_of_run
from leaderboard.running import child
from leaderboard.running.outcome import write
from leaderboard.scores.rows import Scale
from leaderboard.verification.measured import verify_controlled_returns, verify_metrics
from leaderboard.verification.replays import verify_episodes
from tests.leaderboard.test_acting import TINY, evaluated

LANE = get_world("LaneKeeping")
SPACE = LANE.spaces.action
REFERENCE = linear_reference(LANE)
assert REFERENCE is not None
STEPS = REFERENCE.model.horizon
ERROR = 4.0  # standard errors; a seed at random fails once in 16,000 times


def control(looseness: float = 0.8, noise: float = 1.5) -> LinearGaussianPolicy:
    """One with smaller gains and more noise than the reference."""
    assert REFERENCE is not None
    own = REFERENCE.policy
    offset = np.full((STEPS, 2), 0.01)
    return LinearGaussianPolicy(looseness * own.gain, noise * own.covariance, offset)


class Unsaid(LinearPolicy):
    """One that does not say that it is linear."""

    is_affine = False


def test_lane_keeping_is_exact_by_the_protocol_of_all_references() -> None:
    for name in ("LaneKeeping", "LaneKeepingStill"):
        world = get_world(name)
        assert exact_reference(world) is linear_reference(world) is not None
        assert tabular_reference(world) is None
        assert is_of_costs(world)
        assert tuple(reference_codes(world)) == ("random", "soft-optimal", "optimal")
    assert world_hash(LANE) != world_hash(get_world("LaneKeepingStill"))
    for name in ("RiskyBridge", "DriftCar"):
        assert not is_of_costs(get_world(name))


def test_the_reference_has_no_regret_and_the_optimum_only_in_nats() -> None:
    assert REFERENCE is not None
    soft = row_metrics(REFERENCE, "soft-optimal", SPACE)
    assert soft.expected_return == pytest.approx(REFERENCE.expected_return, rel=1e-12)
    assert soft.soft_regret == pytest.approx(0.0, abs=1e-8)
    assert soft.policy_divergence == pytest.approx(0.0, abs=1e-8)
    assert soft.log_likelihood == pytest.approx(likelihood_bound(LANE))
    best = row_metrics(REFERENCE, "optimal", SPACE)
    # The noise of the soft-optimal policy costs half a nat a step in each of two actions.
    assert best.expected_return - soft.expected_return == pytest.approx(STEPS)
    assert best.expected_return == best.mode_return == soft.mode_return
    assert (best.soft_regret, best.policy_divergence, best.log_likelihood) == (inf, inf, -inf)


def test_the_uniform_policy_is_measured_exactly() -> None:
    """2,000 episodes beside; entropy is log 4 a step, on a square of side 2."""
    assert REFERENCE is not None
    random = row_metrics(REFERENCE, "random", SPACE)
    episodes = run_episodes(
        LANE, "held_out", lambda env: RandomPolicy(SPACE, 0), range(2_000), deterministic=False
    )
    returns = np.array([episode.total_reward for episode in episodes])
    error = returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean() - random.expected_return) < ERROR * error
    assert random.log_likelihood == pytest.approx(-STEPS * log(4.0))
    assert random.soft_regret == pytest.approx(
        REFERENCE.log_partition - random.expected_return - STEPS * log(4.0)
    )


def test_a_linear_policy_is_found_and_measured_exactly() -> None:
    assert REFERENCE is not None
    found = linear_control(LinearPolicy(control(), SPACE, 0), REFERENCE, SPACE)
    assert found is not None
    for name in ("gain", "covariance", "offset"):
        np.testing.assert_allclose(getattr(found, name), getattr(control(), name), atol=1e-12)
    told = metrics(REFERENCE, found)
    expected = evaluate_linear_gaussian(REFERENCE.model, control()).expected_return
    assert told.expected_return == pytest.approx(expected, rel=1e-9)
    assert told.standard_errors == {}
    assert told.policy_divergence > 0.0
    assert 0.0 < told.soft_regret < inf


def test_what_is_not_linear_is_not_taken_for_it() -> None:
    assert REFERENCE is not None
    assert linear_control(Unsaid(control(), SPACE, 0), REFERENCE, SPACE) is None
    assert linear_control(RandomPolicy(SPACE, 0), REFERENCE, SPACE) is None
    cut = LinearPolicy(control(noise=40.0), SPACE, 0)  # whose draws leave the bounds
    assert linear_control(cut, REFERENCE, SPACE) is None

    class Bent(LinearPolicy):
        def action_moments(self, observation: Any, step: int) -> Any:
            means, covariances = super().action_moments(observation, step)
            return np.tanh(means), covariances

    with pytest.raises(InvalidActionError, match="action_moments are not affine"):
        linear_control(Bent(control(), SPACE, 0), REFERENCE, SPACE)


def estimates(policy: Unsaid, count: int) -> tuple[ExactMetrics, np.ndarray]:
    assert REFERENCE is not None
    episodes = run_episodes(LANE, "held_out", lambda env: policy, range(count), deterministic=False)
    told = estimated_metrics(REFERENCE, policy, episodes, 0.0)
    assert told is not None
    return told, np.array([episode.total_reward for episode in episodes])


def test_estimates_are_within_their_errors_of_what_is_exact() -> None:
    """Of a linear policy that does not say so; each number fails once in 16,000 fresh seeds."""
    assert REFERENCE is not None
    told, returns = estimates(Unsaid(control(), SPACE, 1), 1_000)
    exact = metrics(REFERENCE, control())
    names = ("expected_return", "soft_regret", "policy_divergence", "log_likelihood")
    assert set(told.standard_errors) == set(names)
    for name in names:
        error = told.standard_errors[name]
        assert 0.0 < error < inf
        assert abs(getattr(told, name) - getattr(exact, name)) < ERROR * error
    assert told.standard_errors["expected_return"] < 0.6 * returns.std() / np.sqrt(len(returns))


def test_a_policy_that_is_the_reference_is_estimated_without_error_in_nats() -> None:
    assert REFERENCE is not None
    told, _ = estimates(Unsaid(REFERENCE.policy, SPACE, 2), 4)
    assert told.policy_divergence == pytest.approx(0.0, abs=1e-8)
    assert told.standard_errors["policy_divergence"] == pytest.approx(0.0, abs=1e-8)


def test_the_optimal_policy_has_no_luck_under_the_control_variate() -> None:
    assert REFERENCE is not None
    best = LinearPolicy(REFERENCE.optimal.policy, SPACE, 0)
    episodes = run_episodes(LANE, "held_out", lambda env: best, range(5), deterministic=False)
    assert np.ptp([episode.total_reward for episode in episodes]) > 10.0
    np.testing.assert_allclose(
        controlled_returns(REFERENCE, episodes), REFERENCE.optimal.expected_return, rtol=1e-9
    )


def test_cells_of_linear_policies_are_exact_and_verify(tmp_path: Path) -> None:
    cell = evaluated("LaneKeeping", LinearPolicy(control(), SPACE, 0), tmp_path / "said")
    assert cell.is_exact
    assert cell.acts == "drawn"
    assert verify_episodes(tmp_path / "said", cell) == []
    assert verify_controlled_returns(tmp_path / "said", cell) == []
    row = cell.episodes[1].model_copy(update={"controlled_return": -1.0})
    wrong = cell.model_copy(update={"episodes": (cell.episodes[0], row, cell.episodes[2])})
    (problem,) = verify_controlled_returns(tmp_path / "said", wrong)
    assert "episode 1: its controlled return is -1.0" in problem
    child_wrote = evaluated("LaneKeeping", Unsaid(control(), SPACE, 0), tmp_path / "unsaid")
    assert child_wrote.exact is not None
    assert not child_wrote.is_exact
    mean = np.mean([episode.counted_return for episode in child_wrote.episodes])
    assert child_wrote.exact.expected_return == pytest.approx(mean)


def test_verify_measures_a_linear_policy_anew(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    policy = LinearPolicy(control(), SPACE, 0)
    cell = evaluated("LaneKeeping", policy, tmp_path)
    assert verify_metrics(tmp_path, cell) is None  # `evaluated` keeps no policy
    save_file(policy.tensors(), tmp_path / cell.spec.folder / "policy.safetensors")
    assert verify_metrics(tmp_path, cell) == []
    assert cell.exact is not None
    told = cell.exact.model_copy(update={"soft_regret": cell.exact.soft_regret * (1.0 + 1e-8)})
    (problem,) = verify_metrics(tmp_path, cell.model_copy(update={"exact": told})) or []
    assert "soft_regret is" in problem


def test_a_score_of_costs_is_one_of_their_logarithms() -> None:
    """Random costs 1,000 and the reference 10: each half of the score divides by 10."""
    scale = Scale(-1_000.0, -10.0, (), (), is_of_costs=True)
    assert [scale.score(cost) for cost in (-1_000.0, -100.0, -10.0, -1.0)] == pytest.approx(
        [0.0, 0.5, 1.0, 1.5]
    )
    assert scale.cost_factor == pytest.approx(100.0)
    linear = replace(scale, is_of_costs=False)
    for each in (scale, linear):
        slope = (each.score(-50.0 + 1e-4) - each.score(-50.0 - 1e-4)) / 2e-4
        assert each.slope(-50.0) == pytest.approx(slope)


def test_an_expert_that_teaches_instead_of_the_reference_verifies(tmp_path: Path) -> None:
    (spec,) = (
        spec
        for spec in cells_of_run(TINY, [LANE], [], 1, style="mean")
        if spec.algorithm == "expert-mean"
    )
    (tmp_path / spec.folder).mkdir(parents=True)
    write(spec, child.compute(spec), tmp_path / spec.folder)
    cell = read_cell(tmp_path / spec.folder)
    assert (cell.status, cell.acts, cell.exact) == ("ok", "scripted", None)
    assert verify_episodes(tmp_path, cell) == []
    assert verify_controlled_returns(tmp_path, cell) == []
    assert [row.controlled_return is None for row in cell.episodes] == [False] * len(cell.episodes)
