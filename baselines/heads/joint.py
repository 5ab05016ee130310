"""Every chord of buttons by its number."""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from baselines.heads.head import LikelihoodHead
from il_envs.buttons import JOINT_BUTTONS_MAX, buttons_of, joint_chords


class JointHead(LikelihoodHead):
    """For MultiBinary actions: a categorical distribution over all 2^K chords of K buttons.

    It can represent every distribution over chords, and is feasible for at most
    `il_envs.buttons.JOINT_BUTTONS_MAX` buttons only.
    """

    kinds = (gym.spaces.MultiBinary,)
    chords: Tensor

    def __init__(self, space: gym.spaces.MultiBinary) -> None:
        super().__init__()
        chords = torch.from_numpy(joint_chords(buttons_of(space)))
        self.register_buffer("chords", chords, persistent=False)
        self.outputs = len(chords)
        self._bits = 1 << torch.arange(chords.shape[1])

    @classmethod
    def fits(cls, space: gym.Space[Any]) -> bool:
        return super().fits(space) and buttons_of(space) <= JOINT_BUTTONS_MAX

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        numbers = (actions.long() * self._bits).sum(1)
        return -functional.cross_entropy(outputs, numbers, reduction="none")

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        if generator is None:
            return self.chords[outputs.argmax(1)]
        probabilities = functional.softmax(outputs, 1)
        return self.chords[torch.multinomial(probabilities, 1, generator=generator)[:, 0]]

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        return functional.softmax(outputs.double(), 1).numpy()
