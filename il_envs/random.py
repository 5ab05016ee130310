"""Counter-based randomness for kernels: the same bits on every machine.

A draw is a hash of (key, episode, draw index), so a world carries its whole random state in
three integers of its `State` record and any draw can be repeated without replaying the others.
The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014, figure 16). Normal numbers are quantiles of uniform
ones, one each, by Wichura's algorithm AS 241 (Applied Statistics 37, 1988), whose logarithm is a
series here: only + - * / and square roots are used.
"""

from math import sqrt

import numpy as np

from il_envs.kernel import kernel
from il_envs.world import Record

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31, SHIFT_11 = (np.uint64(n) for n in (30, 27, 31, 11))
ONE = np.uint64(1)
TWO_TO_MINUS_53 = 2.0**-53

LOG_2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
ARTANH_SERIES = tuple(1.0 / k for k in range(23, 0, -2))  # of artanh(s) / s, in powers of s^2
DOUBLINGS = tuple((2**k, 2.0 ** (2**k - 1)) for k in (5, 4, 3, 2, 1, 0))  # and half their factor
CENTRE = 0.425  # AS 241 uses its first rational function so far from a probability of 1/2
NEAR, FAR = 1.6, 5.0  # where its other two are centred, in sqrt(-log(probability))
CENTRE_OVER = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080,
)  # fmt: skip
CENTRE_UNDER = (
    5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
    5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0,
)  # fmt: skip
NEAR_OVER = (
    7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
    1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
    4.63033784615654529590, 1.42343711074968357734,
)  # fmt: skip
NEAR_UNDER = (
    1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
    1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
    2.05319162663775882187, 1.0,
)  # fmt: skip
FAR_OVER = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
    2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
    5.46378491116411436990, 6.65790464350110377720,
)  # fmt: skip
FAR_UNDER = (
    2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
    7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
    5.99832206555887937690e-1, 1.0,
)  # fmt: skip


@kernel
def mix(bits: np.uint64) -> np.uint64:
    """Bijective 64-bit mixing function."""
    bits = (bits ^ (bits >> SHIFT_30)) * MULTIPLIER_1
    bits = (bits ^ (bits >> SHIFT_27)) * MULTIPLIER_2
    return bits ^ (bits >> SHIFT_31)


@kernel
def hash_uniform(key: np.uint64, stream: np.uint64, index: np.uint64) -> float:
    """The `index`-th uniform number in [0, 1) of a stream, a multiple of 2**-53."""
    bits = mix(mix(mix(key + GOLDEN_GAMMA) + stream * GOLDEN_GAMMA) + index * GOLDEN_GAMMA)
    return np.float64(bits >> SHIFT_11) * TWO_TO_MINUS_53


@kernel
def uniform(state: Record, low: float, high: float) -> float:
    """Draw a uniform number in [low, high) from a state's own stream and advance its counter."""
    state.draws += ONE
    return low + (high - low) * hash_uniform(state.key, state.episode, state.draws)


@kernel
def integer(state: Record, count: int) -> int:
    """Draw an integer from 0 to count - 1 from a state's own stream and advance its counter."""
    return int(uniform(state, 0.0, count))


@kernel
def polynomial(coefficients: tuple[float, ...], x: float) -> float:
    """Its value at x; the coefficient of the highest power comes first."""
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


@kernel
def log_share(share: float) -> float:
    """Natural logarithm of a number in [2**-63, 1], with a relative error below 5e-16."""
    halvings = 0
    for doublings, half_factor in DOUBLINGS:
        if share * half_factor < SQRT_HALF:
            share *= 2.0 * half_factor
            halvings += doublings
    s = (share - 1.0) / (share + 1.0)
    return 2.0 * s * polynomial(ARTANH_SERIES, s * s) - halvings * LOG_2


@kernel
def normal_quantile(share: float) -> float:
    """Standard normal quantile of the middle of a cell [share, share + 2**-53) of `hash_uniform`.

    Its error is 1e-15 of it. Cells that mirror each other in 1/2 give opposite numbers; the largest
    is 8.3.
    """
    is_low = share < 0.5
    half_cell = 0.5 * TWO_TO_MINUS_53
    tail = share + half_cell if is_low else 1.0 - share - half_cell  # exact
    centre = 0.5 - tail
    if centre <= CENTRE:
        square = CENTRE * CENTRE - centre * centre
        size = centre * polynomial(CENTRE_OVER, square) / polynomial(CENTRE_UNDER, square)
    else:
        depth = sqrt(-log_share(tail))
        if depth <= FAR:
            size = polynomial(NEAR_OVER, depth - NEAR) / polynomial(NEAR_UNDER, depth - NEAR)
        else:
            size = polynomial(FAR_OVER, depth - FAR) / polynomial(FAR_UNDER, depth - FAR)
    return -size if is_low else size


@kernel
def hash_normal(key: np.uint64, stream: np.uint64, index: np.uint64) -> float:
    """The `index`-th standard normal number of a stream, made of `hash_uniform`'s number there."""
    return normal_quantile(hash_uniform(key, stream, index))


@kernel
def normal(state: Record) -> float:
    """Draw a standard normal number from a state's own stream and advance its counter."""
    return normal_quantile(uniform(state, 0.0, 1.0))
