"""Buttons that know nothing of one another."""

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.heads.head import LikelihoodHead
from il_envs.buttons import joint_probabilities


class BernoulliHead(LikelihoodHead):
    """For MultiBinary actions: independent Bernoulli distributions, one for each button."""

    kinds = (gym.spaces.MultiBinary,)

    def __init__(self, space: gym.spaces.MultiBinary) -> None:
        super().__init__()
        self.outputs = space.shape[0]

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(
            outputs, actions.to(outputs.dtype), reduction="none"
        )
        return -losses.sum(1)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return (outputs > 0.0).to(torch.int8)
        return torch.bernoulli(torch.sigmoid(outputs), generator=generator).to(torch.int8)

    def average(self, outputs: Tensor) -> Tensor:
        """The logits of each button's mean probability; the buttons stay independent."""
        pressed, released = functional.logsigmoid(outputs), functional.logsigmoid(-outputs)
        return pressed.logsumexp(0) - released.logsumexp(0)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The probability of each chord: the product over the buttons."""
        logits = outputs.double()
        pressed, released = torch.sigmoid(logits), torch.sigmoid(-logits)
        return joint_probabilities(pressed.numpy(), released.numpy())
