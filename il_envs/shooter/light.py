"""Light that is added to a picture: a sheet of lines that glow, and soft round glows.

Places are complex, in pixels right and down of the picture's top left corner.
"""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.canvas import SIZE, Colour
from il_envs.shooter.camera import Points

FACTOR = 2  # lines are painted at so many times their size
BLOOM = 4  # pixels of the picture in one of the blurred light
BLURS = (1, 3)  # pixels of those
LEVELS = 16  # of strength, that glows come in


class Lines:
    """A sheet of glowing lines; painting replaces what was there, so begin with the weakest."""

    def __init__(self) -> None:
        self._surface = pygame.Surface((SIZE[0] * FACTOR, SIZE[1] * FACTOR), depth=32)

    def polygon(self, corners: Points, colour: Colour) -> None:
        shape = [(corner.real, corner.imag) for corner in corners * FACTOR]
        pygame.draw.polygon(self._surface, colour, shape)

    def disc(self, middle: complex, radius: float, colour: Colour) -> None:
        at = (middle.real * FACTOR, middle.imag * FACTOR)
        pygame.draw.circle(self._surface, colour, at, radius * FACTOR)

    def line(self, start: complex, end: complex, width: float, colour: Colour) -> None:
        """A line, so many pixels wide."""
        self._taper(start, end, width, width, colour)

    def streak(self, tail: complex, head: complex, width: float, colour: Colour) -> None:
        """A line with a pointed tail, so many pixels wide at its head."""
        self._taper(tail, head, 0.0, width, colour)

    def _taper(
        self, tail: complex, head: complex, tail_width: float, head_width: float, colour: Colour
    ) -> None:
        across = 0.5j * (head - tail) / max(abs(head - tail), 1e-9)
        near, far = head_width * across, tail_width * across
        self.polygon(np.array([head + near, tail + far, tail - far, head - near]), colour)

    def arc(
        self, middle: complex, radius: float, width: float, colour: Colour,
        start: float = 0.0, turn: float = 2.0 * np.pi,
    ) -> None:  # fmt: skip
        """A piece of a ring, clockwise from a bearing in radians; 0 is straight up."""
        pieces = 2 + int(abs(turn) * radius / 5.0)
        ray = -1j * np.exp(1j * np.linspace(start, start + turn, pieces))
        inner, outer = radius - width / 2, radius + width / 2
        self.polygon(middle + np.concatenate([inner * ray, outer * ray[::-1]]), colour)

    def lay_on(self, target: pygame.Surface) -> None:
        """Add the lines and the light around them.

        This is `neon.shine` for a whole picture, with blurs of boxes: half of its time.
        """
        sharp = pygame.transform.smoothscale(self._surface, SIZE)
        target.blit(sharp, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
        small = pygame.transform.smoothscale(sharp, (SIZE[0] // BLOOM, SIZE[1] // BLOOM))
        near, far = (pygame.transform.box_blur(small, radius) for radius in BLURS)
        near.blit(far, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
        pygame.transform.smoothscale(near, SIZE, sharp)
        target.blit(sharp, (0, 0), special_flags=pygame.BLEND_RGB_ADD)


def add_glow(
    target: pygame.Surface, middle: complex, radius: float, colour: Colour, strength: float
) -> None:
    """Add a soft round light; radius in pixels, `strength` from 0 to 1."""
    level = round(min(strength, 1.0) * LEVELS)
    if level > 0 and radius >= 1.0:
        sprite = _glow(round(radius), colour, level)
        half = sprite.get_width() / 2
        corner = (round(middle.real - half), round(middle.imag - half))
        target.blit(sprite, corner, special_flags=pygame.BLEND_RGB_ADD)


@lru_cache(maxsize=1024)
def _glow(radius: int, colour: Colour, level: int) -> pygame.Surface:
    x = (np.arange(2 * radius) + 0.5) / radius - 1.0
    near = np.clip(1.0 - np.hypot(x[:, None], x[None, :]), 0.0, 1.0)
    profile = (0.45 * near**2 + 0.55 * near**5) * (level / LEVELS)
    light = profile[:, :, None] * np.array(colour, np.float32)
    return pygame.surfarray.make_surface(light.astype(np.uint8))
