"""Behaviour cloning: supervised learning of the expert's actions (Pomerleau 1989).

The policy is trained to maximise the likelihood of the demonstrated actions; where observations and
actions are Discrete, that is to count them. Where the expert would never go it has learned nothing,
so its errors compound: over T steps the cost grows like T^2 (Ross and Bagnell 2010, theorem 2.1).
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.networks import NetworkPolicy, one_thread
from il_envs import Algorithm, Problem, TabularPolicy


@dataclass(frozen=True)
class BCConfig:
    """Settings of behaviour cloning."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of each hidden layer."""
    batch_size: int = 256
    """State-action pairs in each update."""
    updates: int = 4_000
    """Gradient steps at most; the learning rate falls to zero over them along a half cosine."""
    learning_rate: float = 2e-3
    """Of Adam, at the start."""
    validation_share: float = 0.1
    """Share of the episodes held out to see when to stop."""
    validation_interval: int = 250
    """Updates between two looks at the validation loss."""
    patience: int = 20
    """Looks without an improvement after which training stops."""
    smoothing: float = 0.1
    """Where observations and actions are Discrete, what is added to the count of every action
    (Laplace's rule is 1, Lidstone's another number). The other settings are a network's."""


ClonedPolicy = NetworkPolicy | TabularPolicy


def train(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """Clone the demonstrations that the budget allows."""
    shown = problem.demonstrations()
    policy = blank_policy(problem, seed, config)
    return clone(
        policy, shown.observations, shown.actions, shown.episode_index, config, config.updates, seed
    )


def blank_policy(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """A policy that has seen nothing: a uniform table where the spaces allow one, or a network."""
    observation_space, action_space = problem.observation_space, problem.action_space
    sizes = [
        int(space.n)
        for space in (observation_space, action_space)
        if isinstance(space, gym.spaces.Discrete) and space.start == 0
    ]
    if len(sizes) == 2:
        return TabularPolicy(np.full(sizes, 1.0 / sizes[1]), seed)
    return NetworkPolicy(observation_space, action_space, config.hidden_sizes, seed)


def clone(
    policy: ClonedPolicy,
    observations: NDArray[Any],
    actions: NDArray[Any],
    groups: NDArray[np.int64],
    config: BCConfig,
    updates: int,
    seed: int,
) -> ClonedPolicy:
    """The policy of the greatest likelihood; a network goes on from the weights it has.

    Args:
        observations: [rows, ...].
        actions: [rows, ...].
        groups: int64 [rows], ascending, as in `hold_out`; a table needs none held out.
        updates: gradient steps at most; a table needs none.
    """
    if isinstance(policy, TabularPolicy):
        table = smoothed_frequencies(
            observations, actions, policy.probabilities.shape, config.smoothing
        )
        return TabularPolicy(table, seed)
    policy.encoder.fit(observations)
    held_out = hold_out(groups, config.validation_share)
    fit(policy, observations, actions, held_out, config, updates, seed)
    return policy


def smoothed_frequencies(
    observations: NDArray[np.int64],
    actions: NDArray[np.int64],
    shape: tuple[int, ...],
    smoothing: float,
) -> NDArray[np.float64]:
    """The share of each action in each state, float64 [S, A]; uniform in unseen states.

    Args:
        observations: int64 [rows].
        actions: int64 [rows].
        shape: S and A.
        smoothing: added to every count.
    """
    counts = np.full(shape, smoothing)
    np.add.at(counts, (observations, actions), 1.0)
    counts[counts.sum(1) == 0.0] = 1.0  # unseen, and nothing was added
    return counts / counts.sum(1, keepdims=True)


def hold_out(groups: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Choose whole groups (episodes) for validation, so that no episode is on both sides.

    With one group only, its last steps are held out.

    Args:
        groups: int64 [rows], the group of each row, in ascending order.

    Returns:
        bool [rows], with about the given share of the rows, at least one on each side.
    """
    start = round(len(groups) * (1.0 - share))
    start = min(max(start, 1), len(groups) - 1)
    if groups[0] != groups[-1]:
        start = int(np.searchsorted(groups, groups[start]))
        start = start or int(np.searchsorted(groups, groups[0], side="right"))
    return np.arange(len(groups)) >= start


def fit(
    policy: NetworkPolicy,
    observations: NDArray[np.float32],
    actions: NDArray[np.float32],
    held_out: NDArray[np.bool_],
    config: BCConfig,
    updates: int,
    seed: int,
) -> float:
    """Maximise the likelihood of actions, and keep the weights with the least validation loss.

    Args:
        observations: [rows, ...].
        actions: [rows, ...].
        held_out: bool [rows], the rows for validation.
        updates: gradient steps at most.

    Returns:
        The least validation loss, in nats.
    """
    inputs, targets = policy.encoder(observations), torch.as_tensor(actions)
    mask = torch.as_tensor(held_out)
    train_inputs, train_targets = inputs[~mask], targets[~mask]
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(policy.parameters(), config.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    best_loss, best_weights, looks_since = np.inf, deepcopy(policy.state_dict()), 0
    with one_thread():
        for update in range(1, updates + 1):
            rows = torch.randint(len(train_inputs), (config.batch_size,), generator=generator)
            loss = policy.negative_log_likelihood(train_inputs[rows], train_targets[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if update % config.validation_interval == 0 or update == updates:
                validation_loss = _loss(policy, inputs[mask], targets[mask])
                looks_since += 1
                if validation_loss < best_loss:
                    best_loss, looks_since = validation_loss, 0
                    best_weights = deepcopy(policy.state_dict())
                if looks_since >= config.patience:
                    break
    policy.load_state_dict(best_weights)
    return best_loss


@torch.no_grad()
def _loss(policy: NetworkPolicy, inputs: Tensor, targets: Tensor) -> float:
    return float(policy.negative_log_likelihood(inputs, targets))


algorithm = Algorithm(
    name="bc",
    summary="behaviour cloning: maximum likelihood on demonstrations",
    sources=frozenset({"demonstrations"}),
    config=BCConfig(),
    train=train,
)
