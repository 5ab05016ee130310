"""Imitate, then reinforce: PPO on the true reward from a cloned policy (BC-PPO).

AlphaGo (Silver et al. 2016, "Mastering the game of Go with deep neural networks and tree search")
clones experts first, and then improves the clone by policy gradients. AlphaStar (Vinyals et al.
2019, "Grandmaster level in StarCraft II using multi-agent reinforcement learning") does so too, and
holds the policy near the clone by a penalty on their divergence. The penalty here is paid in each
step, as in Ziegler et al. 2019, "Fine-tuning language models from human preferences" (equation 2),
and Ouyang et al. 2022, "Training language models to follow instructions with human feedback"
(equation 2): the policy pi is trained on the reward

    r - beta (log pi(a | s) - log pi_clone(a | s)).

A critic that has learned nothing would destroy the clone, because its advantages are random. So
the critic is trained alone in the first rollouts, while the actor stays the clone. PPO from
scratch, for comparison, is the same code with nothing cloned. Inputs are not normalised,
so that both begin with the same network.
"""

import warnings
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.utils import LinearSchedule
from torch import Tensor, nn

from baselines.action_models import maps
from baselines.actor_critic import (
    ActorCritic,
    learn,
    policy_of,
    untouched_generators,
    whole_rollouts,
)
from baselines.bc import hold_out
from baselines.encoders import Encoder, sees_numbers
from baselines.heads.gaussian import LOG_DEVIATION_MIN
from baselines.mail_a2c import ExpertRows, negative_log_likelihood
from baselines.networks import one_thread
from baselines.reward_learning import (
    PPOConfig,
    elements,
    log_probabilities,
    network_arguments,
    restore_optimised,
)
from il_envs import Algorithm, Demonstrations, Problem, TrainingWarning, tuned
from il_envs.stable_baselines import GymnasiumVecEnv

TUNED = PPOConfig(
    num_envs=64,
    rollout_steps=32,
    batch_size=512,
    epochs=4,
    learning_rate=1e-3,
    discount=0.995,
    entropy_coefficient=0.001,
    hidden_sizes=(128, 128),
)
"""PPO's settings, tuned from scratch in Shooter."""
HELD_OUT = 0.1
"""Share of the demonstrated transitions by which cloning is stopped."""


@dataclass(frozen=True)
class BCPPOConfig:
    """Settings of cloning, and of PPO after it."""

    ppo: PPOConfig = TUNED
    """PPO, which is the same after cloning and from scratch; its learning rate falls linearly to 0
    over the budget of steps."""
    cloning_updates: int = 3_000
    """Most gradient steps of cloning; 0 for PPO from scratch, which uses no demonstrations."""
    cloning_batch_size: int = 512
    """Demonstrated transitions in each of them."""
    cloning_rate: float = 1e-3
    """Learning rate of Adam while cloning."""
    validation_interval: int = 100
    """Gradient steps of cloning between two evaluations on the held-out transitions."""
    critic_steps: int = 50_000
    """Environment steps in which the critic is trained alone, rounded down to whole rollouts."""
    penalty: float = 0.0
    """beta, the penalty for leaving the clone, in units of the reward for each nat."""

    def __post_init__(self) -> None:
        least = {"cloning_updates": 0, "validation_interval": 1, "critic_steps": 0, "penalty": 0.0}
        for name, value in least.items():
            if not value <= getattr(self, name) < inf:
                raise ValueError(f"{name} must be from {value} on, not {getattr(self, name)}")


def train(problem: Problem, seed: int, config: BCPPOConfig) -> ActorCritic:
    """Clone the demonstrations that the budget allows, and then learn from the steps it allows.

    Raises:
        ValueError: if there are fewer than two demonstrated transitions, fewer steps than one
            rollout takes, or Discrete spaces that do not start at 0.
    """
    ppo = config.ppo
    with one_thread(), untouched_generators():
        model = PPO(
            "MlpPolicy",
            GymnasiumVecEnv(problem.env(ppo.num_envs, reward=True)),
            learning_rate=LinearSchedule(ppo.learning_rate, 0.0, 1.0),
            n_steps=ppo.rollout_steps,
            batch_size=ppo.batch_size,
            n_epochs=ppo.epochs,
            gamma=ppo.discount,
            gae_lambda=ppo.gae_lambda,
            ent_coef=ppo.entropy_coefficient,
            policy_kwargs=network_arguments(Encoder(problem.observation_space), ppo),
            seed=seed,
            device="cpu",
        )
        fine_tuning = None
        steps = whole_rollouts(model, problem.budget.steps)
        if config.cloning_updates:
            clone(model.policy, problem.demonstrations(), config, seed)
            fine_tuning = FineTuning(deepcopy(model.policy), config.critic_steps, config.penalty)
        learn(model, steps, fine_tuning)
        if fine_tuning is not None and steps <= config.critic_steps:
            warnings.warn(
                f"the critic was trained alone in all of {steps:,} steps, so this is the clone; "
                f"critic_steps is {config.critic_steps:,}",
                TrainingWarning,
                stacklevel=2,
            )
    return policy_of(model.policy, seed)


def clone(
    network: ActorCriticPolicy, shown: Demonstrations, config: BCPPOConfig, seed: int
) -> None:
    """Fit the network's actor to the demonstrated actions by maximum likelihood, and keep the
    weights with the least loss on held-out transitions.

    The standard deviation of Box actions is fitted to the held-out transitions as well, because
    the error on those that a network was trained on is too small.
    """
    shown.check_spaces(network.observation_space, network.action_space)
    held_out = torch.from_numpy(hold_out(shown.episode_index, HELD_OUT))
    observations = torch.from_numpy(shown.observations)
    targets = maps(network.action_space).targets(shown.actions)
    minibatches = ExpertRows(
        observations[~held_out], targets[~held_out], config.cloning_batch_size, seed
    )
    weights = list(actor_weights(network))
    optimiser = torch.optim.Adam(weights, config.cloning_rate, fused=True)
    least, best = np.inf, deepcopy(weights)
    for update in range(1, config.cloning_updates + 1):
        optimiser.zero_grad()
        minibatches.loss(network).backward()
        optimiser.step()
        if update % config.validation_interval == 0 or update == config.cloning_updates:
            loss = held_out_loss(network, observations[held_out], targets[held_out])
            if loss < least:
                least, best = loss, deepcopy(weights)
    with torch.no_grad():
        for weight, kept in zip(weights, best, strict=True):
            weight.copy_(kept)


@torch.no_grad()
def held_out_loss(network: ActorCriticPolicy, observations: Tensor, targets: Tensor) -> float:
    """The mean of -log pi over held-out transitions, in nats, after the deviation of Box actions
    is set to its maximum-likelihood value there."""
    if isinstance(network.action_space, gym.spaces.Box):
        means: Any = network.get_distribution(observations).mode()
        deviations = (means - targets).square().mean(0).sqrt()
        network.log_std.copy_(deviations.log().clamp(min=LOG_DEVIATION_MIN))
    return float(negative_log_likelihood(network.get_distribution(observations), targets))


def actor_weights(network: ActorCriticPolicy) -> Iterator[nn.Parameter]:
    """The trained weights of the actor, none of which it shares with the critic."""
    yield from network.mlp_extractor.policy_net.parameters()
    yield from network.action_net.parameters()
    if isinstance(network.action_space, gym.spaces.Box):
        yield network.log_std


class FineTuning(BaseCallback):
    """Trains the critic alone in the first rollouts, and subtracts the penalty from the rewards.

    Args:
        clone: the cloned network, which stays as it is.
        critic_steps: environment steps in which the critic is trained alone.
        penalty: beta.
    """

    def __init__(self, clone: ActorCriticPolicy, critic_steps: int, penalty: float) -> None:
        super().__init__()
        self._clone = clone
        self._critic_steps = critic_steps
        self._penalty = penalty

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        for weight in actor_weights(self.locals["self"].policy):
            weight.requires_grad_(self.num_timesteps > self._critic_steps)
        if self._penalty:
            self._subtract_penalty(self.locals["rollout_buffer"])

    def _subtract_penalty(self, buffer: Any) -> None:
        cloned = log_probabilities(
            self._clone,
            elements(self.model.observation_space, buffer.observations),
            elements(self.model.action_space, buffer.actions),
        )
        distance = buffer.log_probs - cloned.numpy().reshape(buffer.log_probs.shape)
        buffer.rewards -= self._penalty * distance
        buffer.compute_returns_and_advantage(self.locals["values"], self.locals["dones"])


scratch = tuned(
    Algorithm(
        name="ppo",
        summary="PPO on the true reward, from scratch",
        sources=frozenset({"env", "reward"}),
        config=BCPPOConfig(cloning_updates=0),
        train=train,
        applies_to=sees_numbers,
        restore=lambda world, tensors, config: restore_optimised(world, tensors, config.ppo),
    ),
    __file__,
)
algorithm = replace(
    scratch,
    name="bc-ppo",
    summary="behaviour cloning, and then PPO on the true reward",
    sources=frozenset({"demonstrations", "env", "reward"}),
    config=BCPPOConfig(scratch.config.ppo),
    tuned_as="ppo",
)
penalised = replace(
    algorithm,
    name="bc-ppo-penalty",
    summary="behaviour cloning, and then PPO with a penalty for leaving the clone",
    config=BCPPOConfig(scratch.config.ppo, penalty=0.001),
)
