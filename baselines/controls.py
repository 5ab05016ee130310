"""Controls: baselines that cannot learn the task, which a learner's score has to exceed.

`shuffled-labels` clones demonstrations whose actions were permuted among the states: its score
takes only the frequency of each action. `constant-reward` is trained on a reward of 1 for each
step: its score takes only staying alive. `do-nothing` always outputs zero, pressing no button: its
score takes no action at all.
"""

from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy

from baselines.actor_critic import ActorCritic, policy_of, untouched_generators
from baselines.bc import BCConfig, ClonedPolicy, blank_policy, clone, restore
from baselines.encoders import Encoder, sees_numbers
from baselines.networks import one_thread
from baselines.reward_learning import PPOConfig, Transitions, optimise, restore_optimised
from il_envs import Algorithm, Problem, RandomPolicy, World

WARM_UP = 64
"""Random steps in each environment from which the normalisation of inputs is computed."""


def train_on_shuffled_labels(problem: Problem, seed: int, config: BCConfig) -> ClonedPolicy:
    """Clone demonstrations whose actions are permuted at random among the states."""
    shown = problem.demonstrations()
    actions = np.random.default_rng(seed).permutation(shown.actions)
    policy = blank_policy(problem, seed, config)
    return clone(
        policy, shown.observations, actions, shown.episode_index, config, config.updates, seed
    )


@dataclass(frozen=True)
class ConstantRewardConfig:
    """Settings of the policy whose reward is 1 for each step."""

    ppo: PPOConfig = field(default_factory=PPOConfig)
    """The policy's optimiser, the same as in the methods that learn rewards."""


def train_on_constant_reward(
    problem: Problem, seed: int, config: ConstantRewardConfig
) -> ActorCritic:
    """Learn to make episodes last as long as possible, over the whole budget of steps."""
    encoder = Encoder(problem.observation_space)
    env = problem.env(config.ppo.num_envs)
    random = RandomPolicy(problem.action_space, seed)
    observation, _ = env.reset()
    seen = [observation]
    for _ in range(WARM_UP):
        actions, _ = random.predict(observation)
        observation, *_ = env.step(actions)
        seen.append(observation)
    encoder.fit(np.concatenate(seen))
    with one_thread(), untouched_generators():
        network = optimise(problem, encoder, _pay_one, config.ppo, seed)
    return policy_of(network, seed)


def _pay_one(policy: ActorCriticPolicy, rollout: Transitions) -> NDArray[np.float64]:
    return np.ones(len(rollout.terminated))


class Idle:
    """A policy whose actions are all zero."""

    is_affine = True

    def __init__(self, action: NDArray[Any]) -> None:
        """From the action that is zero."""
        self._action = action

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Zeros, [rows, ...], as in `Policy`."""
        return np.tile(self._action, (len(observation), *[1] * self._action.ndim)), None

    def action_moments(
        self, observation: NDArray[Any], step: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Zero, without chance, as in `GaussianPolicy`."""
        rows, size = len(observation), self._action.size
        return np.zeros((rows, size)), np.zeros((rows, size, size))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The action, for storage."""
        return {"action": self._action}


@dataclass(frozen=True)
class IdleConfig:
    """Settings of `do_nothing`: none."""


def do_nothing(problem: Problem, seed: int, config: IdleConfig) -> Idle:
    """Return the idle policy, which is not trained."""
    space = problem.action_space
    return Idle(np.zeros(space.shape or (), space.dtype))


def has_a_zero(world: World) -> bool:
    """True if a world has an action that does nothing: zeros within bounds, or no button."""
    space = world.spaces.action
    if isinstance(space, gym.spaces.Box):
        return space.contains(np.zeros(space.shape, space.dtype))
    return isinstance(space, gym.spaces.MultiBinary)


def learns_a_reward(algorithm: Algorithm[Any]) -> bool:
    """True if an algorithm acts for a reward that it learns itself: it uses neither the world's
    reward nor an interactive expert."""
    return "env" in algorithm.sources and not {"reward", "expert"} & algorithm.sources


shuffled = Algorithm(
    name="shuffled-labels",
    summary="behaviour cloning of actions dealt out anew among the states",
    sources=frozenset({"demonstrations"}),
    config=BCConfig(),
    train=train_on_shuffled_labels,
    control_for=lambda algorithm: algorithm.uses_labels,
    restore=restore,
)
constant = Algorithm(
    name="constant-reward",
    summary="paid 1 for each step, whatever it does; PPO",
    sources=frozenset({"env"}),
    config=ConstantRewardConfig(),
    train=train_on_constant_reward,
    applies_to=sees_numbers,
    control_for=learns_a_reward,
    restore=lambda world, tensors, config: restore_optimised(world, tensors, config.ppo),
)
nothing = Algorithm(
    name="do-nothing",
    summary="zeros, or no button, at every step",
    sources=frozenset(),
    config=IdleConfig(),
    train=do_nothing,
    applies_to=has_a_zero,
    control_for=lambda algorithm: True,
    restore=lambda world, tensors, config: Idle(tensors["action"]),
)
