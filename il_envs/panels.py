"""What panels over a picture are made of: their colours, flat shapes and text.

Points are complex, in pixels right and down of a layer's top left corner.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.canvas import Colour, Layer, premultiplied

PANEL: Colour = (16, 18, 24)
PANEL_OPACITY = 0.7
TEXT: Colour = (240, 241, 244)
FAINT: Colour = (150, 155, 165)
SCALE_LINE: Colour = (88, 93, 104)
ACCENT: Colour = (250, 190, 42)
RED: Colour = (240, 76, 62)
MARGIN = 14  # pixels, from the picture's edge


def panel(layer: Layer, opacity: float = PANEL_OPACITY, rounding: float = 12.0) -> None:
    """The panel itself: all of the layer, its corners rounded (pixels)."""
    pygame.draw.rect(
        layer.surface, premultiplied(PANEL, opacity), layer.surface.get_rect(),
        border_radius=round(rounding * layer.factor),
    )  # fmt: skip


def polygon(
    layer: Layer,
    points: NDArray[np.complexfloating[Any, Any]],
    colour: Colour,
    opacity: float = 1.0,
) -> None:
    """A polygon with these corners."""
    corners = [(point.real, point.imag) for point in points * layer.factor]
    pygame.draw.polygon(layer.surface, premultiplied(colour, opacity), corners)


def bar(layer: Layer, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """An upright rectangle; nothing if it has no width or height."""
    if left != right and top != bottom:
        corners = [left + 1j * top, right + 1j * top, right + 1j * bottom, left + 1j * bottom]
        polygon(layer, np.array(corners), colour)


def write(
    surface: pygame.Surface, text: str, middle: tuple[float, float], size: int, colour: Colour
) -> None:
    """A line of text around its middle."""
    picture = _font(size).render(text, True, colour)
    surface.blit(picture, picture.get_rect(center=middle))


@lru_cache(maxsize=8)
def _font(size: int) -> pygame.font.Font:
    return pygame.font.Font(None, size)
