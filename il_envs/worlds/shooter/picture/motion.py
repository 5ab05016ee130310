"""The fight on its way from one step to the next.

Bullets fly straight, so each is traced back from where it is after the step: a new one comes out of
its gun, and what had the same place in the list before does not matter. One that ends in the step
is gone from its start. Enemies come and go at once.
"""

import numpy as np

from il_envs.drawing.motion import is_step, on_the_way, turn
from il_envs.views import States
from il_envs.worlds.shooter.picture.camera import JUMP, jumps
from il_envs.worlds.shooter.picture.events import places
from il_envs.worlds.shooter.records import CONTROL_PERIOD


def between(before: np.void, after: np.void, share: float, params: States) -> np.void:
    """The state so far on the way to the next step's, as `il_envs.views.View` has it."""
    if share >= 1.0 or not is_step(before, after) or jumps(np.stack([before, after])).any():
        return after
    shown = on_the_way(before, after, share, ("x", "y", "health", "shield", "dash"))
    turn(shown, before, share, "heading_cos", "heading_sin")
    was, enemies = before["enemies"], shown["enemies"][0]
    moved = np.abs(places(enemies) - places(was))
    same = (was["health"] > 0.0) & (enemies["health"] > 0.0) & (moved < JUMP)
    for name in ("x", "y", "vx", "vy"):
        enemies[name][same] -= (1.0 - share) * (enemies[name] - was[name])[same]
    for bullets in (shown["shots"][0], shown["bullets"][0]):
        for place, velocity in (("x", "vx"), ("y", "vy")):
            bullets[place] -= (1.0 - share) * CONTROL_PERIOD * bullets[velocity]
    state: np.void = shown[0]
    return state
