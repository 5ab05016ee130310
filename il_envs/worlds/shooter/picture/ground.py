"""The still parts of the picture from above: the floor, and the walls with their sides.

They are painted once for each arena, and kept. Points of the plane are complex numbers in metres,
as in `camera.py`.
"""

from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from il_envs.drawing.neon import colours
from il_envs.drawing.neon.light import mix
from il_envs.worlds.shooter.arena import PARAMS, SIDE
from il_envs.worlds.shooter.picture.camera import HEIGHT, SCALE, Numbers, Points
from il_envs.worlds.shooter.sight import CELL

Walls = NDArray[np.bool_]  # [x, y]

APRON = 4  # cells of floor around the outer wall, where nobody goes
CELL_PIXELS = round(CELL * SCALE)
FINE_LINES = 3  # to a cell
WALL_HEIGHT = 1.2  # m; as tall as in the first-person view they would hide too much
TOP_SCALE = SCALE * HEIGHT / (HEIGHT - WALL_HEIGHT)  # pixels per metre at the top of the walls
TOP_PIXELS = 72  # in a cell of the tops while they are painted


class Ground:
    """One arena as it looks from above.

    Attributes:
        floor: the floor where the player does not see it, with an apron of `APRON` cells around it.
        light: light that is added to the floor where the player sees it.
        tops: the tops of the walls, premultiplied, `TOP_SCALE` pixels a metre.
        rims: light that is added to the tops where the player sees their walls.
        sides: the two ends of each side of a wall cell that faces a free one, [n, 2].
        outward: the directions that the sides face, [n] unit vectors.
        corners: the corners of the walls, [n].
    """

    def __init__(self, arena: np.void) -> None:
        wall = arena["wall"] != 0
        self.floor, self.light = _floor(wall)
        self.tops, self.rims = _tops(wall)
        self.sides, self.outward = _sides(wall)
        self.corners = _corners(wall)


@lru_cache(maxsize=8)
def ground_of(arena: bytes) -> Ground:
    """The ground of an arena, given the bytes of its `PARAMS` record."""
    return Ground(np.frombuffer(arena, PARAMS)[0])


def _enlarged(cells: Walls, pixels: int) -> Walls:
    """Cells as a picture, [x, y] with y downwards, `pixels` wide and high each."""
    return cells[:, ::-1].repeat(pixels, axis=0).repeat(pixels, axis=1)


def _distance(away_from: Walls, scale: float) -> Numbers:
    """The distance of pixels from the nearest True one, in metres of `scale` pixels."""
    return distance_transform_edt(~away_from).astype(np.float32) / np.float32(scale)


def _floor(wall: Walls) -> tuple[pygame.Surface, pygame.Surface]:
    """The floor in the dark, and its light."""
    away = _distance(_enlarged(np.pad(wall, APRON), CELL_PIXELS), SCALE)
    is_inside = _enlarged(np.pad(np.ones_like(wall), APRON), CELL_PIXELS)
    pixel = np.arange(len(away))
    line = np.minimum(pixel % CELL_PIXELS, -pixel % CELL_PIXELS) < 2
    fine_line = pixel % (CELL_PIXELS // FINE_LINES) == 0
    lines = np.where(line[:, None] | line, 1.0, 0.22 * (fine_line[:, None] | fine_line))
    random = np.random.default_rng(0)
    plate = random.uniform(0.82, 1.12, (SIDE + 2 * APRON,) * 2)
    plates = plate.repeat(CELL_PIXELS, axis=0).repeat(CELL_PIXELS, axis=1)
    shade = np.where(is_inside, 1.0 - 0.55 * np.exp(-away / 0.5), 0.25 * np.exp(-away / 2.5))
    glow, haze = np.exp(-away / 0.16), np.exp(-away / 0.55)
    outer_glow = np.where(is_inside, 0.0, np.exp(-away / 1.2))
    floor = mix(
        (colours.FLOOR, plates * shade),
        (colours.FLOOR_LINE, lines * shade),
        (colours.WALL_RIM, 0.16 * glow + 0.2 * outer_glow),
    )
    light = mix(
        (colours.FLOOR_LIGHT, plates),
        (colours.LINE_LIGHT, lines),
        (colours.WALL_LIGHT, 0.75 * glow + 0.13 * haze),
    )
    return pygame.surfarray.make_surface(floor), pygame.surfarray.make_surface(light)


def _tops(wall: Walls) -> tuple[pygame.Surface, pygame.Surface]:
    """The tops of the walls, and the light on their rims."""
    solid = _enlarged(wall, TOP_PIXELS)
    inward = _distance(~np.pad(solid, 1), TOP_PIXELS / CELL)[1:-1, 1:-1]
    rim = np.clip((0.075 - inward) / 0.02, 0.0, 1.0)
    glow = np.exp(-inward / 0.22)
    inlay = np.clip(1.0 - np.abs(inward - 0.42) / 0.025, 0.0, 1.0)
    pixels = mix(
        (colours.WALL, np.ones_like(inward)), (colours.WALL_RIM, rim + 0.35 * glow + 0.2 * inlay)
    )
    tops = pygame.Surface(solid.shape, pygame.SRCALPHA)
    pygame.surfarray.pixels3d(tops)[:] = pixels * solid[:, :, None]
    pygame.surfarray.pixels_alpha(tops)[:] = 255 * solid
    rims = pygame.surfarray.make_surface(mix((colours.WALL_LIGHT, (rim + 0.5 * glow) * solid)))
    size = (round(SIDE * CELL * TOP_SCALE),) * 2
    return pygame.transform.smoothscale(tops, size), pygame.transform.smoothscale(rims, size)


def _sides(wall: Walls) -> tuple[Points, Points]:
    """The sides of walls that can be seen, and the directions that they face."""
    free = np.pad(~wall, 1)
    ends, outward = [], []
    for direction in (1, 1j, -1, -1j):
        dx, dy = int(direction.real), int(direction.imag)
        beside = free[1 + dx : 1 + dx + SIDE, 1 + dy : 1 + dy + SIDE]
        x, y = np.nonzero(wall & beside)
        middle = CELL * (x + 0.5 + 1j * (y + 0.5) + 0.5 * direction)
        along = 0.5j * CELL * direction
        ends.append(np.stack([middle + along, middle - along], axis=1))
        outward.append(np.full(middle.size, direction, complex))
    return np.concatenate(ends), np.concatenate(outward)


def _corners(wall: Walls) -> Points:
    """The places where the outline of the walls turns."""
    four = np.stack([wall[:-1, :-1], wall[1:, :-1], wall[:-1, 1:], wall[1:, 1:]])
    count = four.sum(axis=0)
    x, y = np.nonzero((count == 1) | (count == 3) | ((count == 2) & (four[0] == four[3])))
    return CELL * (x + 1 + 1j * (y + 1))
