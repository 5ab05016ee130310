"""Tables of action probabilities, and which policies can be scored exactly."""

import numpy as np
import pytest

from il_envs import ExactPolicy, ExpertPolicy, RandomPolicy, TabularPolicy, WorldEnv, get_world
from il_envs import run_episodes as run
from il_envs.buttons import joint_chords, joint_index

TABLE = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
ROWS = np.array([0, 1, 2, 3])


def test_the_mode_is_the_lowest_of_the_most_likely():
    actions, _ = TabularPolicy(TABLE, seed=0).predict(ROWS, deterministic=True)
    assert (actions.dtype, actions.tolist()) == (np.int64, [1, 0, 1, 2])


def test_samples_have_the_probabilities_and_repeat():
    many = np.repeat(ROWS, 20_000)
    actions, again = (TabularPolicy(TABLE, seed=3).predict(many)[0] for _ in range(2))
    np.testing.assert_array_equal(actions, again)
    assert actions.dtype == np.int64
    shares = [(actions.reshape(4, -1) == action).mean(1) for action in range(3)]
    np.testing.assert_allclose(np.transpose(shares), TABLE, atol=0.015)  # 4 deviations
    assert not np.array_equal(actions, TabularPolicy(TABLE, seed=4).predict(many)[0])


@pytest.mark.parametrize("error", [-9e-7, 9e-7])
def test_an_action_of_probability_zero_is_never_drawn_though_the_sum_is_not_quite_1(error):
    class Extremes:
        def random(self, count):
            return np.array([0.0, np.nextafter(1.0, 0.0)])[:count]

    policy = TabularPolicy([[0.0, 0.25, 0.75 + error, 0.0]], seed=0)
    policy._random = Extremes()
    assert policy.predict(np.array([0, 0]))[0].tolist() == [1, 2]


def test_the_step_chooses_the_table_and_the_last_one_stays():
    tables = np.eye(3)[[[0, 1], [1, 2], [2, 0]]]  # [T, S, A]
    policy = TabularPolicy(tables, seed=0)
    observation, start, memory, seen = np.array([0, 1]), np.array([True, True]), None, []
    for _ in range(4):
        actions, memory = policy.predict(observation, memory, start, deterministic=True)
        start = np.array([False, False])
        seen.append(actions.tolist())
    assert seen == [[0, 1], [1, 2], [2, 0], [2, 0]]
    assert (memory.dtype, memory.tolist()) == (np.int64, [4, 4])
    before = memory.copy()
    actions, after = policy.predict(observation, memory, np.array([False, True]), True)
    assert (actions.tolist(), after.tolist()) == ([2, 1], [5, 1])
    np.testing.assert_array_equal(memory, before)


def test_probabilities_are_the_rows_of_the_step():
    tables = np.stack([TABLE, TABLE[::-1]])
    policy = TabularPolicy(tables, seed=0)
    for step, table in enumerate([TABLE, TABLE[::-1], TABLE[::-1]]):
        probabilities = policy.action_probabilities(ROWS[1:], step)
        assert probabilities.dtype == np.float64
        np.testing.assert_array_equal(probabilities, table[1:])
    np.testing.assert_array_equal(policy.tensors()["probabilities"], tables)


def test_the_table_is_a_copy():
    given = TABLE.copy()
    policy = TabularPolicy(given, seed=0)
    given[:] = 1 / 3
    np.testing.assert_array_equal(policy.action_probabilities(ROWS, 0), TABLE)
    policy.action_probabilities(ROWS, 0)[:] = 0.0
    np.testing.assert_array_equal(policy.action_probabilities(ROWS, 0), TABLE)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (np.ones(3) / 3, r"must have the shape \[S, A\] or \[T, S, A\], not \[3\]"),
        (np.ones((2, 0)), r"not \[2, 0\]"),
        ([[0.5, 0.5], [0.5, 0.6]], "of state 1: probabilities sum to 1.1, must"),
        ([[1.5, -0.5]], "of state 0: action 1 has the probability -0.5"),
        ([[[1.0, 0.0]], [[np.nan, 1.0]]], "of state 0 at step 1: action 0 has the probability nan"),
        ([[0.5, 0.500002]], "probabilities sum to 1.000002"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities, message):
    with pytest.raises(ValueError, match=message):
        TabularPolicy(probabilities, seed=0)


def test_a_table_of_chords_presses_buttons_and_is_exact():
    table = np.random.default_rng(0).dirichlet(np.ones(8), 4)
    policy, numbers = (TabularPolicy(table, 5, chords) for chords in (joint_chords(3), None))
    many = np.repeat(ROWS, 50)
    for deterministic in (False, True):
        pressed, _ = policy.predict(many, deterministic=deterministic)
        chosen, _ = numbers.predict(many, deterministic=deterministic)
        assert (pressed.dtype, pressed.shape) == (np.int8, (200, 3))
        np.testing.assert_array_equal(joint_index(pressed), chosen)
    np.testing.assert_array_equal(policy.action_probabilities(ROWS, 0), table)
    np.testing.assert_array_equal(policy.tensors()["probabilities"], table)
    with pytest.raises(ValueError, match="of 8 actions are given, and 4 chords"):
        TabularPolicy(table, 0, joint_chords(2))


def test_a_policy_is_exact_if_it_tells_its_probabilities():
    world = get_world("Maze")
    assert isinstance(TabularPolicy(TABLE, 0), ExactPolicy)
    assert not isinstance(RandomPolicy(world.spaces.action, 0), ExactPolicy)
    assert not isinstance(ExpertPolicy(WorldEnv("Maze")), ExactPolicy)


def test_a_table_by_steps_acts_in_a_world():
    world = get_world("Maze")
    tables = np.eye(4)[np.array([[1] * 12, [2] * 12])]  # right first, then down for ever
    for episode in run(world, "training", lambda env: TabularPolicy(tables, 0), [1, 2, 3]):
        assert episode.actions[0] == 1
        assert (episode.actions[1:] == 2).all()
        assert (episode.observations.dtype, episode.observations.ndim) == (np.int64, 1)
