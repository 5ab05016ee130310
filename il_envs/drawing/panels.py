"""Panels over a picture, and their colours."""

from functools import lru_cache

import pygame

from il_envs.drawing.canvas import Colour, Layer, lay, premultiplied

PANEL: Colour = (16, 18, 24)
PANEL_OPACITY = 0.7
TEXT: Colour = (240, 241, 244)
FAINT: Colour = (150, 155, 165)
SCALE_LINE: Colour = (88, 93, 104)
ACCENT: Colour = (250, 190, 42)
RED: Colour = (240, 76, 62)
MARGIN = 14  # pixels, from the picture's edge


def panel(layer: Layer, opacity: float = PANEL_OPACITY, rounding: float = 12.0) -> None:
    """Paint a panel that fills the layer, its corners rounded by `rounding` pixels."""
    pygame.draw.rect(
        layer.surface, premultiplied(PANEL, opacity), layer.surface.get_rect(),
        border_radius=round(rounding * layer.factor),
    )  # fmt: skip


def lay_panel(target: pygame.Surface, size: tuple[int, int], position: tuple[int, int]) -> None:
    """Lay an empty panel on a picture, its top left corner at `position` (pixels)."""
    lay(_panel(size), target, position)


@lru_cache(maxsize=16)
def _panel(size: tuple[int, int]) -> pygame.Surface:
    layer = Layer(size)
    panel(layer)
    return layer.sheet()
