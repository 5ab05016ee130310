"""Behaviour cloning: supervised learning of the expert's actions (Pomerleau 1989).

The policy is trained to maximise the likelihood of the demonstrated actions; where observations and
actions are Discrete, this amounts to counting actions. In states that the expert never visits the
policy has learned nothing, so errors compound: over T steps the cost grows like T^2 (Ross and
Bagnell 2010, theorem 2.1).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.heads import PLAIN
from baselines.networks import NetworkPolicy, one_thread, restored_network
from il_envs import Algorithm, Observer, Problem, TabularPolicy, World, tunable, tuned


@dataclass(frozen=True)
class BCConfig:
    """Settings of behaviour cloning."""

    head: str = PLAIN
    """Distribution over actions, by its name in `baselines.heads`: "plain" has one mode, and
    independent buttons."""
    hidden_sizes: tuple[int, ...] = (256, 256)
    """Units of each hidden layer."""
    batch_size: int = 256
    """State-action pairs in each update."""
    updates: int = 10_000
    """Most gradient steps; the learning rate falls to zero over them along a half cosine."""
    learning_rate: float = tunable(2e-3, 2e-4, 1e-2, log=True)
    """Initial learning rate of Adam."""
    weight_decay: float = tunable(0.3, 0.01, 1.0, log=True)
    """Decoupled weight decay: the share of the weights that an update takes off, for each unit of
    the learning rate (Loshchilov and Hutter 2019)."""
    validation_share: float = 0.1
    """Share of the rows held out for early stopping."""
    validation_interval: int = 250
    """Updates between two evaluations of the validation loss."""
    patience: int = 10
    """Evaluations without an improvement after which training stops."""
    smoothing: float = tunable(0.1, 1e-3, 1.0, log=True)
    """Pseudo-count added to every action where observations and actions are Discrete (1 is
    Laplace's rule, other values are Lidstone's). The other settings apply to networks only."""


ClonedPolicy = NetworkPolicy | TabularPolicy


def train(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """Clone the demonstrations that the budget allows."""
    shown = problem.demonstrations()
    policy = blank_policy(problem, seed, config)
    return clone(
        policy, shown.observations, shown.actions, shown.episode_index,
        config, config.updates, seed, problem.progress,
    )  # fmt: skip


def blank_policy(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """An untrained policy: a uniform table where the spaces allow one, otherwise a network."""
    observation_space, action_space = problem.observation_space, problem.action_space
    sizes = [
        int(space.n)
        for space in (observation_space, action_space)
        if isinstance(space, gym.spaces.Discrete) and space.start == 0
    ]
    if len(sizes) == 2:
        return TabularPolicy(np.full(sizes, 1.0 / sizes[1]), seed)
    return NetworkPolicy(observation_space, action_space, config.hidden_sizes, seed, config.head)


def clone(
    policy: ClonedPolicy,
    observations: NDArray[Any],
    actions: NDArray[Any],
    groups: NDArray[np.int64],
    config: BCConfig,
    updates: int,
    seed: int,
    progress: Observer | None = None,
) -> ClonedPolicy:
    """Fit the policy by maximum likelihood; a network continues from its current weights.

    Args:
        observations: [rows, ...].
        actions: [rows, ...].
        groups: int64 [rows], ascending, as in `hold_out`; not used for a table.
        updates: most gradient steps; not used for a table.
        progress: is told of each update, if it is given.
    """
    if isinstance(policy, TabularPolicy):
        table = smoothed_frequencies(
            observations, actions, policy.probabilities.shape, config.smoothing
        )
        return TabularPolicy(table, seed)
    policy.encoder.fit(observations)
    policy.head.normalise(torch.as_tensor(actions))
    held_out = hold_out(groups, config.validation_share)
    fit(policy, observations, actions, held_out, config, updates, seed, progress)
    return policy


def restore(world: World, tensors: Mapping[str, NDArray[Any]], config: BCConfig) -> ClonedPolicy:
    """The cloned policy whose `tensors` these are; it samples anew, from seed 0.

    Raises:
        RuntimeError, ValueError: if they are not those of a policy for this world.
    """
    if "probabilities" in tensors:
        return TabularPolicy(tensors["probabilities"], 0)
    return restored_network(world, tensors, config.head)


def smoothed_frequencies(
    observations: NDArray[np.int64],
    actions: NDArray[np.int64],
    shape: tuple[int, ...],
    smoothing: float,
) -> NDArray[np.float64]:
    """The smoothed frequency of each action in each state, float64 [S, A]; uniform in unseen
    states.

    Args:
        observations: int64 [rows].
        actions: int64 [rows].
        shape: S and A.
        smoothing: pseudo-count added to every action.
    """
    counts = np.full(shape, smoothing)
    np.add.at(counts, (observations, actions), 1.0)
    counts[counts.sum(1) == 0.0] = 1.0  # unseen states, if smoothing is 0
    return counts / counts.sum(1, keepdims=True)


def hold_out(groups: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Choose rows for validation: the last groups (episodes), and the last steps of one more.

    Consecutive steps are similar, so rows drawn at random would not be independent of the training
    rows. This choice separates at most one pair of consecutive steps.

    Args:
        groups: int64 [rows], the group of each row, in ascending order.

    Returns:
        bool [rows], True for the given share of the rows, but for at least one, and not for all.

    Raises:
        ValueError: if there are not two rows.
    """
    rows = len(groups)
    if rows < 2:
        raise ValueError(f"a network is cloned from two labels at least, not from {rows}")
    start = min(max(round(rows * (1.0 - share)), 1), rows - 1)
    return np.arange(rows) >= start


def fit(
    policy: NetworkPolicy,
    observations: NDArray[np.float32],
    actions: NDArray[np.float32],
    held_out: NDArray[np.bool_],
    config: BCConfig,
    updates: int,
    seed: int,
    progress: Observer | None = None,
) -> float:
    """Minimise the head's loss, and keep the weights with the least validation loss.

    The weights are averaged over the last tenth of the updates, or the last thousand if that is
    less. Weights after a single update carry the noise of its minibatch, which costs return where
    errors compound (Block et al. 2024, "Butterfly effects of SGD noise").

    Args:
        observations: [rows, ...].
        actions: [rows, ...].
        held_out: bool [rows], the rows for validation.
        updates: most gradient steps.
        progress: is told of each update, if it is given.

    Returns:
        The least validation loss, in nats if it is a likelihood.
    """
    inputs, targets = policy.encoder(observations), torch.as_tensor(actions)
    mask = torch.as_tensor(held_out)
    train_inputs, train_targets = inputs[~mask], targets[~mask]
    unseen_inputs, unseen_targets = inputs[mask], targets[mask]
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(
        policy.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    average = deepcopy(policy)
    weights: list[Tensor] = list(policy.parameters())
    means: list[Tensor] = list(average.parameters())
    best_loss, best_weights, looks_since = np.inf, deepcopy(policy.state_dict()), 0
    with one_thread():
        for update in range(1, updates + 1):
            if progress is not None:
                progress("update", update, updates)
            rows = torch.randint(len(train_inputs), (config.batch_size,), generator=generator)
            loss = policy.loss(train_inputs[rows], train_targets[rows], generator)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            _approach(means, weights, max(10.0 / (update + 10.0), 1e-3))
            if update % config.validation_interval == 0 or update == updates:
                validation_loss = _validate(average, unseen_inputs, unseen_targets)
                _share_buffers(average.head, policy.head)
                looks_since += 1
                if validation_loss < best_loss:
                    best_loss, looks_since = validation_loss, 0
                    best_weights = deepcopy(average.state_dict())
                if looks_since >= config.patience:
                    break
    policy.load_state_dict(best_weights)
    return best_loss


@torch.no_grad()
def _approach(means: list[Tensor], weights: list[Tensor], share: float) -> None:
    """Take the means so far towards the weights; one call for all, which are small."""
    torch._foreach_lerp_(means, weights, share)


def _share_buffers(source: nn.Module, target: nn.Module) -> None:
    for theirs, ours in zip(source.buffers(), target.buffers(), strict=True):
        ours.copy_(theirs)


@torch.no_grad()
def _validate(policy: NetworkPolicy, inputs: Tensor, targets: Tensor) -> float:
    """Fit the head to held-out rows; returns the loss there, with the same random numbers each
    time, so that losses can be compared."""
    outputs = policy.body(inputs)
    policy.head.calibrate(outputs, targets)
    return float(policy.head.loss(outputs, targets, torch.Generator().manual_seed(0)))


algorithm = tuned(
    Algorithm(
        name="bc",
        summary="behaviour cloning: maximum likelihood on demonstrations",
        sources=frozenset({"demonstrations"}),
        config=BCConfig(),
        train=train,
        restore=restore,
    ),
    __file__,
)
