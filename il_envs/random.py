"""Counter-based randomness for kernels: the same bits on every machine.

A draw is a hash of (key, episode, draw index), so a world carries its whole random state in
three integers of its `State` record and any draw can be repeated without replaying the others.
The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014, figure 16).
"""

import numpy as np
from numba import njit

from il_envs.world import Record

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31, SHIFT_11 = (np.uint64(n) for n in (30, 27, 31, 11))
ONE = np.uint64(1)
TWO_TO_MINUS_53 = 2.0**-53


@njit
def mix(bits: np.uint64) -> np.uint64:
    """Bijective 64-bit mixing function."""
    bits = (bits ^ (bits >> SHIFT_30)) * MULTIPLIER_1
    bits = (bits ^ (bits >> SHIFT_27)) * MULTIPLIER_2
    return bits ^ (bits >> SHIFT_31)


@njit
def hash_uniform(key: np.uint64, stream: np.uint64, index: np.uint64) -> float:
    """The `index`-th uniform number in [0, 1) of a stream, a multiple of 2**-53."""
    bits = mix(mix(mix(key + GOLDEN_GAMMA) + stream * GOLDEN_GAMMA) + index * GOLDEN_GAMMA)
    return np.float64(bits >> SHIFT_11) * TWO_TO_MINUS_53


@njit
def uniform(state: Record, low: float, high: float) -> float:
    """Draw a uniform number in [low, high) from a state's own stream and advance its counter."""
    state.draws += ONE
    return low + (high - low) * hash_uniform(state.key, state.episode, state.draws)


@njit
def integer(state: Record, count: int) -> int:
    """Draw an integer from 0 to count - 1 from a state's own stream and advance its counter."""
    return int(uniform(state, 0.0, count))
