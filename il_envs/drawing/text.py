"""Text on a picture."""

from functools import lru_cache

import pygame

from il_envs.drawing.canvas import Colour

FACTOR = 4  # letters are rendered this much larger and scaled down, to be evenly spaced


def write(
    surface: pygame.Surface, text: str, place: complex, size: int, colour: Colour,
    align: str = "midleft",
) -> None:  # fmt: skip
    """Write a line of text; `align` is pygame's name of the point of its box that is at `place`."""
    if text:
        picture = lettering(text, size, colour)
        surface.blit(picture, picture.get_rect(**{align: (round(place.real), round(place.imag))}))


@lru_cache(maxsize=256)
def lettering(text: str, size: int, colour: Colour) -> pygame.Surface:
    """A nonempty line of text on a sheet of its own."""
    large = _rendered(text, FACTOR * size, colour)
    width, height = (max(round(side / FACTOR), 1) for side in large.get_size())
    return pygame.transform.smoothscale(large, (width, height))


def _rendered(text: str, size: int, colour: Colour) -> pygame.Surface:
    """A line of text in a font size.

    A font becomes invalid if other code quits pygame's font module, as `pygame.quit()` does, even
    if the module has been initialised again since.
    """
    try:
        return _font(size).render(text, True, colour)
    except pygame.error:
        pygame.font.init()
        _font.cache_clear()
        return _font(size).render(text, True, colour)


@lru_cache(maxsize=8)
def _font(size: int) -> pygame.font.Font:
    return pygame.font.Font(None, size)
