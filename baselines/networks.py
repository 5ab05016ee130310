"""The policy network that the baselines share, with a likelihood for each kind of action space."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from baselines.encoders import Encoder, is_picture
from il_envs import World
from il_envs.buttons import joint_probabilities

LOG_DEVIATION_MIN = -6.0
"""Least log standard deviation of a Gaussian policy: a deviation of about 1/400 of a unit."""


class ActionHead(nn.Module, ABC):
    """A distribution over actions, parametrised by the outputs of a network."""

    outputs: int

    @abstractmethod
    def negative_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """Mean of -log pi over the batch, in nats; outputs [rows, outputs], actions [rows, ...]."""

    @abstractmethod
    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        """A sample, or the mode if there is no generator."""

    def calibrate(self, outputs: Tensor, actions: Tensor) -> None:
        """Fit the parameters that are not network outputs, if any, to held-out actions."""
        return

    @abstractmethod
    def average(self, outputs: Tensor) -> Tensor:
        """The outputs [rows, outputs] that represent the mean of several networks' distributions.

        Args:
            outputs: [networks, rows, outputs].
        """


class GaussianHead(ActionHead):
    """For Box actions: a Gaussian with the network's output as mean, and a standard deviation that
    does not depend on the observation.

    The deviation weighs each entry of the action by how precisely it can be predicted. It is fitted
    to held-out rows, because the error on rows that a network was trained on is too small.
    """

    log_deviation: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, space: gym.spaces.Box) -> None:
        super().__init__()
        self.outputs = space.shape[0]
        self.register_buffer("log_deviation", torch.full((self.outputs,), -1.0))
        self.register_buffer("low", torch.tensor(space.low), persistent=False)
        self.register_buffer("high", torch.tensor(space.high), persistent=False)

    def negative_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        log_deviation = self._log_deviation()
        scaled = (outputs - actions) * torch.exp(-log_deviation)
        constant = 0.5 * np.log(2.0 * np.pi)
        loss: Tensor = (0.5 * scaled * scaled).sum(1).mean() + (log_deviation + constant).sum()
        return loss

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is not None:
            noise = torch.randn(outputs.shape, generator=generator)
            outputs = outputs + noise * torch.exp(self._log_deviation())
        return torch.clamp(outputs, self.low, self.high)

    def average(self, outputs: Tensor) -> Tensor:
        """The mean of the modes."""
        return torch.clamp(outputs, self.low, self.high).mean(0)

    def calibrate(self, outputs: Tensor, actions: Tensor) -> None:
        """Set the deviation to its maximum-likelihood value: the root of the mean squared error."""
        self.log_deviation.copy_(0.5 * torch.log((outputs - actions).square().mean(0)))

    def _log_deviation(self) -> Tensor:
        """The log deviation, at least LOG_DEVIATION_MIN; a perfectly predictable expert would
        otherwise drive it to minus infinity."""
        return self.log_deviation.clamp(min=LOG_DEVIATION_MIN)


class CategoricalHead(ActionHead):
    """For Discrete actions: a categorical distribution."""

    def __init__(self, space: gym.spaces.Discrete) -> None:
        super().__init__()
        self.outputs = int(space.n)
        self._start = int(space.start)

    def negative_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, actions.long() - self._start)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return outputs.argmax(1) + self._start
        probabilities = functional.softmax(outputs, 1)
        return torch.multinomial(probabilities, 1, generator=generator)[:, 0] + self._start

    def average(self, outputs: Tensor) -> Tensor:
        """The logarithms of the mean probabilities."""
        return functional.log_softmax(outputs, 2).logsumexp(0) - np.log(len(outputs))

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The probability of each action, float64 [rows, actions]."""
        return functional.softmax(outputs.double(), 1).numpy()


class BernoulliHead(ActionHead):
    """For MultiBinary actions: independent Bernoulli distributions, one for each button."""

    def __init__(self, space: gym.spaces.MultiBinary) -> None:
        super().__init__()
        self.outputs = space.shape[0]

    def negative_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(
            outputs, actions.to(outputs.dtype), reduction="none"
        )
        return losses.sum(1).mean()

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return (outputs > 0.0).to(torch.int8)
        return torch.bernoulli(torch.sigmoid(outputs), generator=generator).to(torch.int8)

    def average(self, outputs: Tensor) -> Tensor:
        """The logits of each button's mean probability; the buttons stay independent."""
        pressed, released = functional.logsigmoid(outputs), functional.logsigmoid(-outputs)
        return pressed.logsumexp(0) - released.logsumexp(0)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The probability of each chord, float64 [rows, 2^K]: the product over the buttons."""
        logits = outputs.double()
        pressed, released = torch.sigmoid(logits), torch.sigmoid(-logits)
        return joint_probabilities(pressed.numpy(), released.numpy())


def action_head(space: gym.Space[Any]) -> ActionHead:
    """The head for an action space.

    Raises:
        TypeError: if there is no head for it.
    """
    if isinstance(space, gym.spaces.Box):
        return GaussianHead(space)
    if isinstance(space, gym.spaces.Discrete):
        return CategoricalHead(space)
    if isinstance(space, gym.spaces.MultiBinary):
        return BernoulliHead(space)
    raise TypeError(f"no likelihood for the action space {space}")


class Eye(nn.Sequential):
    """Convolutions over pictures, uint8 [rows, height, width, colours], to float32 [rows, size].

    The layers are those of Mnih et al. 2013, "Playing Atari with Deep Reinforcement Learning"
    (section 5.1), and a third one like the second, since pictures here may be larger than theirs.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(
            nn.Conv2d(shape[2], 16, 8, stride=4), nn.ReLU(),
            nn.Conv2d(16, 32, 4, stride=2), nn.ReLU(),
            nn.Conv2d(32, 32, 4, stride=2), nn.ReLU(),
            nn.Flatten(),
        )  # fmt: skip
        self.size = self(torch.zeros((1, *shape), dtype=torch.uint8)).shape[1]

    def forward(self, pictures: Tensor) -> Tensor:
        features: Tensor = super().forward(pictures.permute(0, 3, 1, 2) / 255.0)
        return features


class NetworkPolicy(nn.Module):
    """A multilayer perceptron from normalised observations to a distribution over actions.

    Observations are encoded by an `Encoder`; pictures then pass through an `Eye`.
    """

    def __init__(
        self,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any],
        hidden_sizes: Sequence[int],
        seed: int,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(observation_space)
        size = self.encoder.size
        self._action_dtype = action_space.dtype
        self._generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)  # initialisation has no generator argument
            self.head = action_head(action_space)
            layers: list[nn.Module] = []
            if is_picture(observation_space):
                eye = Eye(observation_space.shape or ())
                layers, size = [eye], eye.size
            sizes = [size, *hidden_sizes]
            for inputs, outputs in pairwise(sizes):
                layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            self.body: nn.Module = nn.Sequential(*layers, nn.Linear(sizes[-1], self.head.outputs))

    def negative_log_likelihood(self, inputs: Tensor, actions: Tensor) -> Tensor:
        """Mean of -log pi over rows, in nats; `inputs` are encoded observations."""
        return self.head.negative_log_likelihood(self.body(inputs), actions)

    @torch.no_grad()
    def calibrate(self, inputs: Tensor, actions: Tensor) -> None:
        """Fit the head to held-out rows; arguments as in `negative_log_likelihood`."""
        self.head.calibrate(self.body(inputs), actions)

    @torch.no_grad()
    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Actions for a batch of observations, as in `il_envs.Policy`."""
        outputs = self.body(self.encoder(observation))
        actions = self.head.choose(outputs, None if deterministic else self._generator)
        return actions.numpy().astype(self._action_dtype), None

    @torch.no_grad()
    def action_probabilities(self, observation: NDArray[Any], step: int) -> NDArray[np.float64]:
        """The probability of each action or chord, the same at every step, as in `ExactPolicy`.

        Raises:
            TypeError: if actions are neither Discrete nor buttons.
            ValueError: if there are too many buttons to list their chords.
        """
        if not isinstance(self.head, CategoricalHead | BernoulliHead):
            raise TypeError("only Discrete actions and chords of buttons have a probability each")
        return self.head.probabilities(self.body(self.encoder(observation)))

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every weight and statistic by name; `load_tensors` restores them."""
        return {name: tensor.numpy() for name, tensor in self.state_dict().items()}

    def load_tensors(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Load the weights and statistics of a policy of the same shape.

        Raises:
            RuntimeError: if they are not of that shape.
        """
        self.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})


def restored_network(world: World, tensors: Mapping[str, NDArray[Any]]) -> NetworkPolicy:
    """The policy whose `tensors` these are; it samples anew, from seed 0.

    Raises:
        RuntimeError: if they are not those of a policy for this world.
    """
    layers = {name: re.fullmatch(r"body\.(\d+)\.weight", name) for name in tensors}
    numbers = sorted(int(layer[1]) for layer in layers.values() if layer)
    hidden_sizes = [len(tensors[f"body.{number}.weight"]) for number in numbers[:-1]]
    policy = NetworkPolicy(world.spaces.observation, world.spaces.action, hidden_sizes, seed=0)
    policy.load_tensors(tensors)
    return policy


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: networks as small as these are slower on two threads, and far slower
    when two processes share two cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
