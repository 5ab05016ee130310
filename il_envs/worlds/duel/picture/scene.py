"""Duel's picture: the arena from behind my gunner, the shots of the last step, the panel.

A picture is a function of the episode's history alone: the events of the last step follow from the
situation before it and from the chord, which the state records.
"""

from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts
from il_envs.drawing.canvas import SIZE, Canvas, Colour, Ghost, Layer
from il_envs.drawing.motion import eased
from il_envs.drawing.neon.colours import BACKDROP, FOE, LINE, ME, SPARK, WARNING, faded
from il_envs.drawing.neon.light import mix, shine
from il_envs.drawing.neon.perspective import Eye, Metres
from il_envs.drawing.shapes import Points, disc, polygon, stroke
from il_envs.views import States
from il_envs.worlds.duel.picture import panel as duel_panel
from il_envs.worlds.duel.rules import (
    CHORDS,
    COLUMNS,
    FIRES,
    MAGAZINE,
    WINDS_UP,
    Exchange,
    Situation,
    exchange,
    situation,
)

ARENA = (640, SIZE[1])  # pixels, at the left of the picture
LANE = 82.0  # pixels, between columns at my depth
EYE = Eye(320 - 330j, LANE, 835.0 / LANE)  # in columns; I am 1 away from it
DEPTH = 0.86  # how much farther away the opponent is than I
BEHIND, BEYOND = -0.07, 1.12  # depths at which the floor begins and ends
RADIUS = 33.0  # pixels, of my gunner
FAR_RADIUS = 28.0  # pixels, of the opponent: larger than it would be, to be seen
SHIP = np.array(
    [-1j, 0.32 - 0.3j, 0.95 + 0.55j, 0.42 + 0.42j, 0.3 + 0.62j, -0.3 + 0.62j, -0.42 + 0.42j,
     -0.95 + 0.55j, -0.32 - 0.3j]
)  # fmt: skip
"""The corners of a gunner that looks away from the eye, as shares of its radius."""
LOADED = 15.0  # pixels, from round to round


def size_at(depth: Metres) -> NDArray[np.float64]:
    """The size of things at a depth, relative to mine."""
    return 1.0 / (1.0 + DEPTH * np.asarray(depth, np.float64))


def at(column: Metres, depth: Metres) -> Points:
    """Places of the floor in the picture, complex; depth 0 is mine, 1 the opponent's."""
    return EYE.pixels(np.asarray(column) - (COLUMNS - 1) / 2, 0.0, 1.0 / size_at(depth))


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    history, surface = canvas.history, canvas.surface
    now = situation(state["situation"])
    before = last_step(history)
    mine, theirs = columns(now, before, canvas.share)
    surface.blit(_floor(), (0, 0))
    _paint_threat(surface, now, theirs)
    light = Layer(ARENA)
    if before is not None:
        _paint_shots(light, *before)
    _paint_opponent(light, now, theirs)
    names = [_paint_ghost(light, *ghost) for ghost in ghosts.present(canvas, steps=2)]
    _paint_me(light, now, mine, None if before is None else before[1])
    if before is not None:
        _paint_hits(light, *before, int(state["step"]))
    surface.set_clip(pygame.Rect((0, 0), ARENA))
    shine(light, surface)
    surface.set_clip(None)
    for ghost, place in names:
        ghosts.write_name(surface, ghost, place)
    duel_panel.paint(canvas, state, params)


def last_step(history: States) -> tuple[Situation, Exchange] | None:
    """The situation before the last step, and the effects of that step; None at the start, or if a
    restored state has no history."""
    if len(history) < 2 or history["step"][-1] != history["step"][-2] + 1:
        return None
    before = situation(history["situation"][-2])
    return before, exchange(before, CHORDS[history["chord"][-1]])


def columns(
    now: Situation, before: tuple[Situation, Exchange] | None, share: float
) -> tuple[float, float]:
    """Where the gunners are on their ways to their columns; one that is hit is there at once."""
    if before is None:
        return float(now.mine), float(now.theirs)
    (was, done), gone = before, eased(share)
    ways = (was.mine, now.mine, done.taken), (was.theirs, now.theirs, done.given)
    mine, theirs = (
        float(end) if is_hit else float(start) + gone * (float(end) - float(start))
        for start, end, is_hit in ways
    )
    return mine, theirs


def _paint_ghost(light: Layer, ghost: Ghost, recent: States, share: float) -> tuple[Ghost, complex]:
    """The gunner of a ghost, whose opponent is another one; returns where its name belongs."""
    now = situation(recent["situation"][-1])
    mine, _ = columns(now, last_step(recent), share)
    place = complex(at(mine, 0.0))
    _paint_ship(light, place, SHIP, RADIUS, faded(ghost.colour, 0.6))
    return ghost, place - 1.3j * RADIUS


@lru_cache(maxsize=1)
def _floor() -> pygame.Surface:
    """The floor and its lanes, which stand still."""
    across, down = np.arange(SIZE[0])[:, None], np.arange(SIZE[1])[None, :]
    end = at((COLUMNS - 1) / 2, BEYOND)
    haze = np.exp(-(((across - end.real) / 330.0) ** 2) - ((down - end.imag) / 150.0) ** 2)
    pixels = mix((BACKDROP, np.ones_like(haze)), (faded(LINE, 0.55), haze))
    surface = pygame.surfarray.make_surface(pixels)
    lines = Layer(ARENA)
    edges = np.linspace(-0.5, COLUMNS - 0.5, COLUMNS + 1)
    depths = np.linspace(BEHIND, BEYOND, 15)
    for points, near, is_rim in [
        *((at(column, depths), size_at(depths), column in edges[[0, -1]]) for column in edges),
        *((at(edges, depth), size_at(depth), depth in depths[[0, -1]]) for depth in depths),
    ]:
        width, opacity = (2.4, 0.9) if is_rim else (1.2, 0.5)
        stroke(lines, points, width * near, LINE, np.minimum(opacity * near, 1.0))
    shine(lines, surface)
    return surface


def _paint_threat(surface: pygame.Surface, now: Situation, column: float) -> None:
    """The lane that a bolt is about to come down, on the floor."""
    if now.phase not in (WINDS_UP, FIRES):
        return
    layer = Layer(ARENA)
    colour, opacity = (FOE, 0.30) if now.phase == FIRES else (WARNING, 0.10)
    sides = column + np.array([-0.5, 0.5])
    lane = np.concatenate([at(sides, BEHIND), at(sides[::-1], 1.0)])
    polygon(layer, lane, colour, opacity)
    if now.phase == FIRES:
        for depth in np.linspace(0.06, 0.78, 6):  # chevrons that point at me
            points = at(column + np.array([-0.3, 0.0, 0.3]), depth + np.array([0.05, -0.02, 0.05]))
            stroke(layer, points, 5.0 * size_at(depth), FOE, 0.75)
    layer.lay_on(surface)


def _paint_shots(layer: Layer, before: Situation, done: Exchange) -> None:
    """Paint the shots of the last step."""
    if done.shot:
        begin, end = float(before.mine), float(done.mine)
        depths = np.array([0.05, 0.97 if done.given else BEYOND])
        swept = np.concatenate([at(begin, depths), at(end, depths[::-1])])
        polygon(layer, swept, faded(ME, 0.5), 0.35)
        if begin != end:
            _paint_beam(layer, at(end, depths), 5.0, ME)
        _paint_beam(layer, at(begin, depths), 8.0, ME)
    if before.phase == FIRES:
        reach = 0.1 if done.stopped else (0.0 if done.taken else BEHIND)
        _paint_beam(layer, at(float(before.theirs), np.array([0.95, reach])), 10.0, FOE)


def _paint_beam(layer: Layer, points: Points, width: float, colour: Colour) -> None:
    stroke(layer, points, width, colour, 0.55)
    stroke(layer, points, 0.4 * width, SPARK, 1.0)


def _paint_ship(
    layer: Layer, place: complex, corners: Points, radius: float, colour: Colour
) -> None:
    """A gunner: its outline, and a light that moves a little away from where it looks."""
    points = place + radius * corners
    polygon(layer, points, faded(colour, 0.22))
    stroke(layer, np.append(points, points[:1]), 3.0, colour, 1.0)
    disc(layer, place - 0.08 * radius * complex(corners[0]), 0.17 * radius, SPARK)


def _arc(place: complex, radius: float, low: float, high: float) -> Points:
    """A piece of a circle between two bearings, degrees from straight up."""
    return place - 1j * radius * np.exp(1j * np.radians(np.linspace(low, high, 24)))


def _paint_me(layer: Layer, now: Situation, mine: float, done: Exchange | None) -> None:
    """My gunner with its rounds below and its shield ahead, which is faint unless it was raised."""
    if done is not None and done.raised:
        where = float(done.mine) if done.taken else mine
        _paint_shield(layer, complex(at(where, 0.0)), bool(done.stopped))
    place = complex(at(mine, 0.0))
    _paint_ship(layer, place, SHIP, RADIUS, ME)
    for k in range(MAGAZINE):
        middle = place + complex((k - (MAGAZINE - 1) / 2) * LOADED, 1.1 * RADIUS)
        colour = ME if k < now.rounds else faded(ME, 0.25)
        stroke(layer, middle + np.array([-4.0, 4.0]), 6.0, colour, 1.0)
    if now.shield:
        stroke(layer, _arc(place, 1.45 * RADIUS, -30.0, 30.0), 2.0, faded(ME, 0.45), 1.0)


def _paint_shield(layer: Layer, place: complex, is_broken: bool) -> None:
    """A dome, in pieces where it stopped a bolt."""
    if not is_broken:
        stroke(layer, _arc(place, 1.55 * RADIUS, -70.0, 70.0), 5.0, ME, 1.0)
        return
    for away, low, high in ((1.7, -66, -40), (1.86, -32, -8), (1.7, 4, 30), (1.86, 40, 66)):
        stroke(layer, _arc(place, away * RADIUS, low, high), 5.0, SPARK, 1.0)


def _paint_opponent(layer: Layer, now: Situation, theirs: float) -> None:
    """The opponent; rings at its gun and a dotted line while it winds up, a ball when it fires."""
    place = complex(at(theirs, 1.0))
    gun = place + 1j * FAR_RADIUS
    if now.phase == WINDS_UP:
        for radius in (0.79, 0.53, 0.26):
            stroke(layer, _arc(gun, radius * FAR_RADIUS, 0.0, 360.0), 2.0, WARNING, 0.9)
        for depth in np.linspace(0.9, 0.05, 18):
            dot = complex(at(theirs, depth))
            disc(layer, dot, 2.2 * float(size_at(depth)), WARNING, 0.8)
    _paint_ship(layer, place, np.conj(SHIP), FAR_RADIUS, FOE)
    if now.phase == FIRES:
        disc(layer, gun, 0.42 * FAR_RADIUS, FOE)
        disc(layer, gun, 0.26 * FAR_RADIUS, SPARK)


def _paint_hits(layer: Layer, before: Situation, done: Exchange, step: int) -> None:
    if done.given:
        _burst(layer, complex(at(float(before.theirs), 1.0)), 46.0, WARNING, step)
    if done.taken:
        _burst(layer, complex(at(float(done.mine), 0.0)), 66.0, FOE, step)


def _burst(layer: Layer, middle: complex, radius: float, colour: Colour, seed: int) -> None:
    """Sparks in all directions, around a flash."""
    random = np.random.default_rng(seed)
    turn = np.exp(2j * np.pi * (np.arange(18) + random.random(18)) / 18)
    reach = radius * random.uniform(0.7, 1.25, 18)
    for ray, length in zip(turn, reach, strict=True):
        points = middle + ray * length * np.linspace(0.35, 1.0, 6)
        stroke(layer, points, np.linspace(4.0, 1.0, 6), colour, np.linspace(1.0, 0.4, 6))
    disc(layer, middle, 0.42 * radius, colour)
    disc(layer, middle, 0.26 * radius, SPARK)
