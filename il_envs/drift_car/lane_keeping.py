"""LaneKeeping: hold a car to its line through a long bend, where the best policy is known exactly.

What it tests: imitation in a continuous world with nothing left to guess. The car of DriftCar is
linearised about a steady left-hand corner (40 m radius, 17.5 m/s, 0.78 g of lateral acceleration,
where sideslip and speed swing against each other and take 2.6 s to die down by half), the cost is
quadratic and the gusts are Gaussian. The soft-optimal policy, its value, returns and entropies are
closed form: `lane_keeping.reference()`. Left alone, the car is 3 m off after 2 s, 17 m after 5 s.

Observation, Box(5), float64: the state itself, as deviations from the steady corner.

| entry | meaning | unit | range | typical |
|---|---|---|---|---|
| 0 | lateral error, positive to the left | m | -3000 ... 3000 | 0.24 |
| 1 | heading error, positive anticlockwise | rad | -100 ... 100 | 0.039 |
| 2 | forward speed | m/s | -500 ... 500 | 0.22 |
| 3 | lateral speed, positive to the left | m/s | -500 ... 500 | 0.67 |
| 4 | yaw rate, positive anticlockwise | rad/s | -50 ... 50 | 0.14 |

No sequence of actions leaves these ranges within an episode; "typical" is the expert's deviation in
the long run.

Action, Box(2), float64, -1 to 1, held for a step of 0.04 s: steering angle (1 is 0.5 rad left) and
drive force (1 is 3 kN forward), as deviations too. The bounds are more than 8 standard
deviations of what the expert asks for: the probability that it asks for more in an episode, and is
clipped, is below 1e-12, so that actions are as good as unbounded. A linear world knows no locks and
no limit of grip: far from the corner it is exact, not true.

Reward of a step, for the state x before it and the action u: minus the sum of x'Qx and u'Ru, with
Q = diag(2, 8, 1, 0.5, 2) and R = diag(125, 36); the last step's also holds -x'Fx of the last state,
the cost of driving on for ever, so that the best policy is the same at every step. Temperature 1:
a unit of reward is a nat. Episodes last 125 steps (5 s); nothing terminates.

`info`: `lateral_error` (m, its size now), `mean_lateral_error` (m, over the episode).

The splits are alike. Experts: `scripted` (the causal soft-optimal policy, Gaussian), `mean` (its
mean, which is the best policy for the reward alone).

LaneKeepingStill is the same bend without gusts, with the same experts, for gusts change no gain;
its exact answer is `lane_keeping.reference("LaneKeepingStill")`. Every episode starts one standard
deviation of LaneKeeping's starts off the line: 0.5 m, 0.035 rad, 0.3 and 0.5 m/s, 0.1 rad/s. It is
for methods whose theory leaves nothing to luck: the weights of guided cost learning (Finn, Levine
and Abbeel 2016) aim at the posterior model, which is the causal one here, and are normalised over
the episodes of one start, where Gaussian starts give one episode each.
"""

from functools import cache, partial

import gymnasium as gym
import numpy as np
from numba import njit

from il_envs.canvas import Canvas
from il_envs.drift_car.expert import NOISE_STREAM
from il_envs.linear_gaussian import LinearQuadraticModel
from il_envs.linear_quadratic import LinearQuadraticSoftOptimal, linear_quadratic_soft_optimal
from il_envs.random import hash_normal, normal
from il_envs.world import (
    STATE_HEADER,
    Array,
    Expert,
    PlayKey,
    Record,
    Split,
    States,
    World,
    register,
)

RADIUS = 40.0  # m, of the bend
SPEED = 17.5  # m/s, of the steady corner
SIDESLIP = -0.046458  # rad, of the steady corner: the nose points into the bend
STEERING = 0.091219  # rad, of the steady corner
DRIVE = 1.15067  # kN, of the steady corner
CONTROL_PERIOD = 0.04  # s
MAX_EPISODE_STEPS = 125

# The corner's linearisation, discretised exactly for inputs that are held for a step (a matrix
# exponential) and rounded, so that every machine has the same bits; tests/test_lane_keeping.py
# derives it anew from dynamics.py.
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


@cache
def reference(name: str = "LaneKeeping") -> LinearQuadraticSoftOptimal:
    """The causal soft-optimal policy at temperature 1, which `scripted` follows, and its model."""
    bend = BENDS[name][0]
    return linear_quadratic_soft_optimal(
        LinearQuadraticModel(
            transition=TRANSITION,
            control=CONTROL,
            noise=bend["gust"] @ bend["gust"].T,
            state_cost=np.diag(STATE_COST),
            action_cost=np.diag(ACTION_COST),
            initial_mean=bend["start_mean"],
            initial_covariance=np.diag(bend["start_deviation"] ** 2),
            horizon=MAX_EPISODE_STEPS,
            final_cost=FINAL_COST,
        )
    )


@njit
def reset(state: Record, params: Array) -> None:
    bend = params[0]
    for i in range(STATES):
        state.deviation[i] = bend.start_mean[i] + bend.start_deviation[i] * normal(state)
    state.action[:] = 0.0
    state.lateral_sum = 0.0


@njit
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    bend, cost = params[0], 0.0
    before = state.deviation.copy()
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


@njit
def observe(state: Record, params: Array, out: Array) -> None:
    for i in range(STATES):  # the limits are for steps after an episode's end
        out[i] = min(max(state.deviation[i], -OBSERVATION_MAX[i]), OBSERVATION_MAX[i])


@njit
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = abs(state.deviation[0])
    out[1] = state.lateral_sum / max(state.step, 1)


@njit
def mean(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The soft-optimal policy's mean."""
    for i in range(ACTIONS):
        target = 0.0
        for j in range(STATES):
            target -= GAIN[i, j] * state.deviation[j]
        action[i] = min(max(target, -1.0), 1.0)


@njit
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


def draw(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the bend, the expert's tube and the car; imports what paints it only now."""
    from il_envs.drift_car import lane_scene

    lane_scene.paint(state, params, canvas)


def _register(name: str) -> World:
    def params(split: Split) -> States:
        """The same bend in either split."""
        return BENDS[name]

    return register(
        World(
            name=name,
            state=STATE,
            params=params,
            observation_space=gym.spaces.Box(-OBSERVATION_MAX, OBSERVATION_MAX, dtype=np.float64),
            action_space=gym.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float64),
            action_names=("steering", "drive"),
            reset=reset,
            step=step,
            observe=observe,
            measure=measure,
            measures=MEASURES,
            draw=draw,
            experts={
                "scripted": Expert(scripted, "causal soft-optimal, Gaussian; exact"),
                "mean": Expert(mean, "the mean of the soft-optimal policy"),
            },
            control_period=CONTROL_PERIOD,
            max_episode_steps=MAX_EPISODE_STEPS,
            play_keys=(
                PlayKey("left", 0, 0.3, "steer left", rise=1.2, fall=2.4),
                PlayKey("right", 0, -0.3, "steer right", rise=1.2, fall=2.4),
                PlayKey("up", 1, 0.6, "drive", rise=3.0, fall=6.0),
                PlayKey("down", 1, -0.6, "brake", rise=3.0, fall=6.0),
            ),
            reference=partial(reference, name),
        )
    )


lane_keeping = _register("LaneKeeping")
lane_keeping_still = _register("LaneKeepingStill")
