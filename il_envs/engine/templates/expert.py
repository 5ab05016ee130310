"""The loop over rows for one scripted expert, compiled like `batch.py`."""
# ruff: noqa: F821
# mypy: ignore-errors

from numba import njit


@njit(cache=True)
def act_rows(states, params, mask, memory, actions):
    """Fill the expert's action for every row of the mask."""
    for i in range(states.size):
        if mask[i]:
            act(states[i], params, memory[i], actions[i])
