"""Guided cost learning (Finn, Levine and Abbeel 2016), with Stable-Baselines3's PPO as the sampler.

The reward maximises the likelihood of the demonstrations for an expert that maximises E[sum r] +
entropy. The gradient of the log-likelihood is the sum of grad r over the demonstrations'
transitions minus that over the soft-optimal policy's. PPO, with the reward r - log pi, keeps a
policy near the soft-optimal one, and a few gradient steps on the reward follow each of its rollouts
(their algorithms 1 and 2).

The samples are not importance-weighted. The published weights, exp(sum r) / prod pi, aim at the
posterior model, which attributes the randomness of starts and transitions to the expert's intent.
They are right where starts and dynamics are deterministic (`trajectory_weights`,
`guided_cost_exact`), and degenerate over hundreds of steps.
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
    restore_optimised,
)
from baselines.reward_networks import RewardNetwork, excess_slope
from baselines.trajectory_weights import local_constant_rate, monotonic
from il_envs import Algorithm, Problem, tunable, tuned


@dataclass(frozen=True)
class GuidedCostConfig:
    """Settings of guided cost learning."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Tanh units of each hidden layer of the reward."""
    batch_size: int = 1024
    """Transitions in a minibatch of the reward, from the expert and from the policy each."""
    updates: int = tunable(16, 4, 64, log=True)
    """Minibatches in each update of the reward."""
    rollouts_per_update: int = 1
    """Rollouts, and updates of the policy, between two updates of the reward. With many it becomes
    the older and more expensive method, which solves the reinforcement learning problem anew for
    each gradient step on the reward (the inner loop that guided cost learning cuts short)."""
    learning_rate: float = tunable(1e-3, 1e-4, 1e-2, log=True)
    """Learning rate of the reward's Adam."""
    temperature: float = 1.0
    """Reward that a nat of entropy is worth; 0 for no entropy bonus."""
    slope_penalty: float = 10.0
    """Coefficient of the gradient penalty: of the squared excess of the reward's slope over
    `steepest`, between the two sides. Without it the reward grows without bound as long as the
    policy can be told from the expert."""
    steepest: float = tunable(10.0, 0.3, 30.0, log=True)
    """Largest slope of the reward that is not penalised, in nats for each standard deviation of an
    input."""
    local_constant_rate: float = 0.0
    """Coefficient of the squared second differences of the cost along demonstrations, their
    g_lcr."""
    monotonicity: float = 0.0
    """Coefficient of the squared increases of the cost by more than 1 along demonstrations, their
    g_mono."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The policy's optimiser."""


class GuidedCost:
    """Learns the reward from rollouts of the policy, and gives it as their reward."""

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
            anchored=True,  # demonstrations do not identify the reward's level
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
        """Learn from a rollout, and return its rewards; a `reward_learning.Learner`."""
        self._rollouts += 1
        if self._rollouts % self._config.rollouts_per_update == 0:
            self._learn(self._occupancy(rollout))
        logs = log_probabilities(policy, rollout.observations, rollout.actions)
        rewards = self.reward.reward(*rollout[:4])
        return rewards - self._config.temperature * logs.double().numpy()

    def _occupancy(self, transitions: Transitions) -> tuple[Tensor, float]:
        """The reward's inputs for transitions, the absorbing state last, and the share of
        discounted time in that state."""
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
        """The paper's regularisers on a demonstration drawn at random."""
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


algorithm = tuned(
    Algorithm(
        name="gcl",
        summary="guided cost learning: a reward from samples of a policy that is guided by it; PPO",
        sources=frozenset({"demonstrations", "env"}),
        config=GuidedCostConfig(),
        train=train,
        applies_to=sees_numbers,
        restore=lambda world, tensors, config: restore_optimised(world, tensors, config.ppo),
    ),
    __file__,
)
