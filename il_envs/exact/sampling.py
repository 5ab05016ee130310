"""Sampling of trajectories in tabular models, one step of all trajectories at a time."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from il_envs.exact.checks import FloatArray, IntArray


def sample_trajectories(
    policy: FloatArray,
    initial: FloatArray,
    dynamics: Callable[[int], sparse.csr_array],
    count: int,
    seed: int,
    steps: int,
) -> tuple[IntArray, IntArray]:
    """States int64 [count, steps + 1] and actions int64 [count, steps] of a policy.

    Args:
        policy: pi_t(a|s), float64 [T, S, A], or pi(a|s), [S, A].
        initial: start distribution, float64 [S].
        dynamics: maps a step to p(s'|s,a), csr [A * S, S'], row a * S + s.
    """
    random = np.random.default_rng(seed)
    cumulative = np.cumsum(initial)
    starts = np.searchsorted(cumulative, random.random(count) * cumulative[-1], side="right")
    return sample_from(starts, policy, dynamics, random, steps)


def sample_from(
    starts: IntArray,
    policy: FloatArray,
    dynamics: Callable[[int], sparse.csr_array],
    random: np.random.Generator,
    steps: int,
) -> tuple[IntArray, IntArray]:
    """A trajectory from each of the starts, int64 [N]; otherwise as `sample_trajectories`."""
    policies = policy[None] if policy.ndim == 2 else policy
    states = np.empty((len(starts), steps + 1), np.int64)
    actions = np.empty((len(starts), steps), np.int64)
    states[:, 0] = starts
    transition = None
    for step in range(steps):
        state = states[:, step]
        actions[:, step] = _choose(policies[step % len(policies)][state], random)
        before, transition = transition, dynamics(step)
        if transition is not before:  # dynamics that do not change are accumulated once
            cumulative = np.cumsum(transition.data)
        rows = actions[:, step] * policies.shape[1] + state
        states[:, step + 1] = _successors(transition, cumulative, rows, random)
    return states, actions


def _choose(probabilities: FloatArray, random: np.random.Generator) -> IntArray:
    """One index for each row of probabilities [N, A], int64 [N]."""
    cumulative = np.cumsum(probabilities, axis=1)
    draws = random.random(len(cumulative)) * cumulative[:, -1]
    return (draws[:, None] >= cumulative).sum(1)


def _successors(
    transition: sparse.csr_array,
    cumulative: FloatArray,
    rows: IntArray,
    random: np.random.Generator,
) -> IntArray:
    """Draw a successor for each of the rows, int64 [N].

    Args:
        cumulative: the cumulative sum over all stored entries of `transition`.
    """
    first, last = transition.indptr[rows], transition.indptr[rows + 1] - 1
    below = np.where(first > 0, cumulative[first - 1], 0.0)
    draws = below + random.random(len(rows)) * (cumulative[last] - below)
    entries = np.clip(np.searchsorted(cumulative, draws, side="right"), first, last)
    return transition.indices[entries].astype(np.int64)
