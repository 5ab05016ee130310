"""The car on its way from one step to the next."""

import numpy as np

from il_envs.drawing.motion import around, is_step, on_the_way, turn
from il_envs.views import States
from il_envs.worlds.drift_car.picture.ground import ground_of
from il_envs.worlds.drift_car.picture.scene import jumps

FIELDS = (
    *("lateral", "forward_speed", "lateral_speed", "yaw_rate", "steering", "drive"),
    *("distance", "lateral_sum"),
)


def between(before: np.void, after: np.void, share: float, params: States) -> np.void:
    """The state so far on the way to the next step's, as `il_envs.views.View` has it."""
    track = params[after["track"]]
    pair = np.stack([before, after])
    if share >= 1.0 or not is_step(before, after) or jumps(pair, ground_of(track.tobytes())).any():
        return after
    shown = on_the_way(before, after, share, FIELDS)
    length = float(track["length"])
    shown["station"] = around(float(before["station"]), float(after["station"]), share, length)
    turn(shown, before, share, "heading_cos", "heading_sin")
    state: np.void = shown[0]
    return state
