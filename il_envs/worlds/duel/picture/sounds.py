"""What is to be heard of Duel: the shots of either side, what they do, and the opponent's aim."""

from il_envs.drawing.sounds import Cue
from il_envs.views import States
from il_envs.worlds.duel.picture.scene import last_step
from il_envs.worlds.duel.rules import FIRES, WINDS_UP, situation


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    step = last_step(history)
    if step is None:
        return ()
    before, done = step
    happened = {
        "rifle": done.shot,
        "hit": done.given,
        "enemy_shot": before.phase == FIRES,
        "hurt": done.taken,
        "block": done.stopped,
        "reload": done.reloaded,
        "whoosh": done.mine != before.mine,
        "charge": situation(history["situation"][-1]).phase == WINDS_UP,
    }
    return tuple(Cue(name) for name, is_so in happened.items() if is_so)
