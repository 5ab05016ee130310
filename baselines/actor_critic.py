"""Code shared by the baselines that use Stable-Baselines3's actor-critic algorithms."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.preprocessing import is_image_space
from torch.distributions import Distribution

from baselines.heads import plain_head
from baselines.networks import one_thread
from il_envs import LearnedReward, World
from il_envs.buttons import Chords, joint_chords, joint_index


class ActorCritic:
    """The actor of a trained network as an `il_envs.Policy`, with its own random generator.

    Args:
        network: an actor-critic network of Stable-Baselines3, recurrent or not.
        seed: seed of its action samples.
        chords: int8 [chords, K] where the network's actions are rows of that table.
        reward: the reward that it was trained for, where that was learned.
    """

    is_stationary = True

    def __init__(
        self,
        network: ActorCriticPolicy,
        seed: int,
        chords: Chords | None = None,
        reward: LearnedReward | None = None,
    ) -> None:
        self.network = network
        self.reward = reward
        self._chords = chords
        self._generator_state = torch.Generator().manual_seed(seed).get_state()

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Actions for a batch of observations, as in `il_envs.Policy`.

        The state of a recurrent network is that of its LSTM, two float32 [layers, rows, units].
        """
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._generator_state)
            actions, state = self.network.predict(observation, state, episode_start, deterministic)
            self._generator_state = torch.get_rng_state()
        if self._chords is not None:
            return self._chords[actions], state
        return actions.astype(self.network.action_space.dtype), state

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every weight by its name; weights shared by actor and critic are listed once."""
        return {name: weight.numpy(force=True) for name, weight in self.network.named_parameters()}


class ExactActorCritic(ActorCritic):
    """A memoryless actor with finitely many actions, whose probabilities it gives."""

    @torch.no_grad()
    def action_probabilities(self, observation: NDArray[Any], step: int) -> NDArray[np.float64]:
        """The probability of each action, the same at every step, as in `ExactPolicy`.

        Raises:
            ValueError: if there are more than `il_envs.buttons.JOINT_BUTTONS_MAX` buttons.
        """
        rows, _ = self.network.obs_to_tensor(observation)
        distribution: Any = self.network.get_distribution(rows).distribution
        head = plain_head(self.network.action_space)
        probabilities = head.probabilities(distribution.logits)
        if self._chords is None:
            return probabilities
        joint = np.zeros((len(observation), len(joint_chords(self._chords.shape[1]))))
        joint[:, joint_index(self._chords)] = probabilities
        return joint


def policy_of(
    network: ActorCriticPolicy,
    seed: int,
    chords: Chords | None = None,
    reward: LearnedReward | None = None,
) -> ActorCritic:
    """A trained network as a policy, an `ExactActorCritic` where possible; the arguments are those
    of `ActorCritic`."""
    memory = isinstance(network, RecurrentActorCriticPolicy)
    counted = not isinstance(network.action_space, gym.spaces.Box)
    kind = ExactActorCritic if counted and not memory else ActorCritic
    return kind(network, seed, chords, reward)


@torch.no_grad()
def load_tensors(network: ActorCriticPolicy, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Load the weights of an `ActorCritic` of the same shape.

    Raises:
        KeyError: if a weight is missing.
        RuntimeError: if a weight has another shape.
    """
    for name, weight in network.named_parameters():
        weight.copy_(torch.from_numpy(tensors[name]).reshape(weight.shape))


def network_name(observation_space: gym.Space[Any], recurrent: bool = False) -> str:
    """Stable-Baselines3's name of the network for that space: convolutional for images."""
    kind = "Cnn" if is_image_space(observation_space) else "Mlp"
    return f"{kind}LstmPolicy" if recurrent else f"{kind}Policy"


def learn(model: OnPolicyAlgorithm, steps: int, callback: BaseCallback | None = None) -> None:
    """Train for as many whole rollouts as the given environment steps allow.

    Args:
        callback: called at every step and rollout.

    Raises:
        ValueError: if the steps do not suffice for one rollout.
    """
    whole = whole_rollouts(model, steps)
    model.set_logger(Logger(None, []))  # the default one makes a folder
    with _unchecked_distributions():
        model.learn(whole, callback)


@contextmanager
def _unchecked_distributions() -> Iterator[None]:
    """Torch's distributions do not check their arguments, which takes as long as sampling; what is
    not finite still ends a training, when it is sampled or acted on."""
    before = Distribution._validate_args
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        Distribution.set_default_validate_args(before)


def whole_rollouts(model: OnPolicyAlgorithm, steps: int) -> int:
    """The environment steps of as many whole rollouts as the given ones allow.

    Raises:
        ValueError: if they do not suffice for one.
    """
    rollout = model.n_envs * model.n_steps
    if steps < rollout:
        raise ValueError(
            f"{steps:,} environment steps are less than a rollout of {model.n_steps} steps in "
            f"{model.n_envs} environments"
        )
    return steps // rollout * rollout


@contextmanager
def untouched_generators() -> Iterator[None]:
    """Restore the global random generators of Python, NumPy and torch on exit.

    Stable-Baselines3 seeds all three, and draws from them.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def has_buttons(world: World) -> bool:
    """True if a world's actions are buttons that can be pressed together."""
    return isinstance(world.spaces.action, gym.spaces.MultiBinary)
