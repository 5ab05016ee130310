"""The noise of DART: as large as the learner's error, which is estimated on held-out labels.

The error is that between the learner's and the expert's distributions of actions. An expert who
draws his actions differs from his own last ones as well, and that is no error of the learner.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from baselines.bc import ClonedPolicy
from baselines.heads.bernoulli import BernoulliHead
from baselines.networks import NetworkPolicy
from il_envs.buttons import joint_chords


class Noise(Protocol):
    """Noise on the actions that are executed."""

    @property
    def size(self) -> float:
        """The expected error that it makes in a step: the squared length of what is added to an
        action, or the number of choices that are changed."""
        ...

    def scaled(self, factor: float) -> "Noise":
        """The same noise with `factor` times the covariance, or the rates."""
        ...

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        """Noisy actions, [rows, ...], again valid in the action space."""
        ...


@dataclass(frozen=True)
class GaussianNoise:
    """For Box actions: additive noise of mean zero, clipped to the space."""

    space: gym.spaces.Box
    covariance: NDArray[np.float64]  # [entries, entries]

    @property
    def size(self) -> float:
        return float(np.trace(self.covariance))

    def scaled(self, factor: float) -> "GaussianNoise":
        return replace(self, covariance=factor * self.covariance)

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

    @property
    def size(self) -> float:
        return self.rate

    def scaled(self, factor: float) -> "SwitchNoise":
        return replace(self, rate=min(factor * self.rate, 1.0))

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        start, n = self.space.start, self.space.n
        others = start + (actions - start + random.integers(1, n, len(actions))) % n
        return np.where(random.random(len(actions)) < self.rate, others, actions)


@dataclass(frozen=True)
class FlipNoise:
    """For MultiBinary actions: each button is flipped with its own probability."""

    rates: NDArray[np.float64]  # [buttons]

    @property
    def size(self) -> float:
        return float(self.rates.sum())

    def scaled(self, factor: float) -> "FlipNoise":
        return FlipNoise(np.minimum(factor * self.rates, 1.0))

    def disturb(self, actions: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        return np.where(random.random(actions.shape) < self.rates, 1 - actions, actions)


def fit_noise(
    space: gym.Space[Any],
    learner: ClonedPolicy,
    observations: NDArray[Any],
    labels: NDArray[Any],
    episodes: NDArray[np.int64],
    held_out: int,
) -> Noise:
    """The noise that makes the expert err as much as the learner does.

    Args:
        space: the action space.
        learner: its mean counts for Box actions. For others its mode counts where the expert never
            contradicts himself, and elsewhere its probabilities.
        observations: [rows, ...], in the order of time.
        labels: the expert's actions, [rows, ...].
        episodes: int64 [rows], the episode of each row.
        held_out: number of rows, the last ones, that the learner has not been trained on. The
            others only tell how often the expert repeats itself.

    Raises:
        TypeError: if there is no noise for the action space.
    """
    new = slice(len(labels) - held_out, None)
    if not isinstance(space, gym.spaces.Box | gym.spaces.Discrete | gym.spaces.MultiBinary):
        raise TypeError(f"no noise for the action space {space}")
    modes, _ = learner.predict(observations[new], deterministic=True)
    errors = modes.astype(np.float64) - labels[new]
    if isinstance(space, gym.spaces.Box):
        return GaussianNoise(space, positive_part(lasting_products(errors, episodes[new])))
    expert = agreement(observations, labels)[new].mean(0)
    contradicts_himself = bool((expert < 1.0).any())
    if isinstance(space, gym.spaces.MultiBinary) and not contradicts_himself:
        return FlipNoise(np.diag(lasting_products(errors, episodes[new])).clip(0.0))
    chosen = (
        label_probabilities(space, learner, observations[new], labels[new])
        if contradicts_himself
        else (errors == 0.0).astype(np.float64)
    )
    if isinstance(space, gym.spaces.Discrete):
        return SwitchNoise(space, float(error_rate(expert, chosen.mean(), int(space.n))))
    return FlipNoise(error_rate(expert, chosen.mean(0), 2))


def lasting_products(
    errors: NDArray[np.float64], episodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The second moment of the part of the errors that lasts from one step to the next, float64
    [entries, entries]: their symmetrised product at a lag of one step. A part that changes its sign
    is negative.

    A learner's error is nearly the same in the next state. Noise that the expert draws anew in each
    step is no part of it, but for what the learner does wrong about the state it leads to; noise
    that lasts is. A button that is pressed a step too early or too late is no part of it either.

    Args:
        errors: float64 [rows, entries], in the order of time.
        episodes: int64 [rows]; pairs of steps are of the same episode. Without any it is zero.
    """
    pairs = episodes[1:] == episodes[:-1]
    products = errors[:-1][pairs].T @ errors[1:][pairs] / max(pairs.sum(), 1)
    symmetrised: NDArray[np.float64] = (products + products.T) / 2.0
    return symmetrised


def positive_part(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric matrix without the directions in which it is negative."""
    values, vectors = np.linalg.eigh(matrix)
    positive: NDArray[np.float64] = (vectors * values.clip(0.0)) @ vectors.T
    return positive


def error_rate(expert: Any, learner: Any, choices: int) -> NDArray[np.float64]:
    """The rate at which another of the choices, drawn uniformly, makes the expert's choices agree
    with undisturbed ones as seldom as the learner's do.

    With p the expert's probabilities and C = E sum p^2, an expert disturbed at the rate e agrees
    with an undisturbed one with probability C - e (A C - 1) / (A - 1). It is 0 where the learner
    agrees more often than the expert himself, and at most 1 - 1 / A, which is a uniform choice.

    Args:
        expert: how often the expert agrees with himself in the same state, C.
        learner: how often the learner agrees with the expert.
        choices: A; 2 for a button.
    """
    excess = np.asarray(choices * expert - 1.0)  # 0 for a uniform expert: no noise changes him
    rate = (choices - 1) * np.divide(
        expert - learner, excess, np.zeros_like(excess), where=excess > 0
    )
    return np.clip(rate, 0.0, 1.0 - 1.0 / choices)


def agreement(observations: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The share of the other labels with the same observation that agree with each label, [rows] or
    [rows, buttons]; 1 where there are none, which takes the expert as deterministic there.

    Its mean has the expectation E sum p^2, with p the expert's probabilities, wherever observations
    recur. If an expert's probabilities depend on the time, p is their mean.

    Args:
        observations: [rows, ...].
        labels: int [rows] or [rows, buttons].
    """
    digests = (blake2b(row.tobytes(), digest_size=8).digest() for row in observations)
    seen = np.frombuffer(b"".join(digests), np.int64)
    others = _twins(seen)
    shares = [
        np.divide(_twins(seen, column), others, np.ones(len(seen)), where=others > 0)
        for column in labels.reshape(len(labels), -1).T
    ]
    return np.stack(shares, 1).reshape(labels.shape)


def _twins(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """For each row of these columns, the number of other rows that are the same, int64 [rows]."""
    rows = np.column_stack(columns)
    _, place, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    twins: NDArray[np.int64] = counts[place.reshape(-1)] - 1
    return twins


@torch.no_grad()
def label_probabilities(
    space: gym.Space[Any],
    learner: ClonedPolicy,
    observations: NDArray[Any],
    labels: NDArray[Any],
) -> NDArray[np.float64]:
    """The probability with which the learner draws each Discrete label, float64 [rows], or its
    state of each button, [rows, buttons]."""
    if isinstance(space, gym.spaces.Discrete):
        shares = learner.action_probabilities(observations, 0)
        return shares[np.arange(len(labels)), labels - space.start]
    if isinstance(learner, NetworkPolicy) and isinstance(learner.head, BernoulliHead):
        logits = learner.body(learner.encoder(observations))
        pressed = torch.sigmoid(logits.double()).numpy()
    else:
        chords = joint_chords(labels.shape[1])
        pressed = learner.action_probabilities(observations, 0) @ chords
    return np.where(labels == 1, pressed, 1.0 - pressed)
