"""What stands still in a grid's picture: the tiles, and on each the reward of its cell.

A cell has three parts that do not hide each other: a border that keeps the tile's own colour and
holds the marks of visits, an inlay in the colour of the reward, and on it the tile's own mark, such
as waves, planks or an object.
"""

from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray
from scipy import ndimage

from il_envs.drawing import shapes
from il_envs.drawing.canvas import SIZE, Colour, Layer
from il_envs.drawing.shapes import Numbers, Points
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.cells import CELL
from il_envs.worlds.grid.picture import ground

MARGIN = 14  # pixels
SIDE_PANEL = (238, SIZE[1] - 2 * MARGIN)  # pixels, right of the board
FOOT_PANEL = (SIZE[0] - 2 * MARGIN, 172)  # pixels, below a board that is very wide
WIDE = 4.0  # columns to a row, from which a board is very wide
STRETCH = 2.4  # height of a cell to its width, on such a board
SMALL_CELL = 24  # pixels, below which a cell has one arrow, the mean of its actions
FRAME = 8  # pixels around the board
LARGEST_CELL = 96  # pixels
INLAY = 0.11  # of a cell, how far an inlay stays from its edge
SMALL_INLAY = 0.22  # of a cell, half the side of the inlay of a tile of much texture

BACKDROP: Colour = (44, 49, 59)
FRAME_COLOUR: Colour = (24, 27, 34)

NEUTRAL_LIGHTNESS, END_LIGHTNESS, END_CHROMA = 0.89, 0.70, 0.13  # Oklab
LOSS_HUE, GAIN_HUE = np.radians(300.0), np.radians(55.0)  # purple, orange

SHADOW_REACH = (0.10, 0.14)  # of a cell, right and down
SHADOW_SOFTNESS = 0.07  # of a cell
SHADOW_OPACITY = 0.5
HEIGHT = {tiles.WALL: 2, tiles.WATER: 0, tiles.ABYSS: 0}  # of other tiles, 1


def heat(share: Numbers | float) -> NDArray[np.uint8]:
    """The colour of a reward, given as a share of the largest absolute one; uint8 [..., 3].

    Lightness and chroma are linear in the share's absolute value in Oklab, where equal distances
    look equally far apart; zero is the colour of the floor.
    """
    share = np.clip(np.asarray(share, np.float64), -1.0, 1.0)
    strength = np.abs(share)
    light = NEUTRAL_LIGHTNESS + (END_LIGHTNESS - NEUTRAL_LIGHTNESS) * strength
    hue = np.where(share < 0.0, LOSS_HUE, GAIN_HUE)
    a, b = END_CHROMA * strength * np.cos(hue), END_CHROMA * strength * np.sin(hue)
    cones = np.stack(
        [
            light + 0.3963377774 * a + 0.2158037573 * b,
            light - 0.1055613458 * a - 0.0638541728 * b,
            light - 0.0894841775 * a - 1.2914855480 * b,
        ],
        axis=-1,
    )
    linear = cones**3 @ np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear = np.clip(linear, 0.0, 1.0)
    display = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255.0 * display).astype(np.uint8)


def heat_colour(share: float) -> Colour:
    """The same for one reward."""
    red, green, blue = heat(share).tolist()
    return red, green, blue


class Board:
    """One world's cells in the picture.

    Attributes:
        shape: rows and columns.
        cell: width and height of a cell, pixels.
        corner: top left corner of the top left cell, pixels right and down.
        panel: top left corner of the panel, and its size.
        is_wide: whether the panel is below the board.
        unit: the smaller side of a cell, pixels.
        reward: reward of each cell, the largest over actions, [S].
        extent: the largest absolute reward, or 1 if all are zero.
        directions: direction in which each action mostly leads, unit steps right and down, [A].
        successor: the cells to which an action may lead, [S, A, MAX_SUCCESSORS].
        outcome: the probabilities of the successors, of the same shape.
        acts: whether some action can lead away from the cell, bool [S].
    """

    def __init__(self, params: NDArray[np.void], actions: int) -> None:
        self.params = params
        self.actions = actions
        rows, columns = int(params["row"].max()) + 1, int(params["column"].max()) + 1
        self.shape = (rows, columns)
        self.is_wide = columns > WIDE * rows
        width, height = SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN
        if self.is_wide:
            self.panel = (complex(MARGIN, SIZE[1] - MARGIN - FOOT_PANEL[1]), FOOT_PANEL)
            height -= FOOT_PANEL[1] + MARGIN
        else:
            self.panel = (complex(SIZE[0] - MARGIN - SIDE_PANEL[0], MARGIN), SIDE_PANEL)
            width -= SIDE_PANEL[0] + MARGIN
        across = min((width - 2 * FRAME) // columns, LARGEST_CELL)
        down = min((height - 2 * FRAME) // rows, LARGEST_CELL)
        down = min(down, int(STRETCH * across)) if self.is_wide else min(across, down)
        self.cell = (across if self.is_wide else down, down)
        self.unit = min(self.cell)
        left = MARGIN + (width - columns * self.cell[0]) // 2
        top = MARGIN + (height - rows * self.cell[1]) // 2
        self.corner = complex(left, top)
        self.reward: Numbers = params["reward"][:, :actions].max(axis=1)
        self.extent = float(np.abs(self.reward).max()) or 1.0
        self._find_moves()

    @property
    def is_whole(self) -> bool:
        """True if all rewards are whole numbers."""
        rewards = self.params["reward"][:, : self.actions]
        return bool((rewards == np.round(rewards)).all())

    @property
    def has_means(self) -> bool:
        """True if the cells are so small that one arrow stands for all actions."""
        return self.unit < SMALL_CELL

    @property
    def size(self) -> complex:
        """Size of all cells together, in pixels right and down."""
        return complex(self.shape[1] * self.cell[0], self.shape[0] * self.cell[1])

    @property
    def inlay(self) -> int:
        """How far an inlay stays from the edge of its cell, pixels."""
        return max(round(INLAY * self.unit), 1 if self.unit < 12 else 2)

    def corners(self, cells: NDArray[np.int64]) -> Points:
        """The top left corners of cells."""
        row, column = np.divmod(cells, self.shape[1])
        points: Points = self.corner + column * self.cell[0] + 1j * row * self.cell[1]
        return points

    def middles(self, cells: NDArray[np.int64]) -> Points:
        """The middles of cells."""
        return self.corners(cells) + complex(*self.cell) / 2

    def policy(self, step: int) -> Numbers:
        """The expert's probabilities at a step [S, A]."""
        cumulative = self.params["policy"][:, step, : self.actions].astype(np.float64)
        return np.diff(cumulative, axis=1, prepend=0.0)

    def _find_moves(self) -> None:
        """Set each action's direction: its most frequent move other than staying."""
        states = np.arange(self.params.size)
        self.outcome = np.diff(self.params["cumulative"], axis=2, prepend=0.0)[:, : self.actions]
        self.successor = self.params["successor"][:, : self.actions]
        likely = np.take_along_axis(
            self.successor, self.outcome.argmax(axis=2)[:, :, None], axis=2
        )[:, :, 0]
        place = states % self.shape[1] + 1j * (states // self.shape[1])
        moves = place[likely] - place[:, None]
        self.directions = np.zeros(self.actions, np.complex128)
        for action in range(self.actions):
            kinds, counts = np.unique(moves[moves[:, action] != 0, action], return_counts=True)
            if kinds.size:
                self.directions[action] = kinds[counts.argmax()] / abs(kinds[counts.argmax()])
        self.acts = ((self.outcome > 0.0) & (self.successor != states[:, None, None])).any((1, 2))


@lru_cache(maxsize=8)
def board_of(params: bytes, actions: int) -> Board:
    """The board of a world, given the bytes of its params and how many actions it has."""
    return Board(np.frombuffer(params, CELL), actions)


@lru_cache(maxsize=4)
def picture(board: Board) -> pygame.Surface:
    """The backdrop and the board, without anything that moves."""
    surface = _backdrop(board)
    layer = Layer(SIZE, factor=3)
    reach = FRAME * (1 + 1j)
    shapes.box(layer, board.corner - reach, board.size + 2 * reach, FRAME_COLOUR, 1.0, FRAME)
    for cell in range(board.params.size):
        _paint_tile(layer, board, cell)
    layer.lay_on(surface)
    _shade(surface, board)
    return surface


def _backdrop(board: Board) -> pygame.Surface:
    """A dark ground, lighter behind the board, and the board's shadow on it."""
    width, height = SIZE
    middle = board.corner + board.size / 2
    x = (np.arange(width)[:, None] - middle.real) / width
    y = (np.arange(height)[None, :] - middle.imag) / height
    light = 1.12 - 0.75 * (x**2 + y**2)
    mask = np.zeros(SIZE, np.float32)
    low = board.corner - 4.0
    high = board.corner + board.size + (8.0 + 14.0j)
    mask[int(low.real) : int(high.real), int(low.imag) : int(high.imag)] = 1.0
    light *= 1.0 - 0.55 * ndimage.gaussian_filter(mask, 9.0)
    pixels = np.round(light[:, :, None] * np.array(BACKDROP))
    return pygame.surfarray.make_surface(pixels.clip(0, 255).astype(np.uint8))


def _shade(surface: pygame.Surface, board: Board) -> None:
    """Soft shadows of high tiles on lower ones."""
    heights = np.array([HEIGHT.get(int(tile), 1) for tile in board.params["tile"]])
    heights = heights.reshape(board.shape).T.repeat(board.cell[0], 0).repeat(board.cell[1], 1)
    light = np.ones(heights.shape)
    shift = np.round(np.array(SHADOW_REACH) * board.unit).astype(int)
    for level in (0, 1):
        high = np.pad((heights > level).astype(np.float32), ((shift[0], 0), (shift[1], 0)))
        fallen = high[: heights.shape[0], : heights.shape[1]]
        soft = ndimage.gaussian_filter(fallen, SHADOW_SOFTNESS * board.unit, mode="nearest")
        light -= SHADOW_OPACITY * soft * (heights == level)
    left, top = int(board.corner.real), int(board.corner.imag)
    pixels = pygame.surfarray.pixels3d(surface)
    part = pixels[left : left + heights.shape[0], top : top + heights.shape[1]]
    part[:] = np.round(part * light.clip(0.0, 1.0)[:, :, None]).astype(np.uint8)


def _paint_tile(layer: Layer, board: Board, cell: int) -> None:
    """Paint one cell: its ground, the inlay of its reward, and its mark."""
    tile = int(board.params["tile"][cell])
    corner = complex(board.corners(np.array([cell]))[0])
    size = complex(*board.cell)
    ground.paint_ground(layer, tile, corner, size, _alike(board, cell))
    reward = float(board.reward[cell])
    if reward != 0.0:
        inset = board.inlay * (1 + 1j)
        if tile in ground.TEXTURED:
            inset = size / 2 - round(SMALL_INLAY * board.unit) * (1 + 1j)
        colour, rounding = heat_colour(reward / board.extent), 0.12 * board.unit
        shapes.box(layer, corner + inset, size - 2 * inset, colour, 1.0, rounding)
    ground.paint_mark(layer, tile, corner, size)


def _alike(board: Board, cell: int) -> ground.Neighbours:
    """For each of the cells above, right, below and left, True if it has the same tile or is beyond
    the edge."""
    rows, columns = board.shape
    row, column = divmod(cell, columns)
    tile = board.params["tile"]
    alike = []
    for down, right in ((-1, 0), (0, 1), (1, 0), (0, -1)):
        to_row = min(max(row + down, 0), rows - 1)
        to_column = min(max(column + right, 0), columns - 1)
        alike.append(bool(tile[to_row * columns + to_column] == tile[cell]))
    return alike[0], alike[1], alike[2], alike[3]
