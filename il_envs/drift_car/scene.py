"""DriftCar seen from above: the ground, the corridor's warning, skid marks, smoke and the car.

A picture is a function of the episode's history alone. Points of the plane are complex numbers in
metres, as in `ground.py`; a point of the car is complex too, forward and left of its middle.
"""

from functools import lru_cache
from math import sin

import numpy as np
import pygame

from il_envs.canvas import Canvas, Colour, Layer
from il_envs.drift_car import dynamics as car
from il_envs.drift_car import hud
from il_envs.drift_car.ground import (
    SCALE,
    SHADOW,
    TILE,
    Ground,
    Numbers,
    Points,
    fill,
    ground_of,
    strip,
    tile,
)
from il_envs.drift_car.track import HALF_WIDTH, SAMPLES
from il_envs.world import States

LEAD = 0.5  # s, by which the camera looks ahead of the car
FRAME_HEIGHT = 0.46  # of the picture, where the point ahead of the car is; below are instruments
LEAD_MEMORY = 0.6  # s, over which the camera averages the car's velocity
JUMP = 3.0  # m in one step: a restored state, not motion

DANGER_START = 1.5  # m of lateral error, from which the corridor reddens
DANGER: Colour = (235, 40, 30)
BEHIND, AHEAD = 14.0, 38.0  # m, of corridor that reddens
DANGER_LANES, DANGER_SAMPLES = 8, 4  # one shade is a lane wide and so many samples long

WHEEL_TRACK = 0.80  # m, from the car's axis to the middle of a wheel
MARK_WIDTH = 0.25  # m
MARK_OPACITY = 0.62
SLIDING_START, SLIDING_RANGE = 0.9, 0.8  # of slip, as a share of what makes the whole tyre slide

SMOKE: Colour = (226, 226, 224)
SMOKE_STEPS = 30  # that a puff lives
SMOKE_LIFE = SMOKE_STEPS * car.CONTROL_PERIOD  # s
SMOKE_SPEED_START, SMOKE_SPEED_RANGE = 1.5, 6.0  # m/s, of sideways sliding at the rear
PUFFS = 3  # a wheel a step

BODY: Colour = (250, 190, 42)
BODY_LIGHT: Colour = (255, 214, 92)
BODY_DARK: Colour = (206, 146, 22)
GLASS: Colour = (34, 42, 54)
GLASS_LIGHT: Colour = (84, 102, 124)
RUBBER: Colour = (22, 22, 24)
TRIM: Colour = (42, 40, 38)
LAMP: Colour = (255, 250, 220)
BRAKE_OFF: Colour = (122, 20, 18)
BRAKE_ON: Colour = (255, 42, 30)
BRAKING = -0.04 * car.DRIVE_MAX  # N, from which the brake lights are lit
CAR_SIZE = 6.0  # m, side of the sheet that the car is painted on


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    ground = ground_of(params[state["track"]].tobytes())
    history = _since_jump(canvas.history, ground)
    positions, headings = ground.poses(history)
    corner = _camera(history, positions, headings, canvas.surface)
    front, rear = _slips(history)

    _paint_ground(canvas.surface, ground, corner)
    layer = Layer(canvas.surface.get_size())
    _paint_danger(layer, ground, state, corner)
    for forward, slip in ((car.FRONT_AXLE, front), (-car.REAR_AXLE, rear)):
        for side in (WHEEL_TRACK, -WHEEL_TRACK):
            wheel = positions + headings * (forward + 1j * side)
            _paint_marks(layer, wheel - corner, _share(slip, SLIDING_START, SLIDING_RANGE))
    layer.lay_on(canvas.surface)
    _paint_smoke(canvas.surface, history, positions - corner, headings, rear)
    _paint_car(canvas.surface, state, complex(positions[-1] - corner), complex(headings[-1]))
    hud.paint(canvas.surface, ground, history)


def _since_jump(history: States, ground: Ground) -> States:
    """The last part of the history without a jump; a restored state begins a new part."""
    positions, _ = ground.poses(history)
    jumps = (np.abs(np.diff(positions)) > JUMP) | (np.diff(history["track"]) != 0)
    return history[1 + np.flatnonzero(jumps)[-1] :] if jumps.any() else history


def _share(value: Numbers, start: float, span: float) -> Numbers:
    """How far a value has gone from `start` towards `start + span`, from 0 to 1."""
    share: Numbers = np.clip((value - start) / span, 0.0, 1.0)
    return share


def _camera(
    history: States, positions: Points, headings: Points, surface: pygame.Surface
) -> complex:
    """The top left corner of the picture in metres, on the grid of pixels."""
    velocity = headings * (history["forward_speed"] + 1j * history["lateral_speed"])
    age = car.CONTROL_PERIOD * np.arange(len(history) - 1, -1, -1)
    weight = np.exp(-age / LEAD_MEMORY)
    middle = positions[-1] + LEAD * (weight @ velocity) / weight.sum()
    width, height = surface.get_size()
    left = round(middle.real * SCALE - width / 2)
    top = round(middle.imag * SCALE + FRAME_HEIGHT * height)
    return complex(left, top) / SCALE


def _slips(history: States) -> tuple[Numbers, Numbers]:
    """Slip of the front and the rear tyres; from 1 on, a tyre slides all over, [n] and [n]."""
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
    width, height = surface.get_size()
    for column in range(left // TILE, (left + width - 1) // TILE + 1):
        for row in range(top // TILE, (top + height - 1) // TILE + 1):
            surface.blit(tile(ground, column, row), (column * TILE - left, row * TILE - top))


def _paint_danger(layer: Layer, ground: Ground, state: np.void, corner: complex) -> None:
    """Redden the corridor around the car, most at the edge that it nears."""
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


def _paint_smoke(
    surface: pygame.Surface, history: States, positions: Points, headings: Points, rear: Numbers
) -> None:
    """Puffs from the rear tyres, growing and thinning as they age."""
    for k in range(max(1, len(history) - SMOKE_STEPS), len(history)):
        slide = history["lateral_speed"][k] - car.REAR_AXLE * history["yaw_rate"][k]
        amount = float(
            _share(np.abs(slide), SMOKE_SPEED_START, SMOKE_SPEED_RANGE)
            * _share(rear[k], SLIDING_START, SLIDING_RANGE)
        )
        if amount == 0.0:
            continue
        velocity = headings[k] * (history["forward_speed"][k] + 1j * slide)
        for puff in range(PUFFS):
            back = car.CONTROL_PERIOD * (puff + 0.5) / PUFFS
            age = car.CONTROL_PERIOD * (len(history) - 1 - k) + back
            share = age / SMOKE_LIFE
            for wheel, side in enumerate((WHEEL_TRACK, -WHEEL_TRACK)):
                number = 2 * PUFFS * int(history["step"][k]) + 2 * puff + wheel
                chance = _scattered(number)
                turn = np.exp(2j * np.pi * (97.0 * chance % 1.0))
                place = positions[k] + headings[k] * (1j * side - car.REAR_AXLE - 0.1)
                place += velocity * (0.22 * SMOKE_LIFE * (1.0 - np.exp(-3.0 * share)) - back)
                place += (0.15 + 0.9 * share) * turn
                radius = (0.35 + 1.75 * np.sqrt(share)) * (0.7 + 0.6 * chance)
                opacity = 0.40 * amount * (1.0 - share) ** 1.4
                sprite = _puff(round(radius * SCALE), round(64 * opacity))
                middle = sprite.get_width() / 2
                surface.blit(sprite, (place.real * SCALE - middle, -place.imag * SCALE - middle))


def _scattered(number: int) -> float:
    """A number from 0 to 1 that looks random, always the same one for the same number."""
    return sin(12.9898 * number) * 43758.5453 % 1.0


@lru_cache(maxsize=1024)
def _puff(radius: int, strength: int) -> pygame.Surface:
    """A soft round cloud; radius in pixels, opacity in 64ths."""
    x = (np.arange(2 * radius) + 0.5) / radius - 1.0
    profile = np.clip(1.0 - x[:, None] ** 2 - x[None, :] ** 2, 0.0, 1.0) ** 1.3
    sprite = pygame.Surface((2 * radius, 2 * radius), pygame.SRCALPHA)
    sprite.fill(SMOKE)
    pygame.surfarray.pixels_alpha(sprite)[:] = (255 * strength / 64 * profile).astype(np.uint8)
    return sprite


def _mirrored(*half: complex) -> Points:
    """The outline whose left half runs from the nose to the tail."""
    return np.array([*half, *(point.conjugate() for point in reversed(half))])


OUTLINE = _mirrored(
    2.08 + 0.35j, 2.03 + 0.55j, 1.88 + 0.70j, 1.55 + 0.77j, 0.70 + 0.74j, 0.30 + 0.79j,
    -0.80 + 0.80j, -1.35 + 0.86j, -1.85 + 0.82j, -2.10 + 0.72j, -2.18 + 0.45j,
)  # fmt: skip
BONNET = _mirrored(1.86 + 0.42j, 0.82 + 0.56j)
CABIN = _mirrored(0.78 + 0.50j, 0.62 + 0.63j, -1.05 + 0.66j, -1.45 + 0.52j)
ROOF = _mirrored(0.22 + 0.52j, -0.82 + 0.54j)
WINDSCREEN_GLINT = np.array([0.70 + 0.44j, 0.62 + 0.10j, 0.30 + 0.16j, 0.34 + 0.46j])
STRIPES = np.array([[2.05, -2.16, -2.16, 2.05]] * 2) + np.array(
    [[0.07j, 0.07j, 0.22j, 0.22j], [-0.07j, -0.07j, -0.22j, -0.22j]]
)
HEADLAMP = np.array([2.00 + 0.36j, 1.92 + 0.64j, 1.74 + 0.66j, 1.84 + 0.40j])
TAIL_LAMP = np.array([-2.16 + 0.34j, -2.09 + 0.70j, -1.96 + 0.72j, -2.02 + 0.34j])
MIRROR = np.array([0.52 + 0.76j, 0.50 + 0.96j, 0.36 + 0.96j, 0.38 + 0.76j])
SPOILER = _mirrored(-1.82 + 0.78j, -2.04 + 0.78j)
WHEEL = np.array([0.34 + 0.13j, -0.34 + 0.13j, -0.34 - 0.13j, 0.34 - 0.13j])


def _paint_car(
    surface: pygame.Surface, state: np.void, position: complex, heading: complex
) -> None:
    """The car, its shadow, and the glow of its brake lights."""
    side = round(CAR_SIZE * SCALE)
    left, top = round(position.real * SCALE) - side // 2, round(-position.imag * SCALE) - side // 2
    place = position - complex(left, -top) / SCALE
    sheet = Layer((side, side), factor=4)

    def shape(points: Points, colour: Colour, opacity: float = 1.0) -> None:
        fill(sheet, (place + heading * points)[None], colour, opacity)

    fill(sheet, (place + heading * OUTLINE + 0.5 * SHADOW)[None], (0, 0, 0), 0.45)
    steered = np.exp(1j * float(state["steering"]))
    for wheel_side in (WHEEL_TRACK + 0.03, -WHEEL_TRACK - 0.03):
        shape(car.FRONT_AXLE + 1j * wheel_side + steered * WHEEL, RUBBER)
        shape(-car.REAR_AXLE + 1j * wheel_side + WHEEL, RUBBER)
    shape(OUTLINE, BODY)
    shape(BONNET, BODY_LIGHT)
    for stripe in STRIPES:
        shape(stripe, TRIM)
    shape(CABIN, GLASS)
    shape(WINDSCREEN_GLINT, GLASS_LIGHT)
    shape(ROOF, BODY)
    for stripe in STRIPES:
        shape(np.clip(stripe.real, -0.82, 0.22) + 1j * stripe.imag, TRIM)
    shape(SPOILER, BODY_DARK)
    braking = state["drive"] < BRAKING
    for half in (np.conjugate, np.array):
        shape(half(MIRROR), BODY_DARK)
        shape(half(HEADLAMP), LAMP)
        shape(half(TAIL_LAMP), BRAKE_ON if braking else BRAKE_OFF)
    sheet.lay_on(surface, (left, top))
    if braking:
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
