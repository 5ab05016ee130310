"""Guided cost learning (Finn, Levine and Abbeel 2016), with Stable-Baselines3's PPO as the guide.

The reward is the one under which the demonstrations are most likely for an expert who maximises
E[sum r] + entropy. Its gradient is what the demonstrations' transitions add up to, less what those
of the soft-optimal policy do; PPO, paid r - log pi, keeps a policy near that, and a few steps on
the reward follow each of its rollouts (their algorithms 1 and 2).

The samples are not weighted. The published weights, exp(sum r) / prod pi, aim at the posterior
model, which takes the luck of starts and transitions for intent; they are right where there is none
(`trajectory_weights`, `guided_cost_exact`), and worthless over hundreds of steps.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor

from baselines.actor_critic import ActorCritic, policy_of, untouched_generators
from baselines.encoders import sees_numbers
from baselines.networks import one_thread
from baselines.reward_learning import (
    PPOConfig,
    Transitions,
    absorbed_share,
    demonstrated,
    draw_places,
    log_probabilities,
    optimise,
)
from baselines.reward_networks import RewardNetwork, excess_slope
from baselines.trajectory_weights import local_constant_rate, monotonic
from il_envs import Algorithm, Problem


@dataclass(frozen=True)
class GuidedCostConfig:
    """Settings of guided cost learning."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Tanh units of each hidden layer of the reward."""
    batch_size: int = 1024
    """Transitions of each side in a minibatch of the reward."""
    updates: int = 16
    """Minibatches of the reward each time that it is learned."""
    rollouts_per_update: int = 1
    """Rollouts, and updates of the policy, each time that the reward is learned. Many are the
    expensive ancestor, which solves the whole problem of reinforcement at each step on the reward
    (the loop that guided cost learning cuts short)."""
    learning_rate: float = 1e-3
    """Of the reward's Adam."""
    temperature: float = 1.0
    """What a nat of entropy is worth; 0 for no entropy."""
    slope_penalty: float = 10.0
    """Of the squared excess of the reward's slope over `steepest`, between the two sides. Without
    it the reward grows without bound as long as the policy can be told from the expert."""
    steepest: float = 10.0
    """Slope of the reward that is free, in nats for each deviation of an input."""
    local_constant_rate: float = 0.0
    """Of the squared second differences of the cost along demonstrations, their g_lcr."""
    monotonicity: float = 0.0
    """Of the squared increases of the cost by more than 1 along demonstrations, their g_mono."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The optimiser of the policy."""


class GuidedCost:
    """Learns the reward from rollouts of the policy, and pays it."""

    def __init__(self, problem: Problem, seed: int, config: GuidedCostConfig) -> None:
        self._config = config
        demonstrations = problem.demonstrations()
        shown = demonstrated(demonstrations, problem.max_episode_steps)
        self.reward = RewardNetwork(
            problem.observation_space,
            problem.action_space,
            config.hidden_sizes,
            seed,
            discount=config.ppo.discount,
            anchored=True,  # what no demonstration tells is the reward's level
        )
        self.reward.fit_normalisation(shown.observations, shown.actions)
        self._expert = self._occupancy(shown)
        lengths = [len(episode) for episode in demonstrations.episodes]
        self._episodes = self._expert[0][:-1].split(lengths)
        self._optimiser = torch.optim.Adam(
            self.reward.parameters(), config.learning_rate, fused=True
        )
        self._generator = torch.Generator().manual_seed(seed)
        self._rollouts = 0

    def __call__(self, policy: ActorCriticPolicy, rollout: Transitions) -> NDArray[np.float64]:
        """Learn from a rollout, and pay for it; a `reward_learning.Learner`."""
        self._rollouts += 1
        if self._rollouts % self._config.rollouts_per_update == 0:
            self._learn(self._occupancy(rollout))
        logs = log_probabilities(policy, rollout.observations, rollout.actions)
        rewards = self.reward.reward(*rollout[:4])
        return rewards - self._config.temperature * logs.double().numpy()

    def _occupancy(self, transitions: Transitions) -> tuple[Tensor, float]:
        """What the reward sees of transitions, the absorbing state last, and its share of time."""
        inputs = self.reward.inputs(transitions.observations, transitions.actions)
        share = absorbed_share(transitions, self._config.ppo.discount)
        return torch.cat([inputs, self.reward.absorbing_input]), share

    def _learn(self, learner: tuple[Tensor, float]) -> None:
        config = self._config
        for _ in range(config.updates):
            theirs, ours = (
                inputs[draw_places(len(inputs) - 1, share, config.batch_size, self._generator)]
                for inputs, share in (self._expert, learner)
            )
            excess = excess_slope(self.reward, ours, theirs, config.steepest, self._generator)
            loss = self.reward(ours).mean() - self.reward(theirs).mean()
            loss = loss + config.slope_penalty * excess + self._unevenness()
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()

    def _unevenness(self) -> Tensor | float:
        """Their regularisers, of a demonstration drawn at random."""
        config = self._config
        if not (config.local_constant_rate or config.monotonicity):
            return 0.0
        place = torch.randint(len(self._episodes), (), generator=self._generator)
        rewards = self.reward(self._episodes[place])[None]
        uneven = config.local_constant_rate * local_constant_rate(rewards)
        return uneven + config.monotonicity * monotonic(rewards)


def train(problem: Problem, seed: int, config: GuidedCostConfig) -> ActorCritic:
    """Learn a reward and a policy for it with the whole budget of steps."""
    with one_thread(), untouched_generators():
        guide = GuidedCost(problem, seed, config)
        encoder = guide.reward.observation_encoder
        network = optimise(problem, encoder, guide, config.ppo, seed)
    return policy_of(network, seed, reward=guide.reward)


algorithm = Algorithm(
    name="gcl",
    summary="guided cost learning: a reward from samples of a policy that is guided by it; PPO",
    sources=frozenset({"demonstrations", "env"}),
    config=GuidedCostConfig(),
    train=train,
    applies_to=sees_numbers,
)
