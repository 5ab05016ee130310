"""A panel of labelled lamps that shows which buttons are held; for any number of buttons."""

from collections.abc import Sequence
from functools import lru_cache

import pygame

from il_envs.canvas import Colour, Layer, lay
from il_envs.panels import panel
from il_envs.shapes import box, text_width, write
from il_envs.shooter.light import REACH, shine
from il_envs.shooter.neon import DIM, LINE, ME, faded

WIDTH = 300  # pixels, of the panel
EDGE = 10  # pixels, from the panel's edge to the lamps
GAP = 6  # pixels, between lamps
LAMP_HEIGHT = 24  # pixels
PADDING = 5  # pixels, from a lamp's edge to its label
FONT = 16
ROUNDING = 6.0  # pixels
LIT_TEXT: Colour = (4, 26, 36)


def columns_of(names: Sequence[str]) -> int:
    """How many lamps fit beside each other: the labels must, and no row is much emptier than
    another."""
    widest = max(text_width(name, FONT) for name in names) + 2 * PADDING
    most = max(1, (WIDTH - 2 * EDGE + GAP) // (widest + GAP))
    rows = -(-len(names) // most)
    return -(-len(names) // rows)


def size_of(names: Sequence[str]) -> tuple[int, int]:
    """Width and height of the panel, pixels."""
    rows = -(-len(names) // columns_of(names))
    return WIDTH, 2 * EDGE + rows * (LAMP_HEIGHT + GAP) - GAP


def paint(
    surface: pygame.Surface,
    corner: tuple[int, int],
    names: Sequence[str],
    held: Sequence[bool],
    colour: Colour = ME,
) -> None:
    """Paint the panel.

    Args:
        corner: its top left corner, pixels.
        names: of the buttons, row by row.
        held: whether each one is held.
        colour: of the lamps that shine.
    """
    lay(_still(tuple(names)), surface, corner)
    places = _places(names)
    width, height = size_of(names)
    light = Layer((width + 2 * REACH, height + 2 * REACH), factor=3)
    for (left_top, size), is_held in zip(places, held, strict=True):
        if is_held:
            box(light, left_top + REACH * (1 + 1j), size, colour, 1.0, ROUNDING)
    shine(light, surface, (corner[0] - REACH, corner[1] - REACH))
    for name, (left_top, size), is_held in zip(names, places, held, strict=True):
        middle = complex(*corner) + left_top + size / 2
        write(surface, name, middle, FONT, LIT_TEXT if is_held else DIM, "center")


def _places(names: Sequence[str]) -> list[tuple[complex, complex]]:
    """The top left corner and the size of each lamp, pixels within the panel."""
    columns = columns_of(names)
    width = (WIDTH - 2 * EDGE + GAP) // columns - GAP
    return [
        (
            complex(EDGE + k % columns * (width + GAP), EDGE + k // columns * (LAMP_HEIGHT + GAP)),
            complex(width, LAMP_HEIGHT),
        )
        for k in range(len(names))
    ]


@lru_cache(maxsize=8)
def _still(names: tuple[str, ...]) -> pygame.Surface:
    """The panel with all lamps dark."""
    layer = Layer(size_of(names), factor=3)
    panel(layer)
    for place, size in _places(names):
        box(layer, place, size, faded(LINE, 0.35), 1.0, ROUNDING)
        box(layer, place, size, LINE, 1.0, ROUNDING, thickness=1.0)
    return layer.sheet()
