"""Gauntlet: run and shoot at the same time, or be caught.

What it tests: whether a policy can hold two buttons at once. A wall closes in from behind at three
quarters of the running speed, so that the runner must hold forward for .75 of the time; gates bar
the way, and at the wall's pace they take fire for .40 of the time. With one button a step the
shares sum to at most 1, and the wall wins; holding both is easy. `one_button_bound` is the linear
program that says how far one button a step can get.

Observation, Box(7), float32:

| entry | meaning | unit | range |
|---|---|---|---|
| 0 | distance to the wall behind, at most 12 m | 12 m | 0 ... 1 |
| 1 | distance to the gate ahead, at most 6 m | 6 m | 0 ... 1 |
| 2 | hits that it still takes | 16 | 0 ... 1 |
| 3 | time left | 20 s | 0 ... 1 |
| 4, 5, 6 | the buttons held in the last step | | 0, 1 |

Action, MultiBinary(3): forward, back (4 m/s either way, nothing if both), fire. Fire hits the gate
ahead once a step, from 6 m on; the runner stops at a gate that stands.

Reward: metres gained, divided by the 6 m from gate to gate. Terminates when the wall arrives;
truncates after 400 steps (20 s). A step is 0.05 s.

`info`: `gates` (opened), `lead` (m, before the wall), `is_success` (1 when the time is over and the
wall has not come).

Experts: `scripted` (holds forward and fire), `noisy` (with slips).
"""

from math import floor

import gymnasium as gym
import numpy as np
from numba import njit
from scipy.optimize import linprog

from il_envs.random import uniform
from il_envs.shooter.draw import draw_gauntlet
from il_envs.shooter.expert import SLIP, slip
from il_envs.world import (
    STATE_HEADER,
    Array,
    Expert,
    PlayKey,
    Record,
    Split,
    States,
    World,
    register,
)

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
    """There is nothing to vary but the lead, which a seed draws."""
    return PARAMS


@njit
def reset(state: Record, params: Array) -> None:
    state.x, state.gates, state.hits = 0.0, 0, GATE_HITS
    state.wall = -uniform(state, LEAD_MIN, LEAD_MAX)
    state.held[:] = 0


@njit
def gate_ahead(state: Record) -> float:
    """Where the gate ahead stands, in metres from the start."""
    return GATE_DISTANCE * (state.gates + 1)


@njit
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


@njit
def observe(state: Record, params: Array, out: Array) -> None:
    out[0] = min(max(state.x - state.wall, 0.0) / LEAD_SEEN, 1.0)
    out[1] = min((gate_ahead(state) - state.x) / GATE_DISTANCE, 1.0)
    out[2] = state.hits / GATE_HITS
    out[3] = 1.0 - state.step / MAX_EPISODE_STEPS
    for k in range(len(BUTTONS)):
        out[4 + k] = state.held[k]


@njit
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = state.gates
    out[1] = state.x - state.wall
    out[2] = state.step >= MAX_EPISODE_STEPS and state.wall < state.x


@njit
def scripted(state: Record, params: Array, memory: Array, action: Array) -> None:
    action[FORWARD], action[BACK], action[FIRE] = 1, 0, 1


@njit
def noisy(state: Record, params: Array, memory: Array, action: Array) -> None:
    scripted(state, params, memory, action)
    slip(state, action)


def one_button_bound() -> float:
    """The most that a policy can return that presses one button a step, in gates' distances.

    A linear program over the moment at which the last gate falls: the gates opened by then and the
    steps on forward. The runner is not past that gate; it is before the wall, from the greatest
    lead; and there was time. From then on it gets to the next gate at best. Gates are whole.
    """
    # Variables: gates, forward steps; rows: something <= bound.
    program = linprog(
        c=[-1.0, 0.0],
        A_ub=[
            [-GATE_DISTANCE, RUN_STEP],
            [GATE_HITS * WALL_STEP, WALL_STEP - RUN_STEP],
            [GATE_HITS, 1.0],
        ],
        b_ub=[0.0, LEAD_MAX, MAX_EPISODE_STEPS],
    )
    return floor(-program.fun + 1e-9) + 1.0


gauntlet = register(
    World(
        name="Gauntlet",
        state=STATE,
        params=params,
        observation_space=gym.spaces.Box(0.0, 1.0, (4 + len(BUTTONS),)),
        action_space=gym.spaces.MultiBinary(len(BUTTONS)),
        action_names=BUTTONS,
        reset=reset,
        step=step,
        observe=observe,
        measure=measure,
        measures=MEASURES,
        draw=draw_gauntlet,
        experts={
            "scripted": Expert(scripted, "holds forward and fire; the reference"),
            "noisy": Expert(noisy, f"with slips: each button is wrong in {SLIP:.0%} of the steps"),
        },
        control_period=CONTROL_PERIOD,
        max_episode_steps=MAX_EPISODE_STEPS,
        play_keys=tuple(
            PlayKey(key, k, 1.0, name)
            for k, (name, key) in enumerate(zip(BUTTONS, ("w", "s", "space"), strict=True))
        ),
        one_button_bound=one_button_bound,
    )
)
