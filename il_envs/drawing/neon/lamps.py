"""A panel of labelled lamps that shows which buttons are held; for any number of buttons."""

from collections.abc import Sequence
from functools import lru_cache

import pygame

from il_envs.drawing.canvas import Colour, Layer, lay
from il_envs.drawing.neon.colours import DIM, LINE, ME, faded
from il_envs.drawing.neon.light import REACH, lights
from il_envs.drawing.panels import panel
from il_envs.drawing.shapes import box
from il_envs.drawing.text import write

WIDTH = 312  # pixels, of the panel
EDGE = 8  # pixels, from the panel's edge to the lamps
GAP = 4  # pixels, between lamps
LAMP_HEIGHT = 24  # pixels
FONT = 15
ROUNDING = 6.0  # pixels
LIT_TEXT: Colour = (4, 26, 36)


def height_of(names: Sequence[str], columns: int) -> int:
    """Height of the panel, in pixels."""
    rows = -(-len(names) // columns)
    return 2 * EDGE + rows * (LAMP_HEIGHT + GAP) - GAP


def paint(
    surface: pygame.Surface,
    corner: tuple[int, int],
    names: Sequence[str],
    columns: int,
    held: Sequence[bool],
) -> None:
    """Paint the panel.

    Args:
        corner: the panel's top left corner, pixels.
        names: names of the buttons, row by row.
        columns: number of buttons in a row.
        held: whether each button is held.
    """
    lay(_still(tuple(names), columns), surface, corner)
    places = _places(names, columns)
    around = (corner[0] - REACH, corner[1] - REACH)
    for light in _lit(tuple(names), columns, tuple(map(bool, held))):
        surface.blit(light, around, special_flags=pygame.BLEND_RGB_ADD)
    for name, (left_top, lamp), is_held in zip(names, places, held, strict=True):
        middle = complex(*corner) + left_top + lamp / 2
        write(surface, name, middle, FONT, LIT_TEXT if is_held else DIM, "center")


def _places(names: Sequence[str], columns: int) -> list[tuple[complex, complex]]:
    """The top left corner and the size of each lamp, pixels within the panel."""
    width = (WIDTH - 2 * EDGE + GAP) // columns - GAP
    return [
        (
            complex(EDGE + k % columns * (width + GAP), EDGE + k // columns * (LAMP_HEIGHT + GAP)),
            complex(width, LAMP_HEIGHT),
        )
        for k in range(len(names))
    ]


@lru_cache(maxsize=8)
def _still(names: tuple[str, ...], columns: int) -> pygame.Surface:
    """The panel with all lamps dark."""
    layer = Layer((WIDTH, height_of(names, columns)), factor=3)
    panel(layer)
    for place, size in _places(names, columns):
        box(layer, place, size, faded(LINE, 0.35), 1.0, ROUNDING)
        box(layer, place, size, LINE, 1.0, ROUNDING, thickness=1.0)
    return layer.sheet()


@lru_cache(maxsize=64)
def _lit(
    names: tuple[str, ...], columns: int, held: tuple[bool, ...]
) -> tuple[pygame.Surface, pygame.Surface]:
    """The light of the lamps that are lit, with `REACH` pixels of room around the panel."""
    layer = Layer((WIDTH + 2 * REACH, height_of(names, columns) + 2 * REACH), factor=3)
    for (left_top, lamp), is_held in zip(_places(names, columns), held, strict=True):
        if is_held:
            box(layer, left_top + REACH * (1 + 1j), lamp, ME, 1.0, ROUNDING)
    return lights(layer)
