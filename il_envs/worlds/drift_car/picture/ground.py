"""What stands still in DriftCar's picture: grass, trees, asphalt, kerbs and lines.

The ground is painted once, in square tiles, and kept; points of the plane are complex numbers in
metres, east and north, as in `track.py`.
"""

from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing.canvas import Colour, Layer, premultiplied
from il_envs.drawing.shapes import corners, disc
from il_envs.views import States
from il_envs.worlds.drift_car.track import HALF_WIDTH, PARAMS, SAMPLES

Points = NDArray[np.complex128]
Numbers = NDArray[np.float64]
Samples = NDArray[np.int64]  # rows of the track's tables

SCALE = 14  # pixels per metre
TILE = 256  # pixels
TILE_REACH = 0.75 * TILE / SCALE  # m, from the middle of a tile to beyond its corners
SHADOW = 0.6 - 0.6j  # m, where a thing 1 m high throws its shadow

GRASS: Colour = (76, 112, 66)
GRASS_LIGHT = np.array([1.0, 1.0, 0.7], np.float32)  # colour of what brightens the grass
EARTH: Colour = (106, 106, 74)
ASPHALT: Colour = (69, 71, 77)
RUBBERED: Colour = (62, 64, 70)  # asphalt where cars drive
CENTRELINE: Colour = (112, 115, 122)
LINE: Colour = (226, 226, 220)
KERB_RED: Colour = (190, 52, 46)
KERB_WHITE: Colour = (232, 230, 224)
START_DARK: Colour = (34, 35, 38)
LEAVES: tuple[Colour, ...] = ((42, 76, 45), (54, 93, 52), (70, 112, 62))  # dark to sunlit

STRIPE = 7.0  # m, of mown grass
STRIPE_CONTRAST = 5.0  # grey levels, each way
LINE_WIDTH = 0.22  # m
KERB_WIDTH = 1.0  # m
KERB_CURVATURE = 0.016  # 1/m, from which a corner has kerbs
KERB_SAMPLES = 3  # of the track's tables, in a block of one colour
DASH_SAMPLES, DASH_PERIOD = 5, 12
START_SQUARES = 20  # across the road
TREES = 420  # tried, on the whole site
TREE_CLEARANCE = 13.0  # m, from the centreline
SITE_MARGIN = 45.0  # m, around the track


class Ground:
    """One track on the plane.

    Attributes:
        centreline: points of the centreline, [SAMPLES].
        tangent: unit vectors along the centreline, [SAMPLES].
        curvature: curvature in 1/m, positive for left turns, [SAMPLES].
        length: length of the centreline, m.
        trees: middles of the trees; their radii are in `tree_radius`, m.
        tiles: the pictures of squares that have been painted, by their columns and rows.
    """

    def __init__(self, track: np.void) -> None:
        self.length = float(track["length"])
        self.centreline: Points = track["x"] + 1j * track["y"]
        self.tangent: Points = track["tangent_x"] + 1j * track["tangent_y"]
        self.curvature: Numbers = track["curvature"]
        random = np.random.default_rng(round(1e3 * self.length))
        low, high = self.centreline.real.min(), self.centreline.real.max()
        x = random.uniform(low - SITE_MARGIN, high + SITE_MARGIN, TREES)
        low, high = self.centreline.imag.min(), self.centreline.imag.max()
        y = random.uniform(low - SITE_MARGIN, high + SITE_MARGIN, TREES)
        radius = random.uniform(1.0, 2.6, TREES)
        gap = np.abs((x + 1j * y)[:, None] - self.centreline[None, ::8]).min(axis=1)
        clear = gap > TREE_CLEARANCE
        self.trees: Points = (x + 1j * y)[clear]
        self.tree_radius: Numbers = radius[clear]
        self.tiles: dict[tuple[int, int], pygame.Surface] = {}

    def poses(self, states: States) -> tuple[Points, Points]:
        """Positions and headings (unit vectors) of cars on this track, [n] and [n]."""
        point, tangent = self.along(states["station"])
        heading = tangent * (states["heading_cos"] + 1j * states["heading_sin"])
        return point + 1j * states["lateral"] * tangent, heading

    def along(self, station: Numbers) -> tuple[Points, Points]:
        """Points of the centreline, and its tangents there, at stations in metres."""
        position = station * (SAMPLES / self.length)
        index = np.floor(position).astype(int)
        share = position - index
        index %= SAMPLES
        following = (index + 1) % SAMPLES
        point = (1.0 - share) * self.centreline[index] + share * self.centreline[following]
        tangent = (1.0 - share) * self.tangent[index] + share * self.tangent[following]
        return point, tangent / np.abs(tangent)


@lru_cache(maxsize=4)
def ground_of(track: bytes) -> Ground:
    """The ground of a track, given the bytes of its `PARAMS` record."""
    return Ground(np.frombuffer(track, PARAMS)[0])


def tile(ground: Ground, column: int, row: int) -> pygame.Surface:
    """The picture of a square of ground; columns count eastwards and rows southwards."""
    if (column, row) not in ground.tiles:
        ground.tiles[column, row] = _painted(ground, column, row)
    return ground.tiles[column, row]


def _painted(ground: Ground, column: int, row: int) -> pygame.Surface:
    corner = (column - 1j * row) * (TILE / SCALE)  # its top left, in metres
    middle = corner + (0.5 - 0.5j) * (TILE / SCALE)
    picture = _grass(column, row)
    layer = Layer((TILE, TILE))
    near = np.flatnonzero(np.abs(ground.centreline - middle) < TILE_REACH + HALF_WIDTH + 4.0)
    _paint_road(layer, ground, near, corner)
    _paint_trees(layer, ground, corner, middle)
    layer.lay_on(picture)
    picture.blit(_grain(), (0, 0), special_flags=pygame.BLEND_RGB_SUB)
    return picture


def strip(ground: Ground, samples: Samples, left: float, right: float, reach: int = 1) -> Points:
    """Quadrilaterals that cover the road between two lateral offsets (m), [n, 4].

    Each starts at one of the samples, and ends `reach` samples further on.
    """
    following = (samples + reach) % SAMPLES
    start, end = ground.centreline[samples], ground.centreline[following]
    start_left, end_left = 1j * ground.tangent[samples], 1j * ground.tangent[following]
    return np.stack(
        [start + left * start_left, end + left * end_left,
         end + right * end_left, start + right * start_left],
        axis=1,
    )  # fmt: skip


def fill(layer: Layer, quads: Points, colour: Colour, opacity: float = 1.0) -> None:
    """Paint quadrilaterals [n, 4], in metres from the layer's top left corner."""
    shade = premultiplied(colour, opacity)
    for quad in np.conjugate(quads) * (SCALE * layer.factor):
        layer.paint(pygame.draw.polygon, shade, corners(quad))


def are_on(layer: Layer, outlines: Points) -> NDArray[np.bool_]:
    """False for each outline [n, corners] (m from the layer's top left corner) that is beside the
    layer, so that nothing of it would be seen."""
    across, down = (side / (SCALE * layer.factor) for side in layer.extent)
    x, y = outlines.real, -outlines.imag
    seen: NDArray[np.bool_] = (x.max(1) > -0.1) & (x.min(1) < across + 0.1)
    return seen & (y.max(1) > -0.1) & (y.min(1) < down + 0.1)


def _paint_road(layer: Layer, ground: Ground, near: Samples, corner: complex) -> None:
    edge = HALF_WIDTH
    for margin, opacity in ((2.6, 0.12), (2.1, 0.28), (1.6, 0.5), (1.2, 0.75)):
        fill(layer, strip(ground, near, edge + margin, -edge - margin) - corner, EARTH, opacity)
    fill(layer, strip(ground, near, edge + 0.15, -edge - 0.15) - corner, ASPHALT)
    for margin, opacity in ((3.4, 0.4), (2.9, 0.7), (2.4, 1.0)):
        blend = np.array(ASPHALT) * (1.0 - opacity) + np.array(RUBBERED) * opacity
        fill(layer, strip(ground, near, margin, -margin) - corner, tuple(blend.tolist()))
    bends = near[np.abs(ground.curvature[near]) > KERB_CURVATURE]
    white = bends // KERB_SAMPLES % 2 == 0
    for side in (edge, -edge):
        inside, outside = side * (1.0 - LINE_WIDTH / edge), side * (1.0 + KERB_WIDTH / edge)
        fill(layer, strip(ground, near, side, inside) - corner, LINE)
        fill(layer, strip(ground, bends[white], side, outside) - corner, KERB_WHITE)
        fill(layer, strip(ground, bends[~white], side, outside) - corner, KERB_RED)
    dashes = near[near % DASH_PERIOD < DASH_SAMPLES]
    fill(layer, strip(ground, dashes, 0.07, -0.07) - corner, CENTRELINE)
    _paint_start(layer, ground, corner)


def _paint_start(layer: Layer, ground: Ground, corner: complex) -> None:
    """A chequered line across the start of the lap."""
    width = 2.0 * (HALF_WIDTH - LINE_WIDTH) / START_SQUARES
    for row in range(3):
        for k in range(START_SQUARES):
            left = HALF_WIDTH - LINE_WIDTH - k * width
            square = strip(ground, np.array([row]), left, left - width) - corner
            fill(layer, square, LINE if (k + row) % 2 else START_DARK)


def _paint_trees(layer: Layer, ground: Ground, corner: complex, middle: complex) -> None:
    def clump(centre: complex, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        middle = SCALE * (centre - corner).conjugate()
        disc(layer, complex(middle), SCALE * radius, colour, opacity)

    for k in np.flatnonzero(np.abs(ground.trees - middle) < TILE_REACH + 5.0):
        tree, radius = ground.trees[k], ground.tree_radius[k]
        ways = [np.exp(2j * np.pi * (n / 7 + 0.13 * k)) for n in range(7)]
        clump(tree + 1.7 * SHADOW, radius, (12, 24, 14), 0.4)
        for level, shade in enumerate(LEAVES):
            size = radius * (1.0 - 0.27 * level)
            top = tree - 0.16 * level * radius * (1.0 - 1.0j)
            for way in ways:
                clump(top + 0.62 * size * way, 0.44 * size, shade)
            clump(top, 0.7 * size, shade)


@lru_cache(maxsize=1)
def _texture() -> NDArray[np.float32]:
    """Patches of lighter and darker grass that repeat without a seam, standard deviation 1."""
    size = 4 * TILE
    random = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    spectrum = 1.0 / (frequency + 0.004) ** 1.25
    patches = np.fft.ifft2(np.fft.fft2(random.standard_normal((size, size))) * spectrum).real
    standardised: NDArray[np.float32] = ((patches - patches.mean()) / patches.std()).astype("f4")
    return standardised


def _grass(column: int, row: int) -> pygame.Surface:
    """Mown grass, [TILE, TILE] pixels."""
    pixel = np.arange(TILE, dtype=np.float32) + np.float32(0.5)
    x, y = (column * TILE + pixel)[:, None] / SCALE, -(row * TILE + pixel)[None, :] / SCALE
    across = (0.8 * x + 0.6 * y) / STRIPE
    stripe = np.clip(np.sin(np.pi * across) * 12.0, -1.0, 1.0)
    left, top = column % 4 * TILE, row % 4 * TILE
    patches = _texture()[left : left + TILE, top : top + TILE]
    light = STRIPE_CONTRAST * stripe + 4.0 * patches
    pixels = np.array(GRASS, np.float32) + light[:, :, None] * GRASS_LIGHT
    return pygame.surfarray.make_surface(pixels.clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _grain() -> pygame.Surface:
    """Fine noise, to be subtracted from a tile."""
    noise = np.random.default_rng(1).integers(0, 9, (TILE, TILE, 1), np.uint8)
    return pygame.surfarray.make_surface(noise.repeat(3, axis=2))
