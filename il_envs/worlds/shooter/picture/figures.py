"""The player, the enemies and the pickups seen from above.

A point of a figure is complex: metres ahead and left of its middle. Sheets are premultiplied,
square, and kept.
"""

from functools import lru_cache

import numpy as np
import pygame

from il_envs.drawing.canvas import Colour, Layer, premultiplied
from il_envs.drawing.neon import colours
from il_envs.drawing.neon.colours import DARK_SUIT, FOE, ME, STEEL, SUIT, faded
from il_envs.drawing.shapes import disc, mirrored, polygon
from il_envs.worlds.shooter.arena import HEALTH
from il_envs.worlds.shooter.picture.camera import SCALE, Points
from il_envs.worlds.shooter.player import LAUNCHER, RIFLE, SHOTGUN, SMG

SIDE = 64  # pixels, of a sheet
TURNS = 128  # directions that a figure comes in
LINE = 0.065  # m, width of the glowing outlines

ARM = faded(ME, 0.42)
DARK_SHELL: Colour = (44, 8, 26)
SHELL: Colour = (92, 14, 42)
HIT_SHELL, HIT_EDGE = ((112, 26, 56), (206, 96, 128)), ((255, 120, 150), (255, 206, 216))
RELOADING_EDGE: Colour = (164, 40, 78)
LIT_EYE, DIM_EYE = (255, 236, 150), (120, 60, 60)
UNSEEN_SHELL, UNSEEN_EDGE = (16, 8, 20), (112, 32, 66)


def _ring(corners: int) -> Points:
    """The corners of a regular polygon around the middle, 1 m from it."""
    return np.exp(2j * np.pi * (np.arange(corners) + 0.5) / corners)


SHOULDERS = mirrored(
    0.15 + 0.10j, 0.19 + 0.27j, 0.10 + 0.40j, -0.10 + 0.42j, -0.23 + 0.30j, -0.25 + 0.10j
)
ARMS = mirrored(0.40 + 0.05j, 0.34 + 0.13j, 0.12 + 0.36j, 0.06 + 0.24j)
PACK = mirrored(-0.20 + 0.17j, -0.36 + 0.13j)
HEAD = 0.17 * _ring(24)
VISOR = mirrored(0.15 + 0.05j, 0.10 + 0.13j, 0.04 + 0.12j, 0.07 + 0.05j)
BARREL_END = 0.16  # m ahead
BARRELS: dict[int, tuple[tuple[float, float, float], ...]] = {
    SMG: ((0.50, 0.045, 0.0),),
    SHOTGUN: ((0.52, 0.04, 0.055), (0.52, 0.04, -0.055)),
    RIFLE: ((0.72, 0.035, 0.0),),
    LAUNCHER: ((0.56, 0.10, 0.0),),
}
"""For each weapon its barrels: how far ahead they reach, half their width, their side (m)."""

CARAPACE = mirrored(
    0.28 + 0.04j, 0.68 + 0.17j, 0.37 + 0.29j, 0.20 + 0.40j, -0.20 + 0.68j, -0.16 + 0.36j,
    -0.54 + 0.20j, -0.34 + 0.05j,
)  # fmt: skip
CORE = mirrored(0.22 + 0.07j, 0.14 + 0.22j, -0.10 + 0.22j, -0.24 + 0.08j)
EYE = mirrored(0.26 + 0.03j, 0.20 + 0.17j, 0.12 + 0.17j, 0.16 + 0.03j)

PLATE = 0.44 * _ring(6)
CROSS = mirrored(0.22 + 0.075j, -0.22 + 0.075j)
ROUND = np.array([0.10 + 0.05j, 0.20, 0.10 - 0.05j, -0.17 - 0.05j, -0.17 + 0.05j])


def turn_of(heading: complex) -> int:
    """The nearest of the directions that figures come in."""
    return round(float(np.angle(heading)) * TURNS / (2.0 * np.pi)) % TURNS


@lru_cache(maxsize=1024)
def player(turn: int, weapon: int, is_crouching: bool) -> pygame.Surface:
    """The player; a weapon of `player.ARSENAL` in its hands."""
    sheet = _Sheet(turn)
    size = 0.8 if is_crouching else 1.0
    sheet.shape(size * PACK, DARK_SUIT, ME)
    for tip, half, side in BARRELS[weapon]:
        sheet.shape(mirrored(tip + 1j * half, BARREL_END + 1j * half) + 1j * side, STEEL)
    sheet.shape(size * ARMS, ARM, ME)
    sheet.shape(size * SHOULDERS, SUIT, ME)
    sheet.shape(size * HEAD, ME)
    sheet.shape(size * VISOR, colours.WHITE)
    return sheet.sheet()


@lru_cache(maxsize=1024)
def enemy(turn: int, flash: int, is_reloading: bool) -> pygame.Surface:
    """An enemy that the player sees; `flash` from 0 to 2 is how it glows from a hit."""
    sheet = _Sheet(turn)
    edge = HIT_EDGE[flash - 1] if flash else RELOADING_EDGE if is_reloading else FOE
    sheet.shape(CARAPACE, HIT_SHELL[flash - 1] if flash else DARK_SHELL, edge)
    sheet.shape(CORE, HIT_SHELL[flash - 1] if flash else SHELL, edge)
    sheet.shape(EYE, DIM_EYE if is_reloading else LIT_EYE)
    return sheet.sheet()


@lru_cache(maxsize=TURNS)
def unseen_enemy(turn: int) -> pygame.Surface:
    """An enemy that the player does not see: its outline in the dark."""
    sheet = _Sheet(turn)
    sheet.shape(CARAPACE, UNSEEN_SHELL, UNSEEN_EDGE)
    return sheet.sheet()


@lru_cache(maxsize=4)
def pickup(kind: int, is_there: bool) -> pygame.Surface:
    """A pickup, or its place: a plate with a cross, or with three rounds."""
    sheet = _Sheet(0)
    colour = faded(colours.HEALTH if kind == HEALTH else colours.ROUNDS, 1.0 if is_there else 0.3)
    sheet.shape(PLATE, faded(colour, 0.22), colour)
    marks = [CROSS, 1j * CROSS]
    if kind != HEALTH:
        marks = [1j * ROUND + side for side in (0.15, 0.0, -0.15)]
    for mark in marks:
        sheet.shape(mark, colour)
    return sheet.sheet()


class _Sheet(Layer):
    """A square sheet with a figure in its middle that faces one of the `TURNS` directions."""

    def __init__(self, turn: int) -> None:
        super().__init__((SIDE, SIDE), factor=4)
        self._heading = complex(np.exp(2j * np.pi * turn / TURNS))

    def shape(self, points: Points, inside: Colour, edge: Colour | None = None) -> None:
        """Paint a polygon, with an outline if `edge` is a colour."""
        pixels = SIDE * (0.5 + 0.5j) + SCALE * np.conjugate(self._heading * points)
        polygon(self, pixels, inside)
        if edge is None:
            return
        corners = [(point.real, point.imag) for point in pixels * self.factor]
        width = round(LINE * SCALE * self.factor)
        pygame.draw.lines(self.surface, premultiplied(edge, 1.0), True, corners, width)
        for point in pixels:
            disc(self, complex(point), width / 2 / self.factor, edge)
