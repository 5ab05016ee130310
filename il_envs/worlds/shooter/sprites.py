"""What stands and moves in the first-person view: flat shapes that face the eye."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.worlds.shooter.arena import PICKUPS
from il_envs.worlds.shooter.records import BULLETS, ENEMIES

EYE_HEIGHT = 1.4  # m
NEAREST = 0.15  # m, before the eye, at which drawing begins
FOG = 0.11  # 1/m, how fast light falls with distance

ENEMY, BULLET, SHOT, HEALTH_BOX, ROUNDS_BOX = range(5)
HALF_WIDTH = (0.56, 0.27, 0.20, 0.32, 0.32)  # m
BOTTOM = (0.0, 0.98, 1.0, 0.0, 0.0)  # m above the floor
TOP = (2.02, 1.52, 1.4, 0.62, 0.5)
MOST = ENEMIES + 2 * BULLETS + PICKUPS  # sprites in a picture; bullets are of two sides

Colour = tuple[float, float, float]
CLEAR, GLOW, DARK, BRIGHT = range(4)  # what a point of a shape is
GLOWS = (
    (255.0, 62.0, 92.0),
    (255.0, 150.0, 50.0),
    (90.0, 230.0, 255.0),
    (84.0, 240.0, 130.0),
    (250.0, 214.0, 70.0),
)
DARKS = (
    (92.0, 20.0, 46.0),
    (160.0, 60.0, 20.0),
    (30.0, 110.0, 150.0),
    (16.0, 60.0, 34.0),
    (66.0, 52.0, 14.0),
)
BRIGHTS = (
    (255.0, 236.0, 160.0),
    (255.0, 240.0, 200.0),
    (235.0, 255.0, 255.0),
    (220.0, 255.0, 226.0),
    (255.0, 246.0, 206.0),
)


@kernel
def light_at(distance: float) -> float:
    """How bright things are so far away, from 1 to 0."""
    return 1.0 / (1.0 + FOG * distance)


@kernel
def put(out: Array, row: int, column: int, colour: Colour, light: float) -> None:
    """Paint a pixel."""
    for k in range(3):
        out[row, column, k] = np.uint8(min(max(colour[k] * light, 0.0), 255.0))


@kernel
def mix(
    out: Array, row: int, column: int, colour: Colour, light: float, other: Colour, glow: float
) -> None:
    """Paint a pixel in two colours of light, added up."""
    for k in range(3):
        out[row, column, k] = np.uint8(min(colour[k] * light + other[k] * glow, 255.0))


@kernel
def tint(out: Array, row: int, column: int, colour: Colour, share: float) -> None:
    """Lay a colour over a pixel; `share` from 0 to 1 is how much of it is seen."""
    for k in range(3):
        out[row, column, k] = np.uint8(out[row, column, k] * (1.0 - share) + colour[k] * share)


@kernel
def paint(ahead: float, left: float, kind: int, share: float, depth: Array, out: Array) -> None:
    """Paint one shape where nothing nearer stands; `share` is how much of its health is left."""
    height, width = out.shape[0], out.shape[1]
    horizon, focus = 0.5 * height, 0.5 * width
    scale = focus / ahead  # pixels a metre
    middle = focus - left * scale
    first = max(int(middle - HALF_WIDTH[kind] * scale), 0)
    last = min(int(middle + HALF_WIDTH[kind] * scale) + 1, width)
    top = max(int(horizon - (TOP[kind] - EYE_HEIGHT) * scale), 0)
    bottom = min(int(horizon + (EYE_HEIGHT - BOTTOM[kind]) * scale) + 1, height)
    light = min(1.5 * light_at(ahead), 1.0)
    for column in range(first, last):
        if depth[column] < ahead:
            continue
        right = (column + 0.5 - middle) / scale
        for row in range(top, bottom):
            up = EYE_HEIGHT - (row + 0.5 - horizon) / scale
            if kind in (BULLET, SHOT):
                _paint_ball(right, up, kind, light, out, row, column)
                continue
            if kind == ENEMY:
                part = _enemy(right, up, share)
            elif kind == HEALTH_BOX:
                part = _health_box(right, up)
            else:
                part = _rounds_box(right, up)
            if part == GLOW:
                put(out, row, column, GLOWS[kind], light)
            elif part == DARK:
                put(out, row, column, DARKS[kind], light)
            elif part == BRIGHT:
                put(out, row, column, BRIGHTS[kind], light)


@kernel
def _enemy(right: float, up: float, share: float) -> int:
    """A robot: two legs, a chest that is lit as high as its health, arms with spikes, and a head
    with horns and a visor."""
    across = abs(right)
    if up < 0.7:
        if 0.06 < across < 0.22:
            return GLOW if across > 0.18 or across < 0.09 else DARK
        return CLEAR
    if up < 1.35:
        chest = 0.24 + 0.12 * (up - 0.7)
        if across < chest:
            if across > chest - 0.04 or up > 1.31 or up < 0.74:
                return GLOW
            lit = across < 0.16 and (up - 0.78) < 0.5 * share and up > 0.78
            return GLOW if lit else DARK
        if across < chest + 0.16 and up > 0.85:
            return GLOW if across > chest + 0.11 or up > 1.3 else DARK
        return CLEAR
    if up < 1.65 and abs(across - 0.40 - 0.3 * (up - 1.35)) < 0.22 * (1.65 - up):
        return GLOW
    above = up - 1.6
    square = across * across + above * above
    if square < 0.0484:
        if abs(above) < 0.05 and across < 0.16:
            return BRIGHT
        return GLOW if square > 0.0324 else DARK
    if up > 1.68 and abs(across - 0.14 - 0.35 * (up - 1.68)) < 0.2 * (2.02 - up):
        return GLOW
    return CLEAR


@kernel
def _paint_ball(
    right: float, up: float, kind: int, light: float, out: Array, row: int, column: int
) -> None:
    """A point of a bullet: bright in the middle, with light around it."""
    above = up - 0.5 * (BOTTOM[kind] + TOP[kind])
    square = (right * right + above * above) / (HALF_WIDTH[kind] * HALF_WIDTH[kind])
    if square < 0.07:
        put(out, row, column, BRIGHTS[kind], light)
    elif square < 0.17:
        put(out, row, column, GLOWS[kind], light)
    elif square < 1.0:
        tint(out, row, column, GLOWS[kind], 0.6 * light * (1.0 - square) * (1.0 - square))


@kernel
def _health_box(right: float, up: float) -> int:
    """A box with a cross."""
    across, above = abs(right), abs(up - 0.31)
    if across > 0.28 or above > 0.28:
        return GLOW
    is_cross = (across < 0.07 and above < 0.2) or (above < 0.07 and across < 0.2)
    return BRIGHT if is_cross else DARK


@kernel
def _rounds_box(right: float, up: float) -> int:
    """A box with three rounds."""
    across = abs(right)
    if across > 0.28 or up > 0.46 or up < 0.04:
        return GLOW
    near = across if across < 0.08 else abs(across - 0.16)
    return BRIGHT if near < 0.04 and 0.12 < up < 0.38 else DARK
