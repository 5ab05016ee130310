"""Numbered actions."""

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.heads.head import LikelihoodHead


class CategoricalHead(LikelihoodHead):
    """For Discrete actions: a categorical distribution."""

    kinds = (gym.spaces.Discrete,)

    def __init__(self, space: gym.spaces.Discrete) -> None:
        super().__init__()
        self.outputs = int(space.n)
        self._start = int(space.start)

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        return -functional.cross_entropy(outputs, actions.long() - self._start, reduction="none")

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return outputs.argmax(1) + self._start
        probabilities = functional.softmax(outputs, 1)
        return torch.multinomial(probabilities, 1, generator=generator)[:, 0] + self._start

    def average(self, outputs: Tensor) -> Tensor:
        """The logarithms of the mean probabilities."""
        return functional.log_softmax(outputs, 2).logsumexp(0) - np.log(len(outputs))

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        return functional.softmax(outputs.double(), 1).numpy()
