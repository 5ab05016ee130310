"""What a row of a batch and a single environment have in common beside the world's own kernels."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.world import Kernel, Record


@kernel
def begin(reset: Kernel, state: Record, later: int, params: Array) -> None:
    """Begin the episode that is so many after the present one of the row's stream."""
    state.episode += np.uint64(later)
    state.draws = np.uint64(0)
    state.step = 0
    reset(state, params)


@kernel
def is_inside(action: Array, low: Array, high: Array) -> bool:
    """True if every entry is within bounds, which NaN is not."""
    inside = True
    for k in range(action.size):
        inside &= (low[k] <= action[k]) & (action[k] <= high[k])
    return inside
