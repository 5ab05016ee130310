"""What is to be heard of LaneKeeping: the engine, and the rough ground beside the road."""

from il_envs.drawing.sounds import Cue, share
from il_envs.views import States
from il_envs.worlds.drift_car.picture.sounds import engine
from il_envs.worlds.lane_keeping import dynamics as lane
from il_envs.worlds.lane_keeping.picture.scene import KERB_WIDTH, ROAD_HALF_WIDTH

DRIVE_MAX = lane.DRIVE + lane.ACTION_UNIT[1]  # kN


def cues(history: States, params: States) -> tuple[Cue, ...]:
    """What is to be heard after the last step."""
    state = history[-1]
    drive = lane.DRIVE + lane.ACTION_UNIT[1] * state["action"][1]
    heard = [engine(lane.SPEED + state["deviation"][2], float(drive / DRIVE_MAX))]
    off = share(abs(state["deviation"][0]), ROAD_HALF_WIDTH, KERB_WIDTH)
    if off > 0.0:
        heard.append(Cue("rumble", off))
    return tuple(heard)
