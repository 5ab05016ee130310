"""Effects that last a moment: the flash of a gun, a red edge."""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE, Layer
from il_envs.drawing.history import scattered
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.light import add_glow, mix, streak
from il_envs.drawing.shapes import disc


def paint_flash(
    surface: pygame.Surface, lines: Layer, muzzle: complex, direction: complex, number: int
) -> None:
    """Paint the flash of a gun.

    Args:
        muzzle: the end of the gun in the picture, pixels.
        direction: the direction of the shot in the picture, a unit vector.
        number: the number of the flash, which determines its size.
    """
    flicker = 0.8 + 0.4 * scattered(number)
    add_glow(surface, muzzle, 130.0 * flicker, colours.MUZZLE, 0.25)
    add_glow(surface, muzzle, 24.0 * flicker, colours.MUZZLE, 0.7)
    for turn, length in ((0.0, 24.0), (0.6, 13.0), (-0.6, 13.0)):
        tip = muzzle + length * flicker * direction * np.exp(1j * turn)
        streak(lines, tip, muzzle, 5.0, colours.MUZZLE)
    disc(lines, muzzle, 2.5, colours.WHITE)


def paint_vignette(surface: pygame.Surface, strength: float) -> None:
    """Redden the edges of the picture."""
    edges = _vignette()  # made for the first picture, not in the middle of a fight
    if level := round(255 * strength):
        shade = edges.copy()
        shade.fill((level,) * 3, special_flags=pygame.BLEND_RGB_MULT)
        surface.blit(shade, (0, 0), special_flags=pygame.BLEND_RGB_ADD)


@lru_cache(maxsize=1)
def _vignette() -> pygame.Surface:
    x, y = (np.linspace(-1.0, 1.0, side) for side in SIZE)
    edge = np.clip(np.hypot(x[:, None] ** 2, y[None, :] ** 2) - 0.35, 0.0, 0.9) ** 1.8
    return pygame.surfarray.make_surface(mix((colours.PAIN, edge)))
