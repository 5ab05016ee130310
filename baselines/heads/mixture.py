"""Several modes: a mixture density network (Bishop 1994, "Mixture density networks").

The hidden variable is the number of the component, with which of its minds the expert acted.
"""

from typing import cast

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans
from torch import Tensor
from torch.nn import functional

from baselines.heads.bernoulli import BernoulliHead
from baselines.heads.categorical import CategoricalHead
from baselines.heads.head import LikelihoodHead
from baselines.heads.point import component_head

COMPONENTS = 8
LEAST_SHARE = 0.05
"""A cluster's share of a button's presses counts as this much at least, and as 1 minus it at most.
"""


class MixtureHead(LikelihoodHead):
    """For Box actions a mixture of points, for buttons one of independent buttons.

    The network gives the components' weights, and how far their points, or logits, are from the
    centres of the demonstrated actions' clusters. Components that start together stay together
    (Shafiullah et al. 2022, "Behavior transformers", section 3.1).
    """

    kinds = (gym.spaces.Box, gym.spaces.MultiBinary)
    centres: Tensor

    def __init__(self, space: gym.spaces.Box | gym.spaces.MultiBinary) -> None:
        super().__init__()
        self.number = CategoricalHead(gym.spaces.Discrete(COMPONENTS))
        self.component = component_head(space)
        self.outputs = self.number.outputs + COMPONENTS * self.component.outputs
        self.register_buffer("centres", torch.zeros(COMPONENTS, self.component.outputs))

    def normalise(self, actions: Tensor) -> None:
        """Find the centres by k-means; if there are fewer different actions, some have several."""
        rows = actions.double().numpy()
        scale = rows.std(0).clip(1e-6)
        found, _ = kmeans(rows / scale, min(COMPONENTS, len(rows)), rng=0)
        centres = torch.as_tensor(found[np.arange(COMPONENTS) % len(found)] * scale)
        if isinstance(self.component, BernoulliHead):
            centres = torch.logit(centres, LEAST_SHARE)
        self.centres.copy_(centres)

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        return self._joint_log_likelihood(outputs, actions).logsumexp(1)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        """A sample, or the mode of the heaviest component."""
        weights, components = self._split(outputs)
        chosen = self.number.choose(weights, generator)
        return self.component.choose(components[torch.arange(len(outputs)), chosen], generator)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        weights, components = self._split(outputs)
        shares = self.number.probabilities(weights)
        given = [self.component.probabilities(components[:, k]) for k in range(COMPONENTS)]
        return cast(NDArray[np.float64], np.einsum("nk,kna->na", shares, np.stack(given)))

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the components' weights, [rows, components], and the components' own
        outputs, [rows, components, outputs]."""
        weights, components = outputs[:, :COMPONENTS], outputs[:, COMPONENTS:]
        offsets = components.reshape(len(outputs), COMPONENTS, self.component.outputs)
        return weights, self.centres + offsets

    def _joint_log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """log of weight times likelihood of each component, [rows, components]."""
        weights, components = self._split(outputs)
        likelihoods = self.component.log_likelihood(
            components.flatten(0, 1), actions.repeat_interleave(COMPONENTS, 0)
        )
        return functional.log_softmax(weights, 1) + likelihoods.reshape(weights.shape)
