"""What is to be heard of a grid: steps, bumps, falls, and where a reward is reached."""

from il_envs.drawing.sounds import Cue, last_step
from il_envs.views import States
from il_envs.worlds.grid import tiles

ARRIVALS = {tiles.GOAL: "goal", tiles.WATER: "splash", tiles.ABYSS: "plunge"}
"""What is heard when the agent comes to such a tile; on to another one of them is not heard."""


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    step = last_step(history)
    if step is None:
        return ()
    before, after = params[int(step[0]["cell"])], params[int(step[1]["cell"])]
    if int(before["tile"]) in ARRIVALS and int(after["tile"]) in ARRIVALS:
        return ()
    if step[0]["cell"] == step[1]["cell"]:
        return (Cue("bump"),)
    heard = [Cue(ARRIVALS.get(int(after["tile"]), "step"))]
    if after["tile"] not in ARRIVALS and after["reward"].max() > 0.0:
        heard.append(Cue("coin"))
    return tuple(heard)
