"""Flow matching: noise that flows to actions (Lipman et al. 2023, "Flow matching for generative
modeling", with the straight paths of example II and no noise at their end).

A point starts at x_0, a standard normal draw, and moves for one unit of time with the velocity
v(x, t; s); where it arrives is the action. The velocity is trained by regression: on the straight
way from a draw x_0 to the expert's action a it is a - x_0. Robot policies such as pi_0 (Black et
al. 2024) and players of games choose actions in this way, buttons too: those are where x arrives
above 0.
"""

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.heads.head import ActionHead
from baselines.heads.latent_draws import draw, fixed_draws
from il_envs.buttons import joint_chords, joint_index

FEATURES, UNITS = 64, 128
STEPS = 16
"""Euler steps from noise to action."""


class FlowHead(ActionHead):
    """For Box actions and for buttons, whose actions are points at -1 and 1."""

    kinds = (gym.spaces.Box, gym.spaces.MultiBinary)
    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor
    starts: Tensor

    def __init__(self, space: gym.spaces.Box | gym.spaces.MultiBinary) -> None:
        super().__init__()
        entries = space.shape[0]
        self._presses = isinstance(space, gym.spaces.MultiBinary)
        self.outputs = FEATURES
        self.velocity = nn.Sequential(
            nn.Linear(FEATURES + entries + 1, UNITS), nn.ReLU(),
            nn.Linear(UNITS, UNITS), nn.ReLU(),
            nn.Linear(UNITS, entries),
        )  # fmt: skip
        middle, reach = (0.5, 0.5) if self._presses else (0.0, 1.0)
        self.register_buffer("mean", torch.full((entries,), middle))
        self.register_buffer("scale", torch.full((entries,), reach))
        self.register_buffer("starts", fixed_draws(entries), persistent=False)
        if isinstance(space, gym.spaces.Box):
            self.register_buffer("low", torch.tensor(space.low), persistent=False)
            self.register_buffer("high", torch.tensor(space.high), persistent=False)

    def normalise(self, actions: Tensor) -> None:
        """Scale Box actions to mean 0 and deviation 1, that of the noise."""
        if not self._presses:
            self.mean.copy_(actions.mean(0))
            self.scale.copy_(actions.std(0).clamp(min=1e-6))

    def loss(self, outputs: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """The squared error of the velocity, at a random time of each row's way."""
        ends = ((actions - self.mean) / self.scale).to(outputs.dtype)
        starts = torch.randn(ends.shape, generator=generator)
        times = torch.rand(len(ends), 1, generator=generator)
        points = starts + times * (ends - starts)
        error = self._velocity(outputs, points, times) - (ends - starts)
        return error.square().sum(1).mean()

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        arrived = self._flow(outputs, draw(self.starts, len(outputs), generator))
        if self._presses:
            return (arrived > 0.0).to(torch.int8)
        return torch.clamp(self.mean + self.scale * arrived, self.low, self.high)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        """The share of all starting points that arrive at each chord."""
        if not self._presses:
            return super().probabilities(outputs)
        buttons = self.starts.shape[1]
        counts = np.zeros((len(outputs), len(joint_chords(buttons))))
        for start in self.starts:
            arrived = self._flow(outputs, start.expand(len(outputs), -1))
            numbers = joint_index((arrived > 0.0).numpy())
            counts[np.arange(len(outputs)), numbers] += 1.0
        return counts / len(self.starts)

    def _flow(self, outputs: Tensor, points: Tensor) -> Tensor:
        """Where points arrive, [rows, entries], by Euler's method."""
        for step in range(STEPS):
            times = torch.full((len(outputs), 1), step / STEPS)
            points = points + self._velocity(outputs, points, times) / STEPS
        return points

    def _velocity(self, outputs: Tensor, points: Tensor, times: Tensor) -> Tensor:
        velocity: Tensor = self.velocity(torch.cat([outputs, points, times], 1))
        return velocity
