"""Actions from held keys, for every kind of action space; needs neither a window nor a clock."""

from collections.abc import Mapping
from math import inf
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

    def action(self, held: Mapping[str, float], seconds: float) -> NDArray[Any] | None:
        """The action after `seconds` with these keys held, the latest last.

        None in a Discrete world while no key is held, in which case time does not advance.
        """
        if isinstance(self._space, gym.spaces.Discrete):
            latest = [key.value for name in held for key in self._keys if key.key == name][-1:]
            return np.array(latest[0], self._space.dtype) if latest else None
        entries = np.zeros(self._low.size)
        for i, key in enumerate(self._keys):
            if key.key in held:
                self._push[i] = min(self._push[i] + _reach(key.rise, seconds), abs(key.value))
            else:
                self._push[i] = max(self._push[i] - _reach(key.fall, seconds), 0.0)
            entries[key.entry] += np.copysign(self._push[i], key.value)
        entries = entries.clip(self._low, self._high)
        if isinstance(self._space, gym.spaces.MultiBinary):
            entries = np.rint(entries)
        return entries.astype(self._space.dtype)


def _reach(rate: float, seconds: float) -> float:
    """How far a push moves; a button's moves all the way in no time."""
    return rate if rate == inf else rate * seconds
