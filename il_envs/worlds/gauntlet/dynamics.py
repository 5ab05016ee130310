"""The corridor, its wall and its gates: numbers, kernels and experts."""

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import uniform
from il_envs.views import Array, States
from il_envs.world import STATE_HEADER, Expert, Record, Split
from il_envs.worlds.shooter.expert import SLIP, slip

CONTROL_PERIOD = 0.05  # s
MAX_EPISODE_STEPS = 400
RUN_STEP = 4.0 * CONTROL_PERIOD  # m a step
WALL_STEP = 0.75 * RUN_STEP
GATE_DISTANCE = 6.0  # m, from one gate to the next
GATE_HITS = 16  # which is .40 of the steps in which the wall comes GATE_DISTANCE nearer
LEAD_MIN, LEAD_MAX = 2.0, 3.0  # m, of the runner before the wall at the start
LEAD_SEEN = 12.0  # m
FORWARD, BACK, FIRE = range(3)
BUTTONS = ("forward", "back", "fire")

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("x", "f8"),  # m, of the runner from its start
        ("wall", "f8"),  # m, of the wall behind it
        ("gates", "i8"),  # opened
        ("hits", "i8"),  # that the gate ahead still takes
        ("held", "u1", len(BUTTONS)),  # the buttons of the last step
    ]
)
PARAMS = np.zeros(1, [("unused", "f8")])

MEASURES = ("gates", "lead", "is_success")


def params(split: Split) -> States:
    """The only parameters, the same for both splits; the lead is drawn from the seed."""
    return PARAMS


@kernel
def reset(state: Record, params: Array) -> None:
    state.x, state.gates, state.hits = 0.0, 0, GATE_HITS
    state.wall = -uniform(state, LEAD_MIN, LEAD_MAX)
    state.held[:] = 0


@kernel
def gate_ahead(state: Record) -> float:
    """Where the gate ahead stands, in metres from the start."""
    return GATE_DISTANCE * (state.gates + 1)


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    for k in range(action.size):
        state.held[k] = action[k]
    before = state.x
    if action[FIRE] and gate_ahead(state) - state.x <= GATE_DISTANCE:
        state.hits -= 1
    if action[FORWARD] and not action[BACK]:
        state.x = min(state.x + RUN_STEP, gate_ahead(state))
    elif action[BACK] and not action[FORWARD]:
        state.x -= RUN_STEP
    if state.hits == 0:
        state.gates += 1
        state.hits = GATE_HITS
    state.wall += WALL_STEP
    return (state.x - before) / GATE_DISTANCE, state.wall >= state.x


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    out[0] = min(max(state.x - state.wall, 0.0) / LEAD_SEEN, 1.0)
    out[1] = min((gate_ahead(state) - state.x) / GATE_DISTANCE, 1.0)
    out[2] = state.hits / GATE_HITS
    out[3] = max(1.0 - state.step / MAX_EPISODE_STEPS, 0.0)
    for k in range(len(BUTTONS)):
        out[4 + k] = state.held[k]


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = state.gates
    out[1] = state.x - state.wall
    out[2] = state.step >= MAX_EPISODE_STEPS and state.wall < state.x


@kernel
def scripted(state: Record, params: Array, memory: Array, action: Array) -> None:
    action[FORWARD], action[BACK], action[FIRE] = 1, 0, 1


@kernel
def noisy(state: Record, params: Array, memory: Array, action: Array) -> None:
    scripted(state, params, memory, action)
    slip(state, action)


EXPERTS = {
    "scripted": Expert(scripted, "holds forward and fire; the reference"),
    "noisy": Expert(noisy, f"with slips: each button is wrong in {SLIP:.0%} of the steps"),
}
