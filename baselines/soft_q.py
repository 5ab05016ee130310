"""Imitation by soft Q-functions: SQIL (Reddy et al. 2020) and IQ-Learn (Garg et al. 2021).

The policy is pi(a|s) = exp(Q(s, a) - V(s)) with V(s) = log sum_a exp Q(s, a), so that only a
Q-function is learned; the reward that it implies is r(s, a, s') = Q(s, a) - discount * V(s').
Neither a discriminator nor a separate policy optimiser is needed.

SQIL      soft Q-learning (their equation 2), with the reward `bonus` for each of the expert's
          transitions and 0 for each of the policy's own; terminal states are absorbing, with known
          value (Al-Hafez et al. 2023, "LS-IQ", section 4).
IQ-Learn  the Q-function whose implied reward separates the expert most from the policy, with the
          penalty r^2 / 4 of the chi-square divergence (their section 5.1), from demonstrations
          alone.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.encoders import sees_numbers
from baselines.networks import NetworkPolicy, one_thread, restored_network
from baselines.reward_learning import Transitions, demonstrated
from il_envs import Algorithm, Problem, World, tunable, tuned


@dataclass(frozen=True)
class SoftQConfig:
    """Settings of imitation by soft Q-functions."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units of each hidden layer."""
    discount: float = 0.99
    """Discount of rewards per step."""
    learning_rate: float = tunable(1e-3, 1e-4, 1e-2, log=True)
    """Learning rate of Adam."""
    batch_size: int = 256
    """Transitions in a minibatch, from the expert and from the policy each."""
    updates: int = 20_000
    """Gradient steps."""
    bonus: float = tunable(4.0, 0.5, 20.0, log=True)
    """SQIL's reward of a demonstrated transition, in nats."""
    num_envs: int = 16
    """Environments that run side by side, for SQIL."""
    memory: int = 100_000
    """Size of SQIL's replay buffer, in transitions."""
    target_rate: float = tunable(0.01, 1e-3, 0.1, log=True)
    """Rate at which SQIL's target network tracks the Q-function: the share of the difference that
    it takes on in each update (Lillicrap et al. 2016)."""


class Rows:
    """Transitions, encoded for a Q-function."""

    def __init__(self, policy: NetworkPolicy, transitions: Transitions) -> None:
        self._inputs = policy.encoder(transitions.observations)
        self._actions = torch.as_tensor(transitions.actions)[:, None]
        self._following = policy.encoder(transitions.next_observations)
        self._ended = torch.as_tensor(transitions.terminated)

    def values(
        self, policy: NetworkPolicy, following: NetworkPolicy, places: Tensor, end: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Q(s, a), V(s) and V(s') of the rows at `places`, each [places].

        Args:
            following: the Q-function from which V(s') is computed.
            end: V(s') where the episode has ended.
        """
        q = policy.body(self._inputs[places])
        ahead = following.body(self._following[places]).logsumexp(1)
        ahead = torch.where(self._ended[places], end, ahead)
        return q.gather(1, self._actions[places])[:, 0], q.logsumexp(1), ahead

    def __len__(self) -> int:
        return len(self._actions)


def train_iq_learn(problem: Problem, seed: int, config: SoftQConfig) -> NetworkPolicy:
    """Learn from the demonstrations that the budget allows, without acting."""
    shown, policy = _begin(problem, seed, config)
    rows = Rows(policy, shown)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(policy.parameters(), config.learning_rate, fused=True)
    with one_thread():
        for _ in range(config.updates):
            places = torch.randint(len(rows), (config.batch_size,), generator=generator)
            q, value, ahead = rows.values(policy, policy, places, end=0.0)
            reward = q - config.discount * ahead
            loss = (reward.square() / 4.0 - reward).mean() + (
                value - config.discount * ahead
            ).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return policy


def train_sqil(problem: Problem, seed: int, config: SoftQConfig) -> NetworkPolicy:
    """Learn from demonstrations and from the policy's own transitions, over the whole budget of
    steps.

    Raises:
        ValueError: if there are fewer steps than environments.
    """
    if problem.steps_left < config.num_envs:
        raise ValueError(
            f"{problem.steps_left} environment steps are less than one in each of "
            f"{config.num_envs} environments"
        )
    shown, policy = _begin(problem, seed, config)
    slow = deepcopy(policy)
    demonstrations, memory = Rows(policy, shown), Memory(problem, config.memory)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(policy.parameters(), config.learning_rate, fused=True)
    env = problem.env(config.num_envs)
    observation, _ = env.reset()
    steps = problem.steps_left // config.num_envs
    # The expert's absorbing state keeps paying the bonus; otherwise going on would be worth more
    # than reaching the goal.
    for_ever = config.bonus / (1.0 - config.discount)
    with one_thread():
        for step in range(steps):
            action, _ = policy.predict(observation)
            following, _, terminated, truncated, info = env.step(action)
            last = following.copy()
            if (terminated | truncated).any():
                last[info["_final_obs"]] = info["final_obs"][info["_final_obs"]]
            memory.add(observation, action, last, terminated)
            observation = following
            for _ in range(config.updates * (step + 1) // steps - config.updates * step // steps):
                places = torch.randint(
                    len(demonstrations), (config.batch_size,), generator=generator
                )
                q, _, ahead = demonstrations.values(policy, slow, places, for_ever)
                loss = (q - config.bonus - config.discount * ahead.detach()).square().mean()
                own = Rows(policy, memory.draw(config.batch_size, generator))
                q, _, ahead = own.values(policy, slow, torch.arange(config.batch_size), end=0.0)
                loss = loss + (q - config.discount * ahead.detach()).square().mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                with torch.no_grad():
                    for weight, target in zip(policy.parameters(), slow.parameters(), strict=True):
                        target.lerp_(weight, config.target_rate)
    return policy


class Memory:
    """A replay buffer: the last transitions of a policy."""

    def __init__(self, problem: Problem, size: int) -> None:
        observations, actions = (
            np.zeros((size, *(space.shape or ())), space.dtype)
            for space in (problem.observation_space, problem.action_space)
        )
        self._kept = Transitions(
            observations,
            actions,
            observations.copy(),
            np.zeros(size, np.bool_),
            np.zeros(size, int),
        )
        self._added = 0

    def add(self, *rows: NDArray[Any]) -> None:
        """Add rows of observations, actions, next observations and ends; the oldest are dropped."""
        size = len(self._kept.actions)
        places = (self._added + np.arange(len(rows[0]))) % size
        for kept, new in zip(self._kept, rows, strict=False):
            kept[places] = new
        self._added += len(rows[0])

    def draw(self, count: int, generator: torch.Generator) -> Transitions:
        """Draw `count` transitions uniformly at random."""
        filled = min(self._added, len(self._kept.actions))
        places = torch.randint(filled, (count,), generator=generator).numpy()
        return Transitions._make(field[places] for field in self._kept)


def _begin(problem: Problem, seed: int, config: SoftQConfig) -> tuple[Transitions, NetworkPolicy]:
    """All demonstrations, and an untrained Q-function."""
    shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
    spaces = problem.observation_space, problem.action_space
    policy = NetworkPolicy(*spaces, config.hidden_sizes, seed)
    policy.encoder.fit(shown.observations)
    return shown, policy


def chooses_numbers(world: World) -> bool:
    """True if actions are numbered from 0 and observations are not pictures."""
    space = world.spaces.action
    return isinstance(space, gym.spaces.Discrete) and space.start == 0 and sees_numbers(world)


iq_learn = tuned(
    Algorithm(
        name="iq-learn",
        summary="inverse soft Q-learning from demonstrations alone",
        sources=frozenset({"demonstrations"}),
        config=SoftQConfig(),
        train=train_iq_learn,
        applies_to=chooses_numbers,
        restore=lambda world, tensors, config: restored_network(world, tensors),
    ),
    __file__,
)
sqil = tuned(
    replace(
        iq_learn,
        name="sqil",
        summary="soft Q-learning, paid for what was demonstrated and not for what it does itself",
        sources=frozenset({"demonstrations", "env"}),
        train=train_sqil,
    ),
    __file__,
)
