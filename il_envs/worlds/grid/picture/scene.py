"""A grid's picture: the board, where the agent has been, and what the expert would do.

A picture is a function of the episode's history alone. The arrows are the expert's probabilities at
the present step; borders are darker the more often a cell was visited in this episode.
"""

import gymnasium as gym
import numpy as np
import pygame
from numpy.typing import NDArray

from il_envs.drawing import ghosts, shapes
from il_envs.drawing.canvas import Canvas, Layer, lay
from il_envs.drawing.history import latest
from il_envs.drawing.motion import eased
from il_envs.drawing.shapes import Numbers, Points
from il_envs.views import States
from il_envs.worlds.grid.picture import marks, panel
from il_envs.worlds.grid.picture.board import Board, board_of, picture
from il_envs.worlds.grid.picture.marks import TRAIL, TRAIL_LIGHT, TURNS

Cells = NDArray[np.int64]

TRAIL_STEPS = 30  # after which the path has faded
LEAST = 0.03  # probability that gets an arrow


def paint(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the picture of the last state of the canvas's history."""
    actions = canvas.world.spaces.action
    assert isinstance(actions, gym.spaces.Discrete)
    board = board_of(params.tobytes(), int(actions.n))
    history, share = latest(canvas, lambda states: jumps(board, states))
    cells: Cells = history["cell"]
    place = place_of(board, cells, share)
    step = min(int(state["step"]), canvas.world.dynamics.max_episode_steps - 1)
    canvas.surface.blit(picture(board), (0, 0))
    visits = np.bincount(cells, minlength=board.params.size)
    _paint_visits(canvas.surface, board, visits)
    _paint_path(canvas.surface, board, cells, place)
    if canvas.shows_expert:
        _paint_arrows(canvas.surface, board, board.policy(step))
    _paint_ghosts(canvas, board)
    _lay_agent(canvas.surface, _agent(board, cells), place)
    panel.paint(canvas, board, int(state["step"]), total_reward(board, history))


def place_of(board: Board, cells: Cells, share: float) -> complex:
    """The place of the agent (pixels) on its way from the last cell but one to the last one."""
    before, after = board.middles(cells[-2:])[[0, -1]].tolist()
    return complex(before + eased(share) * (after - before))


def jumps(board: Board, history: States) -> NDArray[np.bool_]:
    """True where no action can have led from one state to the next, bool [n - 1]."""
    return np.logical_not(possible(board, history["cell"]).any(axis=1))


def possible(board: Board, cells: Cells) -> NDArray[np.bool_]:
    """True where an action can have led from a cell to the next one, bool [n - 1, A]."""
    before, after = cells[:-1], cells[1:]
    leads = board.successor[before] == after[:, None, None]
    return (leads & (board.outcome[before] > 0.0)).any(axis=2)


def total_reward(board: Board, history: States) -> float | None:
    """The return of an episode so far, or None if its cells do not determine it."""
    cells: Cells = history["cell"]
    if history["step"][0] != 0:
        return None
    reward = board.params["reward"][cells[:-1], : board.actions]
    could = possible(board, cells)
    low = np.where(could, reward, np.inf).min(axis=1, initial=np.inf)
    high = np.where(could, reward, -np.inf).max(axis=1, initial=-np.inf)
    return float(low.sum()) if np.array_equal(low, high) else None


def arrows(board: Board, probability: Numbers) -> Points:
    """The arrows of each cell, as shares of the longest possible; zero where there is none.

    Args:
        probability: probability of each action, [S, A].

    Returns:
        Complex, right and down, [S, A]; in small cells the mean over actions, [S, 1].
    """
    vectors = np.where(board.acts[:, None], probability * board.directions, 0.0)
    if board.has_means:
        vectors = vectors.sum(axis=1, keepdims=True)
    return np.where(np.abs(vectors) < LEAST, 0.0, vectors)


def _paint_arrows(surface: pygame.Surface, board: Board, probability: Numbers) -> None:
    vectors = arrows(board, probability)
    corners = board.corners(np.arange(board.params.size))
    level = marks.arrow_level(np.abs(vectors))
    turn = np.round(np.angle(vectors) * TURNS / (2.0 * np.pi)).astype(int) % TURNS
    order = np.argsort(level, axis=None, kind="stable")  # the likeliest on top
    sheets = [
        (
            marks.arrow(board.cell, int(level[cell, k]), int(turn[cell, k]), board.has_means),
            (int(corners[cell].real), int(corners[cell].imag)),
        )
        for cell, k in zip(*np.unravel_index(order, level.shape), strict=True)
        if level[cell, k]
    ]
    surface.fblits(sheets, pygame.BLEND_PREMULTIPLIED)


def _paint_visits(surface: pygame.Surface, board: Board, visits: Cells) -> None:
    """A border inside each cell visited."""
    seen = np.flatnonzero(visits)
    level = marks.border_level(visits[seen])
    sheets = [
        (marks.border(board.cell, board.inlay - 0.5, int(k)), (int(at.real), int(at.imag)))
        for k, at in zip(level, board.corners(seen), strict=True)
    ]
    surface.fblits(sheets, pygame.BLEND_PREMULTIPLIED)


def smooth(points: Points, pieces: int = 6) -> tuple[Points, Numbers]:
    """A curve that rounds the corners of a path, and how many steps along it each point lies."""
    middles = np.concatenate([points[:1], (points[1:] + points[:-1]) / 2, points[-1:]])
    share = np.arange(pieces)[:, None] / pieces
    start, end = middles[:-1], middles[1:]
    curve = (1 - share) ** 2 * start + 2 * share * (1 - share) * points + share**2 * end
    along = np.arange(points.size) - 0.5 + share
    along = np.clip(along, 0.0, points.size - 1.0)
    return np.append(curve.T.ravel(), points[-1]), np.append(along.T.ravel(), points.size - 1.0)


def _paint_path(
    surface: pygame.Surface, board: Board, cells: Cells, place: complex | None = None
) -> None:
    """The path of the agent, fading with age; it ends at the agent's place in pixels."""
    recent = cells[-TRAIL_STEPS - 1 :]
    if (recent == recent[-1]).all():
        return
    age = np.arange(recent.size)[::-1]
    moves = np.append(True, np.diff(recent) != 0)
    stops = board.middles(recent[moves])
    if place is not None and moves[-1]:
        stops[-1] = place
    points, along = smooth(stops)
    age_there = np.interp(along, np.arange(moves.sum()), age[moves])
    opacity = np.clip(1.0 - age_there / (TRAIL_STEPS + 1), 0.0, 1.0)
    widest = max(2.5, 0.11 * board.unit)
    width = widest * (0.4 + 0.6 * opacity)
    room = widest * (2 + 2j)
    low = complex(points.real.min(), points.imag.min()) - room
    high = complex(points.real.max(), points.imag.max()) + room
    low = complex(int(low.real), int(low.imag))
    layer = Layer((int((high - low).real) + 1, int((high - low).imag) + 1))
    casing = width + max(2.0, 0.04 * board.unit)
    shapes.stroke(layer, points - low, casing, TRAIL_LIGHT, 0.7 * opacity)
    shapes.stroke(layer, points - low, width, TRAIL, opacity)
    layer.lay_on(surface, (int(low.real), int(low.imag)))


def heading(cells: Cells, columns: int) -> complex:
    """The direction of the last move, right and down; down before the first one."""
    moves = np.flatnonzero(np.diff(cells))
    if moves.size == 0:
        return 1j
    before, after = int(cells[moves[-1]]), int(cells[moves[-1] + 1])
    move = complex(after % columns - before % columns, after // columns - before // columns)
    return move / abs(move)


def _paint_ghosts(canvas: Canvas, board: Board) -> None:
    for ghost, recent, share in ghosts.present(canvas):
        cells: Cells = recent["cell"]
        sheet, place = _agent(board, cells), place_of(board, cells, share)
        corner = place - sheet.get_width() / 2 * (1 + 1j)
        ghosts.lay_ghost(sheet, canvas.surface, corner, ghost.colour)
        ghosts.write_name(canvas.surface, ghost, place - 0.4j * sheet.get_height())


def _agent(board: Board, cells: Cells) -> pygame.Surface:
    return marks.agent(max(8.0, 0.36 * board.unit), heading(cells, board.shape[1]))


def _lay_agent(surface: pygame.Surface, sheet: pygame.Surface, place: complex) -> None:
    half = sheet.get_width() / 2
    lay(sheet, surface, (round(place.real - half), round(place.imag - half)))
