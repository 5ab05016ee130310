"""Actions from held keys, for every kind of action space; needs neither a window nor a clock."""

from collections.abc import Container, Mapping
from math import isinf
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.engine.spaces import action_bounds
from il_envs.play.hands import PRESSED
from il_envs.world import World


class HeldKeys:
    """Turns held keys into actions.

    Keys have amounts from 0 to 1. A key of a keyboard is held by 1: its push on its entry of the
    action rises from zero towards the key's value, and falls back when it is let go. The push of a
    stick or a trigger is its amount of the key's value at once, until it is let go. An entry is the
    sum of its pushes, within the bounds of the action space.

    In worlds of buttons and of turns a key counts as held from an amount of 0.5 on. In a Discrete
    world the value of the key pressed last is the action.
    """

    def __init__(self, world: World) -> None:
        self._keys = world.views.keys
        self._space = world.spaces.action
        self._low, self._high = action_bounds(world.spaces.action)
        self._push = np.zeros(len(self._keys))  # from 0 to the size of the key's value
        self._is_direct = np.zeros(len(self._keys), np.bool_)  # of sticks and triggers

    def let_go(self) -> None:
        """Set every push to zero at once."""
        self._push[:] = 0.0
        self._is_direct[:] = False

    def follow(self, action: NDArray[Any]) -> None:
        """Set the pushes as if the keys had been held so that they give this action of a Box."""
        self.let_go()
        if isinstance(self._space, gym.spaces.Box):
            for i, key in enumerate(self._keys):
                push = float(action[key.entry]) * np.sign(key.value)
                self._push[i] = min(max(push, 0.0), abs(key.value))

    def action(
        self, held: Mapping[str, float], seconds: float, direct: Container[str] = ()
    ) -> NDArray[Any] | None:
        """The action after `seconds` of the world's time with these keys held.

        None in a Discrete world while no key is held, in which case time does not advance.

        Args:
            held: the amount of each held key, from 0 to 1, in the order in which they were pressed.
            direct: those that a stick or a trigger holds.
        """
        pressed = [name for name, amount in held.items() if amount >= PRESSED]
        if isinstance(self._space, gym.spaces.Discrete):
            latest = [key.value for name in pressed for key in self._keys if key.key == name][-1:]
            return np.array(latest[0], self._space.dtype) if latest else None
        entries = np.zeros(self._low.size)
        for i, key in enumerate(self._keys):
            if isinstance(self._space, gym.spaces.MultiBinary):
                entries[key.entry] += key.key in pressed
            else:
                amount = held.get(key.key, 0.0)
                if amount > 0.0:
                    self._is_direct[i] = key.key in direct
                self._move(i, amount, seconds)
                entries[key.entry] += np.copysign(self._push[i], key.value)
        return entries.clip(self._low, self._high).astype(self._space.dtype)

    def _move(self, i: int, amount: float, seconds: float) -> None:
        """Move the push of key `i`, held by this amount, by so much time."""
        key, push = self._keys[i], self._push[i]
        most = abs(key.value)
        if self._is_direct[i]:
            self._push[i] = amount * most
        elif amount > 0.0:
            self._push[i] = most if isinf(key.rise) else min(push + key.rise * seconds, most)
        else:
            self._push[i] = 0.0 if isinf(key.fall) else max(push - key.fall * seconds, 0.0)
