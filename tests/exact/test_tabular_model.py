"""What a tabular model accepts, what it refuses and how it says so, and Gymnasium's toy texts."""

import re
import tracemalloc
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import psutil
import pytest
from scipy import sparse

from il_envs import (
    TabularModel,
    epic_distance,
    evaluate,
    hard_optimal,
    soft_optimal,
    starc_distance,
)
from tests.exact.enumeration import draw

STATES, ACTIONS, HORIZON = 3, 2, 4
SOLVERS = {
    "causal": lambda model: soft_optimal(model, "causal"),
    "posterior": lambda model: soft_optimal(model, "posterior"),
    "hard": hard_optimal,
    "evaluate": lambda model: evaluate(model, np.full((model.states, model.actions), 0.5)).value,
}


def _parts(**changes):
    """A model whose state 2 is never entered and never begun in, and has no action 0."""
    transition = np.zeros((STATES, ACTIONS, STATES))
    transition[:, :, :2] = [[[0.5, 0.5], [1.0, 0.0]], [[0.0, 1.0], [0.25, 0.75]], [[0, 0], [1, 0]]]
    available = np.ones((STATES, ACTIONS), bool)
    available[2, 0] = False
    parts = {
        "transition": transition,
        "reward": np.arange(6.0).reshape(STATES, ACTIONS),
        "initial": np.array([0.25, 0.75, 0.0]),
        "horizon": HORIZON,
        "discount": 1.0,
        "features": np.arange(12.0).reshape(STATES, ACTIONS, 2),
        "available": available,
    }
    return parts | changes


def _with(name, place, value):
    """The parts of the model with one entry of one array changed."""
    array = _parts()[name].copy()
    array[place] = value
    return {name: array}


def _refuses(message, call, error=ValueError):
    """One clear line that says all of `message`, a list of regular expressions."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    for part in message:
        assert re.search(part, text), f"{part!r} is missing in {text!r}"


# ---------------------------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (_with("transition", (1, 0, 0), 0.5), ["transition", "state 1", "action 0", r"1\.5"]),
        (_with("transition", (2, 1, 0), 0.0), ["transition", "state 2", "action 1", "sums to 0"]),
        (
            _with("transition", (0, 1), [1.5, -0.5, 0]),
            ["transition", "state 0", "action 1", "-0.5"],
        ),
        (_with("transition", (1, 1, 2), np.nan), ["transition", "state 1", "action 1", "nan"]),
        (_with("transition", (0, 0, 1), np.inf), ["transition", "state 0", "action 0", "inf"]),
        ({"transition": np.full((3, 2, 4), 0.25)}, ["transition", r"3, 2, 4"]),
        ({"transition": np.full((3, 3), 1 / 3)}, ["transition", r"3, 3"]),
        ({"transition": np.zeros((0, 0, 0))}, ["transition"]),
        ({"transition": [["a"]]}, ["transition"]),
        ({"transition": [[[1.0], [1.0, 0.0]]]}, ["transition"]),
        ({"transition": [sparse.csr_array(np.full((7, 3), 1 / 3))]}, ["transition", "7, 3"]),
        ({"transition": sparse.csr_array(np.full((6, 3), 1 / 3))}, ["transition", "array"]),
        ({"transition": [sparse.eye_array(3), sparse.eye_array(4)]}, ["transition", "4, 4"]),
        (_with("initial", 1, 0.5), ["initial", r"sums to 0\.75"]),
        (_with("initial", (slice(2),), [1.5, -0.5]), ["initial", "state 1", "-0.5"]),
        (_with("initial", 2, np.nan), ["initial", "2", "nan"]),
        ({"initial": np.array([0.5, 0.5])}, ["initial", r"\[2\]", r"\[3\]"]),
        ({"initial": np.full((3, 1), 1 / 3)}, ["initial", "3, 1"]),
        (_with("reward", (1, 1), np.nan), ["reward", "1, 1", "nan"]),
        (_with("reward", (2, 1), -np.inf), ["reward", "2, 1", "-inf"]),
        ({"reward": np.zeros((2, 3))}, ["reward", "2, 3", "3, 2"]),
        ({"reward": np.zeros(4)}, ["reward", r"\[4\]"]),
        ({"reward": np.zeros((5, 3, 2))}, ["reward", "5, 3, 2", "4, 3, 2"]),
        ({"reward": np.zeros((1, 3, 2)), "horizon": None, "discount": 0.9}, ["reward", "1, 3, 2"]),
        (_with("features", (0, 1, 1), np.inf), ["features", "0, 1, 1", "inf"]),
        ({"features": np.zeros((2, 5))}, ["features", "2, 5"]),
        ({"features": np.zeros((3, 3, 5))}, ["features", "3, 3, 5"]),
        ({"features": np.zeros(3)}, ["features", r"\[3\]"]),
        ({"available": np.ones((2, 3), bool)}, ["available", "2, 3", "3, 2"]),
        ({"available": np.ones((3, 2))}, ["available", "bool"]),
        (_with("available", 1, False), ["available", "state 1"]),
        ({"horizon": 0}, ["horizon", "0"]),
        ({"horizon": -3}, ["horizon", "-3"]),
        ({"horizon": 2.5}, ["horizon", r"2\.5"]),
        ({"horizon": True}, ["horizon", "True"]),
        ({"horizon": "4"}, ["horizon"]),
        ({"horizon": None}, ["horizon", "discount", "1"]),
        ({"discount": 0.0}, ["discount", r"0\.0"]),
        ({"discount": -0.1}, ["discount", r"-0\.1"]),
        ({"discount": 1.01}, ["discount", r"1\.01"]),
        ({"discount": float("nan")}, ["discount", "nan"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, (list, dict)) else None,
)
def test_a_bad_model_is_refused_with_a_line_that_names_the_place(changes, message):
    _refuses(message, lambda: TabularModel(**_parts(**changes)))


def test_a_sparse_row_is_named_like_a_dense_one():
    matrices = [sparse.csr_array(matrix) for matrix in _parts()["transition"].swapaxes(0, 1)]
    matrices[1] = matrices[1] * np.array([[1.0], [0.5], [1.0]])
    _refuses(
        ["transition", "state 1", "action 1", r"0\.5"],
        lambda: TabularModel(**_parts(transition=[sparse.csr_array(m) for m in matrices])),
    )


@pytest.mark.parametrize("convert", [sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_sparse_and_dense_transitions_are_the_same_model(convert):
    parts = _parts()
    dense = TabularModel(**parts)
    several = [convert(matrix) for matrix in parts["transition"].swapaxes(0, 1)]
    for transition in (several, tuple(several), parts["transition"].tolist()):
        model = TabularModel(**parts | {"transition": transition})
        assert model.transition.shape == (STATES * ACTIONS, STATES)
        np.testing.assert_array_equal(model.dense_transition(), parts["transition"])
        np.testing.assert_array_equal(soft_optimal(model).policy, soft_optimal(dense).policy)


def test_entries_of_a_sparse_row_add_up_and_stored_zeros_do_not_count():
    """A stored zero that leads to a state worth 1e4 more must not become 0 times infinity."""
    rows, columns = [0, 0, 0, 1], [0, 0, 1, 1]
    transition = sparse.coo_array(([0.5, 0.5, 0.0, 1.0], (rows, columns)), shape=(2, 2))
    model = TabularModel([transition], [0.0, 1e4], [1.0, 0.0], 3)
    np.testing.assert_array_equal(model.dense_transition(), [[[1.0, 0.0]], [[0.0, 1.0]]])
    for backup in ("causal", "posterior"):
        np.testing.assert_allclose(soft_optimal(model, backup).value[0], [0.0, 3e4])
    with pytest.raises(ValueError, match="trajectory 0, step 0"):
        model.check_trajectories([[0, 1, 1]], [[0, 0, 0]])


@pytest.mark.parametrize("junk", [0.2, 7.0, 1e300, -1.0, np.nan, np.inf])
def test_rows_of_unavailable_actions_are_not_read(junk):
    """Neither by a solver nor by sampling, which must not lose its digits to them."""
    parts = _parts()
    expected = soft_optimal(TabularModel(**parts))
    transition = parts["transition"].copy()
    transition[2, 0] = [junk, 0.0, 0.1]
    actual = soft_optimal(TabularModel(**parts | {"transition": transition}))
    np.testing.assert_array_equal(actual.value, expected.value)
    np.testing.assert_array_equal(actual.occupancy, expected.occupancy)
    for one, other in zip(actual.sample(200, 0), expected.sample(200, 0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_the_model_keeps():
    model = TabularModel(**_parts())
    assert (model.states, model.actions) == (STATES, ACTIONS)
    assert (model.horizon, model.discount) == (HORIZON, 1.0)
    assert model.transition.shape == (STATES * ACTIONS, STATES)
    np.testing.assert_array_equal(model.available, _parts()["available"])
    np.testing.assert_array_equal(model.reward, _parts()["reward"])
    by_state = TabularModel(**_parts(reward=[1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(by_state.reward, [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    assert TabularModel(
        **_parts(available=None, transition=np.full((3, 2, 3), 1 / 3))
    ).available.all()


def test_a_row_may_miss_one_by_rounding_only():
    thirds = np.full((3, 2, 3), np.float64(np.float32(1 / 3)))
    with pytest.raises(ValueError, match="state 0, action 0"):
        TabularModel(**_parts(transition=thirds))
    TabularModel(**_parts(transition=np.full((3, 2, 3), 0.33333333333)))


def test_another_reward_leaves_the_first_model_alone():
    model = TabularModel(**_parts())
    before = soft_optimal(model).value
    other = model.with_reward(np.ones((HORIZON, STATES, ACTIONS)))
    assert other.transition is model.transition
    assert other.reward.shape == (HORIZON, STATES, ACTIONS)
    np.testing.assert_array_equal(soft_optimal(model).value, before)
    _refuses(["reward", "3, 3"], lambda: model.with_reward(np.zeros((3, 3))))


@pytest.mark.parametrize("solver", SOLVERS)
def test_solving_needs_a_reward(solver):
    parts = _parts(available=None, transition=np.full((3, 2, 3), 1 / 3))
    model = TabularModel(**parts).with_reward(None)
    assert model.reward is None
    _refuses(["reward"], lambda: SOLVERS[solver](model))


# ---------------------------------------------------------------------------------- trajectories


@pytest.mark.parametrize(
    ("states", "actions", "message"),
    [
        ([[0, 0, 0, 3]], [[0, 0, 0, 0]], ["trajectory 0", "step 3", "state 3"]),
        ([[0, 0, 0, 0, 3]], [[0, 0, 0, 0]], ["trajectory 0", "step 4", "state 3"]),
        ([[0, 0, 0, 0], [0, -1, 0, 0]], [[0] * 4] * 2, ["trajectory 1", "step 1", "state -1"]),
        ([[0, 0, 0, 0]], [[0, 0, 2, 0]], ["trajectory 0", "step 2", "action 2"]),
        ([[0, 0, 0, 0]], [[-1, 0, 0, 0]], ["trajectory 0", "step 0", "action -1"]),
        ([[0, 1, 0, 0]], [[0, 0, 0, 0]], ["trajectory 0", "step 1", "state 1", "state 0"]),
        ([[0, 0, 0, 0, 1]], [[0, 0, 0, 1]], ["trajectory 0", "step 3", "state 0", "state 1"]),
        ([[2, 0, 0, 0]], [[1, 0, 0, 0]], ["trajectory 0", "step 0", "state 2"]),
        ([[0, 2, 0, 0]], [[0, 0, 0, 0]], ["trajectory 0", "step 1", "action 0", "state 2"]),
        ([[0, 0, 0]], [[0, 0, 0]], ["3", "4"]),
        ([[0, 0, 0, 0, 0, 0]], [[0, 0, 0, 0]], ["states", r"1, 6"]),
        ([[0, 0, 0, 0]] * 2, [[0, 0, 0, 0]], ["states", r"2, 4"]),
        ([0, 0, 0, 0], [0, 0, 0, 0], ["actions", r"\[4\]"]),
        (np.zeros((0, 4), int), np.zeros((0, 4), int), ["actions", r"\[0, 4\]"]),
        ([[0.0, 0.0, 0.0, 0.0]], [[0, 0, 0, 0]], ["states", "float64"]),
        ([[0, 0, 0, 0]], [[0.5, 0, 0, 0]], ["actions", "float64"]),
    ],
)
def test_a_bad_trajectory_is_named(states, actions, message):
    model = TabularModel(**_parts())
    solution = soft_optimal(model)
    for call in (model.check_trajectories, model.feature_mean, solution.log_likelihood):
        _refuses(message, lambda call=call: call(states, actions))


def test_feature_means_count_as_many_visits_as_actions():
    model = TabularModel(**_parts(discount=0.5))
    states, actions = [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], [[1, 0, 0, 0], [0, 1, 1, 0]]
    features = _parts()["features"]
    expected = np.mean(
        [
            sum(0.5**t * features[row[t], choice[t]] for t in range(HORIZON))
            for row, choice in zip(states, actions, strict=True)
        ],
        axis=0,
    )
    np.testing.assert_allclose(model.feature_mean(states, actions), expected, atol=1e-12)
    shorter = np.array(states)[:, :HORIZON]
    np.testing.assert_allclose(model.feature_mean(shorter, actions), expected, atol=1e-12)
    by_state = TabularModel(**_parts(features=features[:, 0], discount=0.5))
    same = TabularModel(**_parts(features=features[:, [0, 0]], discount=0.5))
    np.testing.assert_allclose(
        by_state.feature_mean(states, actions), same.feature_mean(states, actions), atol=1e-12
    )
    without = TabularModel(**_parts(features=None))
    _refuses(["features"], lambda: without.feature_mean(states, actions))


# ------------------------------------------------------------------------------------- solvers


@pytest.mark.parametrize("policy", ["shape", "steps", "row", "negative", "nan", "unavailable"])
def test_a_bad_policy_is_refused(policy):
    model = TabularModel(**_parts())
    good = np.broadcast_to([[0.5, 0.5], [0.5, 0.5], [0.0, 1.0]], (HORIZON, STATES, ACTIONS)).copy()
    evaluate(model, good)
    bad, message = good, []
    if policy == "shape":
        bad, message = good[:, :2], ["policy", "4, 2, 2"]
    elif policy == "steps":
        bad, message = good[:3], ["policy", "3, 3, 2"]
    else:
        rows = {
            "row": [0.5, 0.6],
            "negative": [1.5, -0.5],
            "nan": [np.nan, 1.0],
            "unavailable": [0.5, 0.5],
        }
        state = 2 if policy == "unavailable" else 1
        bad[3, state] = rows[policy]
        message = ["policy", "3", f"state {state}"]
    _refuses(message, lambda: evaluate(model, bad))
    if policy not in ("shape", "steps"):
        _refuses(message[::2], lambda: evaluate(model, bad[3]))


def test_bad_options_are_refused():
    model = TabularModel(**_parts())
    for temperature in (0.0, -1.0, float("nan")):
        _refuses(["temperature"], lambda t=temperature: soft_optimal(model, temperature=t))
    _refuses(["backup", "Causal", "causal", "posterior"], lambda: soft_optimal(model, "Causal"))
    discounted = TabularModel(**_parts(discount=0.9))
    stationary = TabularModel(**_parts(discount=0.9, horizon=None))
    for other in (discounted, stationary):
        _refuses(["posterior"], lambda other=other: soft_optimal(other, "posterior"))


def test_bad_rewards_have_no_distance():
    model = TabularModel(**_parts())
    good = np.ones((STATES, ACTIONS))
    for bad, message in (
        (np.where(good > 0, np.nan, 0.0), ["reward", "nan"]),
        (np.ones((STATES, 3)), ["reward", "3"]),
        (np.ones(4), ["reward", "4"]),
        (np.ones((2, 3, 4, 5)), ["reward", "2, 3, 4, 5"]),
    ):
        for pair in ((good, bad), (bad, good)):
            _refuses(message, lambda pair=pair: epic_distance(*pair, 0.9))
            _refuses(message, lambda pair=pair: starc_distance(model, *pair))


# ---------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize(
    ("solve", "name", "free"),
    [
        (lambda model: model, "dense_transition", 10_000_000),  # takes 16 MB
        (soft_optimal, "value", 10_000_000),  # takes 40 MB
        (soft_optimal, "q", 60_000_000),  # takes 80 MB, as do the next
        (soft_optimal, "policy", 60_000_000),
        (soft_optimal, "occupancy", 60_000_000),
        (hard_optimal, "policy", 60_000_000),
        (lambda model: evaluate(model, [[0.5, 0.5]] * 1_000), "q", 60_000_000),
        (lambda model: evaluate(model, [[0.5, 0.5]] * 1_000), "occupancy", 60_000_000),
    ],
)
def test_what_does_not_fit_into_memory_is_refused_before_it_is_allocated(
    solve, name, free, monkeypatch
):
    states = 1_000
    stay = sparse.eye_array(states, format="csr")
    model = TabularModel([stay, stay], np.zeros(states), np.eye(states)[0], 5_000)
    reading = SimpleNamespace(available=free, total=10 * free)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: reading)

    def call():
        array = getattr(solve(model), name)
        return array() if callable(array) else array

    tracemalloc.start()
    try:
        _refuses(["would take .* GiB"], call, MemoryError)
        assert tracemalloc.get_traced_memory()[1] < free
    finally:
        tracemalloc.stop()


# -------------------------------------------------------------------------------------- toy texts


def _registered(name):
    """The newest version that this Gymnasium has."""
    return max(key for key in gym.registry if re.fullmatch(rf"{name}-v\d+", key))


def _value_iteration(table, horizon, discount):
    """The optimal value of every state, straight from Gymnasium's table."""
    value = np.zeros(len(table))
    for _ in range(horizon):
        value = np.array(
            [
                max(
                    sum(
                        p * (reward + (0.0 if ended else discount * value[after]))
                        for p, after, reward, ended in outcomes
                    )
                    for outcomes in choices.values()
                )
                for choices in table.values()
            ]
        )
    return value


@pytest.mark.parametrize("name", ["FrozenLake", "FrozenLake8x8", "CliffWalking", "Taxi"])
@pytest.mark.parametrize(("horizon", "discount"), [(1, 1.0), (40, 1.0), (25, 0.9)])
def test_a_toy_text_has_the_values_of_its_own_table(name, horizon, discount):
    env = gym.make(_registered(name)).unwrapped
    model = TabularModel.from_toy_text(env, horizon, discount)
    expected = _value_iteration(env.P, horizon, discount)
    solution = hard_optimal(model)
    np.testing.assert_allclose(solution.value[0][: len(expected)], expected, atol=1e-10)
    np.testing.assert_allclose(
        solution.expected_return, env.initial_state_distrib @ expected, atol=1e-10
    )
    np.testing.assert_allclose(model.transition.sum(1), 1.0, atol=1e-12)


@pytest.mark.parametrize("name", ["FrozenLake", "CliffWalking", "Taxi"])
def test_an_endless_toy_text_has_the_fixed_point_of_its_own_table(name):
    env = gym.make(_registered(name))
    model = TabularModel.from_toy_text(env, None, 0.8)
    expected = _value_iteration(env.unwrapped.P, 120, 0.8)
    solution = hard_optimal(model)
    np.testing.assert_allclose(solution.value[: len(expected)], expected, atol=1e-8)


def _table(table, initial):
    return SimpleNamespace(P=table, initial_state_distrib=np.array(initial))


def test_outcomes_that_are_listed_twice_add_up_and_an_ended_episode_earns_nothing():
    """The same successor is reached with and without an end, as only a state apart can tell."""
    table = {
        0: {0: [(0.25, 1, 4.0, False), (0.25, 1, 8.0, False), (0.5, 1, 2.0, True)]},
        1: {0: [(1.0, 1, 10.0, False)]},
    }
    model = TabularModel.from_toy_text(_table(table, [1.0, 0.0]), 3)
    assert model.dense_transition()[0, 0, 1] == 0.5
    assert model.reward[0, 0] == 0.25 * 4 + 0.25 * 8 + 0.5 * 2
    # four, then half the time two more steps for ten each
    assert hard_optimal(model).expected_return == pytest.approx(4.0 + 0.5 * 20.0)
    ended = model.states - 1
    assert model.reward[ended].tolist() == [0.0]
    assert model.dense_transition()[ended, 0, ended] == 1.0


def test_what_is_no_toy_text_is_refused():
    _refuses(["P"], lambda: TabularModel.from_toy_text(object(), 3), (TypeError, ValueError))
    broken = _table({0: {0: [(0.5, 0, 0.0, False)]}}, [1.0])
    _refuses(["state 0", "action 0", r"0\.5"], lambda: TabularModel.from_toy_text(broken, 3))


def test_a_drawn_model_survives_the_round_trip():
    """The judge's own models are what the library holds, zeros of unavailable rows included."""
    for kind in ("dense", "sparse", "unavailable", "mixed"):
        case = draw(kind, 0)
        model = TabularModel(
            case.transition, case.reward, case.initial, case.horizon, available=case.available
        )
        np.testing.assert_array_equal(model.dense_transition(), case.transition)


def test_a_model_keeps_numbers_of_its_own():
    reward = np.ones((STATES, ACTIONS))
    model = TabularModel(**(_parts() | {"reward": reward}))
    solution = soft_optimal(model)
    reward *= 50.0
    assert (model.reward == 1.0).all()
    np.testing.assert_allclose(np.exp(solution.log_policy).sum(-1), 1.0)


def test_rewards_of_unavailable_actions_do_not_drown_the_others():
    model = TabularModel(**_parts())  # state 2 has no action 0
    reward = np.random.default_rng(0).normal(size=(STATES, ACTIONS))
    reward[2, 0] = -1e14
    assert starc_distance(model, reward, -reward) == pytest.approx(1.0)
