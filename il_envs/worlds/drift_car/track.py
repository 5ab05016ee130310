"""Closed procedural tracks, with the reference speed and sideslip of a drifting expert on them.

A track is a random star-shaped polygon whose corners are rounded with arcs, sampled at equal arc
length and smoothed so that the curvature is continuous. Only + - * / and square roots are used, so
that tracks are bitwise the same on every machine: points of the plane are complex numbers,
directions are complex numbers of modulus 1, and no angles are needed.
"""

from functools import cache
from math import sqrt

import numpy as np

from il_envs.engine.kernels import kept_kernel
from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Record, Split

SAMPLES = 1024  # per lap, at equal arc length
PIECE_SAMPLES = 256  # of each arc and each straight, before that
CORNERS = 10
RIGHT_TURNS_MIN, RIGHT_TURN_SINE = 3, 0.3  # clockwise corners, and the sine of the least of them
HALF_WIDTH = 5.0  # m
RADIUS_MIN, RADIUS_MAX = 13.0, 32.0  # m, of a corner before smoothing
STRAIGHT_MIN, STRAIGHT_MAX = 18.0, 60.0  # m, between two corners before smoothing
CENTRE_DISTANCE_MIN, CENTRE_DISTANCE_MAX = 35.0, 120.0  # m, of a polygon corner
CLEARANCE = 4.0 * HALF_WIDTH  # m, least distance between two stretches of centreline
SMOOTHING_LENGTH = 7.0  # m, of the moving average that makes curvature continuous

GRAVITY = 9.81  # m/s^2
SPEED_MAX = 18.0  # m/s
GRIP = 0.96 * 0.85  # lateral acceleration over gravity: 96% of what the rear tyres can give
ACCELERATION, DECELERATION = 2.5, 3.0  # m/s^2, of the reference speed
SIDESLIP_MAX = 0.5  # rad, of the reference
SIDESLIP_CURVATURE_START, SIDESLIP_CURVATURE_RANGE = 0.015, 0.02  # 1/m

BANKS: dict[Split, tuple[int, int]] = {"training": (0, 48), "held_out": (1_000_000, 24)}
"""First seed and number of tracks of each bank."""

PARAMS = np.dtype(
    [
        ("length", "f8"),  # m
        ("x", "f8", SAMPLES),  # m, centreline, for pictures only
        ("y", "f8", SAMPLES),
        ("tangent_x", "f8", SAMPLES),
        ("tangent_y", "f8", SAMPLES),
        ("curvature", "f8", SAMPLES),  # 1/m, positive turns left
        ("speed", "f8", SAMPLES),  # m/s, reference
        ("sideslip", "f8", SAMPLES),  # rad, reference
        ("sideslip_slope", "f8", SAMPLES),  # rad/m, its derivative along the track
    ]
)


@cache
def bank(split: Split, offset: int = 0) -> np.ndarray:
    """The tracks of a split, an array of `PARAMS` records [number of tracks].

    Args:
        offset: of their seeds, in an instance.
    """
    first_seed, count = BANKS[split]
    tracks = np.zeros(count, PARAMS)
    build = kept_kernel("the tracks", _build_tracks, tracks[:0], 0)
    build(tracks, offset + first_seed)
    tracks.flags.writeable = False
    return tracks


@kernel
def _build_tracks(tracks: Array, first_seed: int) -> None:
    corner = np.empty(CORNERS, np.complex128)
    rounded = np.empty(CORNERS * 2 * PIECE_SAMPLES, np.complex128)
    centreline = np.empty(SAMPLES, np.complex128)
    smoother, smooth = np.empty(SAMPLES, np.complex128), np.empty(SAMPLES, np.complex128)
    for i in range(tracks.size):
        key = np.uint64(first_seed + i)
        attempt = np.uint64(0)
        accepted = False
        while not accepted:
            attempt += np.uint64(1)
            _draw_corners(key, attempt, corner)
            accepted = _round_corners(key, attempt, corner, rounded) and _is_clear(rounded)
        length = _resample(rounded, centreline)
        window = int(SMOOTHING_LENGTH / (2.0 * length / SAMPLES))
        _average(centreline, window, smoother)
        _average(smoother, window, smooth)
        length = _resample(smooth, centreline)
        _fill_geometry(tracks[i], centreline, length)
        _fill_references(tracks[i])


@kernel
def _modulus(z: complex) -> float:
    return sqrt(z.real * z.real + z.imag * z.imag)


@kernel
def _draw_corners(key: np.uint64, attempt: np.uint64, corner: Array) -> None:
    """A star-shaped polygon, anticlockwise: one corner in each sector of the circle."""
    for k in range(CORNERS):
        jitter = hash_uniform(key, attempt, np.uint64(3 * k))
        side, along = divmod((k + 0.7 * jitter) * 4.0 / CORNERS, 1.0)
        outward = 1.0 + 1j * (2.0 * along - 1.0)  # on the right-hand side of the unit square ...
        for _ in range(int(side)):
            outward *= 1j  # ... turned by quarter circles
        share = hash_uniform(key, attempt, np.uint64(3 * k + 1))
        distance = CENTRE_DISTANCE_MIN + (CENTRE_DISTANCE_MAX - CENTRE_DISTANCE_MIN) * share
        corner[k] = outward * (distance / _modulus(outward))


@kernel
def _round_corners(key: np.uint64, attempt: np.uint64, corner: Array, points: Array) -> bool:
    """Sample the polygon with rounded corners; False if the polygon makes a poor track."""
    direction = np.empty(CORNERS, np.complex128)  # of the edge that leaves corner k
    edge_length = np.empty(CORNERS)
    for k in range(CORNERS):
        edge = corner[(k + 1) % CORNERS] - corner[k]
        edge_length[k] = _modulus(edge)
        direction[k] = edge * (1.0 / edge_length[k])
    radius = np.empty(CORNERS)
    tangent_length = np.empty(CORNERS)
    left_turn = np.empty(CORNERS, np.bool_)
    right_turns = 0
    for k in range(CORNERS):
        turn = direction[k] * direction[k - 1].conjugate()
        share = hash_uniform(key, attempt, np.uint64(3 * k + 2))
        radius[k] = RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * share
        tangent_length[k] = radius[k] * sqrt((1.0 - turn.real) / (1.0 + turn.real + 1e-9))
        left_turn[k] = turn.imag > 0.0
        right_turns += turn.imag < -RIGHT_TURN_SINE
    if right_turns < RIGHT_TURNS_MIN:
        return False
    for k in range(CORNERS):
        straight = edge_length[k] - tangent_length[k] - tangent_length[(k + 1) % CORNERS]
        if straight < STRAIGHT_MIN or straight > STRAIGHT_MAX:
            return False
    row = 0
    for k in range(CORNERS):
        before, after = direction[k - 1], direction[k]
        to_centre = 1j if left_turn[k] else -1j
        start = corner[k] - tangent_length[k] * before
        centre = start + radius[k] * to_centre * before
        for i in range(PIECE_SAMPLES):  # the arc: its normal swings from one edge's to the next's
            normal = -to_centre * (before + (i / PIECE_SAMPLES) * (after - before))
            points[row] = centre + normal * (radius[k] / _modulus(normal))
            row += 1
        start = corner[k] + tangent_length[k] * after
        end = corner[(k + 1) % CORNERS] - tangent_length[(k + 1) % CORNERS] * after
        for i in range(PIECE_SAMPLES):
            points[row] = start + (i / PIECE_SAMPLES) * (end - start)
            row += 1
    return True


@kernel
def _is_clear(points: Array) -> bool:
    """True if stretches that are far apart along the track are far apart on the ground."""
    step = 16
    count = points.size // step
    for i in range(count):
        for j in range(i):
            apart = min(i - j, count - i + j)
            distance = _modulus(points[i * step] - points[j * step])
            if apart > count // CORNERS and distance < CLEARANCE:
                return False
    return True


@kernel
def _resample(points: Array, resampled: Array) -> float:
    """Points at equal arc length on a closed polyline; returns its length in metres."""
    count = points.size
    travelled = np.zeros(count + 1)
    for i in range(count):
        travelled[i + 1] = travelled[i] + _modulus(points[(i + 1) % count] - points[i])
    i = 0
    for k in range(resampled.size):
        target = travelled[count] * k / resampled.size
        while travelled[i + 1] <= target:
            i += 1
        share = (target - travelled[i]) / (travelled[i + 1] - travelled[i])
        resampled[k] = points[i] + share * (points[(i + 1) % count] - points[i])
    return travelled[count]


@kernel
def _average(values: Array, window: int, averaged: Array) -> None:
    """Mean over 2 * window + 1 samples around each sample of a periodic array."""
    for i in range(values.size):
        averaged[i] = 0.0
        for k in range(-window, window + 1):
            averaged[i] += values[(i + k) % values.size]
        averaged[i] *= 1.0 / (2 * window + 1)


@kernel
def _fill_geometry(track: Record, centreline: Array, length: float) -> None:
    track.length = length
    spacing = length / SAMPLES
    curvature = np.empty(SAMPLES)
    for i in range(SAMPLES):
        behind = centreline[i] - centreline[i - 1]
        ahead = centreline[(i + 1) % SAMPLES] - centreline[i]
        tangent = (ahead + behind) * (1.0 / _modulus(ahead + behind))
        track.x[i], track.y[i] = centreline[i].real, centreline[i].imag
        track.tangent_x[i], track.tangent_y[i] = tangent.real, tangent.imag
        curvature[i] = (ahead * behind.conjugate()).imag / (spacing * spacing * spacing)
    _average(curvature, 3, track.curvature)


@kernel
def _fill_references(track: Record) -> None:
    spacing = track.length / SAMPLES
    sideslip = np.empty(SAMPLES)
    for i in range(SAMPLES):
        curvature = track.curvature[i]
        sharpness = (abs(curvature) - SIDESLIP_CURVATURE_START) / SIDESLIP_CURVATURE_RANGE
        size = SIDESLIP_MAX * min(max(sharpness, 0.0), 1.0)
        sideslip[i] = -size if curvature > 0.0 else size
        track.speed[i] = min(sqrt(GRIP * GRAVITY / max(abs(curvature), 1e-9)), SPEED_MAX)
    _average(sideslip, int(SMOOTHING_LENGTH / (2.0 * spacing)), track.sideslip)
    for i in range(SAMPLES):
        rise = track.sideslip[(i + 1) % SAMPLES] - track.sideslip[i - 1]
        track.sideslip_slope[i] = rise / (2.0 * spacing)
    for i in range(2 * SAMPLES):  # twice around, since the track is closed
        speed = track.speed[(i - 1) % SAMPLES]
        reachable = sqrt(speed * speed + 2.0 * ACCELERATION * spacing)
        track.speed[i % SAMPLES] = min(track.speed[i % SAMPLES], reachable)
    for i in range(2 * SAMPLES, 0, -1):
        speed = track.speed[i % SAMPLES]
        reachable = sqrt(speed * speed + 2.0 * DECELERATION * spacing)
        track.speed[(i - 1) % SAMPLES] = min(track.speed[(i - 1) % SAMPLES], reachable)
