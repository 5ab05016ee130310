"""Learning a reward from what Stable-Baselines3's PPO does for it, and paying it that reward.

After each rollout the reward is learned from it, the rollout is paid with the new reward, and then
PPO updates its policy: the order of Ho and Ermon 2016, algorithm 1.
"""

from collections.abc import Callable
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

from baselines.actor_critic import learn
from baselines.encoders import Encoder
from il_envs import Demonstrations, Problem
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
    epochs: int = 10
    """Passes over a rollout."""
    learning_rate: float = 3e-4
    """Of Adam."""
    discount: float = 0.99
    """Of rewards, a step."""
    gae_lambda: float = 0.95
    """Of generalised advantage estimation (Schulman et al. 2016)."""
    entropy_coefficient: float = 0.0
    """Of the bonus on the entropy of the next action, in nats."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Tanh units of each hidden layer, of the actor and of the critic, which share none."""


class Transitions(NamedTuple):
    """What somebody did; rows of a rollout go step by step through all environments."""

    observations: NDArray[Any]  # [rows, ...]
    actions: NDArray[Any]  # [rows, ...], as the world took them
    next_observations: NDArray[Any]  # [rows, ...], of an episode's last step its last one
    terminated: NDArray[np.bool_]  # [rows]
    steps_left: NDArray[np.int64]  # [rows], after this one, were the episode to go on to its limit


Learner = Callable[[ActorCriticPolicy, Transitions], NDArray[np.float64]]
"""Learns a reward from a rollout of a policy, and returns what it pays for it, float64 [rows]."""


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
    """The share of discounted time that is spent in the absorbing state: an episode that terminated
    stays there for as many steps as were left of it."""
    left = transitions.steps_left[transitions.terminated]
    rests = (discount * (1.0 - discount**left) / (1.0 - discount)).sum()
    return float(rests / (rests + len(transitions.terminated)))


def draw_places(steps: int, absorbed: float, count: int, generator: torch.Generator) -> Tensor:
    """Random steps from 0 on, and with the probability `absorbed` the number `steps`, which stands
    for the absorbing state; int64 [count]."""
    places = torch.randint(steps, (count,), generator=generator)
    places[torch.rand(count, generator=generator) < absorbed] = steps
    return places


def optimise(
    problem: Problem, encoder: Encoder, learner: Learner, config: PPOConfig, seed: int
) -> ActorCriticPolicy:
    """The policy that PPO arrives at with what is left of the budget of steps, paid by the learner.

    Args:
        encoder: of observations, as the policy sees them.

    Raises:
        ValueError: if fewer steps are left than a rollout takes.
    """
    # Rewards are paid after each rollout; until then they are 0, where the problem's are NaN.
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
        policy_kwargs={
            "net_arch": list(config.hidden_sizes),
            "activation_fn": nn.Tanh,
            "features_extractor_class": Normalised,
            "features_extractor_kwargs": {"encoder": encoder},
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        seed=seed,
        device="cpu",
    )
    learn(model, problem.steps_left, RewardLearning(learner, problem.max_episode_steps))
    return model.policy


class Normalised(BaseFeaturesExtractor):
    """Observations normalised as an encoder does it, by numbers that are saved with the policy."""

    def __init__(self, observation_space: gym.Space[Any], encoder: Encoder) -> None:
        super().__init__(observation_space, encoder.size)
        # Parameters, so that they count as the policy's; they are never trained.
        self.mean = nn.Parameter(encoder.mean.clone(), requires_grad=False)
        self.scale = nn.Parameter(encoder.scale.clone(), requires_grad=False)

    def forward(self, observations: Tensor) -> Tensor:
        rows = observations.flatten(1)  # Stable-Baselines3 has made them ones and zeros if Discrete
        return (rows - self.mean) / self.scale if self.mean.numel() else rows


class RewardLearning(BaseCallback):
    """Has the reward learned and paid between a rollout and PPO's update."""

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
        # What is there already is the value of the states in which episodes were truncated. Values
        # are to be means of the reward, and not sums of a hundred: of the critic's own size.
        buffer.rewards += (1.0 - buffer.gamma) * paid.reshape(buffer.rewards.shape)
        buffer.compute_returns_and_advantage(self.locals["values"], self.locals["dones"])

    def _rollout(self, buffer: Any) -> Transitions:
        observation_space, action_space = self.model.observation_space, self.model.action_space
        actions = _elements(action_space, buffer.actions)
        if isinstance(action_space, gym.spaces.Box):  # as Stable-Baselines3 does before it steps
            actions = np.clip(actions, action_space.low, action_space.high)
        observations = _elements(observation_space, buffer.observations)
        seen, self._seen = self._seen, []
        return Transitions(observations, actions, *map(np.concatenate, zip(*seen, strict=True)))


def _elements(space: gym.Space[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of a buffer, [steps, environments, ...], as elements of a space, [rows, ...]."""
    return rows.reshape(-1, *(space.shape or ())).astype(space.dtype)


@torch.no_grad()
def log_probabilities(
    policy: ActorCriticPolicy, observations: NDArray[Any], actions: NDArray[Any]
) -> Tensor:
    """Of actions under a policy, in nats, float32 [rows]."""
    rows, _ = policy.obs_to_tensor(observations)
    _, logs, _ = policy.evaluate_actions(rows, torch.as_tensor(actions, dtype=torch.float32))
    return logs
