"""Duel: a shoot-out of two gunners with five buttons, small enough to be solved exactly.

What it tests: what pressing several buttons at once is worth. Side-stepping while firing, dodging
while reloading, reloading behind the shield: the best policy presses chords, and the best one that
presses at most one button in each step, the best one whose buttons are independent, and the
soft-optimal one are all exact (`il_envs.concurrency`). Where a bolt must be dodged to the left or
to the right, and not both, independent buttons cannot say what a joint policy can.

The two face each other across seven columns. In each step, in this order:
- I side-step, from the end columns only inwards. Left and right together are a stumble: I stay, and
  no other button works.
- My shield goes up if it is whole. Behind it I cannot fire.
- A round goes into my magazine if I reload and it is not full. While I hold reload I cannot fire.
- I fire if there is a round. The opponent is hit if it is in a column in which I begin or end the
  step: a shot fired while side-stepping sweeps two columns.
- If the opponent is at the phase `fires` its bolt comes down its column, and hits me if I end the
  step there. A raised shield stops the bolt and breaks. Both of us may be hit in the same step.
- Who was hit comes back: I in the middle with an empty magazine, the opponent in any column at
  least three from mine, roaming.
- Otherwise the opponent moves and goes on to its next phase. Roaming, it steps away from my column
  with probability 0.6 and towards it with 0.2 (in my column, to either side with 0.3 each), and
  winds up next with probability 0.8. Winding up, it steps towards my column with probability 0.8,
  and fires next. Firing, it stays, and roams next.
- A shield that was broken before the step is whole again with probability 0.2.

Observation, Discrete(882): the situation, (((mine * 7 + theirs) * 3 + rounds) * 2 + shield) * 3 +
phase, of

    part    range   meaning
    mine    0 to 6  my column, from the left
    theirs  0 to 6  the opponent's column
    rounds  0 to 2  rounds in my magazine
    shield  0 or 1  whether my shield is whole
    phase   0 to 2  the opponent roams, winds up, fires

Action, MultiBinary(5), each button held (1) or not (0) in this step alone:

    entry  button  effect
    0      left    one column to the left
    1      right   one column to the right
    2      fire    shoot up my column
    3      reload  one round into the magazine
    4      shield  stop a bolt

The model's action is the number of the chord, button k being bit k (`buttons.joint_index`).

Reward: 1 for hitting the opponent, -1 for being hit. An episode starts in the middle, with a full
magazine and a whole shield, the opponent roaming in any column, and takes 40 steps of 0.25 s.
"""

from functools import cache

import gymnasium as gym
import numpy as np
from numba import njit
from numpy.typing import NDArray

from il_envs.canvas import Canvas
from il_envs.random import hash_uniform, uniform
from il_envs.shooter.duel_rules import (
    BUTTONS,
    COLUMNS,
    HORIZON,
    MAGAZINE,
    PHASES,
    SITUATIONS,
    chord_name,
    duel_model,
    situation,
)
from il_envs.soft_optimal import SoftOptimal, soft_optimal
from il_envs.tabular_checks import FloatArray
from il_envs.tabular_model import TabularModel
from il_envs.tabular_table import EXPERT_STREAM, choice, fill_table, start_state, table_fields
from il_envs.world import STATE_HEADER, Expert, PlayKey, Record, Split, States, World, register

TEMPERATURE = 0.05  # of the expert
BUTTON_COUNT, CHORD_COUNT = len(BUTTONS), 2 ** len(BUTTONS)
MOST_SUCCESSORS = 12

STATE = np.dtype(
    [
        *STATE_HEADER,
        ("situation", "i8"),
        ("chord", "i8"),  # held in the last step, by its number
        ("hits_given", "i8"),  # in this episode
        ("hits_taken", "i8"),
    ]
)
ROW = np.dtype(
    [("hits", "i1", (CHORD_COUNT, 2)), *table_fields(HORIZON, CHORD_COUNT, MOST_SUCCESSORS)]
)
"""The row of a situation in the table: for each chord, hits given and taken, and what follows."""

KEYS = (
    ("left", "step left"), ("right", "step right"), ("space", "fire"), ("down", "reload"),
    ("up", "shield"),
)  # fmt: skip
"""For each button the keyboard key, and what it does."""

MEASURES = ("hits_given", "hits_taken")  # in this episode


@njit
def reset(state: Record, params: States) -> None:
    state.situation = start_state(params, uniform(state, 0.0, 1.0))
    state.chord = 0
    state.hits_given = 0
    state.hits_taken = 0


@njit
def step(state: Record, action: NDArray[np.int8], params: States) -> tuple[float, bool]:
    chord = 0
    for k in range(BUTTON_COUNT):
        chord += int(action[k]) << k
    row = params[state.situation]
    outcome = choice(row.cumulative[chord], uniform(state, 0.0, 1.0))
    state.situation = row.successor[chord, outcome]
    state.chord = chord
    state.hits_given += row.hits[chord, 0]
    state.hits_taken += row.hits[chord, 1]
    return row.reward[chord], False


@njit
def observe(state: Record, params: States, out: NDArray[np.int64]) -> None:
    out[0] = state.situation


@njit
def measure(state: Record, params: States, out: FloatArray) -> None:
    out[0] = state.hits_given
    out[1] = state.hits_taken


@njit
def act(state: Record, params: States, memory: FloatArray, action: NDArray[np.int8]) -> None:
    policy = params[state.situation].policy
    draw = hash_uniform(state.key ^ EXPERT_STREAM, state.episode, np.uint64(state.step))
    chord = choice(policy[min(state.step, HORIZON - 1)], draw)
    for k in range(BUTTON_COUNT):
        action[k] = (chord >> k) & 1


@cache
def model() -> TabularModel:
    """Duel's model; made when it is first needed, like all that follows from it."""
    return duel_model()


@cache
def reference() -> SoftOptimal:
    """The soft-optimal policy, of which the expert is a sample."""
    return soft_optimal(model(), "causal", TEMPERATURE)


@cache
def table() -> States:
    """What the kernels read, `ROW` [S]."""
    rows = np.zeros(SITUATIONS, ROW)
    rows["hits"] = model().features
    fill_table(rows, model(), reference().policy)
    rows.flags.writeable = False
    return rows


def params(split: Split) -> States:
    """The one table that there is."""
    return table()


def draw(state: np.void, params: States, canvas: Canvas) -> None:
    """Paint the arena from above, and the buttons that are held."""
    from il_envs.shooter import duel_scene

    duel_scene.paint(state, params, canvas)


def text(state: np.void, params: States) -> str:
    """The opponent's line and mine, what we are up to, and the score."""
    now = situation(state["situation"])
    shield = "whole" if now.shield else "broken"
    return "\n".join(
        [
            f"{_line(int(now.theirs), 'V')}  {PHASES[now.phase]}",
            f"{_line(int(now.mine), 'A')}  rounds {now.rounds}/{MAGAZINE}, shield {shield}",
            f"held: {chord_name(state['chord'])}",
            f"hits: {state['hits_given']} given, {state['hits_taken']} taken",
            f"step {state['step']}",
        ]
    )


def _line(column: int, gunner: str) -> str:
    return "." * column + gunner + "." * (COLUMNS - 1 - column)


duel_world = register(
    World(
        name="Duel",
        state=STATE,
        params=params,
        observation_space=gym.spaces.Discrete(SITUATIONS),
        action_space=gym.spaces.MultiBinary(BUTTON_COUNT),
        action_names=BUTTONS,
        reset=reset,
        step=step,
        observe=observe,
        measure=measure,
        measures=MEASURES,
        draw=draw,
        text=text,
        experts={"soft-optimal": Expert(act, "the exact soft-optimal policy, a sample of it")},
        control_period=0.25,
        max_episode_steps=HORIZON,
        play_keys=tuple(PlayKey(key, k, 1.0, label) for k, (key, label) in enumerate(KEYS)),
        model=model,
        reference=reference,
    )
)
