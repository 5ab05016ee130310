"""The scripted drift expert: closed form and a function of the state alone (Markov).

A cascade: the course follows the centreline, the yaw rate holds the reference sideslip, the front
tyre's force gives the yaw acceleration, and the brush tyre is inverted in closed form to a steering
angle. Angles that should be small are measured by their sines.
"""

from math import sqrt

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Expert, Record
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.dynamics import clip, lap_position, lookup
from il_envs.worlds.drift_car.track import GRAVITY

COURSE_GAIN = 8.3  # 1/s
LATERAL_GAIN = 0.085  # 1/m, times speed
LATERAL_SCALE = 2.2  # m, beyond which the lateral error saturates
SIDESLIP_GAIN = 2.0  # 1/s
YAW_GAIN = 10.5  # 1/s
SPEED_GAIN = 2.5  # 1/s
COURSE_ACCELERATION_MAX = 0.95 * car.REAR_FRICTION * GRAVITY  # m/s^2

NOISE = 0.1  # standard deviation, of the noisy style's commands
NOISE_STREAM = np.uint64(2**32)  # draw indices that no reset reaches
STEERING_REACH = car.STEERING_RATE * car.CONTROL_PERIOD  # rad, in one step
GRID_SPACING, GRID_REACH = 0.02, 5  # of the unlearnable style's steering commands, a step


@kernel
def saturate(value: float, limit: float) -> float:
    """A smooth limiter: slope 1 at zero, towards +-limit far away."""
    return value / sqrt(1.0 + (value / limit) * (value / limit))


@kernel
def inverse_brush(force: float) -> float:
    """Slip (tangent of the angle) at which the front tyre gives `force`, or as near as it can.

    The brush polynomial is grip * (1 - (1 - z)^3), so z takes one cube root, by Newton's method.
    """
    remaining = max(1.0 - abs(force) / car.FRONT_GRIP, 1e-3)
    root = (1.0 + 2.0 * remaining) / 3.0
    for _ in range(8):
        root -= (root * root * root - remaining) / (3.0 * root * root)
    size = 3.0 * car.FRONT_GRIP / car.FRONT_STIFFNESS * (1.0 - root)
    return -size if force > 0.0 else size


@kernel
def steering_angle(tangent: float) -> float:
    """arctan(tangent) by its Pade approximant, within 1e-3 rad up to the steering lock."""
    square = tangent * tangent
    return tangent * (15.0 + 4.0 * square) / (15.0 + 9.0 * square)


@kernel
def desired_yaw_acceleration(state: Record, track: Record, line: float) -> float:
    """Yaw acceleration that follows a line `line` m to the left of the centreline at the reference
    sideslip, in rad/s^2."""
    x, y = state.forward_speed, state.lateral_speed
    speed = max(sqrt(x * x + y * y), 1.0)
    beta_cos, beta_sin = x / speed, y / speed
    course_cos = state.heading_cos * beta_cos - state.heading_sin * beta_sin
    course_sin = state.heading_sin * beta_cos + state.heading_cos * beta_sin
    curvature = lookup(track.curvature, lap_position(state, track))
    along = speed * course_cos / (1.0 - curvature * state.lateral)
    course_rate = (
        curvature * along
        - COURSE_GAIN * course_sin
        - LATERAL_GAIN * speed * saturate(state.lateral - line, LATERAL_SCALE)
    )
    course_rate = saturate(course_rate, COURSE_ACCELERATION_MAX / speed)

    target = lookup(track.sideslip, lap_position(state, track))
    target_sin = target * (1.0 - target * target / 6.0)
    target_cos = sqrt(1.0 - target_sin * target_sin)
    sideslip_error = beta_sin * target_cos - beta_cos * target_sin
    target_rate = lookup(track.sideslip_slope, lap_position(state, track)) * along
    yaw_rate = course_rate - target_rate + SIDESLIP_GAIN * sideslip_error
    return YAW_GAIN * (yaw_rate - state.yaw_rate)


@kernel
def drive_command(state: Record, track: Record, share: float) -> float:
    """Drive action in [-1, 1] that brings the speed to a share of the track's reference."""
    x, y = state.forward_speed, state.lateral_speed
    speed = sqrt(x * x + y * y)
    target = share * lookup(track.speed, lap_position(state, track))
    return clip(car.MASS * SPEED_GAIN * (target - speed) / car.DRIVE_MAX, -1.0, 1.0)


@kernel
def follow(state: Record, track: Record, line: float, share: float, action: Array) -> None:
    """Follow a line `line` m to the left of the centreline at a share of the reference speed:
    inverts the car in closed form."""
    floor = car.inverse_speed(state.forward_speed)
    front_ratio = (state.lateral_speed + car.FRONT_AXLE * state.yaw_rate) * floor
    rear_ratio = (state.lateral_speed - car.REAR_AXLE * state.yaw_rate) * floor
    rear = car.brush_force(car.REAR_STIFFNESS, rear_ratio, car.rear_grip(state.drive))
    yaw_torque = car.YAW_INERTIA * desired_yaw_acceleration(state, track, line)
    slip = inverse_brush((yaw_torque + car.REAR_AXLE * rear) / car.FRONT_AXLE)
    tangent = clip((front_ratio - slip) / max(1.0 + front_ratio * slip, 0.05), -0.75, 0.75)
    action[0] = clip(steering_angle(tangent) / car.STEERING_MAX, -1.0, 1.0)
    action[1] = drive_command(state, track, share)


@kernel
def scripted(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The expert itself, on the centreline."""
    follow(state, params[state.track], 0.0, 1.0, action)


@kernel
def noisy(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The expert with a trembling hand: nearly Gaussian noise on its commands, anew each step."""
    scripted(state, params, memory, action)
    for entry in range(2):
        noise = -2.0  # the sum of four uniform numbers has mean 2 and variance 1/3
        for k in range(4):
            index = NOISE_STREAM + np.uint64(8 * state.step + 4 * entry + k)
            noise += hash_uniform(state.key, state.episode, index)
        action[entry] = clip(action[entry] + NOISE * sqrt(3.0) * noise, -1.0, 1.0)


@kernel
def unlearnable(state: Record, params: Array, memory: Array, action: Array) -> None:
    """One step ahead over a coarse grid of steering angles, rate-limited from its last command.

    The last command is hidden memory, so the action is no function of what a learner observes, and
    the rate limit makes it late: it drives most of an episode, and falls in about half of them. Its
    grid makes it jump: cloning has nothing smooth to fit, and DAgger's labels contradict one
    another.
    """
    track = params[state.track]
    desired = desired_yaw_acceleration(state, track, 0.0)
    best, best_error = memory[0], np.inf
    for k in range(2 * GRID_REACH + 1):  # 0, 1, -1, 2, -2, ...: the least change wins a tie
        offset = (k + 1) // 2 if k % 2 == 1 else -(k // 2)
        candidate = clip(memory[0] + offset * GRID_SPACING, -1.0, 1.0)
        change = car.STEERING_MAX * candidate - state.steering
        reached = state.steering + clip(change, -STEERING_REACH, STEERING_REACH)
        tangent = car.steering_tangent(reached)
        _, _, yaw_acceleration = car.accelerations(
            state.forward_speed,
            state.lateral_speed,
            state.yaw_rate,
            car.inverse_speed(state.forward_speed),
            tangent,
            1.0 / sqrt(1.0 + tangent * tangent),
            state.drive,
            car.rear_grip(state.drive),
        )
        if abs(yaw_acceleration - desired) < best_error:
            best, best_error = candidate, abs(yaw_acceleration - desired)
    memory[0] = best
    action[0] = best
    action[1] = drive_command(state, track, 1.0)


EXPERTS = {
    "scripted": Expert(scripted, "closed form and Markov; the reference of the leaderboard"),
    "noisy": Expert(noisy, "the scripted expert with Gaussian noise on its commands"),
    "unlearnable": Expert(
        unlearnable, "a rate-limited grid search with hidden memory", memory_size=1
    ),
}
