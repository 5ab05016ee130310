"""The policy network that the baselines share; `heads` has the distributions it ends in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.encoders import Encoder, is_picture
from baselines.heads import PLAIN, action_head
from baselines.heads.gaussian import GaussianHead
from il_envs import World


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

    Args:
        head: name of the distribution, as in `heads.action_head`.
    """

    is_stationary = True

    def __init__(
        self,
        observation_space: gym.Space[Any],
        action_space: gym.Space[Any],
        hidden_sizes: Sequence[int],
        seed: int,
        head: str = PLAIN,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(observation_space)
        size = self.encoder.size
        self._action_dtype = action_space.dtype
        self._generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)  # initialisation has no generator argument
            self.head = action_head(action_space, head)
            layers: list[nn.Module] = []
            if is_picture(observation_space):
                eye = Eye(observation_space.shape or ())
                layers, size = [eye], eye.size
            sizes = [size, *hidden_sizes]
            for inputs, outputs in pairwise(sizes):
                layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            self.body: nn.Module = nn.Sequential(*layers, nn.Linear(sizes[-1], self.head.outputs))

    def loss(self, inputs: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """The head's loss, a mean over rows; `inputs` are encoded observations."""
        return self.head.loss(self.body(inputs), actions, generator)

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
        return self.head.probabilities(self.body(self.encoder(observation)))

    @torch.no_grad()
    def action_moments(
        self, observation: NDArray[Any], step: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Mean and covariance of the actions, the same at every step, as in `GaussianPolicy`; None
        for heads that are not Gaussian."""
        if not isinstance(self.head, GaussianHead):
            return None
        mean, covariance = self.head.moments(self.body(self.encoder(observation)))
        return mean.double().numpy(), covariance.double().numpy()

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every weight and statistic by name; `load_tensors` restores them."""
        return {name: tensor.numpy() for name, tensor in self.state_dict().items()}

    def load_tensors(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Load the weights and statistics of a policy of the same shape.

        Raises:
            RuntimeError: if they are not of that shape.
        """
        self.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})


def restored_network(
    world: World, tensors: Mapping[str, NDArray[Any]], head: str = PLAIN
) -> NetworkPolicy:
    """The policy with a head of that name whose `tensors` these are; it samples anew, from seed 0.

    Raises:
        RuntimeError: if they are not those of a policy for this world.
    """
    layers = {name: re.fullmatch(r"body\.(\d+)\.weight", name) for name in tensors}
    numbers = sorted(int(layer[1]) for layer in layers.values() if layer)
    hidden_sizes = [len(tensors[f"body.{number}.weight"]) for number in numbers[:-1]]
    spaces = world.spaces
    policy = NetworkPolicy(spaces.observation, spaces.action, hidden_sizes, seed=0, head=head)
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
