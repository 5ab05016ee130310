"""A hidden intention: a conditional variational autoencoder (Sohn, Lee and Yan 2015, "Learning
structured output representation using deep conditional generative models", section 4.1).

The expert's action depends on a latent variable z, a standard normal one. The decoder gives the
distribution of the action from features of the observation and z. In training the recogniser tells
from the action what z may have been; in use z is drawn from the prior. The loss is an upper bound
of -log pi, with several samples of z, weighted by importance (Burda, Grosse and Salakhutdinov 2016,
"Importance weighted autoencoders", equation 8). With one sample, the evidence lower bound, the
recogniser leaves values of z out between the expert's minds, which then decode to actions between
them.
"""

from math import log

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.heads.head import ActionHead
from baselines.heads.latent_draws import draw, fixed_draws
from baselines.heads.point import component_head

FEATURES, LATENTS, UNITS = 64, 2, 64
SAMPLES = 16
"""Samples of the latent variable for each row of the loss."""


class ConditionalVAEHead(ActionHead):
    """For Box actions and for buttons: a latent variable, and one mode for each of its values."""

    kinds = (gym.spaces.Box, gym.spaces.MultiBinary)
    mean: Tensor
    scale: Tensor
    latents: Tensor

    def __init__(self, space: gym.spaces.Box | gym.spaces.MultiBinary) -> None:
        super().__init__()
        entries = space.shape[0]
        self.outputs = FEATURES
        self.given_latent = component_head(space)
        self.recogniser = nn.Sequential(
            nn.Linear(FEATURES + entries, UNITS), nn.ReLU(), nn.Linear(UNITS, 2 * LATENTS)
        )
        self.decoder = nn.Sequential(
            nn.Linear(FEATURES + LATENTS, UNITS), nn.ReLU(),
            nn.Linear(UNITS, UNITS), nn.ReLU(),
            nn.Linear(UNITS, self.given_latent.outputs),
        )  # fmt: skip
        self.register_buffer("mean", torch.zeros(entries))
        self.register_buffer("scale", torch.ones(entries))
        self.register_buffer("latents", fixed_draws(LATENTS), persistent=False)

    def normalise(self, actions: Tensor) -> None:
        """Fit the recogniser's inputs, so that they have mean 0 and deviation 1."""
        self.mean.copy_(actions.float().mean(0))
        self.scale.copy_(actions.float().std(0).clamp(min=1e-6))

    def loss(self, outputs: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """-E[log mean_m p(a|s,z_m) p(z_m) / q(z_m|s,a)], with z_m drawn from q."""
        scaled = ((actions - self.mean) / self.scale).to(outputs.dtype)
        mean, log_deviation = self.recogniser(torch.cat([outputs, scaled], 1)).chunk(2, 1)
        noise = torch.randn(SAMPLES, *mean.shape, generator=generator)
        latents = mean + noise * torch.exp(log_deviation)
        decoded = self._decode(outputs.expand(SAMPLES, -1, -1), latents)
        likelihoods = self.given_latent.log_likelihood(
            decoded.flatten(0, 1), actions.repeat(SAMPLES, 1)
        ).reshape(SAMPLES, -1)
        # The constants of the densities of p(z) and q(z|s,a) are the same.
        ratios = (0.5 * (noise.square() - latents.square()) + log_deviation).sum(2)
        return log(SAMPLES) - (likelihoods + ratios).logsumexp(0).mean()

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        latents = draw(self.latents, len(outputs), generator)
        return self.given_latent.choose(self._decode(outputs, latents), generator)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The mean over all latent vectors that are drawn from."""
        total = sum(
            self.given_latent.probabilities(self._decode(outputs, z.expand(len(outputs), -1)))
            for z in self.latents
        )
        return np.asarray(total) / len(self.latents)

    def _decode(self, outputs: Tensor, latents: Tensor) -> Tensor:
        """Outputs for the distribution of the action given z, [..., rows, outputs]."""
        decoded: Tensor = self.decoder(torch.cat([outputs, latents], -1))
        return decoded
