"""What is to be heard of Pillar: steps ahead and to the side, pillars passed, and the fall."""

from il_envs.drawing.sounds import Cue, last_step
from il_envs.views import States

STRIDE = 2  # steps of the world
STEP_VOLUME = 0.5


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    step = last_step(history)
    if step is None:
        return ()
    before, after = step
    if after["fallen"]:
        return () if before["fallen"] else (Cue("crash"),)
    heard = []
    if after["step"] % STRIDE == 0:
        heard.append(Cue("step", STEP_VOLUME))
    if after["pillars"] > before["pillars"]:
        heard.append(Cue("coin"))
    elif after["offset"] != before["offset"]:
        heard.append(Cue("whoosh"))
    return tuple(heard)
