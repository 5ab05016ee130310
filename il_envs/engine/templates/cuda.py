"""The loops of `batch.py` on a CUDA device: a thread calls one with a batch of its row alone.

`engine/cuda.py` gives those loops their names here, and `on_device`, Numba's decorator. No second
text of a step is needed, and a row cannot tell how many others there are.
"""
# ruff: noqa: F821
# mypy: ignore-errors

from numba import cuda


@on_device
def reset_each(states, params, mask):
    """Begin the episode that key and episode number name, in every row of the mask."""
    i = cuda.grid(1)
    if i < states.size:
        row = slice(i, i + 1)
        reset_rows(states[row], params, mask[row])


@on_device
def look_each(states, params, observations, measures):
    """Observe and measure every row."""
    i = cuda.grid(1)
    if i < states.size:
        row = slice(i, i + 1)
        look_rows(states[row], params, observations[row], measures[row])


@on_device
def count_invalid(actions, low, high, ignored, count):
    """Add to count[0] the rows whose action is invalid, but for those that are ignored."""
    i = cuda.grid(1)
    if i < actions.size:
        row = slice(i, i + 1)
        if not are_valid(actions[row], low, high, ignored[row]):
            cuda.atomic.add(count, 0, 1)


@on_device
def step_each(
    params, max_episode_steps, states, actions, ended, observations, measures,
    rewards, terminated, truncated,
):  # fmt: skip
    """One step of every row, with valid actions; rows whose episode is over are reset."""
    i = cuda.grid(1)
    if i < states.size:
        row = slice(i, i + 1)
        step_rows(
            params, max_episode_steps, NEXT_STEP, states[row], actions[row], ended[row],
            observations[row], measures[row], rewards[row], terminated[row], truncated[row],
            observations[:0], measures[:0],
        )  # fmt: skip
