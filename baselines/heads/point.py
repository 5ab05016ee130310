"""One action, and how closely it is to be met."""

from math import log, pi

import gymnasium as gym
import torch
from torch import Tensor

from baselines.heads.bernoulli import BernoulliHead
from baselines.heads.head import LikelihoodHead

TOLERANCE = 0.05
"""Standard deviation of the Gaussian, in the units of the action."""


class PointHead(LikelihoodHead):
    """For Box actions: the network's output itself. Its likelihood is that of a Gaussian around it.

    It is a component of a distribution with several modes. If the deviation of the components were
    fitted, it would be small where one mode can be predicted exactly, and then most of the loss is
    how exactly, and little is which mode. Draws have no noise, because which component was drawn is
    noise enough.
    """

    kinds = (gym.spaces.Box,)
    low: Tensor
    high: Tensor

    def __init__(self, space: gym.spaces.Box) -> None:
        super().__init__()
        self.outputs = space.shape[0]
        self.register_buffer("low", torch.tensor(space.low), persistent=False)
        self.register_buffer("high", torch.tensor(space.high), persistent=False)

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        constant = log(TOLERANCE) + 0.5 * log(2.0 * pi)
        return -(0.5 * ((outputs - actions) / TOLERANCE).square() + constant).sum(1)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        return torch.clamp(outputs, self.low, self.high)


def component_head(space: gym.spaces.Box | gym.spaces.MultiBinary) -> LikelihoodHead:
    """The distribution over actions that is left when the hidden variable is known."""
    return PointHead(space) if isinstance(space, gym.spaces.Box) else BernoulliHead(space)
