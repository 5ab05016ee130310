"""The car on its way from one step to the next; pictures find its station by `Canvas.share`."""

import numpy as np

from il_envs.drawing.motion import is_step, on_the_way
from il_envs.views import States


def between(before: np.void, after: np.void, share: float, params: States) -> np.void:
    """The state so far on the way to the next step's, as `il_envs.views.View` has it."""
    if share >= 1.0 or not is_step(before, after):
        return after
    state: np.void = on_the_way(before, after, share, ("deviation", "action", "lateral_sum"))[0]
    return state
