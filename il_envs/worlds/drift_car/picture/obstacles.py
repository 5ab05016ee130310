"""Obstacles on the road, seen from above: a post, and around it what the car has to keep clear of.

The car's middle must stay out of a painted ring. Half of the car's width is included in it, and so
the post is that much smaller.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour, Layer, lay
from il_envs.drawing.shapes import disc, polygon
from il_envs.worlds.drift_car.picture.ground import (
    KERB_RED,
    KERB_WHITE,
    LINE,
    SCALE,
    SHADOW,
)

RING = 1.2  # m, radius of what ends an episode
RING_WIDTH = 0.14  # m
POST = 0.42  # m
POST_TOP: Colour = (244, 202, 60)
SIDE = 44  # pixels, of the picture of one obstacle


def paint_obstacles(surface: pygame.Surface, obstacles: Sequence[complex], corner: complex) -> None:
    """Paint the obstacles that stand at these places (m) into the picture with this top left
    corner (m)."""
    width, height = surface.get_size()
    for obstacle in obstacles:
        place = SCALE * (obstacle - corner).conjugate()
        left, top = round(place.real) - SIDE // 2, round(place.imag) - SIDE // 2
        if -SIDE < left < width and -SIDE < top < height:
            lay(_obstacle(), surface, (left, top))


@lru_cache(maxsize=1)
def _obstacle() -> pygame.Surface:
    layer = Layer((SIDE, SIDE), factor=4)
    middle = SIDE / 2 * (1 + 1j)
    for k in range(0, 24, 2):  # a dashed ring
        bearing = 2.0 * np.pi * (k + np.linspace(0.0, 1.0, 5)) / 24
        ray = np.exp(1j * bearing)
        edge = np.concatenate([RING * ray, (RING - RING_WIDTH) * ray[::-1]])
        polygon(layer, middle + SCALE * edge, LINE, 0.8)
    shadow = middle + SCALE * 0.7 * SHADOW.conjugate()
    disc(layer, shadow, SCALE * POST, (0, 0, 0), 0.4)
    for share, colour in ((1.0, KERB_RED), (0.74, KERB_WHITE), (0.46, KERB_RED), (0.2, POST_TOP)):
        disc(layer, middle, SCALE * POST * share, colour)
    return layer.sheet()
