"""Helpers for pictures that depend on the history of an episode."""

from collections.abc import Callable
from math import sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.drawing.canvas import Canvas
from il_envs.views import States


def latest(canvas: Canvas, jumps: Callable[[States], NDArray[np.bool_]]) -> tuple[States, float]:
    """The part of a canvas's history since its last jump, and how far the picture is from the state
    before the last one to the last one: 1 if there is none before."""
    history = since_jump(canvas.history, jumps(canvas.history))
    return history, canvas.share if len(history) > 1 else 1.0


def since_jump(history: States, jumps: NDArray[np.bool_]) -> States:
    """The last part of a history without a jump; a restored state begins a new part.

    Args:
        jumps: True where no step of the world leads from one state to the next, bool [n - 1]; a gap
            in the step numbers counts as a jump in any case.
    """
    jumps = jumps | (np.diff(history["step"]) != 1)
    return history[1 + np.flatnonzero(jumps)[-1] :] if jumps.any() else history


def now(history: States, share: float) -> float:
    """The present moment, in steps since the episode began."""
    return int(history["step"][-1]) - 1 + share


def steps_ago(count: int, share: float = 1.0) -> NDArray[np.float64]:
    """How long ago each of the last `count` states was, in steps; the last one is the present.

    Args:
        share: how far the present is from the state before the last one to the last one.
    """
    ago = np.arange(count - 1, -1, -1, dtype=np.float64)
    ago[:-1] -= 1.0 - share
    return ago


def recent_mean(values: NDArray[Any], memory: float, share: float = 1.0) -> Any:
    """The mean of the values of consecutive steps, with a weight of 1/e `memory` steps ago.

    Args:
        share: how much of the last step has passed, and so the weight of the last value.
    """
    weight = np.exp(-steps_ago(values.size, share) / memory)
    if values.size > 1:
        weight[-1] *= share
    return weight @ values / weight.sum()


def scattered(number: int) -> float:
    """A pseudorandom value from 0 to 1, a function of the number."""
    return sin(12.9898 * (number % 100_003) + 1.7) * 43758.5453 % 1.0
