"""The lane and its pillars: numbers, kernels and experts."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform, integer
from il_envs.views import Array, States
from il_envs.world import STATE_HEADER, Expert, Record, Split

CONTROL_PERIOD = 0.1  # s
SPACING = 12  # steps, from one pillar to the next
PILLARS = 20
MAX_EPISODE_STEPS = SPACING * PILLARS
SIDE_STEP, CLEARANCE = 0.5, 1.0  # m
STRAFE_LEFT, STRAFE_RIGHT, LEAN_LEFT, LEAN_RIGHT = range(4)
BUTTONS = ("strafe left", "strafe right", "lean left", "lean right")
COIN_STREAM = np.uint64(0xC011)  # apart from the draws of the world itself

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("ahead", "i8"),  # steps to the pillar
        ("offset", "f8"),  # m, to the left of the line to it
        ("pillars", "i8"),  # passed
        ("fallen", "i8"),  # 1 after a stumble or a collision
        ("held", "u1", len(BUTTONS)),  # the buttons of the last step
    ]
)
PARAMS = np.zeros(1, [("unused", "f8")])

MEASURES = ("pillars", "offset", "is_success")


def params(split: Split) -> States:
    """The only parameters, the same for both splits; the seed draws the first distance."""
    return PARAMS


@kernel
def reset(state: Record, params: Array) -> None:
    state.ahead = SPACING - integer(state, SPACING // 2)
    state.offset, state.pillars, state.fallen = 0.0, 0, 0
    state.held[:] = 0


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    for k in range(action.size):
        state.held[k] = action[k]
    left, right = action[STRAFE_LEFT] != 0, action[STRAFE_RIGHT] != 0
    is_chord = left == (action[LEAN_LEFT] != 0) and right == (action[LEAN_RIGHT] != 0)
    if not is_chord or (left and right):
        state.fallen = 1
        return 0.0, True
    state.offset += SIDE_STEP * (action[STRAFE_LEFT] - action[STRAFE_RIGHT])
    state.offset = min(max(state.offset, -CLEARANCE), CLEARANCE)
    state.ahead -= 1
    if state.ahead > 0:
        return 0.0, False
    if abs(state.offset) < CLEARANCE:
        state.fallen = 1
        return 0.0, True
    state.pillars += 1
    state.ahead, state.offset = SPACING, 0.0
    return 1.0, False


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    out[0] = state.ahead / SPACING
    out[1] = state.offset / CLEARANCE


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = state.pillars
    out[1] = state.offset
    out[2] = state.step >= MAX_EPISODE_STEPS and state.fallen == 0


@kernel
def go(left: bool, action: Array) -> None:
    """Press one of the two chords."""
    action[STRAFE_LEFT], action[LEAN_LEFT] = left, left
    action[STRAFE_RIGHT], action[LEAN_RIGHT] = not left, not left


@kernel
def bimodal(state: Record, params: Array, memory: Array, action: Array) -> None:
    """Choose a side by a coin, and go on to it."""
    action[:] = 0
    if abs(state.offset) < CLEARANCE:
        coin = hash_uniform(state.key ^ COIN_STREAM, state.episode, np.uint64(state.step)) < 0.5
        go(coin if state.offset == 0.0 else state.offset > 0.0, action)


@kernel
def left(state: Record, params: Array, memory: Array, action: Array) -> None:
    action[:] = 0
    if state.offset < CLEARANCE:
        go(True, action)


EXPERTS = {
    "bimodal": Expert(bimodal, "either side, by a coin for each pillar; the reference"),
    "left": Expert(left, "always the left side"),
}
