"""The shooter's pictures; the first one imports what paints it, so training loads no pygame."""

import numpy as np

from il_envs.canvas import Canvas
from il_envs.world import States


def draw_shooter(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the fight from above, as the canvas's history tells it."""
    from il_envs.shooter import scene

    scene.paint(state, params, canvas)


def draw_first_person(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint what the player sees, with a map and the buttons held."""
    from il_envs.shooter import first_person_scene

    first_person_scene.paint(state, params, canvas)


def draw_gauntlet(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the corridor, the wall that comes and the gates."""
    from il_envs.shooter import gauntlet_scene

    gauntlet_scene.paint(state, params, canvas)


def draw_pillar(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the lane, the pillars that come and the sides that were taken."""
    from il_envs.shooter import pillar_scene

    pillar_scene.paint(state, params, canvas)
