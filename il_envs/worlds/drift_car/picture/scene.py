"""DriftCar seen from above: the ground, the corridor's warning, skid marks, smoke and the car.

A picture is a function of the episode's history alone. Points of the plane are complex numbers in
metres, as in `ground.py`.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import Canvas, Colour, Layer
from il_envs.drawing.history import latest, steps_ago
from il_envs.views import States
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture import car as car_picture
from il_envs.worlds.drift_car.picture import hud
from il_envs.worlds.drift_car.picture.car import WHEEL_TRACK
from il_envs.worlds.drift_car.picture.ground import (
    SCALE,
    TILE,
    Ground,
    Numbers,
    Points,
    fill,
    ground_of,
    strip,
    tile,
)
from il_envs.worlds.drift_car.picture.obstacles import paint_obstacles
from il_envs.worlds.drift_car.picture.smoke import paint_smoke
from il_envs.worlds.drift_car.track import HALF_WIDTH, SAMPLES

LEAD = 0.5  # s, by which the camera looks ahead of the car
FRAME_HEIGHT = 0.46  # of the picture, where the point ahead of the car is; below are instruments
SOON = (0.4, 0.8, 1.2)  # s, ahead of which tiles are painted
LEAD_MEMORY = 0.6  # s, over which the camera averages the car's velocity
JUMP = 3.0  # m in one step: a restored state, not motion

DANGER_START = 1.5  # m of lateral error, from which the corridor reddens
DANGER: Colour = (235, 40, 30)
BEHIND, AHEAD = 14.0, 38.0  # m, of corridor that reddens
DANGER_LANES, DANGER_SAMPLES = 8, 4  # one shade is a lane wide and so many samples long

MARK_WIDTH = 0.25  # m
MARK_OPACITY = 0.62
SLIDING_START, SLIDING_RANGE = 0.9, 0.8  # of slip, as a share of what makes the whole tyre slide

BRAKING = -0.04 * car.DRIVE_MAX  # N, from which the brake lights are lit
CAR_SIZE = 6.0  # m, side of the sheet that the car is painted on


def paint(
    state: np.void, params: States, canvas: Canvas, obstacles: Sequence[complex] = ()
) -> None:
    """Paint the picture of the last state of the canvas's history.

    Args:
        obstacles: where obstacles stand (m).
    """
    ground = ground_of(params[state["track"]].tobytes())
    history, share = latest(canvas, lambda states: jumps(states, ground))
    positions, headings = ground.poses(history)
    corner = _camera(history, positions, headings, canvas.surface, share)
    front, rear = slips(history)

    _paint_ground(canvas.surface, ground, corner)
    _prepare_ground(canvas.surface, ground, corner, headings[-1] * history["forward_speed"][-1])
    layer = Layer(canvas.surface.get_size())
    _paint_danger(layer, ground, state, corner)
    for forward, slip in ((car.FRONT_AXLE, front), (-car.REAR_AXLE, rear)):
        for side in (WHEEL_TRACK, -WHEEL_TRACK):
            wheel = positions + headings * (forward + 1j * side)
            _paint_marks(layer, wheel - corner, _sliding(slip))
    layer.lay_on(canvas.surface)
    paint_obstacles(canvas.surface, obstacles, corner)
    _paint_ghosts(canvas, ground, corner)
    paint_smoke(canvas.surface, history, positions - corner, headings, _sliding(rear), share)
    _paint_car(canvas.surface, state, complex(positions[-1] - corner), complex(headings[-1]))
    others = [
        (ghost.colour, recent[-1:])
        for ghost, recent, _ in ghosts.present(canvas, steps=2)
        if recent["track"][-1] == state["track"]
    ]
    hud.paint(canvas.surface, ground, history, others, obstacles)


def jumps(history: States, ground: Ground) -> NDArray[np.bool_]:
    """True where the car cannot have gone from one state to the next, bool [n - 1]."""
    positions, _ = ground.poses(history)
    return (np.abs(np.diff(positions)) > JUMP) | (np.diff(history["track"]) != 0)


def _sliding(slip: Numbers) -> Numbers:
    """How much tyres slide, from 0 to 1, given their slip."""
    share: Numbers = np.clip((slip - SLIDING_START) / SLIDING_RANGE, 0.0, 1.0)
    return share


def _camera(
    history: States,
    positions: Points,
    headings: Points,
    surface: pygame.Surface,
    share: float = 1.0,
) -> complex:
    """The top left corner of the picture in metres, on the grid of pixels."""
    velocity = headings * (history["forward_speed"] + 1j * history["lateral_speed"])
    weight = np.exp(-car.CONTROL_PERIOD * steps_ago(len(history), share) / LEAD_MEMORY)
    weight[-1] *= share
    middle = positions[-1] + LEAD * (weight @ velocity) / weight.sum()
    width, height = surface.get_size()
    left = round(middle.real * SCALE - width / 2)
    top = round(middle.imag * SCALE + FRAME_HEIGHT * height)
    return complex(left, top) / SCALE


def slips(history: States) -> tuple[Numbers, Numbers]:
    """Slip of the front and of the rear tyres, [n] each; at 1 or more the whole tyre slides."""
    floor = 1.0 / np.sqrt(history["forward_speed"] ** 2 + 1.0)
    ratio = (history["lateral_speed"] + car.FRONT_AXLE * history["yaw_rate"]) * floor
    front = np.abs(np.tan(np.arctan(ratio) - history["steering"]))
    rear = np.abs(history["lateral_speed"] - car.REAR_AXLE * history["yaw_rate"]) * floor
    grip = np.sqrt(np.maximum(car.REAR_GRIP**2 - history["drive"] ** 2, 1.0))
    return (
        front * car.FRONT_STIFFNESS / (3.0 * car.FRONT_GRIP),
        rear * car.REAR_STIFFNESS / (3.0 * np.maximum(grip, 0.5 * car.REAR_GRIP)),
    )


def _paint_ground(surface: pygame.Surface, ground: Ground, corner: complex) -> None:
    left, top = round(corner.real * SCALE), round(-corner.imag * SCALE)
    for column, row in _tiles_in(surface, corner):
        surface.blit(tile(ground, column, row), (column * TILE - left, row * TILE - top))


def _tiles_in(surface: pygame.Surface, corner: complex) -> list[tuple[int, int]]:
    """The columns and rows of the tiles in a picture with this top left corner (m)."""
    left, top = round(corner.real * SCALE), round(-corner.imag * SCALE)
    width, height = surface.get_size()
    columns = range(left // TILE, (left + width - 1) // TILE + 1)
    rows = range(top // TILE, (top + height - 1) // TILE + 1)
    return [(column, row) for column in columns for row in rows]


def _prepare_ground(
    surface: pygame.Surface, ground: Ground, corner: complex, velocity: complex
) -> None:
    """Paint one of the tiles that will soon be needed, lest many are needed at once."""
    for seconds in SOON:
        for column, row in _tiles_in(surface, corner + seconds * velocity):
            if (column, row) not in ground.tiles:
                tile(ground, column, row)
                return


def _paint_danger(layer: Layer, ground: Ground, state: np.void, corner: complex) -> None:
    """Redden the corridor around the car, most of all at the edge that it approaches."""
    error = float(state["lateral"])
    danger = min(max((abs(error) - DANGER_START) / (HALF_WIDTH - DANGER_START), 0.0), 1.0)
    if danger == 0.0:
        return
    spacing = ground.length / SAMPLES
    here = state["station"] / spacing
    first, last = here - BEHIND / spacing, here + AHEAD / spacing
    samples = np.arange(int(first), int(last), DANGER_SAMPLES)
    samples -= samples[0] % DANGER_SAMPLES  # blocks that stay where they are as the car moves
    distance = (samples + DANGER_SAMPLES / 2 - here) * spacing
    fade = np.clip(1.0 - np.maximum(distance / AHEAD, -distance / BEHIND), 0.0, 1.0)
    lanes = np.linspace(-HALF_WIDTH, HALF_WIDTH, DANGER_LANES + 1) * np.sign(error)
    for lane in range(DANGER_LANES):
        inner, outer = float(lanes[lane]), float(lanes[lane + 1])
        quads = strip(ground, samples % SAMPLES, inner, outer, DANGER_SAMPLES) - corner
        for quad, share in zip(quads, fade, strict=True):
            opacity = danger * float(share) * (0.1 + 0.55 * lane / (DANGER_LANES - 1))
            fill(layer, quad[None], DANGER, opacity)


def _paint_marks(layer: Layer, wheel: Points, sliding: Numbers) -> None:
    """The rubber that a wheel has left, darker where it slid more."""
    move = np.diff(wheel)
    length = np.abs(move)
    opacity = MARK_OPACITY * 0.5 * (sliding[1:] + sliding[:-1])
    normal = 0.5 * MARK_WIDTH * 1j * move / np.maximum(length, 1e-6)
    before = np.concatenate([normal[:1], normal[:-1]])
    after = np.concatenate([normal[1:], normal[-1:]])
    start, end = 0.5 * (before + normal), 0.5 * (normal + after)
    quads = np.stack([wheel[:-1] + start, wheel[1:] + end, wheel[1:] - end, wheel[:-1] - start], 1)
    width, height = layer.size
    x, y = wheel[:-1].real * SCALE, -wheel[:-1].imag * SCALE
    seen = (x > -50) & (x < width + 50) & (y > -50) & (y < height + 50) & (opacity > 0.03)
    for k in np.flatnonzero(seen)[np.argsort(opacity[seen], kind="stable")]:
        fill(layer, quads[k, None], (0, 0, 0), float(opacity[k]))


def _paint_ghosts(canvas: Canvas, ground: Ground, corner: complex) -> None:
    track = canvas.history["track"][-1]
    for ghost, recent, _ in ghosts.present(canvas, steps=2):
        if recent["track"][-1] != track:
            continue
        (position,), (heading,) = ground.poses(recent[-1:])
        place = complex(position - corner)
        sheet, at = _car(recent[-1], place, complex(heading))
        ghosts.lay_layer(sheet, canvas.surface, at, ghost.colour)
        ghosts.write_name(canvas.surface, ghost, SCALE * (place.conjugate() - 2.6j))


def _car(state: np.void, position: complex, heading: complex) -> tuple[Layer, tuple[int, int]]:
    """The car and its shadow, and where the layer's top left corner is in the picture."""
    side = round(CAR_SIZE * SCALE)
    left, top = round(position.real * SCALE) - side // 2, round(-position.imag * SCALE) - side // 2
    place = position - complex(left, -top) / SCALE
    sheet = Layer((side, side), factor=4)
    car_picture.paint(sheet, place, heading, float(state["steering"]), _is_braking(state))
    return sheet, (left, top)


def _is_braking(state: np.void) -> bool:
    return bool(car.rolling_direction(state["forward_speed"]) * state["drive"] < BRAKING)


def _paint_car(
    surface: pygame.Surface, state: np.void, position: complex, heading: complex
) -> None:
    """The car, its shadow, and the glow of its brake lights."""
    sheet, corner = _car(state, position, heading)
    sheet.lay_on(surface, corner)
    if _is_braking(state):
        for lamp in (-2.2 + 0.5j, -2.2 - 0.5j):
            at = position + heading * lamp
            glow = _glow()
            middle = glow.get_width() / 2
            surface.blit(
                glow, (at.real * SCALE - middle, -at.imag * SCALE - middle),
                special_flags=pygame.BLEND_RGB_ADD,
            )  # fmt: skip


@lru_cache(maxsize=1)
def _glow() -> pygame.Surface:
    """Red light, to be added to the picture."""
    radius = round(1.1 * SCALE)
    x = (np.arange(2 * radius) + 0.5) / radius - 1.0
    profile = np.clip(1.0 - x[:, None] ** 2 - x[None, :] ** 2, 0.0, 1.0) ** 2.5
    light = profile[:, :, None] * np.array([190.0, 24.0, 14.0])
    return pygame.surfarray.make_surface(light.astype(np.uint8))
