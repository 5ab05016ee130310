"""Rewards that are networks, of states or of states and actions."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from baselines.encoders import Encoder, is_picture
from il_envs import LearnedReward, TabularReward, World, get_world

FORMS = {
    "logit": lambda logit: logit,
    "survival": functional.softplus,
    "mortality": lambda logit: -functional.softplus(-logit),
}
"""The reward as a function of a network's output f. For a discriminator D = 1 / (1 + exp(-f)) the
forms are log D - log(1 - D), of either sign; -log(1 - D) > 0, which rewards survival; and
log D < 0, which rewards early termination."""


class RewardNetwork(nn.Module):
    """A multilayer perceptron from a state, or a state and an action, to a reward.

    An episode that terminates stays in an absorbing state, which has an indicator input of its own
    and a learned reward like any other state (Kostrikov et al. 2019, "Discriminator-actor-critic",
    section 4.2). The discounted sum of that reward is paid with the step that terminated (Al-Hafez
    et al. 2023, "LS-IQ", section 4).

    Args:
        observation_space: the world's observation space.
        action_space: the world's action space.
        hidden_sizes: units of each hidden layer.
        seed: seed of the initial weights.
        state_only: whether the reward depends on the state alone.
        discount: discount per step of the absorbing state's reward; 0 if it pays nothing.
        form: how the output becomes a reward, a key of `FORMS`.
        anchored: whether the output is 0 in the absorbing state. A reward that is learned only up
            to a constant would otherwise drift, and the values of states with it.

    Raises:
        TypeError: if observations are pictures.
        ValueError: if there is no such form.
    """

    discount: Tensor
    anchored: Tensor
    form: Tensor

    def __init__(
        self,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any],
        hidden_sizes: Sequence[int],
        seed: int,
        state_only: bool = False,
        discount: float = 0.99,
        form: str = "logit",
        anchored: bool = False,
    ) -> None:
        super().__init__()
        if is_picture(observation_space):
            raise TypeError(f"no reward network for pictures, {observation_space}")
        if form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
        self.observation_encoder = Encoder(observation_space)
        self.action_encoder = None if state_only else Encoder(action_space)
        self.size = self.observation_encoder.size + 1  # the absorbing state's own input
        self.size += 0 if self.action_encoder is None else self.action_encoder.size
        self.body = perceptron((self.size, *hidden_sizes), seed)
        self.register_buffer("discount", torch.tensor(discount))
        self.register_buffer("anchored", torch.tensor(anchored))
        self.register_buffer("form", torch.tensor(list(FORMS).index(form)))

    def fit_normalisation(self, observations: NDArray[Any], actions: NDArray[Any]) -> None:
        """Fit the normalisation of inputs to these observations and actions, [rows, ...]."""
        self.observation_encoder.fit(observations)
        if self.action_encoder is not None:
            self.action_encoder.fit(actions)

    def inputs(self, observations: NDArray[Any], actions: NDArray[Any]) -> Tensor:
        """The network's inputs in states that are not absorbing, float32 [rows, size]."""
        parts = [self.observation_encoder(observations)]
        if self.action_encoder is not None:
            parts.append(self.action_encoder(actions))
        return torch.cat([*parts, torch.zeros(len(observations), 1)], 1)

    @property
    def absorbing_input(self) -> Tensor:
        """The network's input in the absorbing state, float32 [1, size]."""
        return functional.one_hot(torch.tensor([self.size - 1]), self.size).float()

    def forward(self, inputs: Tensor) -> Tensor:
        """The output f of each row of inputs, [rows]."""
        outputs: Tensor = self.body(inputs)[:, 0]
        return outputs - self.body(self.absorbing_input)[0, 0] if self.anchored else outputs

    @torch.no_grad()
    def reward(
        self,
        observation: NDArray[Any],
        action: NDArray[Any],
        next_observation: NDArray[Any],
        ended: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """The reward of each transition, float64 [rows], as in `il_envs.LearnedReward`."""
        worth = self.worth(self(self.inputs(observation, action)))
        return self.with_rest(worth, self.worth(self(self.absorbing_input)), ended)

    def worth(self, outputs: Tensor) -> Tensor:
        """The rewards that outputs stand for in the network's form, [rows]."""
        return list(FORMS.values())[int(self.form)](outputs)

    def with_rest(
        self, worth: Tensor, absorbing: Tensor, ended: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Rewards of steps, [rows], plus, where an episode ended, the discounted sum of the
        absorbing state's reward, [1], from then on: float64 [rows]."""
        rest = absorbing * self.discount / (1.0 - self.discount)
        return (worth + torch.as_tensor(ended) * rest).double().numpy()

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every weight, statistic and setting by name; `load_reward` restores the reward from
        them."""
        return {name: tensor.numpy(force=True) for name, tensor in self.state_dict().items()}


class SupportReward(RewardNetwork):
    """The reward of random expert distillation: exp(-sigma |prediction - target|^2), from 0 to 1.

    The target is a network with random weights that stay as they are; the prediction is one that
    was trained to have its outputs on the demonstrations (Wang et al. 2019, "Random Expert
    Distillation"). The absorbing state is in the support if a demonstration has ended there: its
    reward is then 1, and otherwise 0.

    Args:
        observation_space: the world's observation space.
        action_space: the world's action space.
        hidden_sizes: units of each hidden layer of both networks.
        outputs: outputs of both networks.
        seed: seed of their weights.
        discount: as for `RewardNetwork`.
        gain: factor of the target's random weights. A large one bends its outputs over short
            distances, which the prediction cannot then continue beyond the demonstrations.
    """

    sigma: Tensor
    ends: Tensor

    def __init__(
        self,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any],
        hidden_sizes: Sequence[int],
        outputs: int,
        seed: int,
        discount: float = 0.99,
        gain: float = 1.0,
    ) -> None:
        super().__init__(observation_space, action_space, (), seed, discount=discount)
        self.body = perceptron((self.size, *hidden_sizes), seed, outputs)
        self.target = perceptron((self.size, *hidden_sizes), seed + 1, outputs)
        self.target.requires_grad_(False)
        for weight in self.target.parameters():
            weight.mul_(gain)
        self.register_buffer("sigma", torch.tensor(1.0))
        self.register_buffer("ends", torch.tensor(False))

    def error(self, inputs: Tensor) -> Tensor:
        """The squared error of the prediction, mean over the outputs, [rows]."""
        errors: Tensor = (self.body(inputs) - self.target(inputs)).square().mean(1)
        return errors

    def forward(self, inputs: Tensor) -> Tensor:
        """The reward of each row of inputs, [rows]."""
        rewards = torch.exp(-self.sigma * self.error(inputs))
        return torch.where(inputs[:, -1] == 1.0, self.ends.float(), rewards)


def excess_slope(
    network: Callable[[Tensor], Tensor],
    ours: Tensor,
    theirs: Tensor,
    steepest: float,
    generator: torch.Generator,
) -> Tensor:
    """One-sided gradient penalty (Gulrajani et al. 2017): the mean over rows of the squared excess
    of the network's slope over `steepest`, as a share of it, at points between two sides.

    Args:
        network: maps inputs [rows, size] to outputs [rows].
        ours, theirs: inputs of the two sides, [rows, size].
        steepest: largest slope that is not penalised.
    """
    share = torch.rand(len(ours), 1, generator=generator)
    between = torch.lerp(ours, theirs, share).requires_grad_()
    (slopes,) = torch.autograd.grad(network(between).sum(), between, create_graph=True)
    excess: Tensor = (slopes.norm(dim=1) / steepest - 1.0).clamp(min=0.0)
    return excess.square().mean()


def perceptron(sizes: Sequence[int], seed: int, outputs: int = 1) -> nn.Sequential:
    """A multilayer perceptron with tanh units.

    Args:
        sizes: number of inputs and units of each hidden layer.
        seed: seed of the initial weights.
        outputs: number of outputs.
    """
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # initialisation has no generator argument
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.Tanh()]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


def load_reward(path: Path | str, world: World | str) -> LearnedReward:
    """Load the reward in a `reward.safetensors` that a cell of one of the baselines has written.

    Args:
        world: the world in which it was learned.

    Raises:
        ValueError: if there is no such reward in the file, or it is for another world.
    """
    world = get_world(world) if isinstance(world, str) else world
    try:
        arrays = safetensors.numpy.load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: no reward can be read: {error}") from error
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{path}: the reward has numbers that are not finite")
    if "table" in arrays:
        table = TabularReward(arrays["table"])
        table.check_spaces(world.spaces.observation, world.spaces.action)
        return table
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    biases = [name for name in tensors if name.startswith("body") and name.endswith("bias")]
    *hidden, outputs = [len(tensors[name]) for name in biases] or [1]
    spaces = world.spaces.observation, world.spaces.action
    network = (
        SupportReward(*spaces, hidden, outputs, seed=0)
        if "sigma" in tensors
        else RewardNetwork(
            *spaces,
            hidden,
            seed=0,
            state_only=not any(name.startswith("action_encoder") for name in tensors),
        )
    )
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:  # its message lists names and shapes over several lines
        raise ValueError(f"{path}: this is no reward learned in {world.name}") from error
    if not 0 <= int(network.form) < len(FORMS):
        raise ValueError(f"{path}: the reward has the form {int(network.form)}, of {len(FORMS)}")
    return network
