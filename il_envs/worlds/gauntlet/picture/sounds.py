"""What is to be heard of Gauntlet: steps, shots, the gates, and the wall as it comes near."""

from il_envs.drawing.sounds import Cue, last_step, share
from il_envs.views import States
from il_envs.worlds.gauntlet.dynamics import FIRE
from il_envs.worlds.gauntlet.picture.scene import DREAD, were_hits

STRIDE = 0.8  # m
STEP_VOLUME, WALL_PITCH = 0.5, 0.7


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    state, heard = history[-1], []
    lead = float(state["x"] - state["wall"])
    if lead < DREAD:
        heard.append(Cue("rumble", 1.0 - share(lead, 0.0, DREAD), WALL_PITCH))
    step = last_step(history)
    if step is None:
        return tuple(heard)
    before, after = step
    if before["x"] // STRIDE != after["x"] // STRIDE:
        heard.append(Cue("step", STEP_VOLUME))
    if after["held"][FIRE]:
        heard.append(Cue("shot"))
    if after["gates"] > before["gates"]:
        heard.append(Cue("gate"))
    elif were_hits(history[-2:])[0]:
        heard.append(Cue("hit"))
    if lead <= 0.0 < before["x"] - before["wall"]:
        heard.append(Cue("crash"))
    return tuple(heard)
