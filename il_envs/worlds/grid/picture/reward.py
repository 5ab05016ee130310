"""An inferred reward, as a small map of the board in place of the legend."""

from functools import lru_cache

import gymnasium as gym
import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import shapes
from il_envs.drawing.canvas import Canvas, Layer
from il_envs.drawing.panels import FAINT, PANEL, TEXT
from il_envs.drawing.shapes import Numbers
from il_envs.drawing.text import write
from il_envs.views import States
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.picture import ground, marks
from il_envs.worlds.grid.picture.board import FRAME_COLOUR, Board, board_of, heat, picture
from il_envs.worlds.grid.picture.panel import BAR, EDGE, OPACITY, STACKED_REST, WIDTH, signed

TITLE = "what you seem to want"
HEADING = 20  # pixels, from the top of the title to the map
GAP = 16  # pixels, from the map to the scale
SCALE, WIDE_SCALE = 62, 44  # pixels, below the map, for gap and scale; of one below a wide board
FRAME = 3  # pixels around the map
REACH = 12  # pixels, that the legend goes up or to the left of its first block
SEAMS = 8  # pixels, from which cells are told apart by seams
LEAST = 1e-6  # nats; a reward that is smaller everywhere has no colours


def paint_reward(reward: Numbers, state: np.void, params: States, canvas: Canvas) -> None:
    """Paint an inferred reward [S] over the legend of the picture that was painted last."""
    actions = canvas.world.spaces.action
    assert isinstance(actions, gym.spaces.Discrete)
    board = board_of(params.tobytes(), int(actions.n))
    legend, place = _legend(board, reward.tobytes())
    canvas.surface.blit(legend, place)
    corner, across, down = _map_place(board)
    row, column = divmod(int(state["cell"]), board.shape[1])
    _mark(canvas.surface, corner + complex(column * across, row * down), complex(across, down))


@lru_cache(maxsize=4)
def _legend(board: Board, reward: bytes) -> tuple[pygame.Surface, pygame.Rect]:
    """What takes the legend's place, without the agent; the bytes are of float64 [S]."""
    amounts = np.frombuffer(reward, np.float64)
    extent = float(np.abs(amounts).max())
    page, block = picture(board).copy(), _block(board)
    empty = Layer(board.panel[1], factor=3)
    shapes.box(empty, 0j, complex(*board.panel[1]), PANEL, OPACITY, 12.0)
    empty.lay_on(page, _pixel(board.panel[0]))
    write(page, TITLE, block + 6j, 20, TEXT)
    corner, across, down = _map_place(board)
    size = complex(across * board.shape[1], down * board.shape[0])
    frame = Layer(_pixel(size + 2 * FRAME * (1 + 1j)))
    shapes.box(frame, 0j, size + 2 * FRAME * (1 + 1j), FRAME_COLOUR, 1.0, FRAME)
    frame.lay_on(page, _pixel(corner - FRAME * (1 + 1j)))
    colours = _colours(board, amounts / extent if extent > LEAST else np.zeros(amounts.size))
    page.blit(_enlarged(colours, across, down), _pixel(corner))
    scale = block + 1j * (HEADING + size.imag + GAP)
    _paint_scale(page, scale, extent)
    caption = complex(WIDTH + EDGE, BAR / 2) if board.is_wide else 1j * (BAR + 30)
    write(page, "nats a step, scaled to the largest", scale + caption, 18, FAINT)
    start = block - REACH * (1 if board.is_wide else 1j)
    end = board.panel[0] + complex(*board.panel[1])
    place = pygame.Rect(_pixel(start), _pixel(end - start))
    return page.subsurface(place).copy(), place


def _block(board: Board) -> complex:
    """The top left corner of what is painted, pixels: the legend's first block."""
    corner, top = board.panel[0], STACKED_REST[1]
    return corner + (complex(2 * EDGE + WIDTH, 18) if board.is_wide else complex(EDGE, top))


def _map_place(board: Board) -> tuple[complex, int, int]:
    """The top left corner of the map, and width and height of its cells, pixels."""
    block, (rows, columns) = _block(board), board.shape
    room = board.panel[0] + complex(*board.panel[1]) - block - EDGE * (1 + 1j)
    below = WIDE_SCALE if board.is_wide else SCALE
    across, down = int(room.real // columns), int((room.imag - HEADING - below) // rows)
    if not board.is_wide:
        across = min(across, down)
    down = min(down, int(across * board.cell[1] / board.cell[0]))
    indent = max((WIDTH - columns * across) // 2, 0)
    return block + complex(indent, HEADING), across, down


def _colours(board: Board, share: Numbers) -> NDArray[np.uint8]:
    """The colour of each cell, uint8 [columns, rows, 3]; walls, where nobody can be, are walls."""
    colours = heat(share)
    colours[board.params["tile"] == tiles.WALL] = ground.WALL_TOP
    return colours.reshape(*board.shape, 3).transpose(1, 0, 2)


def _enlarged(colours: NDArray[np.uint8], across: int, down: int) -> pygame.Surface:
    """The map, with cells of this size in pixels."""
    pixels = colours.repeat(across, 0).repeat(down, 1)
    if min(across, down) >= SEAMS:
        pixels[across - 1 :: across] = np.round(0.88 * pixels[across - 1 :: across])
        pixels[:, down - 1 :: down] = np.round(0.88 * pixels[:, down - 1 :: down])
    return pygame.surfarray.make_surface(pixels)


def _mark(surface: pygame.Surface, corner: complex, size: complex) -> None:
    """A frame around the agent's cell, through which its colour is seen."""
    thickness = 2.0
    for around, colour in ((2.0, marks.CASING), (1.0, marks.BODY)):
        outer = size + 2 * (around + thickness / 2) * (1 + 1j)
        layer = Layer(_pixel(outer + 1 + 1j), factor=2)
        shapes.box(layer, 0j, outer, colour, 1.0, 2.0, thickness)
        layer.lay_on(surface, _pixel(corner - (around + thickness / 2) * (1 + 1j)))


def _paint_scale(surface: pygame.Surface, corner: complex, extent: float) -> None:
    """The colours from the largest loss to as large a gain."""
    share = np.linspace(-1.0, 1.0, WIDTH)
    bar = heat(share if extent > LEAST else 0.0 * share)[:, None].repeat(BAR, 1)
    surface.blit(pygame.surfarray.make_surface(bar), _pixel(corner))
    for text, place, align in (
        (signed(-extent, 2), 0.0, "midleft"), ("0", WIDTH / 2, "center"),
        (signed(extent, 2), WIDTH, "midright"),
    ):  # fmt: skip
        write(surface, text, corner + place + 1j * (BAR + 11), 18, TEXT, align)


def _pixel(point: complex) -> tuple[int, int]:
    return round(point.real), round(point.imag)
