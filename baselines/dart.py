"""DART: disturbances for augmenting robot trajectories (Laskey et al. 2017, algorithm 1).

The expert acts throughout, and noise as large as the learner's error is added to its actions, so
that it demonstrates how to correct the errors that the learner will make. The labels are the
expert's actions before the noise. Each round tests the learner on labels that it has not seen, fits
the noise to its error, and then trains it on all data so far; the last policy is returned.
"""

from dataclasses import dataclass, field
from math import inf

import numpy as np

from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, restore
from baselines.dart_noise import Noise, fit_noise
from il_envs import Algorithm, Problem, tunable, tuned


@dataclass(frozen=True)
class DARTConfig:
    """Settings of DART."""

    rounds: int = 20
    """Data sets to aggregate. They share the label budget equally, and the first two are collected
    without noise. An episode may span several of them."""
    noise_scale: float = tunable(1.0, 0.3, 3.0, log=True)
    """Factor on the noise, that is on its covariance or rates; 0 is behaviour cloning."""
    final_error: float | None = None
    """What the final learner's errors are expected to add up to in an episode of full length, the
    paper's alpha: their squares, or the number of actions or buttons that are wrong. The noise is
    scaled to add up to that. None expects that the present learner's error, on labels that it has
    not seen, will fall in inverse proportion to the number of labels."""
    updates_per_round: int = tunable(200, 50, 800, log=True)
    """Gradient steps of the learner to which the noise is fitted, in each round from the previous
    round's weights; none are needed if the policy is a table of counts."""
    cloning: BCConfig = field(default_factory=BCConfig)
    """The supervised learner; the policy that is returned is trained from scratch for its
    `updates`."""

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, not {self.rounds}")
        for name in ("noise_scale", "final_error"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < inf:
                raise ValueError(f"{name} must be a finite number from 0 on, not {value}")


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
        if 1 < round_number < rounds:
            held_out = problem.meter.labels - old
            error = fit_noise(problem.action_space, learner, rows, targets, groups, held_out)
            known = problem.meter.labels / problem.budget.labels
            noise = error.scaled(noise_factor(error.size, problem.max_episode_steps, known, config))
        if round_number < rounds - 1:
            updates = config.updates_per_round
            learner = clone(learner, rows, targets, groups, cloning, updates, seed + round_number)
    fresh = blank_policy(problem, seed, cloning)
    return clone(fresh, rows, targets, groups, cloning, cloning.updates, seed)


def noise_factor(error: float, steps: int, known: float, config: DARTConfig) -> float:
    """The factor on noise that is as large as the present error: alpha / (T tr Sigma) of Laskey et
    al. 2017.

    Args:
        error: of the present learner in a step.
        steps: T, those of an episode of full length.
        known: share of all labels that there are so far.
    """
    if config.final_error is None or error == 0.0:
        return config.noise_scale * known
    return config.noise_scale * config.final_error / (steps * error)


algorithm = tuned(
    Algorithm(
        name="dart",
        summary="noise injection: the expert drives, disturbed by the learner's error; last policy",
        sources=frozenset({"env", "expert"}),
        config=DARTConfig(),
        train=train,
        restore=lambda world, tensors, config: restore(world, tensors, config.cloning),
    ),
    __file__,
)
