"""DriftCar's picture; the first one imports what paints it, so training loads no pygame."""

import numpy as np

from il_envs.canvas import Canvas
from il_envs.world import States


def draw(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the last state of the canvas's history, with the marks and smoke of those before it."""
    from il_envs.drift_car import scene

    scene.paint(state, params, canvas)
