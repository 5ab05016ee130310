"""Chords: sets of buttons that are pressed in the same step, with their numbers and probabilities.

A chord of K buttons is an int8 row of K zeros and ones, an element of MultiBinary(K). A learner
with numbered actions only picks one row of a table of chords: `single_button_chords`, or
`joint_chords`, which has all 2^K and so is feasible for few buttons only.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Chords = NDArray[np.int8]

JOINT_BUTTONS_MAX = 12
"""Most buttons of a joint action: a table of all chords then has 4,096 rows, and a network as many
outputs."""


def buttons_of(space: gym.Space[Any]) -> int:
    """The K of a space MultiBinary(K).

    Raises:
        TypeError: if the space is of another kind.
    """
    if isinstance(space, gym.spaces.MultiBinary) and len(space.shape) == 1:
        return space.shape[0]
    raise TypeError(f"buttons are actions of a space MultiBinary(n), not of {space}")


def action_count(space: gym.Space[Any]) -> int | None:
    """The number of Discrete actions or of chords of a space; None if it is of another kind."""
    if isinstance(space, gym.spaces.Discrete):
        return int(space.n)
    chords = chords_of(space)
    return None if chords is None else len(chords)


def single_button_chords(buttons: int) -> Chords:
    """The chords of at most one button: none, then each alone, int8 [K + 1, K]."""
    return np.eye(buttons + 1, buttons, -1, np.int8)


def picked_chords(numbers: Any, chords: Chords, batch: tuple[int, ...]) -> Chords:
    """The rows of a table of chords with these numbers, int8 [*batch, K].

    Args:
        numbers: row numbers, integers [*batch].
        chords: the table, int8 [chords, K].
        batch: (), or (rows,) for a vector environment.

    Raises:
        ValueError: if the shape is wrong, or a number is not an integer or not that of a row.
    """
    picked = np.asarray(numbers)
    if picked.shape != batch:
        raise ValueError(f"actions have the shape {list(picked.shape)}, must be {list(batch)}")
    if picked.dtype.kind not in "iu":
        raise ValueError(f"actions have the dtype {picked.dtype}, must be integers")
    outside = (picked < 0) | (picked >= len(chords))
    if outside.any():
        raise ValueError(f"action {picked[outside][0]} must be from 0 to {len(chords) - 1}")
    return chords[picked]


def joint_chords(buttons: int) -> Chords:
    """Every chord, int8 [2^K, K]; button k is bit k of the row's number.

    Raises:
        ValueError: if there are more than `JOINT_BUTTONS_MAX` buttons.
    """
    _refuse_many(buttons)
    return ((np.arange(2**buttons)[:, None] >> np.arange(buttons)) & 1).astype(np.int8)


def joint_index(chords: NDArray[Any]) -> NDArray[np.int64]:
    """The row numbers of chords in `joint_chords`, int64 [...] from [..., K]."""
    return chords.astype(np.int64) @ (1 << np.arange(chords.shape[-1]))


def button_count(chords: int) -> int:
    """The number K of buttons that have `chords` = 2^K chords.

    Raises:
        ValueError: if the number is not 2^K.
    """
    buttons = chords.bit_length() - 1
    if chords != 2**buttons:
        raise ValueError(f"{chords} actions are not the 2^K chords of K buttons")
    return buttons


def chords_of(space: gym.Space[Any]) -> Chords | None:
    """Every chord of a MultiBinary(K) space, int8 [2^K, K]; None for a space of another kind.

    Raises:
        ValueError: if there are more than `JOINT_BUTTONS_MAX` buttons.
    """
    if isinstance(space, gym.spaces.MultiBinary) and len(space.shape) == 1:
        return joint_chords(space.shape[0])
    return None


def joint_probabilities(
    pressed: NDArray[np.float64], released: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The probability of every chord if buttons are pressed independently, [..., 2^K].

    Args:
        pressed: the probability that each button is pressed, float64 [..., K].
        released: the probability that it is not, float64 [..., K]; a separate argument because
            1 - pressed loses values below 1e-16.

    Raises:
        ValueError: if there are more than `JOINT_BUTTONS_MAX` buttons.
    """
    _refuse_many(pressed.shape[-1])
    joint = np.ones((*pressed.shape[:-1], 1))
    for k in range(pressed.shape[-1]):  # button k becomes the highest bit so far
        joint = np.concatenate([joint * released[..., [k]], joint * pressed[..., [k]]], axis=-1)
    return joint


def independent_buttons(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product of the marginals of a distribution over chords, float64 [..., 2^K].

    Of all distributions with independent buttons it is the maximum-likelihood fit to the given one.

    Args:
        joint: the probability of each chord, float64 [..., 2^K].
    """
    chords = joint_chords(button_count(joint.shape[-1]))
    return joint_probabilities(joint @ chords, joint @ (1 - chords))


def _refuse_many(buttons: int) -> None:
    if buttons > JOINT_BUTTONS_MAX:
        raise ValueError(
            f"{buttons} buttons have {2**buttons:,} chords; joint actions are for at most "
            f"{JOINT_BUTTONS_MAX} buttons ({2**JOINT_BUTTONS_MAX:,} chords)"
        )
