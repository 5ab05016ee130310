"""A start for people: the car rolls slowly along the longest straight of its track."""

import numpy as np

from il_envs.views import Array, States
from il_envs.world import Record
from il_envs.worlds.drift_car.track import SAMPLES

SPEED = 5.0  # m/s
STRAIGHT_CURVATURE_MAX = 0.01  # 1/m, of what counts as straight


def gentle_start(state: Record, params: States) -> None:
    """Put the car of a State record on the centreline, aligned, where the longest straight of its
    track begins; everything else is as after a reset."""
    track = params[state["track"]]
    sample = longest_straight(track["curvature"])
    state["station"] = float(sample) * (float(track["length"]) / SAMPLES)
    state["lateral"] = 0.0
    state["heading_cos"], state["heading_sin"] = 1.0, 0.0
    state["forward_speed"], state["lateral_speed"] = SPEED, 0.0
    state["yaw_rate"] = SPEED * float(track["curvature"][sample])


def longest_straight(curvature: Array) -> int:
    """The first sample of the longest straight of a closed track; of equals, the first from 0 on.

    Args:
        curvature: of the samples around the lap in 1/m, [SAMPLES].
    """
    bends = np.flatnonzero(np.abs(curvature) > STRAIGHT_CURVATURE_MAX)
    steps_to_next_bend = np.diff(bends, append=bends[0] + SAMPLES)
    return int(bends[np.argmax(steps_to_next_bend)] + 1) % SAMPLES
