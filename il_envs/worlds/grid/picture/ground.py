"""How each tile of a grid is painted: its ground, and what stands on it.

Sizes and corners are complex, in pixels right and down; `alike` says of the neighbours above,
right, below and left whether they are the same tile, so that walls and waters join.
"""

import numpy as np

from il_envs.drawing import shapes
from il_envs.drawing.canvas import Colour, Layer
from il_envs.drawing.shapes import polygon
from il_envs.worlds.grid import tiles

Neighbours = tuple[bool, bool, bool, bool]

FLOOR: Colour = (219, 219, 219)  # the colour of no reward, see `board.heat`
SEAM: Colour = (190, 190, 190)
WALL_TOP: Colour = (97, 105, 122)
WALL_LIGHT: Colour = (131, 140, 158)
WALL_FRONT: Colour = (57, 63, 76)
WATER: Colour = (82, 150, 182)
WATER_DARK: Colour = (70, 137, 170)
FOAM: Colour = (206, 233, 242)
PLANK: Colour = (181, 146, 108)
PLANK_DIM: Colour = (170, 137, 102)
PLANK_DARK: Colour = (150, 115, 79)
RAIL: Colour = (112, 80, 52)
ROCK: Colour = (122, 110, 102)
DEPTH: Colour = (10, 11, 16)
BLUE: Colour = (126, 182, 226)
BLUE_SEAM: Colour = (102, 158, 204)
WHITE: Colour = (246, 246, 243)
INK: Colour = (22, 24, 30)
FLAG: Colour = (30, 128, 84)
OBJECTS: tuple[Colour, ...] = ((0, 110, 184), (250, 222, 70))  # by colour of an object

GROUND = {tiles.BLUE: (BLUE, BLUE_SEAM), tiles.WHITE: (WHITE, SEAM)}  # of others, floor and seam
TEXTURED = (tiles.WATER, tiles.BRIDGE, tiles.ABYSS, tiles.WALL)
"""Tiles whose own look fills the cell; the inlay of a reward is smaller on them."""

DEPTH_BANDS = 32  # shades of the abyss
PLANKS = 5  # a cell


def paint_ground(
    layer: Layer, tile: int, corner: complex, size: complex, alike: Neighbours
) -> None:
    """Paint what lies below the inlay of the reward."""
    if tile == tiles.WALL:
        _paint_wall(layer, corner, size, alike)
    elif tile == tiles.WATER:
        _paint_water(layer, corner, size)
    elif tile == tiles.BRIDGE:
        _paint_bridge(layer, corner, size)
    elif tile == tiles.ABYSS:
        _paint_abyss(layer, corner, size)
    else:
        colour, seam = GROUND.get(tile, (FLOOR, SEAM))
        shapes.box(layer, corner, size, seam)
        thickness = 1.0 if min(size.real, size.imag) >= 24 else 2.0 / 3.0
        shapes.box(layer, corner, size - thickness * (1 + 1j), colour)


def paint_mark(layer: Layer, tile: int, corner: complex, size: complex) -> None:
    """Paint what stands on the inlay of the reward: the goal's flag, or an object."""
    if tile == tiles.GOAL:
        _paint_flag(layer, corner + size / 2, min(size.real, size.imag))
    elif tile >= tiles.FIRST_OBJECT:
        _paint_object(layer, tile, corner + size / 2, min(size.real, size.imag))


def _paint_wall(layer: Layer, corner: complex, size: complex, alike: Neighbours) -> None:
    above, right, below, left = alike
    unit = min(size.real, size.imag)
    edge, front = max(1.0, 0.04 * unit), 0.22 * unit
    shapes.box(layer, corner, size, WALL_TOP)
    if not above:
        shapes.box(layer, corner, complex(size.real, edge), WALL_LIGHT)
    if not left:
        shapes.box(layer, corner, complex(edge, size.imag), WALL_LIGHT)
    if not below:
        foot = corner + 1j * (size.imag - front)
        shapes.box(layer, foot, complex(size.real, front), WALL_FRONT)
        shapes.box(layer, foot, complex(size.real, edge), WALL_LIGHT)
    if not right:
        shapes.box(layer, corner + size.real - edge, complex(edge, size.imag), WALL_FRONT)


def _paint_water(layer: Layer, corner: complex, size: complex) -> None:
    """Ripples that go on in the cells beside, and foam on some."""
    shapes.box(layer, corner, size, WATER)
    x = np.linspace(0.0, 1.0, 25)
    unit = min(size.real, size.imag)
    for level, phase, first, last in (
        (0.14, 0.0, 9, 21), (0.38, 0.5, 2, 12), (0.62, 0.25, 13, 24), (0.86, 0.75, 4, 15),
    ):  # fmt: skip
        y = level + 0.03 * np.sin(2.0 * np.pi * (2.0 * x + phase))
        line = corner + x * size.real + 1j * y * size.imag
        ripple = np.concatenate([line, line[::-1] + 0.07j * unit])
        polygon(layer, ripple, WATER_DARK)
        taper = np.sin(np.pi * np.linspace(0.06, 0.94, last - first))
        shapes.stroke(layer, line[first:last], 0.035 * unit * taper, FOAM, 1.0)


def _paint_bridge(layer: Layer, corner: complex, size: complex) -> None:
    """Planks across, and a rail on each side."""
    unit = min(size.real, size.imag)
    gap, rail = max(1.0, 0.02 * unit), 0.07 * unit
    shapes.box(layer, corner, size, RAIL)
    for k in range(PLANKS):
        left = k * size.real / PLANKS
        colour = PLANK if k % 2 else PLANK_DIM
        plank = complex(size.real / PLANKS - gap, size.imag)
        shapes.box(layer, corner + left, plank, colour)
        shapes.box(layer, corner + left, complex(gap, size.imag), PLANK_DARK)
    for top in (0.04 * unit, size.imag - 0.04 * unit - rail):
        shapes.box(layer, corner + 1j * (top + rail), size.real + 0.6j * rail, PLANK_DARK)
        shapes.box(layer, corner + 1j * top, size.real + 1j * rail, RAIL)


def _paint_abyss(layer: Layer, corner: complex, size: complex) -> None:
    """Rock that goes down into the dark."""
    for k in range(DEPTH_BANDS):
        share = (k / DEPTH_BANDS) ** 0.5
        mixed = (1.0 - share) * np.array(ROCK) + share * np.array(DEPTH)
        top, bottom = (round(size.imag * (k + more) / DEPTH_BANDS * 3) / 3 for more in (0, 1))
        red, green, blue = (int(channel) for channel in mixed)
        band = complex(size.real, bottom - top)
        shapes.box(layer, corner + 1j * top, band, (red, green, blue))


def _paint_flag(layer: Layer, middle: complex, unit: float) -> None:
    foot = middle + unit * (-0.13 + 0.28j)
    top = foot - 0.58j * unit
    shapes.disc(layer, foot, 0.09 * unit, INK, 0.3)
    shapes.stroke(layer, np.array([foot, top]), max(1.5, 0.05 * unit), INK, 1.0)
    cloth = top + unit * np.array([0.02, 0.42 + 0.16j, 0.02 + 0.32j])
    polygon(layer, cloth, FLAG)


def _paint_object(layer: Layer, tile: int, middle: complex, unit: float) -> None:
    """A ring of the outer colour around a disc of the inner one."""
    outer, inner = divmod(tile - tiles.FIRST_OBJECT, tiles.OBJECT_COLOURS)
    shapes.disc(layer, middle + 0.05 * unit * (1 + 1j), 0.37 * unit, INK, 0.3)
    shapes.disc(layer, middle, 0.37 * unit, INK)
    shapes.disc(layer, middle, 0.34 * unit, OBJECTS[outer])
    shapes.disc(layer, middle, 0.19 * unit, INK)
    shapes.disc(layer, middle, 0.16 * unit, OBJECTS[inner])
