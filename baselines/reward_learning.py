"""Learning a reward from the rollouts of Stable-Baselines3's PPO, which is trained on that reward.

After each rollout the reward is updated from it, the rollout is labelled with the new reward, and
then PPO updates its policy: the order of Ho and Ermon 2016, algorithm 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium.wrappers.vector import TransformReward
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from baselines.actor_critic import (
    ActorCritic,
    learn,
    load_tensors,
    policy_of,
    untouched_generators,
)
from baselines.encoders import Encoder
from il_envs import Demonstrations, Problem, World, tunable
from il_envs.stable_baselines import GymnasiumVecEnv


@dataclass(frozen=True)
class PPOConfig:
    """Settings of the policy's optimiser, proximal policy optimisation (Schulman et al. 2017)."""

    num_envs: int = 32
    """Environments that run side by side."""
    rollout_steps: int = 256
    """Steps in each of them between two updates."""
    batch_size: int = 1024
    """Transitions in a minibatch."""
    epochs: int = tunable(10, 3, 20, log=True)
    """Passes over a rollout."""
    learning_rate: float = tunable(3e-4, 1e-4, 3e-3, log=True)
    """Learning rate of Adam."""
    discount: float = 0.99
    """Discount of rewards per step."""
    gae_lambda: float = 0.95
    """lambda of generalised advantage estimation (Schulman et al. 2016)."""
    entropy_coefficient: float = tunable(0.0, 0.0, 0.02)
    """Coefficient of the entropy bonus on the next action, in nats."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Tanh units of each hidden layer of the actor and of the critic, which share none."""


class Transitions(NamedTuple):
    """Transitions of a policy or an expert; those of a rollout are ordered by step, then by
    environment."""

    observations: NDArray[Any]  # [rows, ...]
    actions: NDArray[Any]  # [rows, ...], as the world executed them
    next_observations: NDArray[Any]  # [rows, ...], at an episode's end its final observation
    terminated: NDArray[np.bool_]  # [rows]
    steps_left: NDArray[np.int64]  # [rows], from the next step to the time limit of the episode


Learner = Callable[[ActorCriticPolicy, Transitions], NDArray[np.float64]]
"""Learns a reward from a rollout of a policy, and returns the rollout's rewards, float64 [rows]."""


def demonstrated(shown: Demonstrations, max_episode_steps: int) -> Transitions:
    """The transitions of demonstrations, episode by episode."""
    return Transitions(
        shown.observations,
        shown.actions,
        np.concatenate([episode.observations[1:] for episode in shown.episodes]),
        np.concatenate(
            [np.arange(len(e)) == len(e) - 1 if e.terminated else np.zeros(len(e), np.bool_)
             for e in shown.episodes]
        ),
        np.concatenate([max_episode_steps - 1 - np.arange(len(e)) for e in shown.episodes]),
    )  # fmt: skip


def absorbed_share(transitions: Transitions, discount: float) -> float:
    """The share of discounted time in the absorbing state, where an episode that terminated stays
    for the steps that were left to its time limit."""
    left = transitions.steps_left[transitions.terminated]
    rests = (discount * (1.0 - discount**left) / (1.0 - discount)).sum()
    return float(rests / (rests + len(transitions.terminated)))


def draw_places(steps: int, absorbed: float, count: int, generator: torch.Generator) -> Tensor:
    """Random row numbers, int64 [count]: with probability `absorbed` the number `steps`, which
    stands for the absorbing state, and otherwise uniform from 0 to steps - 1."""
    places = torch.randint(steps, (count,), generator=generator)
    places[torch.rand(count, generator=generator) < absorbed] = steps
    return places


def optimise(
    problem: Problem, encoder: Encoder, learner: Learner, config: PPOConfig, seed: int
) -> ActorCriticPolicy:
    """Train PPO on the learner's reward with the rest of the budget of steps; returns its network.

    Args:
        encoder: normalisation of the policy's observations.

    Raises:
        ValueError: if fewer steps are left than a rollout takes.
    """
    # Rewards are set after each rollout; until then they are 0, because the problem's are NaN.
    env = GymnasiumVecEnv(TransformReward(problem.env(config.num_envs), np.zeros_like))
    model = PPO(
        "MlpPolicy",
        env,
        learning_rate=config.learning_rate,
        n_steps=config.rollout_steps,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.discount,
        gae_lambda=config.gae_lambda,
        ent_coef=config.entropy_coefficient,
        policy_kwargs=network_arguments(encoder, config),
        seed=seed,
        device="cpu",
    )
    learn(model, problem.steps_left, RewardLearning(learner, problem.max_episode_steps))
    return model.policy


def network_arguments(encoder: Encoder, config: PPOConfig) -> dict[str, Any]:
    """Arguments of Stable-Baselines3's network."""
    return {
        "net_arch": list(config.hidden_sizes),
        "activation_fn": nn.Tanh,
        "features_extractor_class": Normalised,
        "features_extractor_kwargs": {"encoder": encoder},
        "optimizer_kwargs": {"eps": 1e-5, "fused": True},
    }


def restore_optimised(
    world: World, tensors: Mapping[str, NDArray[Any]], config: PPOConfig
) -> ActorCritic:
    """The policy whose `tensors` these are, without its reward; it samples anew, from seed 0.

    Raises:
        KeyError, RuntimeError: if they are not those of such a policy for this world.
    """
    spaces, encoder = world.spaces, Encoder(world.spaces.observation)
    with untouched_generators():
        network = ActorCriticPolicy(
            spaces.observation,
            spaces.action,
            lambda remaining: config.learning_rate,
            **network_arguments(encoder, config),
        )
    load_tensors(network, tensors)
    return policy_of(network, 0)


class Normalised(BaseFeaturesExtractor):
    """Normalises observations as an encoder does, by statistics that are saved with the policy."""

    def __init__(self, observation_space: gym.Space[Any], encoder: Encoder) -> None:
        super().__init__(observation_space, encoder.size)
        # Parameters, so that they are saved with the policy; they are never trained.
        self.mean = nn.Parameter(encoder.mean.clone(), requires_grad=False)
        self.scale = nn.Parameter(encoder.scale.clone(), requires_grad=False)

    def forward(self, observations: Tensor) -> Tensor:
        rows = observations.flatten(1)  # Stable-Baselines3 has made Discrete ones one-hot
        return (rows - self.mean) / self.scale if self.mean.numel() else rows


class RewardLearning(BaseCallback):
    """Updates the reward, and sets the rollout's rewards, between a rollout and PPO's update."""

    def __init__(self, learner: Learner, max_episode_steps: int) -> None:
        super().__init__()
        self._learner = learner
        self._max_episode_steps = max_episode_steps

    def _on_training_start(self) -> None:
        self._steps_left = np.full(self.model.n_envs, self._max_episode_steps)
        self._seen: list[tuple[NDArray[Any], ...]] = []  # since the rollout began

    def _on_step(self) -> bool:
        following, done, infos = (self.locals[name] for name in ("new_obs", "dones", "infos"))
        terminated = np.zeros_like(done)
        self._steps_left -= 1
        steps_left = self._steps_left.copy()
        if done.any():
            following = following.copy()
            for i in np.flatnonzero(done):
                following[i] = infos[i]["terminal_observation"]
                terminated[i] = not infos[i]["TimeLimit.truncated"]
            self._steps_left[done] = self._max_episode_steps
        self._seen.append((following, terminated, steps_left))
        return True

    def _on_rollout_end(self) -> None:
        buffer, policy = self.locals["rollout_buffer"], self.locals["self"].policy
        paid = self._learner(policy, self._rollout(buffer))
        if not np.isfinite(paid).all():
            raise ArithmeticError(
                f"the learned reward is not finite after {self.num_timesteps:,} steps: it has "
                "diverged; lower its learning rate"
            )
        # The buffer's rewards already hold the bootstrapped values of truncated episodes. The new
        # ones are scaled by 1 - gamma, so that values are means of rewards, which suits the critic.
        buffer.rewards += (1.0 - buffer.gamma) * paid.reshape(buffer.rewards.shape)
        buffer.compute_returns_and_advantage(self.locals["values"], self.locals["dones"])

    def _rollout(self, buffer: Any) -> Transitions:
        observation_space, action_space = self.model.observation_space, self.model.action_space
        actions = elements(action_space, buffer.actions)
        if isinstance(action_space, gym.spaces.Box):  # as Stable-Baselines3 does before it steps
            actions = np.clip(actions, action_space.low, action_space.high)
        observations = elements(observation_space, buffer.observations)
        seen, self._seen = self._seen, []
        return Transitions(observations, actions, *map(np.concatenate, zip(*seen, strict=True)))


def elements(space: gym.Space[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of a buffer, [steps, environments, ...], as elements of a space, [rows, ...]."""
    return rows.reshape(-1, *(space.shape or ())).astype(space.dtype)


@torch.no_grad()
def log_probabilities(
    policy: ActorCriticPolicy, observations: NDArray[Any], actions: NDArray[Any]
) -> Tensor:
    """Log-probabilities of actions under a policy, in nats, float32 [rows]."""
    rows, _ = policy.obs_to_tensor(observations)
    _, logs, _ = policy.evaluate_actions(rows, torch.as_tensor(actions, dtype=torch.float32))
    return logs
