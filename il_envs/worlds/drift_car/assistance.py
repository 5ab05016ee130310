"""Driving assistance for people, as road cars have it; each help is a bounded change of a command.

- Speed limiter: above a share of the speed at which the expert takes this stretch of the track, it
  cuts the throttle and brakes.
- Traction control: drive and brake leave the rear tyres most of their grip for cornering.
- Lane keeping assistance: above 22 km/h it turns the wheels a little towards the centreline, too
  little for any corner of the tracks.
- Steering limiter: the front wheels stay near the direction in which they travel, where the tyres
  grip best. When the car slides they follow it, which is a counter-steer.

None of them knows the expert's commands, and none drives: without a player the car leaves the road
at the first bend.
"""

from functools import cache
from math import sqrt

import numpy as np

from il_envs.engine.kernels import kept_kernel
from il_envs.kernel import kernel
from il_envs.views import Array, States
from il_envs.world import Kernel, Record
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.dynamics import clip, lap_position, lookup
from il_envs.worlds.drift_car.expert import SPEED_GAIN, steering_angle
from il_envs.worlds.drift_car.track import bank

SPEED_SHARE = 0.75  # of the reference speed
DRIVE_SHARE = 0.5  # of the largest drive; leaves the rear tyres 87% of their grip
LANE_STEERING_MAX = 0.06  # rad, a tenth of the steering lock
LANE_OFFSET_GAIN, LANE_HEADING_GAIN = 0.05, 1.0  # rad/m, rad/rad
LANE_SPEED_MIN, LANE_SPEED_FADE = 6.0, 2.0  # m/s, where it sets in, and so much until it is full
SLIP_MAX = 0.12  # rad, of the front tyres; they lose grip from 0.22 on


@kernel
def limited_drive(state: Record, track: Record, drive: float) -> float:
    """The drive command behind the speed limiter."""
    x, y = state.forward_speed, state.lateral_speed
    limit = SPEED_SHARE * lookup(track.speed, lap_position(state, track))
    excess = sqrt(x * x + y * y) - limit
    most = -car.MASS * SPEED_GAIN * excess / car.DRIVE_MAX
    return max(min(drive, most), -1.0)


@kernel
def controlled_traction(drive: float) -> float:
    """The drive command behind the traction control."""
    return clip(drive, -DRIVE_SHARE, DRIVE_SHARE)


@kernel
def lane_steering(state: Record) -> float:
    """The steering angle that the lane keeping assistance adds, in rad."""
    share = clip((state.forward_speed - LANE_SPEED_MIN) / LANE_SPEED_FADE, 0.0, 1.0)
    wanted = -LANE_OFFSET_GAIN * state.lateral - LANE_HEADING_GAIN * state.heading_sin
    return share * clip(wanted, -LANE_STEERING_MAX, LANE_STEERING_MAX)


@kernel
def limited_steering(state: Record, angle: float) -> float:
    """The steering angle behind the steering limiter, in rad."""
    lateral_speed = state.lateral_speed + car.FRONT_AXLE * state.yaw_rate
    travel = steering_angle(clip(lateral_speed * car.inverse_speed(state.forward_speed), -1.0, 1.0))
    return clip(angle, travel - SLIP_MAX, travel + SLIP_MAX)


@kernel
def assisted(state: Record, params: Array, action: Array, executed: Array) -> None:
    """Fill the row `executed` with the action to execute."""
    angle = clip(
        car.STEERING_MAX * action[0] + lane_steering(state), -car.STEERING_MAX, car.STEERING_MAX
    )
    executed[0] = clip(limited_steering(state, angle) / car.STEERING_MAX, -1.0, 1.0)
    executed[1] = controlled_traction(limited_drive(state, params[state.track], action[1]))


def assist(state: np.void, params: States, action: Array) -> Array:
    """The action to execute, float32 [2] in the action space, where the player gives `action`."""
    executed = np.empty_like(action)
    _kernel(state.dtype)(state, params, action, executed)
    return executed


@cache
def _kernel(of_state: np.dtype[np.void]) -> Kernel:
    """Compiled for a world of cars with such State records."""
    state, action = np.zeros(1, of_state)[0], np.zeros(2, np.float32)
    return kept_kernel("DriftCar's assistance", assisted, state, bank("training"), action, action)
