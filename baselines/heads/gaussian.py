"""One mode of continuous actions."""

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from baselines.heads.head import LikelihoodHead

LOG_DEVIATION_MIN = -6.0
"""Least log standard deviation of a Gaussian policy: a deviation of about 1/400 of a unit."""


class GaussianHead(LikelihoodHead):
    """For Box actions: a Gaussian with the network's output as mean, and a standard deviation that
    does not depend on the observation.

    The deviation weighs each entry of the action by how precisely it can be predicted. It is fitted
    to held-out rows, because the error on rows that a network was trained on is too small.
    """

    kinds = (gym.spaces.Box,)
    log_deviation: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, space: gym.spaces.Box) -> None:
        super().__init__()
        self.outputs = space.shape[0]
        self.register_buffer("log_deviation", torch.full((self.outputs,), -1.0))
        self.register_buffer("low", torch.tensor(space.low), persistent=False)
        self.register_buffer("high", torch.tensor(space.high), persistent=False)

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        log_deviation = self._log_deviation()
        scaled = (outputs - actions) * torch.exp(-log_deviation)
        constant = 0.5 * np.log(2.0 * np.pi)
        return -0.5 * scaled.square().sum(1) - (log_deviation + constant).sum()

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is not None:
            noise = torch.randn(outputs.shape, generator=generator)
            outputs = outputs + noise * torch.exp(self._log_deviation())
        return torch.clamp(outputs, self.low, self.high)

    def moments(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean [rows, m] and covariance [rows, m, m] of the draws, before they are cut."""
        variances = torch.exp(2.0 * self._log_deviation())
        return outputs, torch.diag(variances).expand(len(outputs), -1, -1)

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
