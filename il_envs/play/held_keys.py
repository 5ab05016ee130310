"""Actions from held keys, for every kind of action space; needs neither a window nor a clock."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.engine.spaces import action_bounds
from il_envs.world import World


class HeldKeys:
    """Turns held keys into actions.

    While a key is held, its push on its entry of the action rises from zero towards the key's
    value, and falls back when it is let go; an entry is the sum of its pushes, within the bounds of
    the action space. In a Discrete world the value of the key pressed last is the action.
    """

    def __init__(self, world: World) -> None:
        self._keys = world.views.keys
        self._space = world.spaces.action
        self._low, self._high = action_bounds(world.spaces.action)
        self._push = np.zeros(len(self._keys))  # from 0 to the size of the key's value

    def let_go(self) -> None:
        """Set every push to zero at once."""
        self._push[:] = 0.0

    def action(self, held: Sequence[str], seconds: float) -> NDArray[Any] | None:
        """The action after `seconds` with these keys held, the latest last.

        None in a Discrete world while no key is held, in which case time does not advance.
        """
        if isinstance(self._space, gym.spaces.Discrete):
            latest = [key.value for name in held for key in self._keys if key.key == name][-1:]
            return np.array(latest[0], self._space.dtype) if latest else None
        entries = np.zeros(self._low.size)
        for i, key in enumerate(self._keys):
            if key.key in held:
                self._push[i] = min(self._push[i] + key.rise * seconds, abs(key.value))
            else:
                self._push[i] = max(self._push[i] - key.fall * seconds, 0.0)
            entries[key.entry] += np.copysign(self._push[i], key.value)
        entries = entries.clip(self._low, self._high)
        if isinstance(self._space, gym.spaces.MultiBinary):
            entries = np.rint(entries)
        return entries.astype(self._space.dtype)


class Keyboard:
    """The keys that are down, in the order in which they were pressed."""

    def __init__(self) -> None:
        self._down: list[str] = []
        self._tapped: list[str] = []

    def press(self, key: str) -> None:
        self.release(key)
        self._down.append(key)
        self._tapped.append(key)

    def release(self, key: str) -> None:
        if key in self._down:
            self._down.remove(key)

    def take(self) -> list[str]:
        """The keys that are down, and those that went down and up again since the last call."""
        released = [key for key in dict.fromkeys(self._tapped) if key not in self._down]
        self._tapped.clear()
        return released + self._down
