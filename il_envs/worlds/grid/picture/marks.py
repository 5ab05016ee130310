"""Marks on a grid's tiles that change with time: arrows, borders of visited cells, the agent."""

from functools import lru_cache
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import shapes
from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.shapes import Numbers, polygon

Cells = NDArray[np.int64]

LEVELS = 20  # of length and opacity that an arrow comes in, and shades of a border
TURNS = 64  # directions that an arrow comes in
INK: Colour = (22, 24, 30)
CASING: Colour = (255, 255, 255)
TRAIL: Colour = (0, 122, 110)
TRAIL_LIGHT: Colour = (236, 250, 246)
BODY: Colour = (22, 24, 30)
FACE: Colour = (250, 190, 42)


@lru_cache(maxsize=8192)
def arrow(cell: tuple[int, int], level: int, turn: int, is_mean: bool) -> pygame.Surface:
    """A sheet of the size of a cell with one arrow, premultiplied.

    Args:
        cell: width and height, pixels.
        level: length and opacity of the arrow, from 1 to `LEVELS`. Up to half of `LEVELS` it starts
            in the cell's middle, and at `LEVELS` its own middle is there.
        turn: direction of the arrow: 0 is right, and `TURNS` make a full turn, downwards first.
        is_mean: whether it is the cell's only arrow; its middle is then always the cell's.
    """
    layer = Layer(cell, factor=4)
    unit, share = min(cell), level / LEVELS
    middle, ahead = complex(*cell) / 2, complex(np.exp(2j * np.pi * turn / TURNS))
    if is_mean:
        width, casing = max(1.2, 0.07 * unit), 0.0
        tip = 0.14 + 0.25 * share
        tail = -tip
    else:
        width, casing = max(1.3, unit * (0.03 + 0.035 * share)), max(0.8, 0.016 * unit)
        tip = 0.12 + 0.27 * share
        tail = 0.03 - 0.4 * max(share - 0.5, 0.0) * 2.0
    ends = middle + ahead * unit * tail, middle + ahead * unit * tip
    if casing:
        shapes.arrow(layer, *ends, width, CASING, casing)
    shapes.arrow(layer, *ends, width, INK)
    sheet = layer.sheet()
    strength = round(255 * ((0.2 + 0.45 * share) if is_mean else (0.3 + 0.6 * share)))
    sheet.fill((strength,) * 4, special_flags=pygame.BLEND_RGBA_MULT)
    return sheet


def arrow_level(share: float | Numbers) -> Any:
    """The level of an arrow, given its share of the longest."""
    return np.ceil(np.asarray(share) * LEVELS - 1e-6).astype(int)


def border_level(visits: int | Cells) -> Any:
    """The level of a cell's border by its number of visits: it darkens quickly, but never to
    black."""
    return np.round(LEVELS * (1.0 - 0.65 / np.sqrt(visits))).astype(int)


@lru_cache(maxsize=256)
def border(cell: tuple[int, int], thickness: float, level: int) -> pygame.Surface:
    """A sheet of the size of a cell with a frame, premultiplied; its opacity in `LEVELS`."""
    layer = Layer(cell, factor=4)
    inside = complex(*cell) - (1 + 1j)
    shapes.box(layer, 0j, inside, TRAIL, level / LEVELS, 0.12 * min(cell), thickness)
    return layer.sheet()


@lru_cache(maxsize=64)
def agent(radius: float, ahead: complex) -> pygame.Surface:
    """A small round character seen from above that looks ahead, premultiplied; a square sheet."""
    side = 2 * int(1.5 * radius + 1.0) + 1
    layer = Layer((side, side), factor=4)
    middle = complex(side, side) / 2
    shapes.disc(layer, middle + 0.12 * radius * (1 + 1.4j), 1.08 * radius, (0, 0, 0), 0.35)
    for size, colour in ((1.0, CASING), (0.84, BODY)):
        beak = np.array([1.38, 0.6 + 0.66j, 0.6 - 0.66j]) * ahead * radius * size
        polygon(layer, middle + beak, colour)
        shapes.disc(layer, middle, radius * size, colour)
    shapes.disc(layer, middle, 0.64 * radius, FACE)
    for eye in (0.30 + 0.26j, 0.30 - 0.26j):
        shapes.disc(layer, middle + radius * ahead * eye, 0.13 * radius, BODY)
    return layer.sheet()
