"""The update of MAIL: A2C on live data plus the log-likelihood of demonstrations.

Harmer et al. 2018, "Imitation Learning with Concurrent Actions in 3D Games". Live data train actor
and critic as in Stable-Baselines3's A2C; demonstrations train the actor alone, including the image
convolutions that it shares with the critic.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3 import A2C
from stable_baselines3.common.distributions import CategoricalDistribution, Distribution
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor
from torch.nn import functional

Schedule = Callable[[float], float]
"""A number as a function of the remaining share of the training, from 1 to 0."""


class Expert(Protocol):
    """Demonstrations, and how minibatches of them are drawn."""

    def loss(self, network: Any) -> Tensor:
        """The mean of -log pi(expert's action | observation) over a new minibatch, in nats."""
        ...


class ExpertRows:
    """Single transitions, drawn uniformly, for networks without memory.

    Args:
        observations: the network's inputs, [transitions, ...].
        targets: the expert's actions: numbers, int64 [transitions]; distributions over numbered
            actions, float32 [transitions, actions]; or, for other action spaces, the actions
            themselves, float32 [transitions, entries].
        batch_size: transitions in a minibatch.
        seed: seed of the minibatches.
    """

    def __init__(self, observations: Tensor, targets: Tensor, batch_size: int, seed: int) -> None:
        self._observations, self._targets = observations, targets
        self._batch_size = batch_size
        self._generator = torch.Generator().manual_seed(seed)

    def loss(self, network: ActorCriticPolicy) -> Tensor:
        rows = torch.randint(len(self._targets), (self._batch_size,), generator=self._generator)
        distribution = network.get_distribution(self._observations[rows])
        return negative_log_likelihood(distribution, self._targets[rows])


class ExpertSequences:
    """Sequences of demonstrated steps, in the order of live data, for recurrent networks.

    Several readers each read one demonstration after another, drawn uniformly, and the network's
    memory carries over from one minibatch to the next. They start at random transitions.

    Args:
        observations: the network's inputs, [transitions, ...].
        targets: as for `ExpertRows`.
        episode_index: the episode of each transition, int64 [transitions], ascending.
        readers: sequences in a minibatch.
        length: steps of each sequence.
        units: units of the network's LSTM.
        seed: seed of the readers' draws.
    """

    def __init__(
        self,
        observations: Tensor,
        targets: Tensor,
        episode_index: NDArray[np.int64],
        readers: int,
        length: int,
        units: int,
        seed: int,
    ) -> None:
        self._observations, self._targets = observations, targets
        self._generator = torch.Generator().manual_seed(seed)
        first = np.diff(episode_index, prepend=-1) != 0
        self._first = torch.from_numpy(np.flatnonzero(first))  # transition of each episode
        self._last = torch.from_numpy(np.roll(first, -1))  # whether a transition ends its episode
        self._next = torch.randint(len(targets), (readers,), generator=self._generator)
        self._fresh = torch.ones(readers, dtype=torch.bool)  # whether memory begins there
        self._memory = torch.zeros(1, readers, units), torch.zeros(1, readers, units)
        self._length = length

    def loss(self, network: Any) -> Tensor:
        rows, starts = self._read()
        distribution, memory = network.get_distribution(
            self._observations[rows], self._memory, starts.float()
        )
        self._memory = memory[0].detach(), memory[1].detach()
        return negative_log_likelihood(distribution, self._targets[rows])

    def _read(self) -> tuple[Tensor, Tensor]:
        """The next transitions, reader by reader, and whether memory begins there, [batch]."""
        rows, starts = [], []
        for _ in range(self._length):
            rows.append(self._next)
            starts.append(self._fresh)
            self._fresh = self._last[self._next]
            episode = torch.randint(len(self._first), self._next.shape, generator=self._generator)
            self._next = torch.where(self._fresh, self._first[episode], self._next + 1)
        return torch.stack(rows, 1).flatten(), torch.stack(starts, 1).flatten()


def negative_log_likelihood(distribution: Distribution, targets: Tensor) -> Tensor:
    """Mean over rows of -log pi, in nats; targets of numbered actions may be distributions."""
    if isinstance(distribution, CategoricalDistribution):
        return functional.cross_entropy(distribution.distribution.logits, targets)
    return -distribution.log_prob(targets).mean()


def descend(network: ActorCriticPolicy, loss: Tensor, max_grad_norm: float) -> None:
    """One step of the network's optimiser, with the gradient clipped to norm `max_grad_norm`."""
    network.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), max_grad_norm)
    network.optimizer.step()


class LiveData(NamedTuple):
    """A rollout evaluated by the current network, each field [transitions]."""

    values: Tensor
    log_likelihood: Tensor
    entropy: Tensor
    advantages: Tensor
    returns: Tensor


class ImitationUpdate(OnPolicyAlgorithm):
    """Replaces an algorithm's update by A2C plus imitation, one gradient step for each rollout.

    Args:
        expert: the demonstrations; may be None where the imitation weight is always 0.
        imitation_weight: weight of the imitation loss, lambda_IL in the paper.
        reinforcement_weight: weight of A2C's loss.
        *args, **kwargs: arguments of the algorithm, which collects the live data.
    """

    def __init__(
        self,
        *args: Any,
        expert: Expert | None,
        imitation_weight: Schedule,
        reinforcement_weight: float,
        **kwargs: Any,
    ) -> None:
        self.expert = expert
        self.imitation_weight = imitation_weight
        self.reinforcement_weight = reinforcement_weight
        super().__init__(*args, **kwargs)

    def train(self) -> None:
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        live = self.live_data()
        policy_loss = -(live.advantages * live.log_likelihood).mean()
        value_loss = functional.mse_loss(live.returns, live.values)
        entropy = live.entropy.mean()
        loss = self.reinforcement_weight * (
            policy_loss - self.ent_coef * entropy + self.vf_coef * value_loss
        )
        weight = self.imitation_weight(self._current_progress_remaining)
        if weight > 0.0:
            assert self.expert is not None, "there is a weight of imitation, but no demonstrations"
            imitation_loss = self.expert.loss(self.policy)
            loss = loss + weight * imitation_loss
            self.logger.record("train/imitation_loss", imitation_loss.item())
        descend(self.policy, loss, self.max_grad_norm)
        self._n_updates += 1
        self.logger.record("train/imitation_weight", weight)
        self.logger.record("train/policy_loss", policy_loss.item())
        self.logger.record("train/value_loss", value_loss.item())
        self.logger.record("train/entropy", entropy.item())

    def live_data(self) -> LiveData:
        """The rollout of this update."""
        raise NotImplementedError

    def _evaluate(
        self, observations: Tensor, actions: Tensor, *memory: Any
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Values, log-likelihoods and entropies, each [transitions].

        Args:
            actions: float32 [transitions, entries], as a buffer keeps them.
            memory: further arguments of a recurrent network.
        """
        if isinstance(self.action_space, spaces.Discrete):
            actions = actions.long().flatten()
        network: Any = self.policy
        values, log_likelihood, entropy = network.evaluate_actions(observations, actions, *memory)
        return values.flatten(), log_likelihood, entropy


class MAIL(ImitationUpdate, A2C):
    """A2C plus imitation."""

    def live_data(self) -> LiveData:
        data = next(self.rollout_buffer.get())
        return LiveData(
            *self._evaluate(data.observations, data.actions), data.advantages, data.returns
        )


class RecurrentMAIL(ImitationUpdate, RecurrentPPO):
    """MAIL with memory; rollouts are collected as in RecurrentPPO.

    Gradients reach back to the first step of the rollout, memory to the first step of the episode.
    """

    def live_data(self) -> LiveData:
        buffer: Any = self.rollout_buffer

        def rows(array: NDArray[Any]) -> Tensor:  # [envs * steps, ...] from [steps, envs, ...]
            return buffer.to_torch(buffer.swap_and_flatten(array))

        first_memory = RNNStates(
            (
                buffer.to_torch(buffer.hidden_states_pi[0]),
                buffer.to_torch(buffer.cell_states_pi[0]),
            ),
            (
                buffer.to_torch(buffer.hidden_states_vf[0]),
                buffer.to_torch(buffer.cell_states_vf[0]),
            ),
        )
        return LiveData(
            *self._evaluate(
                rows(buffer.observations),
                rows(buffer.actions.astype(np.float32)),
                first_memory,
                rows(buffer.episode_starts),
            ),
            rows(buffer.advantages).flatten(),
            rows(buffer.returns).flatten(),
        )
