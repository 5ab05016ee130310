"""Stable-Baselines3's own A2C and PPO, one button at a time: a check on MAIL's SAPS comparisons.

All settings but the number of environments are Stable-Baselines3's defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import gymnasium as gym
from numpy.typing import NDArray
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.vec_env import VecTransposeImage

from baselines.action_models import saps
from baselines.actor_critic import (
    ActorCritic,
    has_buttons,
    learn,
    load_tensors,
    network_name,
    policy_of,
    untouched_generators,
)
from baselines.networks import one_thread
from il_envs import Algorithm, Problem, World, tunable_choice, tuned
from il_envs.stable_baselines import GymnasiumVecEnv


@dataclass(frozen=True)
class StableBaselinesConfig:
    """Settings of an algorithm of Stable-Baselines3."""

    num_envs: int = tunable_choice(8, (4, 8, 16))
    """Environments that run side by side."""


def train(
    algorithm: type[A2C] | type[PPO], problem: Problem, seed: int, config: StableBaselinesConfig
) -> ActorCritic:
    """Learn from the whole budget of steps.

    Raises:
        TypeError: if the world's actions are not buttons.
        ValueError: if the budget does not suffice for one rollout.
    """
    actions = saps(problem.action_space)
    with one_thread(), untouched_generators():
        env = GymnasiumVecEnv(actions.wrap(problem.env(config.num_envs, reward=True)))
        model = algorithm(network_name(problem.observation_space), env, seed=seed, device="cpu")
        learn(model, problem.budget.steps)
    return policy_of(model.policy, seed, actions.chords)


def restore(
    world: World, tensors: Mapping[str, NDArray[Any]], config: StableBaselinesConfig
) -> ActorCritic:
    """The policy whose `tensors` these are; it samples anew, from seed 0.

    Raises:
        KeyError, RuntimeError: if they are not those of such a policy for this world.
    """
    actions, observation_space = saps(world.spaces.action), cast(Any, world.spaces.observation)
    kind = A2C.policy_aliases[network_name(observation_space)]  # the same ones as PPO's
    if isinstance(observation_space, gym.spaces.Box) and is_image_space(observation_space):
        observation_space = VecTransposeImage.transpose_space(observation_space)
    with untouched_generators():
        network: Any = kind(observation_space, actions.space, lambda remaining: 0.0)
    load_tensors(network, tensors)
    return policy_of(network, 0, actions.chords)


a2c = tuned(
    Algorithm(
        name="a2c-saps",
        summary="Stable-Baselines3's A2C, one button at a time",
        sources=frozenset({"env", "reward"}),
        config=StableBaselinesConfig(),
        train=partial(train, A2C),
        applies_to=has_buttons,
        restore=restore,
    ),
    __file__,
)
ppo = tuned(
    replace(
        a2c,
        name="ppo-saps",
        summary="Stable-Baselines3's PPO, one button at a time",
        train=partial(train, PPO),
    ),
    __file__,
)
