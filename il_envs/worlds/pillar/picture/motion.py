"""The runner on its way from one step to the next; its way ahead is told by `Canvas.share`."""

import numpy as np

from il_envs.drawing.motion import is_step, on_the_way
from il_envs.views import States
from il_envs.worlds.pillar.picture.scene import jumps, lateral


def between(before: np.void, after: np.void, share: float, params: States) -> np.void:
    """The state so far on the way to the next step's, as `il_envs.views.View` has it.

    Offsets are measured from the line to the pillar ahead, so that of a runner who is just passing
    one is the way to the side that it still has to go.
    """
    pair = np.stack([before, after])
    if share >= 1.0 or not is_step(before, after) or jumps(pair).any():
        return after
    shown = on_the_way(before, after, share, ())
    shown["offset"] = float(after["offset"]) - (1.0 - share) * float(lateral(pair)[-1])
    state: np.void = shown[0]
    return state
