"""Chords and their numbers."""

import numpy as np
import pytest

from il_envs.buttons import (
    JOINT_BUTTONS_MAX,
    ChordPolicy,
    joint_chords,
    joint_index,
    single_button_chords,
)
from il_envs.policy import TabularPolicy


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


def test_a_chord_policy_presses_the_rows_it_picks():
    table = np.eye(4)[[3, 1]]  # state 0 picks row 3, state 1 row 1
    policy = ChordPolicy(TabularPolicy(table, seed=0), single_button_chords(3))
    buttons, _ = policy.predict(np.array([0, 1, 0]))
    assert buttons.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert buttons.dtype == np.int8
