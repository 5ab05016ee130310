"""Chords and their numbers."""

import gymnasium as gym
import numpy as np
import pytest

from il_envs import ChordPolicy
from il_envs.buttons import (
    JOINT_BUTTONS_MAX,
    button_count,
    chords_of,
    independent_buttons,
    joint_chords,
    joint_index,
    joint_probabilities,
    single_button_chords,
)
from il_envs.learning.policy import TabularPolicy


@pytest.mark.parametrize("buttons", [1, 3, 12])
def test_single_button_chords_are_none_and_each_alone(buttons):
    chords = single_button_chords(buttons)
    assert chords.dtype == np.int8
    assert not chords[0].any()
    assert (chords[1:] == np.eye(buttons)).all()


@pytest.mark.parametrize("buttons", [1, 5, JOINT_BUTTONS_MAX])
def test_joint_chords_are_all_there_in_the_order_of_their_numbers(buttons):
    chords = joint_chords(buttons)
    assert chords.shape == (2**buttons, buttons)
    assert len(np.unique(chords, axis=0)) == 2**buttons
    assert (joint_index(chords) == np.arange(2**buttons)).all()


def test_button_k_is_bit_k():
    assert joint_chords(3)[6].tolist() == [0, 1, 1]
    assert joint_index(np.array([[1, 0, 1, 1]], np.int8)).tolist() == [13]


def test_too_many_chords_are_refused():
    with pytest.raises(ValueError, match=r"20 buttons have 1,048,576 chords; .* at most 12"):
        joint_chords(20)


def test_the_chords_of_a_space_are_all_of_them_where_it_has_buttons():
    np.testing.assert_array_equal(chords_of(gym.spaces.MultiBinary(4)), joint_chords(4))
    for space in (
        gym.spaces.Discrete(4), gym.spaces.Box(-1, 1, (2,)), gym.spaces.MultiBinary([2, 2])
    ):  # fmt: skip
        assert chords_of(space) is None


def test_the_number_of_buttons_follows_from_that_of_chords():
    assert [button_count(chords) for chords in (1, 2, 32)] == [0, 1, 5]
    for chords in (0, 3, 24):
        with pytest.raises(ValueError, match=f"{chords} actions are not the"):
            button_count(chords)


def test_probabilities_of_chords_are_products():
    pressed = np.random.default_rng(0).random((3, 7, 4))
    joint = joint_probabilities(pressed, 1.0 - pressed)
    assert joint.shape == (3, 7, 16)
    for number, chord in enumerate(joint_chords(4)):
        by_hand = np.prod(np.where(chord, pressed, 1.0 - pressed), axis=-1)
        np.testing.assert_allclose(joint[..., number], by_hand, rtol=1e-14)


def test_small_probabilities_are_kept_on_both_sides():
    """1 - pressed would be 0 or 1, and a likelihood infinite."""
    pressed, released = np.array([[1.0, 1e-30]]), np.array([[1e-30, 1.0]])
    joint = joint_probabilities(pressed, released)
    np.testing.assert_allclose(joint, [[1e-30, 1.0, 1e-60, 1e-30]], rtol=1e-14)
    np.testing.assert_allclose(independent_buttons(joint), joint, rtol=1e-14)


def test_probabilities_of_too_many_chords_are_refused():
    with pytest.raises(ValueError, match="13 buttons have 8,192 chords"):
        joint_probabilities(np.full((2, 13), 0.5), np.full((2, 13), 0.5))


def test_independent_buttons_keep_the_marginals_and_forget_the_rest():
    joint = np.random.default_rng(1).dirichlet(np.ones(8), 5)
    product, chords = independent_buttons(joint), joint_chords(3)
    np.testing.assert_allclose(product @ chords, joint @ chords, rtol=1e-13)
    np.testing.assert_allclose(independent_buttons(product), product, rtol=1e-12)
    either = np.array([[0.0, 0.5, 0.5, 0.0]])  # one of two buttons
    np.testing.assert_array_equal(independent_buttons(either), np.full((1, 4), 0.25))


def test_a_chord_policy_presses_the_rows_it_picks():
    table = np.eye(4)[[3, 1]]  # state 0 picks row 3, state 1 row 1
    policy = ChordPolicy(TabularPolicy(table, seed=0), single_button_chords(3))
    buttons, _ = policy.predict(np.array([0, 1, 0]))
    assert buttons.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert buttons.dtype == np.int8
