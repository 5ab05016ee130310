"""A learner's view of a world's actions: unchanged, or with chords of buttons as numbers.

MAPS is a multi-action, SAPS a single-action policy per time-step (Harmer et al. 2018).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from il_envs.buttons import Chords, buttons_of, joint_chords, joint_index, single_button_chords
from il_envs.wrappers.vector import JointButtons, SingleButton, VectorEnv


@dataclass(frozen=True)
class ActionModel:
    """A learner's action space, and the maps between it and the world's.

    Attributes:
        space: the action space of the learner's network.
        wrap: gives the world's vector environment that action space.
        targets: maps actions of the world, [rows, ...], to targets of imitation: numbers, int64
            [rows]; distributions over numbers, float32 [rows, numbers]; or actions of another kind,
            float32 [rows, ...].
        chords: the chord that each number stands for, int8 [numbers, K]; None if actions are not
            numbered.
    """

    space: gym.Space[Any]
    wrap: Callable[[VectorEnv], VectorEnv]
    targets: Callable[[NDArray[Any]], Tensor]
    chords: Chords | None = None


def maps(space: gym.Space[Any]) -> ActionModel:
    """The world's own actions: in a world of buttons, each button has its own probability."""
    dtype = torch.int64 if isinstance(space, gym.spaces.Discrete) else torch.float32
    return ActionModel(
        space, wrap=lambda env: env, targets=lambda actions: torch.as_tensor(actions, dtype=dtype)
    )


def saps(space: gym.Space[Any]) -> ActionModel:
    """One button at a time, or none.

    Raises:
        TypeError: if actions are not MultiBinary(K).
    """
    chords = single_button_chords(buttons_of(space))
    return ActionModel(
        gym.spaces.Discrete(len(chords)), SingleButton, single_button_targets, chords
    )


def joint(space: gym.Space[Any]) -> ActionModel:
    """Every chord, by its number.

    Raises:
        TypeError: if actions are not MultiBinary(K).
        ValueError: if there are more than `il_envs.buttons.JOINT_BUTTONS_MAX` buttons.
    """
    chords = joint_chords(buttons_of(space))
    return ActionModel(
        gym.spaces.Discrete(len(chords)),
        JointButtons,
        lambda actions: torch.from_numpy(joint_index(actions)),
        chords,
    )


ACTION_MODELS = {"maps": maps, "saps": saps, "joint": joint}


def single_button_targets(chords: NDArray[np.int8]) -> Tensor:
    """Uniform distributions over the pressed buttons, float32 [rows, K + 1] from [rows, K]; where
    no button is pressed, all probability is on "none"."""
    buttons = torch.as_tensor(chords, dtype=torch.float32)
    pressed = buttons.sum(1, keepdim=True)
    return torch.cat([pressed == 0.0, buttons / pressed.clamp(min=1.0)], 1)
