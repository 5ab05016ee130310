"""Light on dark: the colours of the shooter worlds."""

from il_envs.canvas import Colour

BACKDROP: Colour = (7, 8, 17)
LINE: Colour = (62, 54, 122)  # of floors and frames
ME: Colour = (56, 218, 255)
FOE: Colour = (255, 58, 120)
WARNING: Colour = (255, 176, 48)
SPARK: Colour = (255, 240, 214)
DIM: Colour = (112, 120, 150)  # text
BRIGHT: Colour = (226, 234, 250)  # text


def faded(colour: Colour, share: float) -> Colour:
    """A colour with a share of its light."""
    red, green, blue = (round(share * part) for part in colour)
    return red, green, blue
