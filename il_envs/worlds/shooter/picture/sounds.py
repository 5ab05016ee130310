"""What is to be heard of the shooter: weapons, what they hit, and what the player does."""

import numpy as np

from il_envs.drawing.sounds import Cue, last_step, share
from il_envs.views import States
from il_envs.worlds.shooter.pad import CROUCH
from il_envs.worlds.shooter.picture import events
from il_envs.worlds.shooter.player import PICKUP_WAIT, weapon_in_hand
from il_envs.worlds.shooter.records import ENEMY_HEALTH

WEAPONS = ("shot", "shotgun", "rifle", "launch")  # in the order of the arsenal
EARSHOT = 8.0  # m, at which an enemy's shot is half as loud
SEVERE = 20.0  # of health lost in a step, that is heard at full volume
FAINT = 0.4  # volume of the least hit
RUNNING, STRIDE, STEP_VOLUME = 1.0, 6, 0.4  # m/s, steps of the world


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    step = last_step(history)
    if step is None:
        return ()
    before, after = step
    heard = [*_fight(before, after), *_player(before, after)]
    if (before["shots"]["blast"][: before["shot_count"]] > 0.0).any():
        wall = params[int(after["arena"])]["wall"]
        if any(shot.blast > 0.0 for shot in events.ended(history[-2:], wall, True, 1)):
            heard.append(Cue("explosion"))
    return tuple(heard)


def _fight(before: np.void, after: np.void) -> list[Cue]:
    """The shots of both sides, and who was hit."""
    heard = []
    if after["fired"] > before["fired"]:
        record = after.view((np.record, after.dtype))
        weapon = weapon_in_hand.py_func(record)  # uncompiled, or the first shot would come late
        heard.append(Cue(WEAPONS[weapon]))
    lost = np.maximum(before["enemies"]["health"] - after["enemies"]["health"], 0.0)
    if after["kills"] > before["kills"]:
        heard.append(Cue("kill"))
    elif lost.any():
        heard.append(Cue("hit", FAINT + (1.0 - FAINT) * share(lost.sum(), 0.0, ENEMY_HEALTH)))
    fired = after["enemies"]["rounds"] < before["enemies"]["rounds"]
    fired &= before["enemies"]["health"] > 0.0
    if fired.any():
        here = complex(after["x"], after["y"])
        distance = np.abs(events.places(before["enemies"][fired]) - here).min()
        heard.append(Cue("enemy_shot", float(EARSHOT / (EARSHOT + distance))))
    damage = float(after["damage_taken"])
    if damage > 0.0:
        name = "block" if after["shielded"] and damage < SEVERE else "hurt"
        heard.append(Cue(name, FAINT + (1.0 - FAINT) * share(damage, 0.0, SEVERE)))
    if after["health"] == 0.0 < before["health"]:
        heard.append(Cue("crash"))
    return heard


def _player(before: np.void, after: np.void) -> list[Cue]:
    """What the player does apart from shooting, and what comes next."""
    is_running = np.hypot(after["vx"], after["vy"]) > RUNNING and not after["held"][CROUCH]
    arrived = (before["enemies"]["health"] == 0.0) & (after["enemies"]["health"] > 0.0)
    happened = {
        "shield": after["shielded"],
        "dash": after["dashing"] and not before["dashing"],
        "reload": after["magazine"] > before["magazine"],
        "pickup": (after["pickup_wait"] == PICKUP_WAIT).any(),
        "coin": after["wave"] > before["wave"],
        "alarm": arrived.any(),
    }
    heard = [Cue(name) for name, is_so in happened.items() if is_so]
    if is_running and after["step"] % STRIDE == 0:
        heard.append(Cue("step", STEP_VOLUME))
    return heard
