"""What il-play paints over a picture and below it: a dimmed page, a panel, a line of state."""

from collections.abc import Sequence

import pygame

from il_envs.drawing.canvas import SIZE, Colour, Layer
from il_envs.drawing.panels import ACCENT, FAINT, PANEL, TEXT, panel
from il_envs.drawing.shapes import box
from il_envs.drawing.text import lettering, write

BAR_HEIGHT = 40  # pixels, of the line of state
KEY: Colour = (58, 62, 72)
CHOSEN: Colour = (104, 84, 24)
DIMMED = 90  # of 255, what is left of the light of a dimmed picture
COLUMN_WIDTH, TOP, ROUNDING = 460, 20, 14.0  # pixels
ONE_COLUMN = 13  # rows; more are set in two columns
OPACITY = 0.9
HEAD, FOOT = 62, 44  # pixels, above and below the rows
MIDDLE = 0.34  # of a column, between names and meanings
TALLEST_ROW = 40.0  # pixels; many rows are moved closer together
BAR_TEXT = 24  # pixels
EDGE = 14  # pixels, at either end of the line of state

Row = tuple[str, str]


def dim(page: pygame.Surface) -> None:
    """Darken the picture."""
    page.fill((DIMMED, DIMMED, DIMMED), pygame.Rect((0, 0), SIZE), pygame.BLEND_RGB_MULT)


def paint_panel(
    page: pygame.Surface, title: str, rows: Sequence[Row], footer: str, chosen: int | None = None
) -> None:
    """Paint a panel with rows of a name and its meaning, one of which can be chosen."""
    columns = 1 if len(rows) <= ONE_COLUMN else 2
    lines = -(-len(rows) // columns)
    row = min(TALLEST_ROW, (SIZE[1] - 2 * TOP - HEAD - FOOT) / max(lines, 1))
    size = (columns * COLUMN_WIDTH, HEAD + round(row * lines) + FOOT)
    left, top = (SIZE[0] - size[0]) // 2, max((SIZE[1] - size[1]) // 3, TOP)
    row_size = round(min(0.76 * row, 28.0))
    layer = Layer(size)
    panel(layer, OPACITY, ROUNDING)
    middle = complex(left + size[0] / 2, top)
    footer = _shortened(footer, size[0] - 24, 22)
    texts = [
        (title, middle + 1j * (HEAD / 2 + 3), 38, ACCENT, "center"),
        (
            _shortened(footer, size[0] - 24, 22),
            middle + 1j * (size[1] - FOOT / 2),
            22,
            FAINT,
            "center",
        ),
    ]
    for k, (name, meaning) in enumerate(rows):
        split = COLUMN_WIDTH * (k // lines + MIDDLE)
        y = HEAD + row * (k % lines + 0.5)
        if name:
            width = lettering(name, row_size, TEXT).get_width() + 18
            corner = complex(split - width, y - 0.425 * row)
            colour = CHOSEN if k == chosen else KEY
            box(layer, corner, complex(width, 0.85 * row), colour, rounding=6.0)
        place = complex(left + split, top + y)
        texts.append((name, place - 9, row_size, TEXT, "midright"))
        texts.append((meaning, place + 18, row_size, TEXT, "midleft"))
    layer.lay_on(page, (left, top))
    for text, place, text_size, colour, align in texts:
        write(page, text, place, text_size, colour, align)


def paint_large(page: pygame.Surface, text: str, below: str = "") -> None:
    """Paint a large word in the middle of the picture, and a line below it."""
    middle = complex(SIZE[0] / 2, 0.22 * SIZE[1])
    for offset, colour in ((3 + 3j, PANEL), (0j, ACCENT)):
        write(page, text, middle + offset, 110, colour, "center")
        write(page, below, middle + 70j + offset, 28, TEXT if offset == 0 else PANEL, "center")


def paint_bar(page: pygame.Surface, left: str, right: Sequence[tuple[str, Colour]]) -> None:
    """Paint the line of state below the picture: a text, and marks in their colours."""
    page.fill(PANEL, pygame.Rect(0, SIZE[1], SIZE[0], BAR_HEIGHT))
    y = 1j * (SIZE[1] + BAR_HEIGHT / 2)
    x = float(SIZE[0] - EDGE)
    for text, colour in reversed(right):
        write(page, text, x + y, BAR_TEXT, colour, "midright")
        x -= lettering(text, BAR_TEXT, colour).get_width() + 22
    write(page, _shortened(left, x - EDGE, BAR_TEXT), EDGE + y, BAR_TEXT, FAINT)


def _shortened(text: str, width: float, size: int) -> str:
    """The text, cut where it would be wider than so many pixels."""
    if not text or lettering(text, size, FAINT).get_width() <= width:
        return text
    while text and lettering(text + "…", size, FAINT).get_width() > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""
