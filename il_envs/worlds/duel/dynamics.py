"""Duel as a table that kernels look things up in, and its expert."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.tabular_table import (
    EXPERT_STREAM,
    choice,
    fill_table,
    start_state,
    table_fields,
)
from il_envs.exact.checks import FloatArray
from il_envs.exact.soft_optimal import SoftOptimal, soft_optimal
from il_envs.exact.tabular_model import TabularModel
from il_envs.kernel import kernel
from il_envs.random import hash_uniform, uniform
from il_envs.views import States
from il_envs.world import STATE_HEADER, Expert, Record, Split
from il_envs.worlds.duel.rules import (
    BUTTONS,
    HORIZON,
    SITUATIONS,
    duel_model,
)

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


@kernel
def reset(state: Record, params: States) -> None:
    state.situation = start_state(params, uniform(state, 0.0, 1.0))
    state.chord = 0
    state.hits_given = 0
    state.hits_taken = 0


@kernel
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


@kernel
def observe(state: Record, params: States, out: NDArray[np.int64]) -> None:
    out[0] = state.situation


@kernel
def measure(state: Record, params: States, out: FloatArray) -> None:
    out[0] = state.hits_given
    out[1] = state.hits_taken


@kernel
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
    """The soft-optimal policy, from which the expert samples its actions."""
    return soft_optimal(model(), "causal", TEMPERATURE)


@cache
def table() -> States:
    """The table that the kernels read, `ROW` [S]."""
    rows = np.zeros(SITUATIONS, ROW)
    rows["hits"] = model().features
    fill_table(rows, model(), reference().policy)
    rows.flags.writeable = False
    return rows


def params(split: Split) -> States:
    """The table, which is the same for both splits."""
    return table()


EXPERTS = {"soft-optimal": Expert(act, "the exact soft-optimal policy, a sample of it")}
