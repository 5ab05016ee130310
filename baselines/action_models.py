"""How a learner sees the actions of a world: as they are, or chords of buttons as numbers.

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
    """A learner's action space, and what connects it with the world's.

    Attributes:
        space: what the learner's network chooses from.
        wrap: makes the world's vector environment one of that space.
        targets: from actions of the world, [rows, ...], to what to imitate: numbers, int64 [rows];
            distributions over them, float32 [rows, numbers]; or other actions, float32 [rows, ...].
        chords: the table that numbers are rows of, int8 [numbers, K]; None if actions stay.
    """

    space: gym.Space[Any]
    wrap: Callable[[VectorEnv], VectorEnv]
    targets: Callable[[NDArray[Any]], Tensor]
    chords: Chords | None = None


def maps(space: gym.Space[Any]) -> ActionModel:
    """The world's own actions: in a world of buttons, each has a probability of its own."""
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
    """Every chord by its number.

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
    """Uniform over the pressed buttons, or all on none: float32 [rows, K + 1] from [rows, K]."""
    buttons = torch.as_tensor(chords, dtype=torch.float32)
    pressed = buttons.sum(1, keepdim=True)
    return torch.cat([pressed == 0.0, buttons / pressed.clamp(min=1.0)], 1)
