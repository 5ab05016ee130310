"""The sky behind a lane, and a town far away."""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE
from il_envs.drawing.history import scattered
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import BACKDROP, LINE, WARNING, faded
from il_envs.drawing.neon.light import mix

TOWERS, PERIOD = 24, 46.0  # how many towers there are, and pixels from one to the next
WINDOWS = 14


def paint(surface: pygame.Surface, ground: int, passed: float) -> None:
    """Paint everything above the ground.

    Args:
        ground: upper edge of the ground, pixels down.
        passed: distance by which the town has moved to the left, pixels.
    """
    surface.blit(_sky(ground), (0, 0))
    first = int(passed // PERIOD) - 1
    for number in range(first, first + int(SIZE[0] / PERIOD) + 3):
        tower = _tower(number % TOWERS)
        left = PERIOD * (number + 0.4 * scattered(number)) - passed
        surface.blit(tower, (round(left), ground - tower.get_height()))


@lru_cache(maxsize=2)
def _sky(ground: int) -> pygame.Surface:
    """Haze over the ground."""
    across, down = np.arange(SIZE[0])[:, None], np.arange(SIZE[1])[None, :]
    haze = np.exp(-(((across - SIZE[0] / 2) / 520.0) ** 2) - ((down - ground) / 120.0) ** 2)
    pixels = mix((BACKDROP, np.ones_like(haze)), (faded(LINE, 0.65), haze))
    return pygame.surfarray.make_surface(pixels)


@lru_cache(maxsize=TOWERS)
def _tower(number: int) -> pygame.Surface:
    """A tower with a few lit windows."""
    width, height = 20 + round(24 * scattered(number + 7)), 110 + round(90 * scattered(number) ** 2)
    tower = pygame.Surface((width, height), depth=32)
    tower.fill(faded(LINE, 0.14 + 0.1 * scattered(number + 1)))
    tower.fill(faded(LINE, 0.7), (0, 0, width, 1))
    for k in range(WINDOWS):
        column = int((width - 6) / 5 * scattered(31 * number + k))
        row = int(12 * scattered(number + 5 * k))
        colour = faded(colours.WALL_RIM if k % 3 else WARNING, 0.5)
        tower.fill(colour, (4 + 5 * column, 5 + 6 * row, 2, 2))
    return tower
