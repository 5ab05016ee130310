"""The loops over the rows of a batch, compiled once for each world around its scalar kernels.

`kernels.py` copies this text to the kernel cache and gives the names `reset`, `step`, `observe` and
`measure` that world's kernels, as it does for the single environment's `single.py`.

A step of a batch is made in phases. Those that every row goes through are loops around one kernel,
in which LLVM can make lanes of the rows. For that the entries of actions, observations and measures
lie at constant distances: they are records of `engine.spaces.row_type`.
"""
# ruff: noqa: F821
# mypy: ignore-errors

from il_envs.engine.lanes import loop
from il_envs.engine.row import begin, is_inside

NEXT_STEP, SAME_STEP, DISABLED = 0, 1, 2


@loop
def reset_rows(states, params, mask):
    """Begin the episode that key and episode number name, in every row of the mask."""
    for i in range(states.size):
        if mask[i]:
            begin(reset, states[i], 0, params)


@loop
def look_rows(states, params, observations, measures):
    """Observe and measure every row."""
    for i in range(states.size):
        observe(states[i], params, observations[i].entries)
    for i in range(states.size):
        measure(states[i], params, measures[i].entries)


@loop
def are_valid(actions, low, high, ignored):
    """True if all actions are valid, except in rows that are ignored."""
    invalid = 0
    for i in range(actions.size):
        invalid += not (is_inside(actions[i].entries, low, high) | ignored[i])
    return invalid == 0


@loop
def advance_rows(states, actions, params, max_episode_steps, rewards, terminated, truncated):
    """Step every row."""
    for i in range(states.size):
        rewards[i], terminated[i] = step(states[i], actions[i].entries, params)
        states[i].step += 1
        truncated[i] = states[i].step >= max_episode_steps


@loop
def step_rows(
    params, max_episode_steps, mode, states, actions, ended, observations, measures,
    rewards, terminated, truncated, final_observations, final_measures,
):  # fmt: skip
    """One step of every row, with valid actions.

    `ended` marks the rows whose episode is over: they are reset in this step under NEXT_STEP, and
    stand still under DISABLED.
    """
    count = states.size
    rewards[:], terminated[:], truncated[:] = 0.0, False, False
    start = 0
    while start < count:  # from one ended row to the next
        stop = start
        while stop < count and not ended[stop]:
            stop += 1
        advance_rows(
            states[start:stop], actions[start:stop], params, max_episode_steps,
            rewards[start:stop], terminated[start:stop], truncated[start:stop],
        )  # fmt: skip
        start = stop + 1
    if mode == NEXT_STEP:
        for i in range(count):
            if ended[i]:
                begin(reset, states[i], 1, params)
    look_rows(states, params, observations, measures)
    for i in range(count):
        ends = terminated[i] or truncated[i]
        if mode != SAME_STEP:
            ended[i] = ends or (ended[i] and mode == DISABLED)
        elif ends:
            final_observations[i] = observations[i]
            final_measures[i] = measures[i]
            begin(reset, states[i], 1, params)
            row = slice(i, i + 1)
            look_rows(states[row], params, observations[row], measures[row])
