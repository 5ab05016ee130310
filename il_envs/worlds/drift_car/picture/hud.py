"""DriftCar's instruments: speed, sideslip, the rear tyre's friction circle, pedals, map."""

from collections.abc import Sequence
from functools import lru_cache
from math import degrees, hypot, radians

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour, Layer, lay
from il_envs.drawing.panels import (
    ACCENT,
    FAINT,
    MARGIN,
    PANEL,
    RED,
    SCALE_LINE,
    TEXT,
    lay_panel,
    panel,
)
from il_envs.drawing.shapes import bar, disc, polygon
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture.ground import Ground

ACCENT_DARK: Colour = (150, 118, 46)
GREEN: Colour = (92, 206, 122)

CLUSTER = (560, 112)  # pixels
SPEED_X, GAUGE_X, CIRCLE_X, PEDALS_X = 72, 216, 362, 482  # middles, from the cluster's left
GAUGE_MAX = 75.0  # degrees of sideslip, at which the episode ends
GAUGE_RED = 55.0  # degrees
GAUGE_RADIUS = 58
CIRCLE_RADIUS = 38
TRAIL = 12  # states of the friction circle's trail
MAP_SIZE = 156  # pixels, a square


def paint(
    surface: pygame.Surface,
    ground: Ground,
    history: States,
    others: Sequence[tuple[Colour, States]] = (),
    obstacles: Sequence[complex] = (),
) -> None:
    """Paint the instruments for the last state of the history.

    Args:
        others: the colours and states of other cars, to be shown on the map.
        obstacles: where obstacles stand (m), to be shown there too.
    """
    width, height = surface.get_size()
    corner = ((width - CLUSTER[0]) // 2, height - CLUSTER[1] - MARGIN)
    _paint_cluster(surface, history, corner)
    _paint_clock(surface, history[-1])
    corner = (width - MAP_SIZE - MARGIN, MARGIN)
    marks = [(1.8, RED, place) for place in obstacles]
    for colour, state in [*others, (ACCENT, history[-1:])]:
        marks.append((4.5, colour, complex(ground.poses(state)[0][0])))
    _paint_map(surface, ground, marks, corner)


def _arc(
    layer: Layer, middle: complex, inner: float, outer: float, start: float, end: float,
    colour: Colour, opacity: float = 1.0,
) -> None:  # fmt: skip
    """A piece of a ring between two bearings in degrees, from straight up, positive to the left."""
    bearing = np.radians(np.linspace(start, end, 2 + int(abs(end - start) / 3.0)))
    ray = -1j * np.exp(-1j * bearing)
    polygon(layer, middle + np.concatenate([inner * ray, outer * ray[::-1]]), colour, opacity)


def _paint_cluster(surface: pygame.Surface, history: States, corner: tuple[int, int]) -> None:
    state = history[-1]
    layer = Layer(CLUSTER)
    panel(layer)
    sideslip = degrees(car.sideslip_angle(state["forward_speed"], state["lateral_speed"]))
    _paint_gauge(layer, sideslip)
    _paint_circle(layer, history[-TRAIL:])
    direction = car.rolling_direction(state["forward_speed"])
    push = direction * state["drive"] / car.DRIVE_MAX
    _paint_pedals(layer, push, state["steering"] / car.STEERING_MAX)
    layer.lay_on(surface, corner)

    def label(text: str, x: float, y: float, size: int, colour: Colour) -> None:
        write(surface, text, complex(*corner) + complex(x, y), size, colour, "center")

    speed = hypot(state["forward_speed"], state["lateral_speed"])
    label(f"{3.6 * speed:.0f}", SPEED_X, 50, 72, TEXT)
    if direction < 0.0:
        label("km/h in reverse", SPEED_X, 90, 20, RED)
    else:
        label("km/h", SPEED_X, 90, 20, FAINT)
    shade = RED if abs(sideslip) > GAUGE_RED else TEXT
    label(f"{abs(sideslip):.0f}°", GAUGE_X + 3, 78, 34, shade)
    label("sideslip", GAUGE_X, 102, 18, FAINT)
    label("rear grip", CIRCLE_X, 102, 18, FAINT)
    label("brake", PEDALS_X - 22, 70, 16, FAINT)
    label("drive", PEDALS_X + 22, 70, 16, FAINT)
    label("steering", PEDALS_X, 102, 18, FAINT)


def _paint_gauge(layer: Layer, sideslip: float) -> None:
    """The course relative to the nose, which points up; positive to the left."""
    middle = GAUGE_X + 78j
    radius = GAUGE_RADIUS
    _arc(layer, middle, radius - 7, radius, -GAUGE_MAX, GAUGE_MAX, SCALE_LINE, 0.8)
    for side in (1.0, -1.0):
        _arc(layer, middle, radius - 7, radius, side * GAUGE_RED, side * GAUGE_MAX, RED, 0.8)
    shown = min(max(sideslip, -GAUGE_MAX), GAUGE_MAX)
    shade = RED if abs(sideslip) > GAUGE_RED else ACCENT
    if abs(shown) > 0.5:
        _arc(layer, middle, radius - 7, radius, 0.0, shown, shade)
    for tick in range(-60, 61, 15):
        inner = radius - (12 if tick % 30 == 0 else 9)
        _arc(layer, middle, inner, radius - 7, tick - 0.7, tick + 0.7, FAINT)
    ray = -1j * np.exp(-1j * radians(shown))
    needle = np.array([radius + 3, radius - 16 + 4.5j, radius - 16 - 4.5j])
    polygon(layer, middle + needle * ray, TEXT)


def _paint_circle(layer: Layer, recent: States) -> None:
    """The rear tyre's force as a share of its grip: drive up, cornering force sideways."""
    middle = CIRCLE_X + 49j
    disc(layer, middle, CIRCLE_RADIUS, (30, 33, 41))
    disc(layer, middle, CIRCLE_RADIUS, FAINT, width=1.5)
    disc(layer, middle, CIRCLE_RADIUS / 2, SCALE_LINE, width=1.0)
    for ray in (1.0, 1.0j):
        polygon(
            layer, middle + ray * CIRCLE_RADIUS * np.array([-1, 1, 1, -1])
            + ray * 0.5j * np.array([-1, -1, 1, 1]), SCALE_LINE,
        )  # fmt: skip
    for k, state in enumerate(recent):
        slip = state["lateral_speed"] - car.REAR_AXLE * state["yaw_rate"]
        slip *= car.inverse_speed(state["forward_speed"])
        grip = car.rear_grip(state["drive"])
        force = car.brush_force(car.REAR_STIFFNESS, slip, grip)
        at = middle - (force + 1j * state["drive"]) * (CIRCLE_RADIUS / car.REAR_GRIP)
        if k == len(recent) - 1:
            disc(layer, at, 5.5, PANEL)
            disc(layer, at, 4.5, ACCENT)
        else:
            disc(layer, at, 1.0 + 1.5 * k / TRAIL, ACCENT_DARK)


def _paint_pedals(layer: Layer, drive: float, steering: float) -> None:
    top, bottom = 14.0, 60.0
    for x, share, colour in (
        (PEDALS_X - 22, max(-drive, 0.0), RED),
        (PEDALS_X + 22, max(drive, 0.0), GREEN),
    ):
        bar(layer, x - 8, top, x + 8, bottom, SCALE_LINE)
        bar(layer, x - 8, bottom - share * (bottom - top), x + 8, bottom, colour)
    half = 56.0
    bar(layer, PEDALS_X - half, 82, PEDALS_X + half, 90, SCALE_LINE)
    bar(layer, PEDALS_X, 82, PEDALS_X - half * steering, 90, ACCENT)
    bar(layer, PEDALS_X - 1, 79, PEDALS_X + 1, 93, TEXT)


def _paint_clock(surface: pygame.Surface, state: np.void) -> None:
    lay_panel(surface, (196, 56), (MARGIN, MARGIN))
    seconds = car.CONTROL_PERIOD * int(state["step"])
    for x, text, label in (
        (54, f"{seconds:.1f} s", "time"), (142, f"{state['distance']:.0f} m", "distance"),
    ):  # fmt: skip
        write(surface, text, MARGIN * (1 + 1j) + x + 22j, 32, TEXT, "center")
        write(surface, label, MARGIN * (1 + 1j) + x + 44j, 18, FAINT, "center")


@lru_cache(maxsize=8)
def _map(ground: Ground) -> tuple[pygame.Surface, complex, float]:
    """The map, with where its middle is (m) and its scale (pixels per metre)."""
    low = complex(ground.centreline.real.min(), ground.centreline.imag.min())
    high = complex(ground.centreline.real.max(), ground.centreline.imag.max())
    size = max((high - low).real, (high - low).imag)
    middle, scale = (low + high) / 2, (MAP_SIZE - 32) / size
    layer = Layer((MAP_SIZE, MAP_SIZE))
    panel(layer)
    points = np.conjugate(ground.centreline - middle) * scale + MAP_SIZE / 2 * (1 + 1j)
    for width, colour in ((5.5, (58, 62, 72)), (3.0, FAINT)):
        for point in points:
            disc(layer, complex(point), width / 2, colour)
    start = layer.factor * points[0] + np.conjugate(1j * ground.tangent[0]) * np.array([-9, 9])
    ends = [(point.real, point.imag) for point in start]
    pygame.draw.line(layer.surface, TEXT, ends[0], ends[1], 4)
    return layer.sheet(), middle, scale


def _paint_map(
    surface: pygame.Surface,
    ground: Ground,
    marks: list[tuple[float, Colour, complex]],
    corner: tuple[int, int],
) -> None:
    """The map with dots on it: radius (pixels), colour and place (m) of each."""
    chart, middle, scale = _map(ground)
    lay(chart, surface, corner)
    for radius, colour, place in marks:
        at = (place - middle).conjugate() * scale + MAP_SIZE / 2 * (1 + 1j)
        dot = Layer((16, 16), factor=4)
        whole = complex(round(at.real) - 8, round(at.imag) - 8)
        disc(dot, at - whole, radius + 1.5, PANEL)
        disc(dot, at - whole, radius, colour)
        dot.lay_on(surface, (corner[0] + int(whole.real), corner[1] + int(whole.imag)))
