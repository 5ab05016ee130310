"""The track and the cars on it, seen from above."""

import numpy as np
from numpy.typing import NDArray

from il_envs.views import Array, Plan, States
from il_envs.worlds.drift_car.track import HALF_WIDTH, SAMPLES


def places(states: States, params: Array) -> NDArray[np.float64]:
    """Where cars are, in m from the centre of their track, [n, 2]."""
    tracks = params[states["track"]]
    return np.array(
        [
            _beside(track, state["station"] / track["length"] * SAMPLES, state["lateral"])
            for track, state in zip(tracks, states, strict=True)
        ]
    )


def outlines(state: np.void, params: Array) -> list[NDArray[np.float64]]:
    """The left and the right edge of a car's track, [SAMPLES + 1, 2] each."""
    track = params[state["track"]]
    return [_beside(track, np.arange(SAMPLES + 1.0), side) for side in (HALF_WIDTH, -HALF_WIDTH)]


def _beside(track: np.void, samples: Array, lateral: float) -> NDArray[np.float64]:
    """Points to the left of the centreline, [..., 2]; places on it in samples, offsets in m."""
    x, y, tangent_x, tangent_y = (
        np.interp(samples, np.arange(SAMPLES), track[name], period=SAMPLES)
        for name in ("x", "y", "tangent_x", "tangent_y")
    )
    return np.stack([x - lateral * tangent_y, y + lateral * tangent_x], -1)


PLAN = Plan(places, outlines)
