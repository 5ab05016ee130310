"""Every chord of buttons by its number."""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.heads.categorical import CategoricalHead
from baselines.heads.head import LikelihoodHead
from il_envs.buttons import JOINT_BUTTONS_MAX, buttons_of, joint_chords, joint_index


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
        self.number = CategoricalHead(gym.spaces.Discrete(len(chords)))
        self.outputs = self.number.outputs

    @classmethod
    def actions(cls) -> str:
        return f"MultiBinary actions of at most {JOINT_BUTTONS_MAX} buttons"

    @classmethod
    def fits(cls, space: gym.Space[Any]) -> bool:
        return super().fits(space) and buttons_of(space) <= JOINT_BUTTONS_MAX

    def log_likelihood(self, outputs: Tensor, actions: Tensor) -> Tensor:
        return self.number.log_likelihood(outputs, torch.from_numpy(joint_index(actions.numpy())))

    def choose(self, outputs: Tensor, generator: torch.Generator | None) -> Tensor:
        return self.chords[self.number.choose(outputs, generator)]

    def probabilities(self, outputs: Tensor) -> NDArray[np.float64]:
        return self.number.probabilities(outputs)
