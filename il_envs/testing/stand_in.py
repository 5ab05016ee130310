"""A stand-in for a person at the keys: it knows what an expert would do, but late."""

from collections import deque
from collections.abc import Iterable, Sequence

import gymnasium as gym
import numpy as np

from il_envs.world import World

FRAME = 1.0 / 60.0  # s of real time, from one look at the screen to the next
NEAR = 0.02  # share of a key's value; what the keys give is near enough to what they should
TOO_FAR = 0.2  # share of a key's value, beyond which the opposite key is pressed
TREMOR_KEPT = 0.9  # share of a tremor that is left in the next frame


class StandIn:
    """Presses the keys of a world of axes so that they give the command of a moment ago.

    In each frame it is told the command that an expert gives in the state on the screen. For each
    entry of the action it presses the key that moves what the keys give towards the command of
    `delay` seconds ago; where that is back towards zero it lets go, and only presses the opposite
    key if far too much is given.

    Args:
        world: a world whose actions are a Box and whose keys push its entries.
        delay: from seeing to pressing, in seconds of real time.
        tremor: standard deviation of the error of the command, as a share of a key's value; half of
            an error is gone after a tenth of a second.
        shortest_tap: the least time between two changes of the keys of one entry, in seconds.
        is_analog: whether it pushes sticks, which give the command at once, instead of keys.
        seed: of the tremor.

    Raises:
        TypeError: if the world's actions are no Box.
    """

    def __init__(
        self,
        world: World,
        delay: float = 0.2,
        tremor: float = 0.0,
        shortest_tap: float = 0.0,
        is_analog: bool = False,
        seed: int = 0,
    ) -> None:
        if not isinstance(world.spaces.action, gym.spaces.Box):
            raise TypeError(f"a stand-in plays worlds of axes; {world.name} is none")
        keys = world.views.keys
        self._keys = {(key.entry, 1.0 if key.value > 0.0 else -1.0): key.key for key in keys}
        self._sizes = {key.entry: abs(key.value) for key in keys}
        self._tremor = tremor
        self._tap_frames = round(shortest_tap / FRAME)
        self._is_analog = is_analog
        self._random = np.random.default_rng(seed)
        entries, frames = world.spaces.action.shape[0], round(delay / FRAME)
        self._seen = deque([[0.0] * entries] * (frames + 1), maxlen=frames + 1)
        self._errors = [0.0] * entries
        self._pressed = [0.0] * entries  # the sign of the pressed key's value, or 0
        self._unchanged_frames = [self._tap_frames] * entries

    def keys(self, command: Iterable[float], given: Sequence[float]) -> dict[str, float]:
        """The keys to hold in this frame, and by how much.

        Args:
            command: the expert's command in the state on the screen, [entries].
            given: the command that the keys gave in the last frame, [entries].
        """
        self._seen.append([float(value) for value in command])
        held = {}
        for entry, size in self._sizes.items():
            target = (self._seen[0][entry] + self._tremble(entry) * size) / size
            target = min(max(target, -1.0), 1.0)
            if self._is_analog:
                sign, amount = (1.0 if target > 0.0 else -1.0), abs(target)
            else:
                sign, amount = self._press(entry, target, float(given[entry]) / size), 1.0
            if sign and amount:
                held[self._keys[entry, sign]] = amount
        return held

    def _tremble(self, entry: int) -> float:
        """The error of this frame's command, as a share of a key's value."""
        if self._tremor:
            fresh = self._tremor * (1.0 - TREMOR_KEPT**2) ** 0.5 * self._random.normal()
            self._errors[entry] = TREMOR_KEPT * self._errors[entry] + fresh
        return self._errors[entry]

    def _press(self, entry: int, target: float, given: float) -> float:
        """The sign of the value of the key to press, or 0."""
        missing, wanted = target - given, 0.0
        if missing > (NEAR if target > 0.0 else TOO_FAR):
            wanted = 1.0
        elif missing < -(NEAR if target < 0.0 else TOO_FAR):
            wanted = -1.0
        self._unchanged_frames[entry] += 1
        if wanted != self._pressed[entry] and self._unchanged_frames[entry] >= self._tap_frames:
            self._pressed[entry], self._unchanged_frames[entry] = wanted, 0
        return self._pressed[entry]
