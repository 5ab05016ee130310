"""The calm experts of DriftCarFork: the centreline, and past each obstacle on one side.

The commanded curvature follows the centreline and turns the course towards a target at the side;
the steering angle is the one that a car has in a steady bend of that curvature. No expert slides.
"""

from math import sqrt

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Expert, Record
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.dynamics import clip, lap_position, lookup
from il_envs.worlds.drift_car.expert import saturate
from il_envs.worlds.drift_car.fork.dynamics import ahead

SPEED_MAX, SPEED_SHARE = 7.5, 0.7  # m/s; of the track's reference speed
SPEED_GAIN = 1.5  # 1/s
DRIVE_SHARE = 0.4  # of the largest drive; leaves the rear tyres 92% of their grip
SWERVE = 7.6  # m before the obstacle, where it begins
CLEARANCE = 2.0  # m, from the obstacle's centre to the path beside it
BEGUN = 0.5  # m to one side, from where the expert goes on to that side
SWERVE_GAIN, FOLLOW_GAIN = 1.0, 0.1  # 1/m, sine of the course towards a target so far aside
SWERVE_COURSE, FOLLOW_COURSE = 0.5, 0.12  # that sine, towards a far target
COURSE_GAIN = 0.8  # 1/m, curvature for each unit of the sine of the course
LATERAL_ACCELERATION_MAX = 6.5  # m/s^2, of the command
LOOK_AHEAD = 0.12  # s
UNDERSTEER = (
    car.MASS
    * (car.REAR_AXLE * car.REAR_STIFFNESS - car.FRONT_AXLE * car.FRONT_STIFFNESS)
    / (car.FRONT_STIFFNESS * car.REAR_STIFFNESS * car.WHEELBASE)
)  # rad s^2/m, more steering for each unit of lateral acceleration
SIDE_STREAM = np.uint64(0x51DE)  # apart from the draws of the world itself


@kernel
def drive_along(state: Record, track: Record, wanted: float, action: Array) -> None:
    """Fill the commands that bring the course to the centreline's, turned to the left by an angle
    with the sine `wanted`."""
    x, y = state.forward_speed, state.lateral_speed
    speed = max(sqrt(x * x + y * y), 1.0)
    position = lap_position(state, track) + LOOK_AHEAD * speed * (car.SAMPLES / track.length)
    curvature = lookup(track.curvature, position)
    course = (state.heading_sin * x + state.heading_cos * y) / speed
    curvature /= 1.0 - curvature * state.lateral
    sharpest = LATERAL_ACCELERATION_MAX / (speed * speed)
    command = clip(curvature + COURSE_GAIN * (wanted - course), -sharpest, sharpest)
    angle = command * (car.WHEELBASE + UNDERSTEER * speed * speed)
    action[0] = clip(angle / car.STEERING_MAX, -1.0, 1.0)
    wanted_speed = min(SPEED_SHARE * lookup(track.speed, lap_position(state, track)), SPEED_MAX)
    thrust = car.MASS * SPEED_GAIN * (wanted_speed - speed)
    action[1] = clip(thrust / car.DRIVE_MAX, -DRIVE_SHARE, DRIVE_SHARE)


@kernel
def pass_on(left: bool, state: Record, params: Array, action: Array) -> None:
    """Pass the next obstacle on this side; far from it, go gently back to the centreline."""
    if ahead(state) < SWERVE:
        aside = (CLEARANCE if left else -CLEARANCE) - state.lateral
        wanted = saturate(SWERVE_GAIN * aside, SWERVE_COURSE)
    else:
        wanted = saturate(-FOLLOW_GAIN * state.lateral, FOLLOW_COURSE)
    drive_along(state, params[state.track], wanted, action)


@kernel
def bimodal(state: Record, params: Array, memory: Array, action: Array) -> None:
    """Choose a side by a hash of the obstacle; clearly on one side, go on to that side."""
    coin = hash_uniform(state.key ^ SIDE_STREAM, state.episode, np.uint64(state.obstacle))
    left = coin < 0.5 if abs(state.lateral) < BEGUN else state.lateral > 0.0
    pass_on(left, state, params, action)


@kernel
def left(state: Record, params: Array, memory: Array, action: Array) -> None:
    pass_on(True, state, params, action)


@kernel
def right(state: Record, params: Array, memory: Array, action: Array) -> None:
    pass_on(False, state, params, action)


EXPERTS = {
    "bimodal": Expert(bimodal, "either side, by a coin for each obstacle; the reference"),
    "left": Expert(left, "always the left side"),
    "right": Expert(right, "always the right side"),
}
