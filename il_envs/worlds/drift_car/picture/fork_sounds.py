"""What is to be heard of DriftCarFork: DriftCar's sounds, obstacles passed, and contact."""

from il_envs.drawing.sounds import Cue, last_step
from il_envs.views import States
from il_envs.worlds.drift_car.picture import sounds


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    heard, step = sounds.cues(history, params), last_step(history)
    if step is None:
        return heard
    before, after = step
    if after["touched"] > before["touched"]:
        return (*heard, Cue("crash"))
    return (*heard, Cue("coin")) if after["obstacle"] > before["obstacle"] else heard
