"""A level eye before an upright picture: what is twice as far away is half as large.

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
    """Lines that lead straight away from it meet in one point of the picture.

    Attributes:
        horizon: that point, a pixel.
        focus: how large a metre is, a metre away, in pixels.
        height: of the eye above the floor, m.
    """

    horizon: complex
    focus: float
    height: float

    def scale(self, away: Metres) -> NDArray[np.float64]:
        """Pixels per metre, so far away."""
        return self.focus / np.asarray(away, np.float64)

    def pixels(self, right: Metres, up: Metres, away: Metres) -> Points:
        """Where points are in the picture: to the right of the eye, above the floor, and away."""
        across, down = np.asarray(right, np.float64), self.height - np.asarray(up, np.float64)
        return self.horizon + self.scale(away) * (across + 1j * down)
