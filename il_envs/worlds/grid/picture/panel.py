"""The panel beside a grid: the world, the step, the return, and a legend of the board."""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing import shapes
from il_envs.drawing.canvas import Canvas, Colour, Layer, lay
from il_envs.drawing.panels import ACCENT, FAINT, PANEL, SCALE_LINE, TEXT
from il_envs.drawing.text import write
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.picture import ground, marks
from il_envs.worlds.grid.picture.board import Board, heat_colour

OPACITY = 0.7
EDGE, WIDTH = 16, 206  # pixels, left of a block, and of a block
STACKED = (22, 150, 230, 314, 398, 442)  # pixels, tops of the blocks in a panel at the side
COLUMNS = ((0, 20), (1, 18), (1, 98), (2, 18), (2, 104), (3, 18))  # column and top in one below
STACKED_REST = (22, 150, 230, 314, 358)  # the same without the expert's probabilities
COLUMNS_REST = ((0, 20), (1, 18), (1, 98), (2, 18), (2, 62))
HEADING = 18  # pixels, from the top of a block to what is below its heading
BAR = 14  # pixels, height of the colour bar
SWATCH, SMALL_SWATCH = 34, 24  # pixels, sides of a cell and of a tile in the legend
SPACING = 52  # pixels, from swatch to swatch
ROW = 29  # pixels, from tile to tile
VISITS = (1, 2, 5, 20)  # shown in the legend
PROBABILITIES = (0.1, 0.4, 0.7, 1.0)

Line = tuple[str, complex, int, Colour, str]  # text, place, size, colour, alignment


def paint(canvas: Canvas, board: Board, step: int, total: float | None) -> None:
    """Paint the panel; `total` is the return so far, or None to leave it out."""
    world, surface = canvas.world, canvas.surface
    corner = board.panel[0]
    still = _still(board, world.name, canvas.shows_expert)
    lay(still, surface, (int(corner.real), int(corner.imag)))
    at = corner + _places(board, canvas.shows_expert)[0]
    numbers = [("step", f"{step} / {world.dynamics.max_episode_steps}")]
    if total is not None:
        digits = 0 if board.is_whole else 2
        numbers.append(("return", signed(total, digits)))
    for k, (label, text) in enumerate(numbers):
        x = WIDTH * (0.27 + 0.48 * k)
        write(surface, text, at + x + 56j, 32, TEXT, "center")
        write(surface, label, at + x + 79j, 18, FAINT, "center")
    layer = Layer((WIDTH, 6), factor=3)
    shapes.box(layer, 0j, WIDTH + 6j, SCALE_LINE, 1.0, 3.0)
    if step > 0:
        done = min(step / world.dynamics.max_episode_steps, 1.0)
        shapes.box(layer, 0j, max(WIDTH * done, 6.0) + 6j, ACCENT, 1.0, 3.0)
    at += 98j
    layer.lay_on(surface, (int(at.real), int(at.imag)))


def signed(value: float, digits: int) -> str:
    """A number with a true minus sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _places(board: Board, shows_expert: bool) -> list[complex]:
    """The corners of the blocks within the panel, of the expert's only if it is shown."""
    if not board.is_wide:
        return [complex(EDGE, top) for top in (STACKED if shows_expert else STACKED_REST)]
    columns = COLUMNS if shows_expert else COLUMNS_REST
    spacing = (board.panel[1][0] - 2 * EDGE - WIDTH) / max(column for column, _ in columns)
    return [complex(round(EDGE + column * spacing), top) for column, top in columns]


@lru_cache(maxsize=8)
def _still(board: Board, name: str, shows_expert: bool) -> pygame.Surface:
    """The panel without its numbers."""
    layer = Layer(board.panel[1], factor=3)
    shapes.box(layer, 0j, complex(*board.panel[1]), PANEL, OPACITY, 12.0)
    title, reward, *policies, visits, agent, kinds = _places(board, shows_expert)
    lines: list[Line] = [(name, title + 6j, 32, ACCENT, "midleft")]
    lines += _paint_scale(layer, board, reward)
    chosen = "expert's mean move" if board.has_means else "expert's probabilities"
    for policy in policies:
        lines += _paint_swatches(layer, policy, chosen, [f"{p:.1f}" for p in PROBABILITIES])
    lines += _paint_swatches(layer, visits, "visits in this episode", [str(n) for n in VISITS])
    lines += _paint_agent(layer, agent)
    lines += _paint_tiles(layer, board, kinds)
    sheet = layer.sheet()
    size = (SWATCH, SWATCH)
    for k, (probability, count) in enumerate(zip(PROBABILITIES, VISITS, strict=True)):
        right = complex(k * SPACING, HEADING)
        arrow = marks.arrow(size, marks.arrow_level(probability), 0, board.has_means)
        border = marks.border(size, 4.0, marks.border_level(count))
        for picture, block in (*((arrow, policy) for policy in policies), (border, visits)):
            at = block + right
            lay(picture, sheet, (int(at.real), int(at.imag)))
    picture = marks.agent(11.0, 1 + 0j)
    at = agent + 58 + 12j - complex(*picture.get_size()) / 2
    lay(picture, sheet, (round(at.real), round(at.imag)))
    for text, place, font, colour, align in lines:
        write(sheet, text, place, font, colour, align)
    return sheet


def _paint_scale(layer: Layer, board: Board, corner: complex) -> list[Line]:
    """The colours from the lowest to the highest reward, zero among them."""
    low, high = min(float(board.reward.min()), 0.0), max(float(board.reward.max()), 0.0)
    span = (high - low) or 1.0
    top = corner + 1j * HEADING
    pixels = WIDTH * layer.factor
    for k in range(pixels):
        share = (low + span * (k + 0.5) / pixels) / board.extent
        column = (1 + 1j * BAR * layer.factor) / layer.factor
        shapes.box(layer, top + k / layer.factor, column, heat_colour(share))
    lines: list[Line] = [("reward of a cell", corner + 6j, 18, FAINT, "midleft")]
    digits = 0 if low.is_integer() and high.is_integer() else 1
    for value in sorted({low, 0.0, high}):
        x = WIDTH * (value - low) / span
        align = {low: "midleft", high: "midright"}.get(value, "center")
        shapes.box(layer, top + min(max(x - 0.5, 0.0), WIDTH - 1.0) + 1j * BAR, 1 + 4j, FAINT)
        lines.append((signed(value, digits), top + x + 1j * (BAR + 13), 18, TEXT, align))
    return lines


def _paint_swatches(layer: Layer, corner: complex, title: str, labels: list[str]) -> list[Line]:
    """A row of empty cells, to be marked."""
    lines: list[Line] = [(title, corner + 6j, 18, FAINT, "midleft")]
    for k, label in enumerate(labels):
        at = corner + complex(k * SPACING, HEADING)
        shapes.box(layer, at, SWATCH * (1 + 1j), ground.FLOOR, 1.0, 4.0)
        lines.append((label, at + SWATCH / 2 + 1j * (SWATCH + 10), 18, TEXT, "center"))
    return lines


def _paint_agent(layer: Layer, corner: complex) -> list[Line]:
    """A piece of path; the agent comes at its end."""
    points = corner + 12j + np.linspace(4.0, 50.0, 24)
    fresh = np.linspace(0.0, 1.0, 24)
    shapes.stroke(layer, points, 4.0 * (0.4 + 0.6 * fresh) + 2.0, marks.TRAIL_LIGHT, 0.7 * fresh)
    shapes.stroke(layer, points, 4.0 * (0.4 + 0.6 * fresh), marks.TRAIL, fresh)
    return [("agent and its path", corner + 82 + 12j, 18, FAINT, "midleft")]


def _paint_tiles(layer: Layer, board: Board, corner: complex) -> list[Line]:
    """The tiles of this world other than floor, with their names."""
    lines: list[Line] = []
    shown = sorted(set(board.params["tile"].tolist()) - {tiles.FLOOR})
    size = SMALL_SWATCH * (1 + 1j)
    for k, tile in enumerate(shown):
        at = corner + 1j * ROW * k
        ground.paint_ground(layer, tile, at, size, (False,) * 4)
        ground.paint_mark(layer, tile, at, size)
        middle = at + SMALL_SWATCH + 12 + 0.5j * SMALL_SWATCH
        lines.append((tiles.NAMES[tile], middle, 18, FAINT, "midleft"))
    return lines
