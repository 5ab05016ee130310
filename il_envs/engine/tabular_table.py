"""A known model as a lookup table for kernels: dynamics, rewards, and its expert.

A world with a `TabularModel` steps by drawing a successor from the row of its state. One layout
for several worlds lets them share compiled kernels; unused room of the table stays empty.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel
from il_envs.kernel import kernel
from il_envs.views import States

POLICY_STEP = 2.0**-20
"""The expert's cumulative probabilities are multiples of this, so that the last bits of an
exponential, which differ between machines, do not change a demonstration."""

EXPERT_STREAM = np.uint64(0x5EED)  # apart from the draws of the world itself

Field = tuple[str, str] | tuple[str, str, tuple[int, ...]]


def table_fields(steps: int, actions: int, successors: int) -> list[Field]:
    """The fields of a state's row, with room for at most so many steps, actions and successors."""
    return [
        ("start", "f8"),  # probability of starting in this state or one before it
        ("reward", "f8", (actions,)),
        ("successor", "i4", (actions, successors)),
        ("cumulative", "f8", (actions, successors)),  # probability, of that or one before
        ("policy", "f4", (steps, actions)),  # the expert's, cumulative
    ]


def fill_table(table: NDArray[Any], model: TabularModel, policy: FloatArray) -> None:
    """Write a model with a horizon, and its expert, into a table [S] with `table_fields`.

    Args:
        policy: the expert's, pi_t(a|s), float64 [T, S, A].

    Raises:
        ValueError: if the model has more steps, actions or successors than a row has room for.
    """
    assert model.horizon is not None
    counts = np.diff(model.transition.indptr)
    steps, actions = table.dtype["policy"].shape
    successors = table.dtype["successor"].shape[1]
    for what, has, most in (
        ("steps", model.horizon, steps),
        ("actions", model.actions, actions),
        ("successors of an action", int(counts.max()), successors),
    ):
        if has > most:
            raise ValueError(f"the table has room for {most} {what}, the model has {has}")
    table["start"] = np.cumsum(model.initial)
    table["reward"][:, : model.actions] = model.reward_at(0)
    fill_policy(table["policy"], policy)
    for row, (first, count) in enumerate(zip(model.transition.indptr, counts, strict=False)):
        action, state = divmod(row, model.states)
        entries = slice(first, first + count)
        reached = model.transition.indices[entries]
        table["successor"][state, action] = reached[-1]
        table["successor"][state, action, :count] = reached
        table["cumulative"][state, action] = 1.0
        sums = np.cumsum(model.transition.data[entries])
        table["cumulative"][state, action, : count - 1] = sums[:-1]


def fill_policy(cumulative: NDArray[np.float32], policy: FloatArray) -> None:
    """Write a policy pi_t(a|s), float64 [T, S, A], into a field [S, steps, actions] of a table."""
    sums = np.cumsum(policy, axis=2).transpose(1, 0, 2)
    cumulative[:] = 1.0
    cumulative[:, : sums.shape[1], : sums.shape[2]] = np.round(sums / POLICY_STEP) * POLICY_STEP


@kernel
def start_state(params: States, draw: float) -> int:
    """The state that an episode begins in, for a uniform draw from [0, 1)."""
    low, high = 0, params.size - 1
    while low < high:
        middle = (low + high) // 2
        if draw < params[middle].start:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def choice(cumulative: FloatArray, draw: float) -> int:
    """The entry that a uniform draw from [0, 1) falls on, of cumulative probabilities [n]."""
    entry = 0
    for k in range(cumulative.size - 1):
        entry += draw >= cumulative[k]
    return entry
