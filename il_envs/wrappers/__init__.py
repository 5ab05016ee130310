"""Wrappers for worlds of buttons, MultiBinary(K), and learners that do not support such a space.

As in Gymnasium, the wrappers here are for single environments, and those of the same names in
`il_envs.wrappers.vector` for vector environments.
"""

from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from il_envs.buttons import (
    Chords,
    buttons_of,
    joint_chords,
    picked_chords,
    single_button_chords,
)


class NumberedChords(gym.ActionWrapper[Any, Any, Any]):
    """Numbered actions that are rows of a table of chords, int8 [chords, K]."""

    def __init__(self, env: gym.Env[Any, Any], chords: Chords) -> None:
        super().__init__(env)
        self.chords = chords
        self.action_space = gym.spaces.Discrete(len(chords))

    def action(self, action: Any) -> Chords:
        """The buttons to press, int8 [K].

        Raises:
            ValueError: if the action is not in the space.
        """
        return picked_chords(action, self.chords, ())

    def get_keys_to_action(self) -> dict[tuple[int, ...], int]:
        """The number of the chord that held keys press, where there is one in the table."""
        numbers = {chord.tobytes(): number for number, chord in enumerate(self.chords)}
        pressed = self.env.get_wrapper_attr("get_keys_to_action")()
        return {
            keys: numbers[chord.tobytes()]
            for keys, chord in pressed.items()
            if chord.tobytes() in numbers
        }


class SingleButton(NumberedChords, RecordConstructorArgs):
    """One button at a time: Discrete(K + 1), where 0 is none and k is button k - 1.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env, single_button_chords(buttons_of(env.action_space)))


class JointButtons(NumberedChords, RecordConstructorArgs):
    """Every chord is an action: Discrete(2^K), where bit k of the number is button k.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
        ValueError: if there are more than `il_envs.buttons.JOINT_BUTTONS_MAX` buttons.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env, joint_chords(buttons_of(env.action_space)))


class MultiDiscreteButtons(gym.ActionWrapper[Any, Any, Any], RecordConstructorArgs):
    """Every button is an action of two, released or pressed: MultiDiscrete([2, ..., 2]).

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.action_space = gym.spaces.MultiDiscrete([2] * buttons_of(env.action_space))

    def action(self, action: Any) -> Any:
        """The buttons to press, as they are."""
        return action
