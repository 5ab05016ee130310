"""Light on dark: the colours of the shooter worlds, and a glow around what shines."""

import pygame

from il_envs.canvas import Colour, Layer

BACKDROP: Colour = (7, 8, 17)
LINE: Colour = (62, 54, 122)  # of floors and frames
ME: Colour = (56, 218, 255)
FOE: Colour = (255, 58, 120)
WARNING: Colour = (255, 176, 48)
SPARK: Colour = (255, 240, 214)
DIM: Colour = (112, 120, 150)  # text
BRIGHT: Colour = (226, 234, 250)  # text

REDUCED = 4  # a glow is soft enough to be made at this fraction of its size
GLOWS = ((2, 150), (7, 110))  # radius (in reduced pixels) and strength, of 255
MARGIN = 40  # pixels that a layer needs around what shines, for its glow


def shine(layer: Layer, target: pygame.Surface, position: tuple[int, int] = (0, 0)) -> None:
    """Add the light of a layer and the glow around it to a picture.

    Args:
        position: of the layer's top left corner, pixels.
    """
    sheet = layer.sheet()
    width, height = layer.size
    small = pygame.transform.smoothscale(sheet, (width // REDUCED, height // REDUCED))
    for radius, strength in GLOWS:
        glow = pygame.transform.gaussian_blur(small, radius)
        glow.fill((strength,) * 3, special_flags=pygame.BLEND_RGB_MULT)
        large = pygame.transform.smoothscale(glow, layer.size)
        target.blit(large, position, special_flags=pygame.BLEND_RGB_ADD)
    target.blit(sheet, position, special_flags=pygame.BLEND_RGB_ADD)


def faded(colour: Colour, share: float) -> Colour:
    """A colour with a share of its light."""
    red, green, blue = (round(share * part) for part in colour)
    return red, green, blue
