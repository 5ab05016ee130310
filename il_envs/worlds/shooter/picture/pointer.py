"""Playing the shooter with the mouse: it turns towards the pointer, and fires while it is pressed.

These are the pointers of its views, as `il_envs.views.View` has them.
"""

from math import atan, atan2

import numpy as np

from il_envs.drawing.canvas import SIZE, Canvas
from il_envs.drawing.history import since_jump
from il_envs.views import States
from il_envs.worlds.shooter.pad import BUTTONS, FIRE, TURN_LEFT, TURN_RIGHT
from il_envs.worlds.shooter.picture.camera import follow, jumps
from il_envs.worlds.shooter.player import TURN_HALF_TANGENT, eye
from il_envs.worlds.shooter.records import SUBSTEPS

STEP_TURN = 2.0 * atan(TURN_HALF_TANGENT) * SUBSTEPS  # rad, that a button turns in a step


def aim_from_above(
    state: np.void, params: States, canvas: Canvas, place: tuple[int, int], is_pressed: bool
) -> tuple[str, ...]:
    """The keys that turn the player to the point of the floor under the pointer."""
    target = follow(since_jump(canvas.history, jumps(canvas.history))).point(complex(*place))
    away = target - complex(*eye(state, params[state["arena"]]))
    heading = complex(state["heading_cos"], state["heading_sin"])
    turned = away * heading.conjugate()
    return _keys(atan2(turned.imag, turned.real), is_pressed)


def aim_first_person(
    state: np.void, params: States, canvas: Canvas, place: tuple[int, int], is_pressed: bool
) -> tuple[str, ...]:
    """The keys that turn the player towards the pointer, as long as it is away from the middle."""
    focus = SIZE[0] / 2
    return _keys(atan((focus - place[0]) / focus), is_pressed)


def _keys(angle: float, is_pressed: bool) -> tuple[str, ...]:
    """The keys that turn by an angle (rad, positive to the left), and fire.

    A button turns by whole steps, so an angle of less than half a step is ignored.
    """
    buttons = [FIRE] if is_pressed else []
    if abs(angle) > STEP_TURN / 2:
        buttons.append(TURN_LEFT if angle > 0.0 else TURN_RIGHT)
    return tuple(BUTTONS[button][1] for button in buttons)
