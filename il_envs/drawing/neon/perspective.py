"""Perspective of a level eye before an upright picture: things twice as far away look half as
large.

Pixels are complex, right and down of the picture's top left corner.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.drawing.shapes import Points

Metres = float | NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Eye:
    """An eye that looks straight ahead.

    Attributes:
        horizon: vanishing point of the lines that lead straight away from the eye, a pixel.
        focus: size in pixels of a metre that is a metre away.
        height: height of the eye above the floor, m.
    """

    horizon: complex
    focus: float
    height: float

    def scale(self, away: Metres) -> NDArray[np.float64]:
        """Pixels per metre at a distance of `away`, m."""
        return self.focus / np.asarray(away, np.float64)

    def pixels(self, right: Metres, up: Metres, away: Metres) -> Points:
        """Places in the picture of points given by their distances to the right of the eye, above
        the floor, and away from the eye, m."""
        across, down = np.asarray(right, np.float64), self.height - np.asarray(up, np.float64)
        return self.horizon + self.scale(away) * (across + 1j * down)
