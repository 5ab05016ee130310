"""Buttons one after the other, each with regard to those before it."""

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from baselines.heads.head import LikelihoodHead
from il_envs.buttons import buttons_of, joint_chords

FEATURES, UNITS = 64, 64


class AutoregressiveHead(LikelihoodHead):
    """For MultiBinary actions: log pi(a|s) = sum over buttons k of log pi(a_k | s, a_1 ... a_k-1).

    One small network gives the logit of each button from the features, the buttons before it, and
    which one it is; as in Larochelle and Murray 2011, "The neural autoregressive distribution
    estimator" (equations 1 and 2), but with a hidden layer for each button. It can represent every
    distribution over chords, with far fewer outputs than there are chords.
    """

    kinds = (gym.spaces.MultiBinary,)

    def __init__(self, space: gym.spaces.MultiBinary) -> None:
        super().__init__()
        self.buttons = buttons_of(space)
        self.outputs = FEATURES
        self.logit = nn.Sequential(
            nn.Linear(FEATURES + 2 * self.buttons, UNITS), nn.ReLU(), nn.Linear(UNITS, 1)
        )

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        chords = actions.to(outputs.dtype)
        signs = 2.0 * chords - 1.0
        return functional.logsigmoid(signs * self._logits(outputs, chords)).sum(1)

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        """A sample, or without a generator the likelier state of each button after the other."""
        chords = torch.zeros(len(outputs), self.buttons)
        for k in range(self.buttons):
            logits = self._logits(outputs, chords)[:, k]
            if generator is None:
                chords[:, k] = (logits > 0.0).to(chords.dtype)
            else:
                chords[:, k] = torch.bernoulli(torch.sigmoid(logits), generator=generator)
        return chords.to(torch.int8)

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        chords = torch.from_numpy(joint_chords(self.buttons))
        logs = [self.log_likelihood(outputs, chord.expand(len(outputs), -1)) for chord in chords]
        return functional.softmax(torch.stack(logs, 1).double(), 1).numpy()

    def _logits(self, outputs: Tensor, chords: Tensor) -> Tensor:
        """The logit of each button given the ones before it, [rows, K]."""
        rows, buttons = len(outputs), self.buttons
        signs = 2.0 * chords - 1.0  # 0 is for buttons that come later
        before = signs[:, None] * torch.ones(buttons, buttons).tril(-1)  # [rows, K, K]
        which = torch.eye(buttons).expand(rows, -1, -1)
        features = functional.relu(outputs)[:, None].expand(-1, buttons, -1)
        logits: Tensor = self.logit(torch.cat([features, before, which], 2))
        return logits[:, :, 0]
