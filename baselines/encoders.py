"""Encoding of the elements of a space as inputs of networks, of comparable scale."""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from il_envs import World

LEAST_DEVIATION = 1e-6
"""Standard deviation below which an entry counts as constant."""


def is_picture(space: gym.Space[Any]) -> bool:
    """True if the elements of a space are pictures, uint8 [height, width, colours]."""
    return isinstance(space, gym.spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3


def sees_numbers(world: World) -> bool:
    """True if a world's observations are numbers, not pictures."""
    return not is_picture(world.spaces.observation)


class Encoder(nn.Module):
    """Elements of a space as float32 [rows, size].

    Elements of a Box are normalised once `fit` has been called; Discrete ones become one-hot, and
    buttons stay ones and zeros. Pictures are passed unchanged.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, space: gym.Space[Any]) -> None:
        super().__init__()
        self._space = space
        self.size = gym.spaces.flatdim(space)
        self._normalises = isinstance(space, gym.spaces.Box) and not is_picture(space)
        statistics = self.size if self._normalises else 0
        self.register_buffer("mean", torch.zeros(statistics))
        self.register_buffer("scale", torch.ones(statistics))

    def fit(self, elements: NDArray[Any]) -> None:
        """Fit the normalisation so that these elements, [rows, ...], have mean 0 and deviation 1.

        Constant entries are only shifted: division by a tiny deviation would blow them up once they
        vary.
        """
        if not self._normalises:
            return
        rows = _flat(elements)
        self.mean.copy_(rows.mean(0))
        deviation = rows.std(0)
        self.scale.copy_(torch.where(deviation > LEAST_DEVIATION, deviation, 1.0))

    def forward(self, elements: NDArray[Any]) -> Tensor:
        """Elements [rows, ...] as a network's inputs."""
        if isinstance(self._space, gym.spaces.Discrete):
            places = torch.as_tensor(elements - self._space.start)
            return functional.one_hot(places, int(self._space.n)).float()
        if is_picture(self._space):
            return torch.as_tensor(elements)
        rows = _flat(elements)
        return (rows - self.mean) / self.scale if self._normalises else rows


def _flat(elements: NDArray[Any]) -> Tensor:
    return torch.as_tensor(elements.reshape(len(elements), -1), dtype=torch.float32)
