"""Several modes: a mixture density network (Bishop 1994, "Mixture density networks").

The hidden variable is the number of the component, with which of its minds the expert acted.
"""

from typing import cast

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.heads.gaussian import GaussianHead
from baselines.heads.head import LikelihoodHead
from baselines.heads.plain import plain_head

COMPONENTS = 8


class MixtureHead(LikelihoodHead):
    """For Box actions a mixture of Gaussians, for buttons one of independent buttons.

    The network gives the components' weights and means, or logits. The deviation of the Gaussians
    is shared by all components and observations, and fitted to held-out rows.
    """

    kinds = (gym.spaces.Box, gym.spaces.MultiBinary)

    def __init__(self, space: gym.spaces.Box | gym.spaces.MultiBinary) -> None:
        super().__init__()
        self.component = plain_head(space)
        self.outputs = COMPONENTS * (1 + self.component.outputs)

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        return self._joint_log_likelihood(outputs, actions).logsumexp(1)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        """A sample, or the mode of the heaviest component."""
        weights, components = self._split(outputs)
        if generator is None:
            chosen = weights.argmax(1)
        else:
            shares = functional.softmax(weights, 1)
            chosen = torch.multinomial(shares, 1, generator=generator)[:, 0]
        return self.component.choose(components[torch.arange(len(outputs)), chosen], generator)

    def calibrate(self, outputs: Tensor, actions: Tensor) -> None:
        """A step of expectation maximisation for the deviation (Bishop 1994, equation 34)."""
        if isinstance(self.component, GaussianHead):
            _, means = self._split(outputs)
            responsibilities = functional.softmax(self._joint_log_likelihood(outputs, actions), 1)
            errors = (means - actions[:, None]).square()
            variances = (responsibilities[:, :, None] * errors).sum((0, 1)) / len(actions)
            self.component.log_deviation.copy_(0.5 * torch.log(variances))

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        weights, components = self._split(outputs)
        shares = functional.softmax(weights.double(), 1).numpy()
        given = [self.component.probabilities(components[:, k]) for k in range(COMPONENTS)]
        return cast(NDArray[np.float64], np.einsum("nk,kna->na", shares, np.stack(given)))

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the components' weights, [rows, components], and the components' own
        outputs, [rows, components, outputs]."""
        weights, components = outputs[:, :COMPONENTS], outputs[:, COMPONENTS:]
        return weights, components.reshape(len(outputs), COMPONENTS, self.component.outputs)

    def _joint_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """log of weight times likelihood of each component, [rows, components]."""
        weights, components = self._split(outputs)
        likelihoods = self.component.log_likelihood(
            components.flatten(0, 1), actions.repeat_interleave(COMPONENTS, 0)
        )
        return functional.log_softmax(weights, 1) + likelihoods.reshape(weights.shape)
