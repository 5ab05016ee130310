"""Exact metrics, and the tables they are computed from, against independent computations."""

import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest

import il_envs
from il_envs import TabularPolicy, Truth, get_world
from il_envs.learning.learned_reward import InvalidRewardError
from leaderboard.cells import Cell
from leaderboard.keys import reference_codes
from leaderboard.measures.checked_tables import InvalidActionError, learned_reward, policy_table
from leaderboard.measures.exact import ExactMetrics, exact_metrics, likelihood_bound, reward_tables
from leaderboard.measures.references import exact_reference, tabular_reference
from tests.leaderboard.test_tables import make_cell, make_spec


def reference_of(name: str) -> il_envs.SoftOptimal:
    reference = tabular_reference(get_world(name))
    assert reference is not None
    return reference


def some_table(name: str, seed: int = 0) -> np.ndarray:
    """A policy that has nothing to do with the reference, float64 [T, S, A]."""
    model = reference_of(name).model
    shape = (model.horizon, model.states)
    return np.random.default_rng(seed).dirichlet(np.ones(model.actions), shape)


def measured(name: str, table: np.ndarray, reward: np.ndarray | None = None) -> ExactMetrics:
    world = get_world(name)
    rewards = None if reward is None else reward_tables(world, il_envs.TabularReward(reward))
    return exact_metrics(world, table, rewards)


def occupancy_by_hand(name: str, policy: np.ndarray) -> np.ndarray:
    """P(s_t, a_t), float64 [T, S, A], with dense arrays."""
    model = reference_of(name).model
    transition, marginal, occupancy = model.dense_transition(), model.initial, []
    for table in policy:
        occupancy.append(marginal[:, None] * table)
        marginal = np.einsum("sa,sat->t", occupancy[-1], transition)
    return np.array(occupancy)


# Which worlds are exact.


@pytest.mark.parametrize("name", ["RiskyBridge", "CliffChain", "Macrocells"])
def test_grid_worlds_are_exact(name: str) -> None:
    assert reference_of(name).backup == "causal"
    assert tuple(reference_codes(get_world(name))) == ("random", "soft-optimal", "optimal")


@pytest.mark.parametrize("name", ["DriftCar", "Maze", "Walk"])
def test_other_worlds_are_not(name: str) -> None:
    assert exact_reference(get_world(name)) is None
    assert tuple(reference_codes(get_world(name))) == ("random", "expert")


def test_a_reference_that_is_no_table_is_not_exact_here() -> None:
    world = replace(get_world("RiskyBridge"), truth=Truth(reference=lambda: object()))
    assert exact_reference(world) is None


# The measures.


def test_the_reference_is_at_no_distance_from_itself() -> None:
    reference = reference_of("RiskyBridge")
    measures = measured("RiskyBridge", reference.policy)
    bound = likelihood_bound(get_world("RiskyBridge"))
    assert measures.expected_return == reference.expected_return
    assert measures.occupancy_distance == 0.0
    assert measures.policy_divergence == 0.0
    assert measures.log_likelihood == bound
    assert measures.soft_regret == pytest.approx(0.0, abs=1e-9)
    assert bound == -reference.entropy
    assert (measures.epic, measures.starc, measures.transfer) == (None, None, None)


@pytest.mark.parametrize("name", ["RiskyBridge", "CliffChain"])
def test_the_divergence_is_the_bound_minus_the_expected_log_likelihood(name: str) -> None:
    table = some_table(name)
    measures = measured(name, table)
    expected = (reference_of(name).occupancy * np.log(table)).sum()
    bound = likelihood_bound(get_world(name))
    assert measures.policy_divergence == pytest.approx(bound - expected, rel=1e-9)
    assert measures.policy_divergence > 1.0
    assert measures.log_likelihood == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["RiskyBridge", "FourRooms"])
def test_the_log_likelihood_is_the_mean_over_held_out_episodes(name: str) -> None:
    """20,000 episodes; on fresh seeds each would fail once in 16,000 times."""
    table, reference = some_table(name), reference_of(name)
    likelihoods = il_envs.evaluate(reference.model, table).log_likelihood(
        *reference.sample(20_000, 5)
    )
    error = likelihoods.std() / np.sqrt(len(likelihoods))
    assert error < 0.1
    assert abs(likelihoods.mean() - measured(name, table).log_likelihood) < 4.0 * error


@pytest.mark.parametrize("name", ["RiskyBridge", "CliffChain"])
def test_the_soft_regret_is_the_divergence_to_the_reference_where_the_policy_goes(
    name: str,
) -> None:
    """log Z - E[sum r / tau] - H = E_policy[sum of KL(policy || reference)]."""
    table, reference = some_table(name, 3), reference_of(name)
    visits = occupancy_by_hand(name, table)
    expected = (visits * (np.log(table) - reference.log_policy)).sum()
    assert measured(name, table).soft_regret == pytest.approx(expected, rel=1e-9)


def test_the_mode_is_the_most_likely_action_and_each_of_several_equally_often() -> None:
    table = np.tile([0.25, 0.3, 0.3, 0.15], (30, 63, 1))
    table[5:, :] = [0.1, 0.2, 0.2, 0.5]
    modes = np.zeros_like(table)
    modes[:5, :, 1:3], modes[5:, :, 3] = 0.5, 1.0
    expected = measured("RiskyBridge", modes)
    assert measured("RiskyBridge", table).mode_return == expected.expected_return
    assert expected.mode_return == expected.expected_return
    uniform = measured("RiskyBridge", np.full_like(table, 0.25))
    assert uniform.mode_return == uniform.expected_return, "it prefers nothing"


def test_occupancy_and_return_are_those_of_a_dense_forward_pass() -> None:
    table, reference = some_table("RiskyBridge", 1), reference_of("RiskyBridge")
    occupancy = occupancy_by_hand("RiskyBridge", table)
    expert = occupancy_by_hand("RiskyBridge", reference.policy)
    measures = measured("RiskyBridge", table)
    distance = np.abs(occupancy - expert).sum() / 2.0 / len(table)
    assert measures.occupancy_distance == pytest.approx(distance, rel=1e-9)
    expected_return = (occupancy * reference.model.reward_at(0)).sum()
    assert measures.expected_return == pytest.approx(expected_return, rel=1e-9)


def test_policies_that_never_meet_are_at_distance_one_after_the_first_step() -> None:
    """On the ledge for ever, against off it at once: the first step shares the state alone."""
    reference = reference_of("CliffChain")
    off = np.tile([0.0, 1.0], (reference.model.states, 1))
    along = np.broadcast_to([1.0, 0.0], reference.policy.shape)
    stays = occupancy_by_hand("CliffChain", along)
    measures = measured("CliffChain", off)
    assert measures.expected_return == -20.0
    assert measures.policy_divergence == inf
    assert measures.log_likelihood == -inf
    falls = np.abs(reference.occupancy - stays).sum() / 2.0 / 20.0  # the expert hardly ever errs
    assert abs(measures.occupancy_distance - 1.0) <= falls


def test_the_exact_return_is_what_episodes_return() -> None:
    """Sampled episodes of the kernels against dynamic programming; fails once in 16,000 seeds."""
    world, table = get_world("RiskyBridge"), some_table("RiskyBridge", 2)
    episodes = il_envs.run_episodes(
        world, "held_out", lambda env: TabularPolicy(table, 0), range(2_000), deterministic=False
    )
    returns = np.array([episode.total_reward for episode in episodes])
    error = returns.std(ddof=1) / np.sqrt(len(returns))
    assert abs(returns.mean() - measured("RiskyBridge", table).expected_return) < 4.0 * error


@pytest.mark.parametrize("per_action", [False, True])
def test_the_true_reward_is_at_no_distance_and_transfers(per_action: bool) -> None:
    model = reference_of("FourRooms").model
    assert model.reward is not None
    reward = model.reward if per_action else model.reward[:, 0]
    measures = measured("FourRooms", some_table("FourRooms"), 3.0 * reward + 0.5)
    assert measures.epic == pytest.approx(0.0, abs=1e-7)
    assert measures.starc == pytest.approx(0.0, abs=1e-7)
    assert measures.transfer == pytest.approx(1.0, abs=1e-12)


def test_the_opposite_of_the_true_reward_is_as_far_as_can_be() -> None:
    model = reference_of("FourRooms").model
    assert model.reward is not None
    measures = measured("FourRooms", some_table("FourRooms"), -model.reward)
    assert measures.epic == pytest.approx(1.0)
    assert measures.starc == pytest.approx(1.0)
    assert measures.transfer is not None
    assert measures.transfer < 0.0  # it shuns the goal, which a random walk finds now and then


def test_the_transfer_is_the_return_of_planning_there() -> None:
    """A reward for a corner: what its planner earns on its way, by hand."""
    there = reference_of("FourRoomsMoved")
    reward = np.zeros(there.model.states)
    reward[0] = 1.0
    planned = il_envs.hard_optimal(there.model.with_reward(reward)).policy
    true = there.model.reward_at(0)
    uniform = np.full(planned.shape, 0.25)
    worth, zero, one = (
        (occupancy_by_hand("FourRoomsMoved", policy) * true).sum()
        for policy in (planned, uniform, il_envs.hard_optimal(there.model).policy)
    )
    measures = measured("FourRooms", some_table("FourRooms"), reward)
    assert measures.transfer == pytest.approx((worth - zero) / (one - zero), rel=1e-9)


def test_without_a_transfer_world_nothing_is_transferred() -> None:
    model = reference_of("RiskyBridge").model
    measures = measured("RiskyBridge", some_table("RiskyBridge"), model.reward)
    assert measures.transfer is None
    assert measures.epic == pytest.approx(0.0, abs=1e-7)


def test_infinities_survive_the_file_and_leave_it_plain_json() -> None:
    spec = make_spec("RiskyBridge", "ours", 20, 0)
    exact = ExactMetrics(
        expected_return=-1.0, mode_return=-2.0, soft_regret=3.0, occupancy_distance=0.5,
        policy_divergence=inf, log_likelihood=-inf, epic=0.25, starc=None, transfer=None,
    )  # fmt: skip
    cell = make_cell(spec, [1.0]).model_copy(update={"exact": exact})
    text = cell.model_dump_json()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(text, parse_constant=refuse)
    assert Cell.model_validate_json(text) == cell


# Tables and rewards of policies.


class Told:
    """A policy whose table is whatever it is told."""

    def __init__(self, answer: object, reward: object = None) -> None:
        self.answer, self.reward = answer, reward

    def predict(self, observation: np.ndarray, *_: object) -> tuple[np.ndarray, None]:
        return np.zeros(len(observation), np.int64), None

    def action_probabilities(self, observation: np.ndarray, step: int) -> np.ndarray:
        return self.answer(step) if callable(self.answer) else self.answer  # type: ignore[return-value]


def half_and_half() -> np.ndarray:
    return np.full((42, 2), 0.5)


def with_entry(state: int, action: int, value: float) -> np.ndarray:
    table = half_and_half()
    table[state, action] = value
    return table


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (np.zeros((42, 3)), "must return the shape [42, 2], not [42, 3]"),
        (None, "must return the shape [42, 2], not []"),
        ("left", "must return an array of numbers: could not convert string to float: 'left'"),
        (with_entry(3, 1, np.nan), "of state 3 at step 0: action 1 has the probability nan"),
        (with_entry(3, 1, -0.5), "of state 3 at step 0: action 1 has the probability -0.5"),
        (with_entry(3, 1, np.inf), "of state 3 at step 0: action 1 has the probability inf"),
        (with_entry(7, 0, 0.6), "of state 7 at step 0: probabilities sum to 1.1, must sum to 1"),
        (
            lambda step: with_entry(1, 0, 0.4 if step == 4 else 0.5),
            "of state 1 at step 4: probabilities sum to 0.9, must sum to 1",
        ),
    ],
)
def test_a_table_that_is_none_is_described(answer: object, problem: str) -> None:
    with pytest.raises(InvalidActionError) as caught:
        policy_table(Told(answer), reference_of("CliffChain").model)  # type: ignore[arg-type]
    assert problem in str(caught.value)


def test_a_table_depends_on_the_step_and_its_rounding_is_mended() -> None:
    model = reference_of("CliffChain").model
    single = lambda step: with_entry(step, 0, 0.5 + 4e-7).astype(np.float32)  # noqa: E731
    table = policy_table(Told(single), model)  # type: ignore[arg-type]
    assert table.shape == (20, 42, 2)
    np.testing.assert_allclose(table.sum(2), 1.0, rtol=0.0, atol=1e-15)
    assert table[3, 3, 0] > 0.5 == table[3, 4, 0]
    il_envs.evaluate(model, table)


def test_a_stationary_policy_is_asked_once() -> None:
    model = reference_of("CliffChain").model
    asked: list[int] = []

    def answer(step: int) -> np.ndarray:
        asked.append(step)
        return with_entry(step, 0, 0.5 + 4e-7)

    policy = Told(answer)
    whole = policy_table(policy, model)  # type: ignore[arg-type]
    assert asked == list(range(20))
    policy.is_stationary = True  # type: ignore[attr-defined]
    np.testing.assert_array_equal(policy_table(policy, model)[7], whole[0])  # type: ignore[arg-type]
    assert asked[20:] == [0]


@pytest.mark.parametrize(
    ("reward", "problem"),
    [
        (np.zeros(41), "must have the shape [42] or [42, 2], not [41]"),
        (np.zeros((20, 42, 2)), "must be [S] or [S, A], not [20, 42, 2]"),
        (np.full(42, np.nan), "entries that are not finite"),
        (lambda observation: 0.0, "an array of numbers, not of dtype object"),
    ],
)
def test_a_reward_that_is_none_is_described(reward: object, problem: str) -> None:
    with pytest.raises(InvalidRewardError) as caught:
        learned_reward(Told(half_and_half(), reward), get_world("CliffChain"))  # type: ignore[arg-type]
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
