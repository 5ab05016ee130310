"""The linearised car in its bend: numbers, kernels and experts."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_normal, normal
from il_envs.views import Array, States
from il_envs.world import STATE_HEADER, Expert, Record
from il_envs.worlds.drift_car.expert import NOISE_STREAM

RADIUS = 40.0  # m, of the bend
SPEED = 17.5  # m/s, of the steady corner
SIDESLIP = -0.046458  # rad, of the steady corner: the nose points into the bend
STEERING = 0.091219  # rad, of the steady corner
DRIVE = 1.15067  # kN, of the steady corner
CONTROL_PERIOD = 0.04  # s
MAX_EPISODE_STEPS = 125

# The corner's linearisation, discretised exactly for inputs that are held for a step (a matrix
# exponential) and rounded, so that every machine has the same bits; its test derives it anew from
# DriftCar's dynamics.
TRANSITION = np.array(
    [
        [0.999847, 0.699964, 0.001107, 0.038667, 0.000203],
        [-0.000437, 0.999847, -0.00096, -0.000057, 0.038321],
        [0.0, 0.0, 0.999143, 0.02033, -0.034171],
        [0.0, 0.0, -0.020477, 0.936033, -0.652199],
        [0.0, 0.0, 0.001936, -0.004036, 0.917691],
    ]
)
CONTROL = np.array(
    [
        [0.006267, -0.000238],
        [0.00614, 0.000283],
        [-0.112963, 0.09553],
        [0.209521, -0.021697],
        [0.299396, 0.016348],
    ]
)
GUST = np.array(  # of forward and lateral acceleration (0.8, 2 m/s^2) and yaw (2 rad/s^2)
    [
        [0.000022, 0.001564, 0.000003],
        [-0.000016, -0.000001, 0.001555],
        [0.031988, 0.000821, -0.001291],
        [-0.000328, 0.077396, -0.026772],
        [0.000031, -0.000166, 0.076641],
    ]
)
START = np.array([0.5, 0.035, 0.3, 0.5, 0.1])  # standard deviations of the first state
STATE_COST = np.array([2.0, 8.0, 1.0, 0.5, 2.0])
ACTION_COST = np.array([125.0, 36.0])
FINAL_COST = np.array(  # what the stationary Riccati equation gives
    [
        [57.6106, 579.6669, -4.6739, 21.487, 19.7113],
        [579.6669, 10913.096, -14.6302, 352.0851, 653.1426],
        [-4.6739, -14.6302, 37.3656, 3.9044, -15.1163],
        [21.487, 352.0851, 3.9044, 16.9714, -1.1146],
        [19.7113, 653.1426, -15.1163, -1.1146, 177.9455],
    ]
)
GAIN = np.array(  # of the soft-optimal policy, whose mean action is -GAIN @ deviation
    [
        [0.100157, 2.397482, -0.056938, 0.03342, 0.436583],
        [-0.012653, 0.106191, 0.089131, 0.003074, 0.040378],
    ]
)
HAND = np.array([[0.05836243, 0.0], [-0.00028399, 0.11730507]])  # Cholesky root of its covariance
ACTION_UNIT = np.array([0.5, 3.0])  # rad, kN, of an action of 1
OBSERVATION_MAX = np.array([3000.0, 100.0, 500.0, 500.0, 50.0])  # m, rad, m/s, m/s, rad/s
STATES, ACTIONS = CONTROL.shape
GUSTS = GUST.shape[1]

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("deviation", "f8", STATES),  # from the steady corner, as observed
        ("action", "f8", ACTIONS),  # the last one, of -1 to 1, for pictures
        ("lateral_sum", "f8"),  # m, sum over steps of |lateral error|
    ]
)
PARAMS = np.dtype(
    [
        ("gust", "f8", GUST.shape),
        ("start_mean", "f8", STATES),  # of the first deviation
        ("start_deviation", "f8", STATES),  # its standard deviations
    ]
)
MEASURES = ("lateral_error", "mean_lateral_error")


def _bend(gust: Array, start_mean: Array, start_deviation: Array) -> States:
    """The one `PARAMS` record of a world, [1]."""
    bend = np.zeros(1, PARAMS)
    bend["gust"], bend["start_mean"], bend["start_deviation"] = gust, start_mean, start_deviation
    bend.flags.writeable = False
    return bend


BENDS = {
    "LaneKeeping": _bend(GUST, np.zeros(STATES), START),
    "LaneKeepingStill": _bend(np.zeros_like(GUST), START, np.zeros(STATES)),
}


@kernel
def reset(state: Record, params: Array) -> None:
    bend = params[0]
    for i in range(STATES):
        state.deviation[i] = bend.start_mean[i] + bend.start_deviation[i] * normal(state)
    state.action[:] = 0.0
    state.lateral_sum = 0.0


def gentle_start(state: Record, params: States) -> None:
    """A start for people: the steady corner itself."""
    state["deviation"] = 0.0


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    bend, deviation, cost = params[0], state.deviation, 0.0
    before = deviation[0], deviation[1], deviation[2], deviation[3], deviation[4]
    for i in range(STATES):
        cost += STATE_COST[i] * before[i] * before[i]
        state.deviation[i] = 0.0
        for j in range(STATES):
            state.deviation[i] += TRANSITION[i, j] * before[j]
        for j in range(ACTIONS):
            state.deviation[i] += CONTROL[i, j] * action[j]
    for j in range(ACTIONS):
        cost += ACTION_COST[j] * action[j] * action[j]
        state.action[j] = action[j]
    for j in range(GUSTS):
        gust = normal(state)
        for i in range(STATES):
            state.deviation[i] += bend.gust[i, j] * gust
    if state.step == MAX_EPISODE_STEPS - 1:
        for i in range(STATES):
            for j in range(STATES):
                cost += FINAL_COST[i, j] * state.deviation[i] * state.deviation[j]
    state.lateral_sum += abs(state.deviation[0])
    return -cost, False


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    for i in range(STATES):  # the limits are for steps after an episode's end
        out[i] = min(max(state.deviation[i], -OBSERVATION_MAX[i]), OBSERVATION_MAX[i])


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = abs(state.deviation[0])
    out[1] = state.lateral_sum / max(state.step, 1)


@kernel
def mean(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The soft-optimal policy's mean."""
    for i in range(ACTIONS):
        target = 0.0
        for j in range(STATES):
            target -= GAIN[i, j] * state.deviation[j]
        action[i] = min(max(target, -1.0), 1.0)


@kernel
def scripted(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The soft-optimal policy itself, with noise of its own for each step."""
    mean(state, params, memory, action)
    for j in range(ACTIONS):
        index = NOISE_STREAM + np.uint64(ACTIONS * state.step + j)
        noise = hash_normal(state.key, state.episode, index)
        for i in range(j, ACTIONS):
            action[i] += HAND[i, j] * noise
    for i in range(ACTIONS):
        action[i] = min(max(action[i], -1.0), 1.0)


EXPERTS = {
    "scripted": Expert(scripted, "causal soft-optimal, Gaussian; exact"),
    "mean": Expert(mean, "the mean of the soft-optimal policy"),
}
