"""The corridor of Gauntlet, cut open along its side: what stands still, and a ruler.

Places are metres along the corridor, above its floor, and away from the eye, which looks across it.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import pygame

from il_envs.drawing.canvas import SIZE, Colour, Layer
from il_envs.drawing.neon import skyline
from il_envs.drawing.neon.colours import BACKDROP, DIM, FOE, LINE, ME, WARNING, faded
from il_envs.drawing.neon.light import line
from il_envs.drawing.neon.perspective import Eye, Metres
from il_envs.drawing.shapes import Points
from il_envs.drawing.text import write
from il_envs.worlds.gauntlet.dynamics import GATE_DISTANCE

FOCUS, EYE_HEIGHT, HORIZON = 400.0, 5.2, 120.0  # pixels a metre at 1 m; m; pixels down
NEAR, MIDDLE, FAR = 7.1, 8.7, 10.3  # m away: the corridor's edges, and the runner between them
HEIGHT = 3.0  # m, of the corridor's far side
BEHIND = 1.3  # m, that the eye is behind the runner
COLUMN, ROOM = 270.0, 200.0  # pixels: where it is in the picture, and how far a great lead moves it
SMALL_LEAD, GREAT_LEAD = 4.0, 12.0  # m, between which it moves
TOWN = 26.0  # m away, so slowly it passes by
SKIRTING = 26  # pixels, of the floor's edge, where the ruler is
RULED = 42  # pixels, below the floor, where distances are given
TIGHT, NARROW = 2.0, 4.0  # m, of lead, below which it is red and amber

SIDE: Colour = (12, 14, 28)
FLOOR: Colour = (15, 17, 36)
EDGE: Colour = (10, 11, 22)


@dataclass(frozen=True)
class Camera:
    """The camera of the corridor, which looks across it.

    Attributes:
        x: place of the eye, m along the corridor.
    """

    eye: Eye
    x: float

    def at(self, x: Metres, up: Metres, away: Metres) -> Points:
        """Places of the corridor as points of the picture."""
        return self.eye.pixels(np.asarray(x) - self.x, up, away)

    def place(self, column: float, away: float) -> float:
        """The place along the corridor (m) that is seen at a column of the picture (pixels)."""
        return self.x + (column - self.eye.horizon.real) / float(self.eye.scale(away))


def camera_at(x: float, lead: float) -> Camera:
    """The camera behind a runner at x, which moves right in the picture as its lead (m) grows."""
    share = min(max((lead - SMALL_LEAD) / (GREAT_LEAD - SMALL_LEAD), 0.0), 1.0)
    column = COLUMN + ROOM * share * share * (3.0 - 2.0 * share)
    return Camera(Eye(complex(column, HORIZON), FOCUS, EYE_HEIGHT), x - BEHIND)


def paint_behind(surface: pygame.Surface, camera: Camera) -> None:
    """The town, and the corridor's side and floor in the dark."""
    top, far, near = (
        round(complex(camera.at(camera.x, up, away)).imag)
        for up, away in ((HEIGHT, FAR), (0.0, FAR), (0.0, NEAR))
    )
    skyline.paint(surface, top, camera.x * float(camera.eye.scale(TOWN)))
    for colour, begin, end in (
        (SIDE, top, far), (FLOOR, far, near), (EDGE, near, near + SKIRTING),
        (BACKDROP, near + SKIRTING, SIZE[1]),
    ):  # fmt: skip
        surface.fill(colour, (0, begin, SIZE[0], end - begin))


def paint_lines(light: Layer, camera: Camera, wall: float) -> None:
    """The lines of the floor and of the side, ahead of the wall."""
    start, end = max(camera.place(0.0, FAR), wall), camera.place(SIZE[0], FAR)
    for metre in range(ceil(start), int(end) + 1):
        weight = 0.75 if metre % GATE_DISTANCE == 0 else 0.34
        near, far = camera.at(metre, 0.0, np.array([NEAR, FAR]))
        line(light, near, far, 1.3, faded(LINE, weight))
        if metre % 2 == 0:
            line(light, far, complex(camera.at(metre, HEIGHT, FAR)), 1.2, faded(LINE, 0.4))
    for up, away, width, weight in (
        (0.0, MIDDLE, 1.0, 0.25), (0.9, FAR, 1.0, 0.35), (HEIGHT - 0.25, FAR, 1.0, 0.4),
        (0.0, FAR, 1.6, 0.7), (HEIGHT, FAR, 2.0, 0.95), (0.0, NEAR, 2.4, 1.0),
    ):  # fmt: skip
        begin, finish = camera.at(
            np.array([max(camera.place(0.0, away), wall), camera.place(SIZE[0], away)]), up, away
        )
        line(light, begin, finish, width, faded(LINE, weight))


def paint_ruler(
    surface: pygame.Surface, camera: Camera, x: float, wall: float, gate: float
) -> None:
    """Metres from the start along the floor's edge, the lead, and the way to the gate ahead."""
    first, last = max(camera.place(0.0, NEAR), wall), camera.place(SIZE[0], NEAR)
    for metre in range(ceil(first), int(last) + 1):
        at = complex(camera.at(metre, 0.0, NEAR))
        length = 6 if metre % 2 else 10
        pygame.draw.line(surface, LINE, (at.real, at.imag + 3), (at.real, at.imag + length))
        if metre % 2 == 0:
            write(surface, str(metre), at + 19j, 15, DIM, "center")
    lead = x - wall
    colour = FOE if lead < TIGHT else WARNING if lead < NARROW else DIM
    _paint_distance(surface, camera, (wall, x), colour)
    _paint_distance(surface, camera, (x, gate), ME)


def _paint_distance(
    surface: pygame.Surface, camera: Camera, ends: tuple[float, float], colour: Colour
) -> None:
    """A line between two places, where it is in the picture, labelled with its length."""
    left, right = camera.at(np.array(ends), 0.0, NEAR) + 1j * RULED
    if right.real < left.real:
        return
    start, end = (min(max(tip.real, 0.0), SIZE[0]) for tip in (left, right))
    pygame.draw.line(surface, colour, (start, left.imag), (end, left.imag))
    for tip in (left, right):
        pygame.draw.line(surface, colour, (tip.real, tip.imag - 5), (tip.real, tip.imag + 5), 2)
    middle = complex(0.5 * (start + end), left.imag + 15.0)
    write(surface, f"{ends[1] - ends[0]:.1f} m", middle, 20, colour, "center")
