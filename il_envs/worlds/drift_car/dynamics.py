"""The drifting car: a dynamic single-track model in the coordinates of its track.

The car has rear drive and brush (Fiala) tyres; the rear tyre shares its grip between drive and
cornering by the friction circle. A steady drift is open-loop unstable: a small steering error
doubles in about a quarter of a second, so the errors of behaviour cloning compound.

The position is kept as station (distance along the centreline), lateral offset and the unit vector
of the heading relative to the track, so that the dynamics need no trigonometry.
"""

from math import sqrt

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import integer, uniform
from il_envs.views import Array
from il_envs.world import STATE_HEADER, Record
from il_envs.worlds.drift_car.track import GRAVITY, HALF_WIDTH, SAMPLES

MASS = 1250.0  # kg
YAW_INERTIA = 1550.0  # kg m^2
FRONT_AXLE = 1.20  # m, from the centre of mass
REAR_AXLE = 1.35  # m
WHEELBASE = FRONT_AXLE + REAR_AXLE
FRONT_STIFFNESS = 80e3  # N/rad, cornering stiffness
REAR_STIFFNESS = 110e3
FRONT_FRICTION = 0.90
REAR_FRICTION = 0.85
FRONT_GRIP = FRONT_FRICTION * MASS * GRAVITY * REAR_AXLE / WHEELBASE  # N
REAR_GRIP = REAR_FRICTION * MASS * GRAVITY * FRONT_AXLE / WHEELBASE  # N
DRAG = 0.6  # N s^2/m^2
ROLLING_RESISTANCE = 60.0  # N
STEERING_MAX = 0.62  # rad, of the front wheels
STEERING_RATE = 3.0  # rad/s
DRIVE_MAX = 0.98 * REAR_GRIP  # N, at the rear wheels, either way; some grip is left for cornering
DRIVE_LAG = 0.08  # s

CONTROL_PERIOD = 0.04  # s
SUBSTEPS = 4
PHYSICS_PERIOD = CONTROL_PERIOD / SUBSTEPS

SPIN_COSINE = 0.25881904510252074  # of 75 degrees of sideslip
SPIN_SPEED_MIN = 2.0  # m/s, below which sideslip is not judged
PROGRESS_UNIT = 10.0  # m, of track for a reward of 1
DRIFT_BONUS = 0.3  # share of the progress reward, in a full drift
DRIFT_SINE = 0.5  # of the sideslip that counts as a full drift (30 degrees)
MAX_EPISODE_STEPS = 1000

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("track", "i8"),  # row of the track bank
        ("station", "f8"),  # m, along the centreline, from 0 to the track's length
        ("lateral", "f8"),  # m, positive to the left of the centreline
        ("heading_cos", "f8"),  # of the heading relative to the track
        ("heading_sin", "f8"),
        ("forward_speed", "f8"),  # m/s, in the car's frame
        ("lateral_speed", "f8"),  # m/s, positive to the left
        ("yaw_rate", "f8"),  # rad/s
        ("steering", "f8"),  # rad, of the front wheels
        ("drive", "f8"),  # N, at the rear wheels
        ("distance", "f8"),  # m, of centreline covered in this episode
        ("lateral_sum", "f8"),  # m, sum over steps of |lateral|
    ]
)

MEASURES = ("distance", "lateral_error", "mean_lateral_error", "sideslip", "is_success")
PREVIEW = (0.0, 3.0, 6.0, 10.0, 15.0, 20.0, 26.0, 33.0, 40.0)  # m ahead
SPEED_LIMIT, YAW_LIMIT, LATERAL_LIMIT = 40.0, 10.0, 7.0  # m/s, rad/s, m, of the observation
OBSERVATION_MAX = np.array(
    [SPEED_LIMIT, SPEED_LIMIT, YAW_LIMIT, STEERING_MAX, DRIVE_MAX / 1000.0, LATERAL_LIMIT]
    + [1.0, 1.0]
    + [0.2] * len(PREVIEW),
    np.float32,
)  # the least value of each entry is its negative


@kernel
def lookup(table: Array, position: float) -> float:
    """Linear interpolation in a periodic table of `SAMPLES` values; `position` is in samples.

    Who drives on after an episode's end, far off the track, gets beyond the second lap: no memory
    but the table's is read there.
    """
    index = int(position)
    share = position - index
    if index >= SAMPLES:
        index -= SAMPLES
    index = min(max(index, 0), SAMPLES - 1)
    following = index + 1 if index + 1 < SAMPLES else 0
    return table[index] + share * (table[following] - table[index])


@kernel
def lap_position(state: Record, track: Record) -> float:
    """Where the car is on its track, in samples of the track's tables."""
    return state.station * (SAMPLES / track.length)


@kernel
def clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@kernel
def brush_force(stiffness: float, slip: float, grip: float) -> float:
    """Lateral force of a brush tyre (Fiala), in newtons; `slip` is the tangent of its angle."""
    z = clip(slip * (stiffness / (3.0 * grip)), -1.0, 1.0)
    return -grip * z * (3.0 - 3.0 * abs(z) + z * z)


@kernel
def steering_tangent(angle: float) -> float:
    """tan(angle) by its Pade approximant, within 4e-5 up to the steering lock."""
    square = angle * angle
    return angle * (15.0 - square) / (15.0 - 6.0 * square)


@kernel
def rear_grip(drive: float) -> float:
    """What the friction circle leaves the rear tyre for cornering, in newtons."""
    return sqrt(REAR_GRIP * REAR_GRIP - drive * drive)


@kernel
def inverse_speed(forward_speed: float) -> float:
    """1 / sqrt(v^2 + 1), which turns lateral speeds into slopes and stays finite at rest; s/m."""
    return 1.0 / sqrt(forward_speed * forward_speed + 1.0)


@kernel
def rolling_direction(forward_speed: float) -> float:
    """-1 for a car that is in reverse, else 1; like sideslip, not judged when it hardly moves."""
    return -1.0 if forward_speed < -SPIN_SPEED_MIN else 1.0


@kernel
def accelerations(
    x: float,
    y: float,
    w: float,
    floor: float,
    tangent: float,
    cosine: float,
    drive: float,
    grip: float,
    direction: float = 1.0,
) -> tuple[float, float, float]:
    """Time derivatives of the speeds x and y of the body (m/s^2) and of its yaw rate w (rad/s^2).

    `floor` is `inverse_speed(x)`; `tangent` and `cosine` are of the steering angle; `grip` is
    `rear_grip(drive)`. They change slowly and are computed once for both stages of a substep.
    `direction` is the `rolling_direction`: in reverse, front wheels that point left push to the
    right.
    """
    ratio, steered = (y + FRONT_AXLE * w) * floor, direction * tangent
    slip = (ratio - steered) / max(1.0 + ratio * steered, 0.05)  # tangent of a difference of angles
    front = brush_force(FRONT_STIFFNESS, slip, FRONT_GRIP) * cosine
    rear = brush_force(REAR_STIFFNESS, (y - REAR_AXLE * w) * floor, grip)
    resistance = DRAG * x * abs(x) + ROLLING_RESISTANCE * x * floor
    return (
        (drive - resistance - front * tangent) * (1.0 / MASS) + w * y,
        (front + rear) * (1.0 / MASS) - w * x,
        (FRONT_AXLE * front - REAR_AXLE * rear) * (1.0 / YAW_INERTIA),
    )


@kernel
def reset(state: Record, params: Array) -> None:
    state.track = integer(state, params.size)
    track = params[state.track]
    state.station = uniform(state, 0.0, track.length)
    state.lateral = uniform(state, -1.5, 1.5)
    state.heading_sin = uniform(state, -0.15, 0.15)
    state.heading_cos = sqrt(1.0 - state.heading_sin * state.heading_sin)
    position = lap_position(state, track)
    state.forward_speed = uniform(state, 0.75, 1.05) * lookup(track.speed, position)
    state.lateral_speed = 0.0
    state.yaw_rate = state.forward_speed * lookup(track.curvature, position)
    state.steering = 0.0
    state.drive = 0.0
    state.distance = 0.0
    state.lateral_sum = 0.0


Motion = tuple[float, float, float, float, float, float, float, float, float, float]
"""What moves in a substep: the speeds x and y and the yaw rate, cosine and sine of the heading,
lateral, station, steering, drive, and the centreline covered since the step began."""


@kernel
def substep(
    motion: Motion, steering_target: float, drive_target: float, direction: float, track: Record
) -> Motion:
    """Advance by one physics period: actuators move once, body and position by the midpoint rule
    (RK2)."""
    x, y, w, cosine, sine, lateral, station, steering, drive, travelled = motion
    h, half = PHYSICS_PERIOD, 0.5 * PHYSICS_PERIOD
    steering += clip(steering_target - steering, -STEERING_RATE * h, STEERING_RATE * h)
    drive += (drive_target - drive) * (h / (DRIVE_LAG + h))
    tangent, grip, floor = steering_tangent(steering), rear_grip(drive), inverse_speed(x)
    wheel_cosine = 1.0 / sqrt(1.0 + tangent * tangent)
    curvature = lookup(track.curvature, station * (SAMPLES / track.length))
    stretch = 1.0 / (1.0 - curvature * lateral)  # of the centreline against the car's own path

    ax, ay, aw = accelerations(x, y, w, floor, tangent, wheel_cosine, drive, grip, direction)
    swing = half * (w - curvature * stretch * (x * cosine - y * sine))
    middle_cosine, middle_sine = cosine - swing * sine, sine + swing * cosine
    middle_x, middle_y, middle_w = x + half * ax, y + half * ay, w + half * aw

    ax, ay, aw = accelerations(
        middle_x, middle_y, middle_w, floor, tangent, wheel_cosine, drive, grip, direction
    )
    along = stretch * (middle_x * middle_cosine - middle_y * middle_sine)
    lateral += h * (middle_x * middle_sine + middle_y * middle_cosine)
    swing = h * (middle_w - curvature * along)
    cosine, sine = cosine - swing * middle_sine, sine + swing * middle_cosine
    x, y, w = x + h * ax, y + h * ay, w + h * aw
    travelled += h * along
    station += h * along
    if station >= track.length:
        station -= track.length
    elif station < 0.0:
        station += track.length
    return x, y, w, cosine, sine, lateral, station, steering, drive, travelled


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    """Advance by one control period; returns the reward and whether the episode terminated."""
    track = params[state.track]
    direction = rolling_direction(state.forward_speed)
    steering_target = STEERING_MAX * np.float64(action[0])
    drive_target = DRIVE_MAX * np.float64(action[1])
    motion = (
        state.forward_speed, state.lateral_speed, state.yaw_rate, state.heading_cos,
        state.heading_sin, state.lateral, state.station, state.steering, state.drive, 0.0,
    )  # fmt: skip
    # The four SUBSTEPS, without the loop that would keep LLVM from making lanes of cars.
    motion = substep(motion, steering_target, drive_target, direction, track)
    motion = substep(motion, steering_target, drive_target, direction, track)
    motion = substep(motion, steering_target, drive_target, direction, track)
    motion = substep(motion, steering_target, drive_target, direction, track)
    x, y, w, cosine, sine, lateral, station, steering, drive, travelled = motion
    norm = 1.0 / sqrt(cosine * cosine + sine * sine)
    state.forward_speed, state.lateral_speed, state.yaw_rate = x, y, w
    state.heading_cos, state.heading_sin, state.lateral = cosine * norm, sine * norm, lateral
    state.station, state.steering, state.drive = station, steering, drive
    state.distance += travelled
    state.lateral_sum += abs(lateral)

    speed = sqrt(x * x + y * y)
    drifting = min(abs(y) / (DRIFT_SINE * max(speed, SPIN_SPEED_MIN)), 1.0)
    reward = travelled / PROGRESS_UNIT * (1.0 + DRIFT_BONUS * drifting)
    spun = speed > SPIN_SPEED_MIN and x < SPIN_COSINE * speed
    return reward, spun or abs(lateral) > HALF_WIDTH


@kernel
def sideslip_angle(forward_speed: float, lateral_speed: float) -> float:
    """Angle from the car's nose, or tail in reverse, to its course in rad, within 4e-4.

    Up to 90 degrees: the Pade approximant of the arctangent, at the tangent of half the angle.
    """
    speed = sqrt(forward_speed * forward_speed + lateral_speed * lateral_speed)
    leading = rolling_direction(forward_speed) * forward_speed
    half = lateral_speed / max(speed + leading, 1e-9)
    square = half * half
    return (
        2.0 * half * (945.0 + square * (735.0 + square * 64.0))
        / (945.0 + square * (1050.0 + square * 225.0))
    )  # fmt: skip


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = state.distance
    out[1] = abs(state.lateral)
    out[2] = state.lateral_sum / max(state.step, 1)
    out[3] = sideslip_angle(state.forward_speed, state.lateral_speed)
    out[4] = state.step >= MAX_EPISODE_STEPS and abs(state.lateral) <= HALF_WIDTH


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    track = params[state.track]
    out[0] = clip(state.forward_speed, -SPEED_LIMIT, SPEED_LIMIT)
    out[1] = clip(state.lateral_speed, -SPEED_LIMIT, SPEED_LIMIT)
    out[2] = clip(state.yaw_rate, -YAW_LIMIT, YAW_LIMIT)
    out[3] = state.steering
    out[4] = state.drive / 1000.0
    out[5] = clip(state.lateral, -LATERAL_LIMIT, LATERAL_LIMIT)
    out[6] = clip(state.heading_sin, -1.0, 1.0)
    out[7] = clip(state.heading_cos, -1.0, 1.0)
    position, scale = lap_position(state, track), SAMPLES / track.length
    for i in range(len(PREVIEW)):
        out[8 + i] = lookup(track.curvature, position + PREVIEW[i] * scale)
