"""The kernels of all grid worlds: they look everything up in the table of a grid's cells."""

import numpy as np
from numpy.typing import NDArray

from il_envs.engine.tabular_table import EXPERT_STREAM, choice, start_state, table_fields
from il_envs.exact.checks import FloatArray
from il_envs.kernel import kernel
from il_envs.random import hash_uniform, uniform
from il_envs.views import States
from il_envs.world import STATE_HEADER, Expert, Record

MAX_HORIZON, MAX_ACTIONS, MAX_SUCCESSORS = 100, 4, 4

STATE = np.dtype([*STATE_HEADER, ("cell", "i8")])

CELL = np.dtype(
    [
        ("row", "i4"),
        ("column", "i4"),
        ("tile", "i4"),  # what it looks like, a constant of `tiles`
        *table_fields(MAX_HORIZON, MAX_ACTIONS, MAX_SUCCESSORS),
        ("hot_policy", "f4", (MAX_HORIZON, MAX_ACTIONS)),  # as `policy`, of the hot expert
    ]
)
"""A row of a grid's parameters. All grids have the same layout, so they share compiled kernels."""

MEASURES = ("row", "column")


@kernel
def reset(state: Record, params: States) -> None:
    state.cell = start_state(params, uniform(state, 0.0, 1.0))


@kernel
def step(state: Record, action: NDArray[np.int64], params: States) -> tuple[float, bool]:
    move = action[0]
    cell = params[state.cell]
    outcome = choice(cell.cumulative[move], uniform(state, 0.0, 1.0))
    state.cell = cell.successor[move, outcome]
    return cell.reward[move], False


@kernel
def observe(state: Record, params: States, out: NDArray[np.int64]) -> None:
    out[0] = state.cell


@kernel
def measure(state: Record, params: States, out: FloatArray) -> None:
    cell = params[state.cell]
    out[0] = cell.row
    out[1] = cell.column


@kernel
def act(state: Record, params: States, memory: FloatArray, action: NDArray[np.int64]) -> None:
    policy = params[state.cell].policy
    step = min(state.step, MAX_HORIZON - 1)
    draw = hash_uniform(state.key ^ EXPERT_STREAM, state.episode, np.uint64(state.step))
    action[0] = choice(policy[step], draw)


@kernel
def act_hot(state: Record, params: States, memory: FloatArray, action: NDArray[np.int64]) -> None:
    policy = params[state.cell].hot_policy
    step = min(state.step, MAX_HORIZON - 1)
    draw = hash_uniform(state.key ^ EXPERT_STREAM, state.episode, np.uint64(state.step))
    action[0] = choice(policy[step], draw)


EXPERTS = {
    "soft-optimal": Expert(act, "the exact soft-optimal policy, a sample of it"),
    "hot": Expert(act_hot, "the soft-optimal policy at four times the temperature"),
}
