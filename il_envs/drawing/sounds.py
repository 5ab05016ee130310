"""What is to be heard of a world: cues, and what the worlds share in finding them.

Cues are names; `il_envs.play.synthesis` says what each of them sounds like.
"""

from typing import NamedTuple

import numpy as np

from il_envs.views import States


class Cue(NamedTuple):
    """A sound that is to be heard after a step.

    One-shot sounds begin with the step and end by themselves. Continuous ones sound for as long as
    one step after another names them, and follow the volume and the pitch that it gives.
    """

    name: str  # in `il_envs.play.synthesis.SOUNDS`
    volume: float = 1.0  # of the sound's amplitude, 0 to 1
    pitch: float = 1.0  # of its frequencies, from 1/2 to 2: an octave either way


def last_step(history: States) -> tuple[np.void, np.void] | None:
    """The states before and after the last step; None at the start, or where a state was restored
    that does not follow the one before."""
    if len(history) < 2 or history["step"][-1] != history["step"][-2] + 1:
        return None
    return history[-2], history[-1]


def share(value: float, start: float, span: float) -> float:
    """How far a value has come on the way from `start` to `start + span`, from 0 to 1."""
    return min(max((float(value) - start) / span, 0.0), 1.0)
