"""One step of the soft Bellman recursion, in blocks of states and in log space; `soft_optimal`
repeats it."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy import sparse

from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel

Backup = Literal["causal", "posterior"]

BLOCK = 4096  # states whose actions are summed at once: what fits into the processor's cache
WIDEST = 500.0  # largest difference, in nats, of values that are exponentiated at one scale


def require_temperature(temperature: float) -> None:
    """Raise ValueError unless a reward can be divided by it."""
    if not 0.0 < temperature < np.inf:
        raise ValueError(
            f"temperature must be positive, not {temperature}; hard_optimal is the limit at 0"
        )


def scaled_rewards(model: TabularModel, temperature: float) -> Iterator[tuple[int, FloatArray]]:
    """The steps of a model from the last to the first, each with its scaled reward."""
    reward = scaled_reward(model, temperature, 0)
    for step in reversed(range(model.horizon or 1)):
        if model.has_timed_reward:
            reward = scaled_reward(model, temperature, step)
        yield step, reward


def scaled_reward(model: TabularModel, temperature: float, step: int) -> FloatArray:
    """r_t / temperature, float64 [A, S], minus infinity where an action is not available."""
    reward = np.ascontiguousarray(model.reward_at(step).T) / temperature
    reward[~model.available.T] = -np.inf
    return reward


def action_values(
    model: TabularModel, backup: Backup, scaled_reward: FloatArray, next_value: FloatArray
) -> Iterator[tuple[slice, FloatArray]]:
    """Q(s,a), one block of states at a time: the states, and float64 [A, states]."""
    in_logs = True
    if backup == "causal":
        future = model.expected_next(next_value)
    elif np.ptp(next_value) < WIDEST:
        highest, in_logs = next_value.max(), False
        future = model.expected_next(np.exp(next_value - highest))
    else:
        future = log_weighted_sum(model.transition, next_value).reshape(scaled_reward.shape)
    for first in range(0, model.states, BLOCK):
        states = slice(first, first + BLOCK)
        q = future[:, states] * model.discount if in_logs else log(future[:, states]) + highest
        q += scaled_reward[:, states]
        yield states, q


def log_sum_exp(q: FloatArray) -> FloatArray:
    """log sum_a exp q(a, .), float64 [S]; `q` [A, S] is overwritten."""
    largest = q.max(0)
    q -= largest
    np.exp(q, out=q)
    total = q.sum(0)
    return np.log(total, out=total) + largest


def log_weighted_sum(weights: sparse.csr_array, logs: FloatArray) -> FloatArray:
    """log(weights @ exp(logs)), float64 [rows], without overflow; minus infinity stands for the log
    of zero."""
    finite = logs[np.isfinite(logs)] if np.isinf(logs).any() else logs
    if finite.size == 0:
        return np.full(weights.shape[0], -np.inf)
    highest = finite.max()
    if highest - finite.min() < WIDEST:
        return log(weights @ np.exp(logs - highest)) + highest
    terms = logs[weights.indices]
    sums = np.full(weights.shape[0], -np.inf)
    filled = np.flatnonzero(np.diff(weights.indptr))
    first = weights.indptr[filled]
    largest = np.maximum.reduceat(terms, first)
    largest[largest == -np.inf] = 0.0
    lengths = np.diff(weights.indptr)[filled]
    scaled = weights.data * np.exp(terms - np.repeat(largest, lengths))
    sums[filled] = log(np.add.reduceat(scaled, first)) + largest
    return sums


def log(values: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.log(values)
