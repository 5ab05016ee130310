"""The panel that il-play lays over a picture: a title, rows of a name and its meaning, a foot."""

from collections.abc import Sequence

import pygame

from il_envs.canvas import Colour, Layer
from il_envs.panels import ACCENT, FAINT, TEXT, panel

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
    """Paint the panel with rows of `row` pixels, room allowing."""
    columns = 1 if len(rows) <= ONE_COLUMN else 2
    lines = -(-len(rows) // columns)
    row = min(row, (window.get_height() - 2 * TOP - HEAD - FOOT) / max(lines, 1))
    size = (columns * COLUMN_WIDTH, HEAD + round(row * lines) + FOOT)
    left = (window.get_width() - size[0]) // 2
    row_font = pygame.font.Font(None, round(0.76 * row))
    layer = Layer(size)
    panel(layer, OPACITY, ROUNDING)
    head = pygame.font.Font(None, 38).render(title, True, ACCENT)
    foot = pygame.font.Font(None, 20).render(footer, True, FAINT)
    texts = [
        (head, size[0] / 2 - head.get_width() / 2, HEAD / 2 + 3),
        (foot, size[0] / 2 - foot.get_width() / 2, size[1] - FOOT / 2),
    ]
    for k, (name, meaning) in enumerate(rows):
        middle = COLUMN_WIDTH * (k // lines + MIDDLE)
        y = HEAD + row * (k % lines + 0.5)
        picture = row_font.render(name, True, TEXT)
        cap = pygame.Rect(0, 0, 2 * picture.get_width() + 36, round(1.7 * row))
        cap.midright = (round(2 * middle), round(2 * y))
        pygame.draw.rect(layer.surface, KEY, cap, border_radius=12)
        texts.append((picture, middle - 9 - picture.get_width(), y))
        texts.append((row_font.render(meaning, True, TEXT), middle + 18, y))
    layer.lay_on(window, (left, TOP))
    for picture, x, y in texts:
        window.blit(picture, (left + x, TOP + y - picture.get_height() / 2))
