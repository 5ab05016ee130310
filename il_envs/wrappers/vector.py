"""The wrappers of `il_envs.wrappers` for vector environments; row i does as the single one."""

from typing import Any

import gymnasium as gym
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from il_envs.buttons import (
    Chords,
    buttons_of,
    joint_chords,
    picked_chords,
    single_button_chords,
)

VectorEnv = gym.vector.VectorEnv[Any, Any, NDArray[Any]]


class NumberedChords(gym.vector.VectorActionWrapper[Any, Any, Any, NDArray[Any]]):
    """Numbered actions that are rows of a table of chords, int8 [chords, K]."""

    def __init__(self, env: VectorEnv, chords: Chords) -> None:
        super().__init__(env)
        self.chords = chords
        self.single_action_space = gym.spaces.Discrete(len(chords))
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: Any) -> Chords:
        """The buttons to press, int8 [num_envs, K].

        Raises:
            ValueError: if an action is not in the space.
        """
        return picked_chords(actions, self.chords, (self.num_envs,))


class SingleButton(NumberedChords):
    """One button at a time: Discrete(K + 1), where 0 is none and k is button k - 1.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, single_button_chords(buttons_of(env.single_action_space)))


class JointButtons(NumberedChords):
    """Every chord is an action: Discrete(2^K), where bit k of the number is button k.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
        ValueError: if there are more than `il_envs.buttons.JOINT_BUTTONS_MAX` buttons.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, joint_chords(buttons_of(env.single_action_space)))
