"""Light that is added to a picture: lines that glow, on a layer, and soft round glows.

Places are complex, in pixels right and down of the layer's or picture's top left corner.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.shapes import polygon

REDUCED = 4  # a glow is soft enough to be made at this fraction of its size
NEAR, FAR = (1, 150), (4, 200)  # radius of a glow (reduced pixels) and its strength, of 255
REACH = 28  # pixels that a layer needs around what shines, for its glow
LEVELS = 16  # of strength, that soft glows come in


def line(layer: Layer, start: complex, end: complex, width: float, colour: Colour) -> None:
    """A line, `width` pixels wide."""
    _taper(layer, start, end, width, width, colour)


def streak(layer: Layer, tail: complex, head: complex, width: float, colour: Colour) -> None:
    """A line with a pointed tail, `width` pixels wide at its head."""
    _taper(layer, tail, head, 0.0, width, colour)


def _taper(
    layer: Layer, tail: complex, head: complex, tail_width: float, head_width: float, colour: Colour
) -> None:
    tail, head, factor = complex(tail), complex(head), layer.factor
    across = 0.5j * (head - tail) / max(abs(head - tail), 1e-9)
    near, far = head_width * across, tail_width * across
    outline = (head + near, tail + far, tail - far, head - near)
    pixels = [(factor * point.real, factor * point.imag) for point in outline]
    layer.paint(pygame.draw.polygon, (*colour, 255), pixels)


def arc(
    layer: Layer, middle: complex, radius: float, width: float, colour: Colour,
    start: float = 0.0, turn: float = 2.0 * np.pi,
) -> None:  # fmt: skip
    """An arc of a ring, clockwise by `turn` from the bearing `start`, in radians; 0 is straight
    up."""
    pieces = 2 + int(abs(turn) * radius / 5.0)
    ray = -1j * np.exp(1j * np.linspace(start, start + turn, pieces))
    inner, outer = radius - width / 2, radius + width / 2
    polygon(layer, middle + np.concatenate([inner * ray, outer * ray[::-1]]), colour)


def shine(layer: Layer, target: pygame.Surface, position: tuple[int, int] = (0, 0)) -> None:
    """Add the light of a layer and the glow around it to a picture.

    Args:
        position: top left corner of the layer in the picture, pixels.
    """
    for light in lights(layer):
        target.blit(light, position, special_flags=pygame.BLEND_RGB_ADD)


def lights(layer: Layer) -> tuple[pygame.Surface, pygame.Surface]:
    """The glow around what is on a layer, and the layer's sheet, both to be added to a picture.

    The far glow is the near one blurred again, because a single box blur leaves visible edges.
    """
    sheet = layer.sheet()
    width, height = layer.size
    near = pygame.transform.smoothscale(sheet, (width // REDUCED, height // REDUCED))
    near = pygame.transform.box_blur(near, NEAR[0])
    far = pygame.transform.box_blur(near, FAR[0])
    for glow, strength in ((near, NEAR[1]), (far, FAR[1])):
        glow.fill((strength,) * 3, special_flags=pygame.BLEND_RGB_MULT)
    near.blit(far, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
    return pygame.transform.smoothscale(near, layer.size), sheet


def mix(*parts: tuple[Colour, NDArray[np.floating[Any]]]) -> NDArray[np.uint8]:
    """The sum of colours times their amounts, uint8 [x, y, 3]; amounts are [x, y], or [x, 1] or
    [1, y]."""
    shape = np.broadcast_shapes(*(amount.shape for _, amount in parts))
    total = np.zeros((*shape, 3), np.float32)
    for colour, amount in parts:
        total += amount[:, :, None] * np.array(colour, np.float32)
    return total.clip(0.0, 255.0).astype(np.uint8)


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
    """A quarter of a round light is computed, and mirrored."""
    x = (np.arange(radius, 2 * radius) + 0.5) / radius - 1.0
    near = np.clip(1.0 - np.hypot(x[:, None], x[None, :]), 0.0, 1.0)
    square = near * near
    profile = (0.45 * square + 0.55 * square * square * near) * (level / LEVELS)
    quarter = mix((colour, profile))
    half = np.concatenate([quarter[::-1], quarter])
    return pygame.surfarray.make_surface(np.concatenate([half[:, ::-1], half], axis=1))
