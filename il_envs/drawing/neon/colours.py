"""The colours of the worlds of buttons: light on dark."""

from il_envs.drawing.canvas import Colour

BACKDROP: Colour = (7, 8, 17)
LINE: Colour = (62, 54, 122)  # of floors and frames
ME: Colour = (56, 218, 255)
FOE: Colour = (255, 58, 120)
WARNING: Colour = (255, 176, 48)
SPARK: Colour = (255, 240, 214)
DIM: Colour = (112, 120, 150)  # text
BRIGHT: Colour = (226, 234, 250)  # text

VOID: Colour = (4, 5, 10)
FLOOR: Colour = (9, 11, 22)
FLOOR_LINE: Colour = (18, 18, 40)
FLOOR_LIGHT: Colour = (27, 34, 70)  # added where the player sees
LINE_LIGHT: Colour = (52, 44, 112)
WALL: Colour = (15, 18, 34)
WALL_RIM: Colour = (56, 74, 190)
WALL_LIGHT: Colour = (40, 190, 255)
SIDE: Colour = (9, 11, 26)  # of a wall
SIDE_LIGHT: Colour = (30, 66, 128)

SHOT: Colour = (150, 240, 255)
MUZZLE: Colour = (255, 226, 150)
BULLET: Colour = (255, 150, 50)
BULLET_CORE: Colour = (255, 236, 190)
EMBERS: Colour = (110, 16, 50)
HEALTH: Colour = (84, 240, 130)
ROUNDS: Colour = (255, 210, 70)
SHIELD: Colour = (90, 150, 255)
DASH: Colour = (206, 110, 255)
PAIN: Colour = (255, 24, 48)
WHITE: Colour = (255, 255, 255)


def faded(colour: Colour, share: float) -> Colour:
    """A colour dimmed to a share of its light, from 0 to 1."""
    red, green, blue = colour
    return round(share * red), round(share * green), round(share * blue)


DARK_SUIT, SUIT = faded(ME, 0.28), faded(ME, 0.34)  # of the player
STEEL: Colour = (214, 246, 255)
