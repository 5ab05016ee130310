"""What is to be heard of DriftCar: the engine, the tyres, the track's edge and the crash."""

from math import hypot

import numpy as np

from il_envs.drawing.sounds import Cue, last_step, share
from il_envs.views import States
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture.scene import SLIDING_RANGE, SLIDING_START, slips
from il_envs.worlds.drift_car.track import HALF_WIDTH

FAST = 30.0  # m/s, at which the engine is highest
STILL, ROLLING = 0.5, 5.0  # m/s, between which tyres become as loud as they slide
EDGE = 0.8  # of the way from the centreline to the edge, from which the track is rough


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    state = history[-1]
    speed = hypot(state["forward_speed"], state["lateral_speed"])
    rolling = share(speed, STILL, ROLLING - STILL)
    slip = max(float(axle[0]) for axle in slips(history[-1:]))
    sliding = rolling * share(slip, SLIDING_START, SLIDING_RANGE)
    edge = rolling * share(abs(state["lateral"]), EDGE * HALF_WIDTH, (1.0 - EDGE) * HALF_WIDTH)
    heard = [engine(speed, float(state["drive"]) / car.DRIVE_MAX)]
    if sliding > 0.0:
        heard.append(Cue("squeal", sliding))
    if edge > 0.0:
        heard.append(Cue("rumble", edge))
    step = last_step(history)
    if step is not None and _is_lost(state) and not _is_lost(step[0]):
        heard.append(Cue("crash"))
    return tuple(heard)


def engine(speed: float, drive: float) -> Cue:
    """The engine: higher with the speed (m/s) and a little with the drive (-1 to 1), which it works
    louder for."""
    pitch = 0.6 + 1.2 * share(speed, 0.0, FAST) + 0.15 * share(drive, 0.0, 1.0)
    return Cue("engine", 0.5 + 0.5 * share(abs(drive), 0.0, 1.0), pitch)


def _is_lost(state: np.void) -> bool:
    """Whether the car has left the track, or slides sideways."""
    ahead, aside = abs(state["forward_speed"]), state["lateral_speed"]
    speed = hypot(ahead, aside)
    sideways = speed > car.SPIN_SPEED_MIN and ahead < car.SPIN_COSINE * speed
    return bool(sideways or abs(state["lateral"]) > HALF_WIDTH)
