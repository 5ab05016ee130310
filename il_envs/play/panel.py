"""The panel that il-play lays over a picture: a title, rows of a name and its meaning, a foot."""

from collections.abc import Sequence

import pygame

from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.panels import ACCENT, FAINT, TEXT, panel
from il_envs.drawing.shapes import box
from il_envs.drawing.text import lettering, write

KEY: Colour = (58, 62, 72)
COLUMN_WIDTH, TOP, ROUNDING = 460, 24, 14.0  # pixels
ONE_COLUMN = 13  # rows; more are set in two columns
OPACITY = 0.86
HEAD, FOOT = 62, 44  # pixels, above and below the rows
MIDDLE = 0.42  # of a column, between names and meanings
KEY_ROW, SCORE_ROW = 32.0, 44.0  # pixels; many keys are moved closer together


def paint(
    window: pygame.Surface, title: str, rows: Sequence[tuple[str, str]], footer: str, row: float
) -> None:
    """Paint the panel with rows `row` pixels high, or less if there is no room for that."""
    columns = 1 if len(rows) <= ONE_COLUMN else 2
    lines = -(-len(rows) // columns)
    row = min(row, (window.get_height() - 2 * TOP - HEAD - FOOT) / max(lines, 1))
    size = (columns * COLUMN_WIDTH, HEAD + round(row * lines) + FOOT)
    left = (window.get_width() - size[0]) // 2
    row_size = round(0.76 * row)
    layer = Layer(size)
    panel(layer, OPACITY, ROUNDING)
    middle = complex(left + size[0] / 2, TOP)
    texts = [
        (title, middle + 1j * (HEAD / 2 + 3), 38, ACCENT, "center"),
        (footer, middle + 1j * (size[1] - FOOT / 2), 20, FAINT, "center"),
    ]
    for k, (name, meaning) in enumerate(rows):
        split = COLUMN_WIDTH * (k // lines + MIDDLE)
        y = HEAD + row * (k % lines + 0.5)
        width = lettering(name, row_size, TEXT).get_width() + 18
        corner = complex(split - width, y - 0.425 * row)
        box(layer, corner, complex(width, 0.85 * row), KEY, rounding=6.0)
        place = complex(left + split, TOP + y)
        texts.append((name, place - 9, row_size, TEXT, "midright"))
        texts.append((meaning, place + 18, row_size, TEXT, "midleft"))
    layer.lay_on(window, (left, TOP))
    for text, place, text_size, colour, align in texts:
        write(window, text, place, text_size, colour, align)
