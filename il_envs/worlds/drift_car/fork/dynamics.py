"""The car of DriftCar among obstacles on the centreline."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import STATE_HEADER, Record
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.dynamics import clip, lookup
from il_envs.worlds.drift_car.track import HALF_WIDTH

OBSTACLE_RADIUS = 1.2  # m; half of the car's width is included, so the car is a point
GAP_MIN, GAP_MAX = 60.0, 90.0  # m of centreline, from the start or an obstacle to the next one
START_SHARE, START_SPEED_MAX = 0.7, 7.5  # of DriftCar's speed at the start; m/s
SIGHT = 20.0  # m, of the observation
GAP_STREAM = np.uint64(0x6A9)  # apart from the draws of the world itself

# Not at the end: a record that begins as DriftCar's does would pass for one of DriftCar's in
# compiled functions.
STATE = np.dtype(
    [
        *STATE_HEADER,
        ("obstacle", "i8"),  # number of the next one, from 0
        ("obstacle_at", "f8"),  # m, the distance at which it stands
        ("passed_left", "i8"),  # obstacles passed on their left side
        ("passed_right", "i8"),
        ("touched", "i8"),  # 1 after contact
        *car.STATE.descr[len(STATE_HEADER) :],
    ]
)
MEASURES = (*car.MEASURES, "passed", "passed_left", "passed_right")
OBSERVATION_LOW = np.array([*-car.OBSERVATION_MAX, -OBSTACLE_RADIUS, -HALF_WIDTH], np.float32)
OBSERVATION_HIGH = np.array([*car.OBSERVATION_MAX, SIGHT, HALF_WIDTH], np.float32)


@kernel
def gap(key: np.uint64, episode: np.uint64, obstacle: int) -> float:
    """Metres of centreline from the obstacle before, or the start, to this one."""
    share = hash_uniform(key ^ GAP_STREAM, episode, np.uint64(obstacle))
    return GAP_MIN + (GAP_MAX - GAP_MIN) * share


@kernel
def reset(state: Record, params: Array) -> None:
    car.reset(state, params)
    slower = min(START_SHARE, START_SPEED_MAX / state.forward_speed)
    state.forward_speed *= slower
    state.yaw_rate *= slower
    state.obstacle = 0
    state.obstacle_at = gap(state.key, state.episode, 0)
    state.passed_left, state.passed_right, state.touched = 0, 0, 0


@kernel
def ahead(state: Record) -> float:
    """Metres of centreline to the next obstacle, negative beside its far half."""
    return state.obstacle_at - state.distance


@kernel
def touches(state: Record, track: Record) -> bool:
    """Whether the car's centre of mass is within the next obstacle.

    The distance is exact up to the fourth order in the angle of the bend between the two.
    """
    curvature = lookup(track.curvature, car.lap_position(state, track))
    along, across = ahead(state), state.lateral
    square = along * along * (1.0 - curvature * across) + across * across
    return square < OBSTACLE_RADIUS * OBSTACLE_RADIUS


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    reward, terminated = car.step(state, action, params)
    if touches(state, params[state.track]):
        state.touched = 1
        return reward, True
    if ahead(state) < -OBSTACLE_RADIUS:
        if state.lateral > 0.0:
            state.passed_left += 1
        else:
            state.passed_right += 1
        state.obstacle += 1
        state.obstacle_at += gap(state.key, state.episode, state.obstacle)
    return reward, terminated


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    car.observe(state, params, out)
    entry = car.OBSERVATION_MAX.size
    out[entry] = clip(ahead(state), -OBSTACLE_RADIUS, SIGHT)
    out[entry + 1] = clip(-state.lateral, -HALF_WIDTH, HALF_WIDTH)


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    car.measure(state, params, out)
    entry = len(car.MEASURES)
    passed = state.passed_left + state.passed_right
    out[entry - 1] = out[entry - 1] != 0.0 and state.touched == 0 and passed > 0
    out[entry] = passed
    out[entry + 1] = state.passed_left
    out[entry + 2] = state.passed_right
