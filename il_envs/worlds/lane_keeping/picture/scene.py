"""LaneKeeping seen from above: the bend, the car, and the predicted path under the expert.

The camera drives along the line at the steady speed and turns with it, so that the road stands
still and only its marks pass by. Points are complex numbers in metres from the line at the car's
station: real along the line there, imaginary to its left.
"""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import SIZE, Canvas, Colour, Layer
from il_envs.drawing.history import latest, now
from il_envs.drawing.panels import ACCENT, FAINT, MARGIN, RED, TEXT, panel
from il_envs.drawing.shapes import bar, polygon
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.drift_car.picture import car as car_picture
from il_envs.worlds.drift_car.picture.ground import (
    ASPHALT,
    EARTH,
    GRASS,
    KERB_RED,
    KERB_WHITE,
    LEAVES,
    LINE,
    RUBBERED,
    SCALE,
    SHADOW,
    Numbers,
    Points,
    are_on,
    fill,
)
from il_envs.worlds.lane_keeping import dynamics as lane
from il_envs.worlds.lane_keeping.reference import reference

ZOOM = 2  # times the scale of DriftCar's picture
CAR_PLACE = 0.27 + 0.47j  # of the line at the car's station, in the picture's width and height
BEHIND, AHEAD = 12.0, 30.0  # m, of road that is painted
PIECE = 0.5  # m, of an arc that is painted straight

ROAD_HALF_WIDTH = 4.0  # m
SHOULDER = 1.2  # m, of bare earth
KERB_WIDTH, KERB_BLOCK = 0.7, 1.5  # m
LINE_WIDTH, DASH, DASH_PERIOD = 0.14, 2.0, 5.0  # m
STRIPE = 6.0  # m of line, of mown grass
GRASS_DARK: Colour = (71, 106, 62)
SEEN = 25.0  # m from the line, beyond the edge of the picture
TREE_PERIOD = 8.0  # m of line
TREE = 3.6  # m, around its middle, that a tree and its shadow keep within

TUBE: Colour = (96, 190, 255)
TUBE_STEPS = 40  # ahead
DEVIATIONS = ((2.0, 0.30), (1.0, 0.50))  # of the tube's shades, and their opacities
TRAIL: Colour = car_picture.BODY
PANEL_SIZE = (640, 92)  # pixels
RIM = np.exp(2j * np.pi * np.arange(24) / 24)  # of a disc


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    history, share = latest(canvas, lambda states: np.zeros(len(states) - 1, np.bool_))
    station = lane.SPEED * lane.CONTROL_PERIOD * now(history, share)
    ground = _layer()
    _paint_ground(ground, station)
    canvas.surface.fill(GRASS)
    ground.lay_on(canvas.surface)
    things = _layer()
    if canvas.shows_expert:
        _paint_tube(things, state["deviation"], params["gust"][0])
    _paint_trail(things, history, station)
    if canvas.ghosts:
        things.lay_on(canvas.surface)
        _paint_ghosts(canvas, station)
        things = _layer()
    if abs(state["deviation"][0]) < SEEN:
        _paint_car(things, state, 0.0)
    things.lay_on(canvas.surface)
    _paint_panel(canvas)


def stations_of(history: States) -> Numbers:
    """The distance of the car along the line in metres, [n]; it is drawn at the steady speed."""
    stations: Numbers = lane.SPEED * lane.CONTROL_PERIOD * history["step"]
    return stations


def place(ahead: Numbers | float, left: Numbers | float) -> Points:
    """The points at the given distances ahead along the line and to its left, in metres."""
    radius = lane.RADIUS - np.asarray(left)
    angle = np.asarray(ahead) / lane.RADIUS
    points: Points = radius * np.sin(angle) + 1j * (lane.RADIUS - radius * np.cos(angle))
    return points


def predicted(deviation: Numbers, gust: Numbers) -> tuple[Numbers, Numbers]:
    """Mean lateral error under the expert, and its standard deviation, from now on, in metres.

    Args:
        deviation: the current state, as deviations from the steady corner, float64 [5].
        gust: the gust matrix among the world's parameters, float64 [5, 3].

    Returns:
        float64 [TUBE_STEPS + 1] each.
    """
    closed = lane.TRANSITION - lane.CONTROL @ lane.GAIN
    means = [deviation]
    for _ in range(TUBE_STEPS):
        means.append(closed @ means[-1])
    return np.stack(means)[:, 0], _spread(gust.tobytes())


@lru_cache(maxsize=8)
def _spread(gust: bytes) -> Numbers:
    """The standard deviation of the lateral error from now on, [TUBE_STEPS + 1], given the bytes of
    the gust matrix."""
    matrix = np.frombuffer(gust).reshape(lane.GUST.shape)
    closed, hand = lane.TRANSITION - lane.CONTROL @ lane.GAIN, lane.CONTROL @ lane.HAND
    noise = hand @ hand.T + matrix @ matrix.T
    covariances = [np.zeros((lane.STATES, lane.STATES))]
    for _ in range(TUBE_STEPS):
        covariances.append(closed @ covariances[-1] @ closed.T + noise)
    spread: Numbers = np.sqrt(np.stack(covariances)[:, 0, 0])
    return spread


def _layer() -> Layer:
    """A sheet of half the picture's size, to be shown at twice its own."""
    return Layer((SIZE[0] // ZOOM, SIZE[1] // ZOOM), factor=2 * ZOOM, zoom=ZOOM)


def _on_sheet(points: Points) -> Points:
    """From metres around the line to metres from the sheet's top left corner."""
    width, height = SIZE[0] / (SCALE * ZOOM), SIZE[1] / (SCALE * ZOOM)
    return points + CAR_PLACE.real * width - 1j * CAR_PLACE.imag * height


def _band(
    layer: Layer, ahead: Numbers, right: Numbers | float, left: Numbers | float, colour: Colour,
    opacity: float = 1.0,
) -> None:  # fmt: skip
    """Paint what lies between two lateral offsets (m) along a stretch of line (m, [n])."""
    fill(layer, _outlines(np.asarray(ahead)[None], right, left), colour, opacity)


def _outlines(ahead: Numbers, right: Numbers | float, left: Numbers | float) -> Points:
    """The outlines of bands along stretches of line (m, [n, points]) on the sheet, [n, corners]."""
    right, left = np.clip(right, -SEEN, SEEN), np.clip(left, -SEEN, SEEN)
    outlines = np.concatenate([place(ahead, left), place(ahead, right)[:, ::-1]], axis=1)
    return _on_sheet(outlines)


@lru_cache(maxsize=32)
def _along_the_road(right: float, left: float) -> Points:
    """The outline of a band as long as the painted road, which stands still, [1, corners]."""
    return _outlines(_stretch(-BEHIND, BEHIND + AHEAD)[None], right, left)


def _blocks(station: float, period: float) -> tuple[Numbers, Numbers]:
    """The numbers of the marks in the picture, one for each period, and the start of each (m)."""
    first, last = np.floor((station - BEHIND) / period), np.ceil((station + AHEAD) / period)
    number = np.arange(first, last, dtype=np.float64)
    return number, number * period - station


def _stretch(start: Numbers | float, length: float) -> Numbers:
    return start + length * np.linspace(0.0, 1.0, 2 + int(length / PIECE))


def _paint_ground(layer: Layer, station: float) -> None:
    for number, start in zip(*_blocks(station, STRIPE), strict=True):
        if number % 2:
            _band(layer, _stretch(start, STRIPE), -SEEN, SEEN, GRASS_DARK)
    road, beside = _road()
    layer.surface.blit(beside, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
    layer.surface.blit(road, (0, 0), special_flags=pygame.BLEND_RGBA_ADD)
    edge = ROAD_HALF_WIDTH
    numbers, starts = _blocks(station, KERB_BLOCK)
    for side in (-1.0, 1.0):
        near, far = side * (edge - 0.05), side * (edge + KERB_WIDTH)
        blocks = _outlines(_stretch(starts[:, None], KERB_BLOCK), near, far)
        for k in np.flatnonzero(are_on(layer, blocks)):
            fill(layer, blocks[k, None], KERB_WHITE if numbers[k] % 2 else KERB_RED)
    for side in (-1.0, 1.0):
        fill(layer, _along_the_road(side * edge, side * (edge - 0.22)), LINE)
    for _, start in zip(*_blocks(station, DASH_PERIOD), strict=True):
        _band(layer, _stretch(start, DASH), -LINE_WIDTH / 2, LINE_WIDTH / 2, LINE, 0.9)
    _paint_trees(layer, station)


@lru_cache(maxsize=1)
def _road() -> tuple[pygame.Surface, pygame.Surface]:
    """The road without its marks, which stands still, and a mask that is white beside it."""
    layer, edge = _layer(), ROAD_HALF_WIDTH
    for share, opacity in ((1.0, 0.25), (0.75, 0.5), (0.5, 0.8)):
        reach = edge + KERB_WIDTH + share * SHOULDER
        fill(layer, _along_the_road(-reach, reach), EARTH, opacity)
    fill(layer, _along_the_road(-edge - 0.1, edge + 0.1), ASPHALT)
    for half, opacity in ((1.5, 0.4), (1.2, 0.7), (0.9, 1.0)):
        blend = np.array(ASPHALT) * (1.0 - opacity) + np.array(RUBBERED) * opacity
        fill(layer, _along_the_road(-half, half), tuple(blend.tolist()))
    beside = layer.surface.copy()
    alpha = pygame.surfarray.pixels_alpha(beside)
    alpha[:] = np.where(alpha == 0, 255, 0)
    pygame.surfarray.pixels3d(beside)[:] = alpha[:, :, None]
    return layer.surface, beside


def _paint_trees(layer: Layer, station: float) -> None:
    """Trees on both sides, scattered by the golden ratio, always the same at the same station."""
    for number, start in zip(*_blocks(station, TREE_PERIOD), strict=True):
        chance = 0.6180339887 * number % 1.0
        for left in (8.5 + 5.0 * chance, -8.0 - 2.0 * chance):
            middle = complex(place(start + 5.0 * chance, left))
            _paint_tree(layer, middle, 1.1 + 0.9 * (7.0 * chance % 1.0), 0.13 * number)


def _paint_tree(layer: Layer, middle: complex, radius: float, turn: float) -> None:
    """A tree and its shadow; its place and radius in metres, its turn a share of a full one."""
    around: Points = middle + TREE * np.array([[1.0 + 1.0j, -1.0 - 1.0j]], np.complex128)
    if not are_on(layer, _on_sheet(around)).any():
        return
    _paint_discs(layer, np.array([middle + 1.7 * SHADOW]), radius, (12, 24, 14), 0.4)
    clumps = np.exp(2j * np.pi * (np.arange(7) / 7 + turn))
    for level, shade in enumerate(LEAVES):
        top = middle - 0.16 * level * radius * (1.0 - 1.0j)
        size = radius * (1.0 - 0.27 * level)
        _paint_discs(layer, top + 0.62 * size * clumps, 0.44 * size, shade)
        _paint_discs(layer, np.array([top]), 0.7 * size, shade)


def _paint_discs(
    layer: Layer, middles: Points, radius: float, colour: Colour, opacity: float = 1.0
) -> None:
    fill(layer, _on_sheet(middles[:, None] + radius * RIM), colour, opacity)


def _paint_tube(layer: Layer, deviation: Numbers, gust: Numbers) -> None:
    """The expert's predicted path from here: its mean, with one and two standard deviations."""
    mean, spread = predicted(deviation, gust)
    ahead: Numbers = lane.SPEED * lane.CONTROL_PERIOD * np.arange(len(mean), dtype=np.float64)
    for count, opacity in DEVIATIONS:
        _band(layer, ahead, mean - count * spread, mean + count * spread, TUBE, opacity)
    _band(layer, ahead, mean - 0.04, mean + 0.04, TUBE)


def _paint_trail(layer: Layer, history: States, station: float) -> None:
    """The path of the car since the last restored state."""
    behind = np.minimum(stations_of(history) - station, 0.0)
    recent, behind = history[behind > -BEHIND], behind[behind > -BEHIND]
    if len(recent) > 1:
        lateral = recent["deviation"][:, 0]
        _band(layer, behind, lateral - 0.05, lateral + 0.05, TRAIL, 0.9)


def _paint_ghosts(canvas: Canvas, station: float) -> None:
    for ghost, recent, share in ghosts.present(canvas, steps=2):
        ahead = lane.SPEED * lane.CONTROL_PERIOD * now(recent, share) - station
        lateral = float(recent["deviation"][-1, 0])
        if ahead < -BEHIND or abs(lateral) > SEEN:
            continue
        layer = _layer()
        _paint_car(layer, recent[-1], ahead)
        ghosts.lay_layer(layer, canvas.surface, (0, 0), ghost.colour)
        at = complex(_on_sheet(place(ahead, lateral))).conjugate() - 2.0j
        ghosts.write_name(canvas.surface, ghost, SCALE * ZOOM * at)


def _paint_car(layer: Layer, state: np.void, ahead: float) -> None:
    """A car so far ahead along the line of where the camera is, m."""
    lateral, heading = float(state["deviation"][0]), float(state["deviation"][1])
    steering, drive = lane.ACTION_UNIT * state["action"]
    car_picture.paint(
        layer, complex(_on_sheet(place(ahead, lateral))),
        np.exp(1j * (heading - lane.SIDESLIP + ahead / lane.RADIUS)),
        float(lane.STEERING + steering), bool(drive < -lane.DRIVE),
    )  # fmt: skip


def _paint_panel(canvas: Canvas) -> None:
    """Time, the errors beside the expert's typical ones, the last action beside the expert's."""
    layer, history = Layer(PANEL_SIZE), canvas.history
    panel(layer)
    state, before = history[-1], history[-2:][0]
    lateral, heading = state["deviation"][:2]
    steering, drive = lane.ACTION_UNIT * state["action"]
    typical = np.sqrt(np.diag(reference(canvas.world.name).marginals.state_covariance[-1]))
    usual = -lane.GAIN @ before["deviation"] if len(history) > 1 else np.zeros(lane.ACTIONS)
    usual *= lane.ACTION_UNIT
    trembling = lane.ACTION_UNIT * np.sqrt(np.diag(lane.HAND @ lane.HAND.T))
    gauges = (  # name, text, value, middle and deviation of the expert's, value at the left end
        ("lateral error", f"{lateral:+.2f} m", lateral, 0.0, typical[0], 1.5),
        ("heading error", f"{np.degrees(heading):+.1f}°", heading, 0.0, typical[1], 0.2),
        ("steering", f"{np.degrees(steering):+.1f}°", steering, usual[0], trembling[0], 0.2),
        ("drive", f"{drive:+.2f} kN", drive, usual[1], trembling[1], -2.0),
    )
    half, first, spacing, top, bottom = 54.0, 180, 130, 44.0, 58.0  # pixels
    corner = ((SIZE[0] - PANEL_SIZE[0]) // 2, SIZE[1] - PANEL_SIZE[1] - MARGIN)
    for k, (_, _, value, middle, deviation, end) in enumerate(gauges):
        x = first + k * spacing

        def place_of(number: float, x: int = x, end: float = end) -> float:
            return x - half * min(max(number / end, -1.0), 1.0)

        bar(layer, x - half, top, x + half, bottom, (40, 44, 53))
        for count, opacity in DEVIATIONS if canvas.shows_expert else ():
            left, right = (place_of(middle + side * count * deviation) for side in (1.0, -1.0))
            box = [left + 1j * top, right + 1j * top, right + 1j * bottom, left + 1j * bottom]
            polygon(layer, np.array(box), TUBE, 1.4 * opacity)
        bar(layer, x - 0.75, top - 4, x + 0.75, bottom + 4, FAINT)
        needle, colour = place_of(value), ACCENT if abs(value) < abs(end) else RED
        bar(layer, needle - 2, top - 6, needle + 2, bottom + 6, colour)
    layer.lay_on(canvas.surface, corner)

    def label(text: str, x: float, y: float, size: int, colour: Colour) -> None:
        write(canvas.surface, text, complex(*corner) + complex(x, y), size, colour, "center")

    label(f"{lane.CONTROL_PERIOD * int(state['step']):.1f} s", 62, 40, 36, TEXT)
    label("time", 62, 78, 18, FAINT)
    for k, (name, text, *_) in enumerate(gauges):
        label(text, first + k * spacing, 24, 24, TEXT)
        label(name, first + k * spacing, 78, 18, FAINT)
