"""Random expert distillation (Wang, Ciliberto, Amadori and Demiris 2019): imitation by estimating
the support of the expert's policy.

    f        a network with random weights, which stay as they are
    f_hat    a network trained to minimise E_expert |f_hat(s, a) - f(s, a)|^2
    r(s, a) = exp(-sigma |f_hat(s, a) - f(s, a)|^2)

The prediction is good where there are demonstrations and bad elsewhere, so the reward is near 1 in
the expert's support and falls to 0 outside. It is fixed before the policy takes its first step:
nothing is adversarial, and what follows is reinforcement learning (their algorithm 1), here by
Stable-Baselines3's PPO.

A reward that is always positive would make the end of any episode a loss. As for the other learned
rewards, an episode that terminates therefore stays in an absorbing state. That is in the support,
and worth 1 a step, if one of the demonstrations ends there; otherwise it is worth 0.
"""

from dataclasses import dataclass, field
from math import inf, log

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy

from baselines.actor_critic import ActorCritic, policy_of, untouched_generators
from baselines.encoders import sees_numbers
from baselines.networks import one_thread
from baselines.reward_learning import (
    PPOConfig,
    Transitions,
    demonstrated,
    optimise,
    restore_optimised,
)
from baselines.reward_networks import SupportReward
from il_envs import Algorithm, Problem, tunable, tuned


@dataclass(frozen=True)
class REDConfig:
    """Settings of random expert distillation."""

    hidden_sizes: tuple[int, ...] = (128, 128)
    """Tanh units of each hidden layer of f and of f_hat."""
    outputs: int = 64
    """Outputs of f and of f_hat."""
    gain: float = tunable(2.0, 0.5, 8.0, log=True)
    """Factor of f's random weights. If it is small f is nearly linear, and f_hat is right outside
    the support too; if it is large f_hat is wrong inside."""
    updates: int = 4_000
    """Gradient steps of f_hat."""
    batch_size: int = 256
    """Transitions in a minibatch of f_hat."""
    learning_rate: float = tunable(1e-3, 1e-4, 1e-2, log=True)
    """Learning rate of f_hat's Adam."""
    usual_reward: float = tunable(0.75, 0.3, 0.95)
    """Reward that nine in ten held-out demonstrations exceed, from which sigma follows. The paper
    chooses sigma so that most of the expert's rewards are near 1."""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The policy's optimiser."""

    def __post_init__(self) -> None:
        if not 0.0 < self.usual_reward < 1.0:
            raise ValueError(f"usual_reward must be between 0 and 1, not {self.usual_reward}")
        for name in ("outputs", "gain"):
            if not 0 < getattr(self, name) < inf:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")


HELD_OUT = 10
"""One in so many demonstrated transitions is held out, to choose sigma."""
USUAL = 0.9
"""Share of the held-out demonstrations whose reward exceeds `usual_reward`."""


def distill(problem: Problem, seed: int, config: REDConfig) -> SupportReward:
    """The reward: f_hat trained on the demonstrations, and sigma chosen on held-out ones."""
    shown = demonstrated(problem.demonstrations(), problem.max_episode_steps)
    reward = SupportReward(
        problem.observation_space,
        problem.action_space,
        config.hidden_sizes,
        config.outputs,
        seed,
        discount=config.ppo.discount,
        gain=config.gain,
    )
    reward.fit_normalisation(shown.observations, shown.actions)
    inputs = reward.inputs(shown.observations, shown.actions)
    known = len(inputs) - len(inputs) // HELD_OUT
    training, held_out = inputs[:known], inputs[known:]
    optimiser = torch.optim.Adam(reward.body.parameters(), config.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(config.updates):
        places = torch.randint(known, (config.batch_size,), generator=generator)
        loss = reward.error(training[places]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        usual = reward.error(held_out if len(held_out) else inputs).quantile(USUAL)
        reward.sigma.fill_(-log(config.usual_reward) / float(usual))
        reward.ends.fill_(bool(shown.terminated.any()))
    return reward


def train(problem: Problem, seed: int, config: REDConfig) -> ActorCritic:
    """Distil the reward, and train a policy for it with the whole budget of steps."""
    with one_thread(), untouched_generators():
        reward = distill(problem, seed, config)

        def paid(policy: ActorCriticPolicy, rollout: Transitions) -> NDArray[np.float64]:
            return reward.reward(*rollout[:4])

        network = optimise(problem, reward.observation_encoder, paid, config.ppo, seed)
    return policy_of(network, seed, reward=reward)


algorithm = tuned(
    Algorithm(
        name="red",
        summary="random expert distillation: paid for what is in the expert's support; PPO",
        sources=frozenset({"demonstrations", "env"}),
        config=REDConfig(),
        train=train,
        applies_to=sees_numbers,
        restore=lambda world, tensors, config: restore_optimised(world, tensors, config.ppo),
    ),
    __file__,
)
