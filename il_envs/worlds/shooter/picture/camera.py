"""The camera of the picture from above: points of the plane as pixels.

Points of the plane are complex numbers in metres, east and north; pixels are complex as well, right
and down of the picture's top left corner.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.drawing.history import recent_mean
from il_envs.views import States
from il_envs.worlds.shooter.arena import SIZE

Points = NDArray[Any]  # complex
Numbers = NDArray[np.floating[Any]]

SCALE = 34  # pixels per metre on the floor
FRAME_MIDDLE = 480 + 258j  # pixels, where the camera looks; below are instruments
HEIGHT = 17.0  # m, of the camera above the floor
LEAD = 2.2  # m, by which it looks ahead of the player
FOLLOW, SWING = 5.0, 10.0  # steps, over which it averages the player's place and its heading
MIDDLE = (0.5 + 0.5j) * SIZE  # m, of the arena
ROOM = 8.0  # m, that it may move each way from there: no instrument is then over the player
JUMP = 1.0  # m in one step: a restored state, not motion


@dataclass(frozen=True)
class Camera:
    """A camera that looks straight down at a point of the floor."""

    target: complex  # m

    def pixels(self, points: Points | complex, height: float = 0.0) -> Any:
        """The pixels of points at a height (m) above the floor."""
        scale = SCALE * HEIGHT / (HEIGHT - height)
        return FRAME_MIDDLE + scale * np.conjugate(points - self.target)

    def point(self, pixel: complex) -> complex:
        """The point of the floor that is seen at a pixel."""
        return self.target + complex(pixel - FRAME_MIDDLE).conjugate() / SCALE


def positions(states: States) -> Points:
    """The player's positions, [n] complex, in metres."""
    return states["x"] + 1j * states["y"]


def headings(states: States) -> Points:
    """The player's headings, [n] unit vectors."""
    return states["heading_cos"] + 1j * states["heading_sin"]


def jumps(history: States) -> NDArray[np.bool_]:
    """True where the player cannot have gone from one state to the next, bool [n - 1]."""
    moves = np.abs(np.diff(positions(history))) > JUMP
    return moves | (np.diff(history["arena"]) != 0)


def follow(history: States, share: float = 1.0) -> Camera:
    """The camera at the end of a history: it trails the player smoothly and looks ahead of it.

    Args:
        share: how much of the last step has passed.
    """
    place = complex(recent_mean(positions(history), FOLLOW, share))
    target = place + LEAD * complex(recent_mean(headings(history), SWING, share))
    offset = target - MIDDLE
    x, y = (min(max(part, -ROOM), ROOM) for part in (offset.real, offset.imag))
    return Camera(MIDDLE + complex(x, y))
