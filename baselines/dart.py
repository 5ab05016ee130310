"""DART: disturbances for augmenting robot trajectories (Laskey et al. 2017, algorithm 1).

The expert acts throughout, and noise as large as the learner's error is added to its actions, so
that it demonstrates how to correct the errors that the learner will make. The labels are the
expert's actions before the noise. Each round trains on all data so far and refits the noise; the
last policy is returned.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, restore
from il_envs import Algorithm, Problem


@dataclass(frozen=True)
class DARTConfig:
    """Settings of DART."""

    rounds: int = 20
    """Data sets to aggregate. They share the label budget equally, and the first one is collected
    without noise. An episode may span several of them."""
    noise_scale: float = 1.0
    """Factor on the fitted covariance, or rate of disagreement; 0 is behaviour cloning."""
    updates_per_round: int = 200
    """Gradient steps after each round but the last, from the previous round's weights, of the
    learner to which the noise is fitted; none are needed if the policy is a table of counts."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """The supervised learner; the policy that is returned is trained from scratch for its
    `updates`."""


class Noise(Protocol):
    """Noise on the actions that are executed."""

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        """Noisy actions, [rows, ...], again valid in the action space."""
        ...


@dataclass(frozen=True)
class GaussianNoise:
    """For Box actions: additive noise of mean zero, clipped to the space."""

    space: gym.spaces.Box
    covariance: NDArray[np.float64]  # [entries, entries]

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        mean = np.zeros(len(self.covariance))
        noise = random.multivariate_normal(mean, self.covariance, len(actions), method="eigh")
        disturbed = np.clip(actions + noise, self.space.low, self.space.high)
        return disturbed.astype(actions.dtype)


@dataclass(frozen=True)
class SwitchNoise:
    """For Discrete actions: with probability `rate` another action, drawn uniformly."""

    space: gym.spaces.Discrete
    rate: float

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        start, n = self.space.start, self.space.n
        others = start + (actions - start + random.integers(1, n, len(actions))) % n
        return np.where(random.random(len(actions)) < self.rate, others, actions)


@dataclass(frozen=True)
class FlipNoise:
    """For MultiBinary actions: each button is flipped with its own probability."""

    rates: NDArray[np.float64]  # [buttons]

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        return np.where(random.random(actions.shape) < self.rates, 1 - actions, actions)


def fit_noise(
    space: gym.Space[Any], predicted: NDArray[Any], labels: NDArray[Any], scale: float
) -> Noise:
    """The maximum-likelihood noise that turns the expert's actions into the learner's, times
    `scale`.

    Args:
        predicted: the learner's actions, [rows, ...].
        labels: the expert's actions in the same states, [rows, ...].

    Raises:
        TypeError: if there is no noise for the action space.
    """
    if isinstance(space, gym.spaces.Box):
        error = predicted.astype(np.float64) - labels
        return GaussianNoise(space, scale * error.T @ error / len(error))
    if isinstance(space, gym.spaces.Discrete):
        return SwitchNoise(space, scale * float((predicted != labels).mean()))
    if isinstance(space, gym.spaces.MultiBinary):
        return FlipNoise(scale * (predicted != labels).mean(0))
    raise TypeError(f"no noise for the action space {space}")


def train(problem: Problem, seed: int, config: DARTConfig) -> ClonedPolicy:
    """Aggregate noisy demonstrations until the budget is spent, and clone them all."""
    random = np.random.default_rng(seed)
    cloning = config.cloning
    learner = blank_policy(problem, seed, cloning)
    noise: Noise | None = None
    env = problem.env(1)  # one whole episode after another, as demonstrations are
    observation, _ = env.reset()
    observations, labels, episodes, episode = [], [], [], 0
    rounds = min(config.rounds, max(1, problem.budget.labels // 2))  # a fit needs two rows
    for round_number in range(1, rounds + 1):
        old = problem.meter.labels
        while problem.meter.labels < problem.budget.labels * round_number // rounds:
            label = problem.expert(env)
            observations.append(observation)
            labels.append(label)
            episodes.append(episode)
            action = label if noise is None else noise.disturb(label, random)
            observation, _, terminated, truncated, _ = env.step(action)
            episode += int(terminated[0] or truncated[0])
        rows, targets = np.concatenate(observations), np.concatenate(labels)
        groups = np.array(episodes)
        if round_number < rounds:
            updates = config.updates_per_round
            learner = clone(learner, rows, targets, groups, cloning, updates, seed + round_number)
            predicted, _ = learner.predict(rows[old:], deterministic=True)
            noise = fit_noise(problem.action_space, predicted, targets[old:], config.noise_scale)
    fresh = blank_policy(problem, seed, cloning)
    return clone(fresh, rows, targets, groups, cloning, cloning.updates, seed)


algorithm = Algorithm(
    name="dart",
    summary="noise injection: the expert drives, disturbed by the learner's error; last policy",
    sources=frozenset({"env", "expert"}),
    config=DARTConfig(),
    train=train,
    restore=lambda world, tensors, config: restore(world, tensors, config.cloning),
)
