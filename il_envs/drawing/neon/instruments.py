"""Instruments that several pictures of the shooter have: numbers, the buttons held, a banner."""

from collections.abc import Sequence

import pygame

from il_envs.drawing.canvas import SIZE, Colour
from il_envs.drawing.neon import colours, lamps
from il_envs.drawing.panels import FAINT, MARGIN, lay_panel
from il_envs.drawing.text import write

HEIGHT = 56  # pixels, of the panel of numbers
BANNER_TOP, BANNER_FONT = 112, 54  # pixels


def paint_numbers(
    surface: pygame.Surface, width: int, numbers: Sequence[tuple[int, str, str, Colour]]
) -> None:
    """Paint a panel of numbers in the top left corner.

    Args:
        width: width of the panel, pixels.
        numbers: for each number its middle (pixels from the panel's left), its text, the label
            below it, and its colour.
    """
    lay_panel(surface, (width, HEIGHT), (MARGIN, MARGIN))
    for middle, number, label, colour in numbers:
        place = MARGIN * (1 + 1j) + middle
        write(surface, number, place + 21j, 30, colour, "center")
        write(surface, label, place + 44j, 18, FAINT, "center")


def paint_lamps(
    surface: pygame.Surface, names: Sequence[str], columns: int, held: Sequence[bool], bottom: int
) -> None:
    """Paint the buttons held, at the left, with their lower edge `bottom` pixels down."""
    corner = (MARGIN, bottom - lamps.height_of(names, columns))
    lamps.paint(surface, corner, names, columns, held)


def paint_banner(surface: pygame.Surface, title: str, colour: Colour) -> None:
    """Paint the outcome of the episode in large letters."""
    place = SIZE[0] / 2 + 1j * BANNER_TOP
    write(surface, title, place + 2j, BANNER_FONT, colours.VOID, "center")
    write(surface, title, place, BANNER_FONT, colour, "center")
