"""What a policy network ends in: a distribution over actions, given the network's outputs."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class ActionHead(nn.Module, ABC):
    """A distribution over actions, parametrised by the outputs of a network.

    Attributes:
        kinds: the kinds of action spaces that it is for.
        outputs: how many outputs of the network it needs.
    """

    kinds: ClassVar[tuple[type[gym.Space[Any]], ...]]
    outputs: int

    @classmethod
    def fits(cls, space: gym.Space[Any]) -> bool:
        """True if it is a distribution over the actions of that space, whose entries are in one
        dimension if there are several."""
        return isinstance(space, cls.kinds) and len(space.shape or ()) <= 1

    @classmethod
    def actions(cls) -> str:
        """The actions that it is for, in words."""
        kinds = " and ".join(kind.__name__ for kind in cls.kinds)
        return f"{kinds} actions in one dimension"

    @abstractmethod
    def loss(self, outputs: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """The mean over rows of what training minimises.

        Args:
            outputs: [rows, outputs].
            actions: [rows, ...].
            generator: of the random numbers in it, if there are any.
        """

    @abstractmethod
    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        """A sample, or the mode if there is no generator; [rows, ...] from [rows, outputs]."""

    def normalise(self, actions: Tensor) -> None:
        """Fit the scale on which actions are modelled, if it matters, to actions [rows, ...]."""
        return

    def calibrate(self, outputs: Tensor, actions: Tensor) -> None:
        """Fit the parameters that are not trained by gradients, if any, to held-out actions."""
        return

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The probability of each action or chord, float64 [rows, actions].

        Raises:
            TypeError: if actions are neither Discrete nor buttons.
            ValueError: if there are too many buttons to list their chords.
        """
        raise TypeError("only Discrete actions and chords of buttons have a probability each")

    def average(self, outputs: Tensor) -> Tensor:
        """The outputs [rows, outputs] that represent the mean of several networks' distributions.

        Args:
            outputs: [networks, rows, outputs].

        Raises:
            TypeError: if no outputs represent it.
        """
        raise TypeError(f"no outputs of a {type(self).__name__} stand for a mean of several")


class LikelihoodHead(ActionHead):
    """A distribution whose likelihood is known, and is maximised."""

    @abstractmethod
    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """log pi in nats, [rows]; outputs [rows, outputs], actions [rows, ...]."""

    def negative_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """The mean of -log pi over rows, in nats."""
        return -self.log_likelihood(outputs, actions).mean()

    def loss(self, outputs: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        return self.negative_log_likelihood(outputs, actions)
