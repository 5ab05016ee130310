"""Loops over rows, compiled once for each world around its scalar kernels.

`kernels.py` copies this text to the kernel cache and gives the names `reset`, `step`, `observe` and
`measure` that world's kernels. Both environments run on these functions, so a row of a batch and a
single environment cannot disagree.
"""
# ruff: noqa: F821, SIM110
# mypy: ignore-errors

import numpy as np
from numba import njit

NEXT_STEP, SAME_STEP, DISABLED = 0, 1, 2


@njit(cache=True)
def reset_row(state, params, observation, measures):
    state.draws = np.uint64(0)
    state.step = 0
    reset(state, params)
    observe(state, params, observation)
    measure(state, params, measures)


@njit(cache=True)
def reset_rows(states, params, mask, observations, measures):
    """Begin the episode that key and episode number name, in every row of the mask."""
    for i in range(states.size):
        if mask[i]:
            reset_row(states[i], params, observations[i], measures[i])


@njit(cache=True)
def observe_rows(states, params, observations, measures):
    for i in range(states.size):
        observe(states[i], params, observations[i])
        measure(states[i], params, measures[i])


@njit(cache=True)
def is_valid(action, low, high):
    for k in range(action.size):
        if not (low[k] <= action[k] <= high[k]):  # NaN fails too
            return False
    return True


@njit(cache=True)
def step_row(state, action, params, max_episode_steps, observation, measures):
    reward, terminated = step(state, action, params)
    state.step += 1
    observe(state, params, observation)
    measure(state, params, measures)
    return reward, terminated, state.step >= max_episode_steps


@njit(cache=True)
def step_single(states, action, low, high, params, max_episode_steps, observation, measures):
    """One step of one row; returns (valid, reward, terminated, truncated)."""
    if not is_valid(action, low, high):
        return False, 0.0, False, False
    reward, terminated, truncated = step_row(
        states[0], action, params, max_episode_steps, observation, measures
    )
    return True, reward, terminated, truncated


@njit(cache=True)
def step_rows(
    states, actions, low, high, params, max_episode_steps, mode, ended,
    observations, measures, rewards, terminated, truncated, final_observations, final_measures,
):  # fmt: skip
    """One step of every row; returns the first row whose action is invalid, or -1.

    `ended` marks the rows whose episode is over: they are reset in this step under NEXT_STEP, and
    stand still under DISABLED. Nothing changes if an action is invalid.
    """
    for i in range(states.size):
        if not ended[i] and not is_valid(actions[i], low, high):
            return i
    for i in range(states.size):
        state = states[i]
        if ended[i]:
            rewards[i], terminated[i], truncated[i] = 0.0, False, False
            if mode == NEXT_STEP:
                state.episode += np.uint64(1)
                reset_row(state, params, observations[i], measures[i])
                ended[i] = False
            else:
                observe(state, params, observations[i])
                measure(state, params, measures[i])
            continue
        rewards[i], terminated[i], truncated[i] = step_row(
            state, actions[i], params, max_episode_steps, observations[i], measures[i]
        )
        if terminated[i] or truncated[i]:
            if mode == SAME_STEP:
                final_observations[i] = observations[i]
                final_measures[i] = measures[i]
                state.episode += np.uint64(1)
                reset_row(state, params, observations[i], measures[i])
            else:
                ended[i] = True
    return -1
