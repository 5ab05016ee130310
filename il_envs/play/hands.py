"""What the player holds down: keys of the keyboard, sticks and buttons of a gamepad, the mouse."""

from collections.abc import Mapping
from math import isfinite

import gymnasium as gym
import pygame

from il_envs.play.keys import keys_of
from il_envs.world import World

PRESSED = 0.5
"""How far a stick or a trigger has to be pushed to count as pressed, as a share of its way."""
DEAD_ZONE = 0.12  # of a stick's way, in which it rests
MOST_TAPS = 8  # that wait for a turn of their own

STICKS = {
    0: ("left stick left", "left stick right"),
    1: ("left stick up", "left stick down"),
    2: ("right stick left", "right stick right"),
    3: ("right stick up", "right stick down"),
}
TRIGGERS = {4: ("left trigger",), 5: ("right trigger",)}
"""The controls that an axis of a gamepad pushes, by pygame's number of the axis."""
BUTTONS = (
    "a", "b", "x", "y", "back", "guide", "start", "left stick", "right stick", "left shoulder",
    "right shoulder", "pad up", "pad down", "pad left", "pad right",
)  # fmt: skip
"""The buttons of a gamepad, by pygame's numbers."""
PAD_CONTROLS = frozenset(
    {*BUTTONS, *(name for axis in (STICKS | TRIGGERS).values() for name in axis)}
)


def pad_pushes(event: pygame.event.Event) -> dict[str, float]:
    """How far an event pushes controls of a gamepad, from 0 to 1; none for any other event."""
    if event.type in (pygame.CONTROLLERBUTTONDOWN, pygame.CONTROLLERBUTTONUP):
        is_down = event.type == pygame.CONTROLLERBUTTONDOWN
        return {BUTTONS[event.button]: float(is_down)} if event.button < len(BUTTONS) else {}
    if event.type != pygame.CONTROLLERAXISMOTION:
        return {}
    value = min(max(event.value / 32767.0, -1.0), 1.0)
    reach = max(abs(value) - DEAD_ZONE, 0.0) / (1.0 - DEAD_ZONE)
    if event.axis in TRIGGERS:
        return {TRIGGERS[event.axis][0]: reach}
    if event.axis in STICKS:
        negative, positive = STICKS[event.axis]
        return {negative: reach if value < 0.0 else 0.0, positive: reach if value > 0.0 else 0.0}
    return {}


class Hands:
    """The keys of a world that are held down, and those that were tapped a moment ago.

    A tap that is shorter than a step counts for a whole step, and in a world of turns every further
    tap for one more. Keys that push gradually act in every frame, so their taps count for one.

    Args:
        world: whose keys.
        changes: the keys that the player has chosen, as in `keys.keys_of`.
    """

    def __init__(self, world: World, changes: Mapping[str, str]) -> None:
        chosen = keys_of(world, changes)
        self._codes = {pygame.key.key_code(key): name for name, key in chosen.items()}
        self._is_turns = isinstance(world.spaces.action, gym.spaces.Discrete)
        self._gradual = frozenset(key.key for key in world.views.keys if isfinite(key.rise))
        self._controls = {key.pad: key.key for key in world.views.keys if key.pad}
        self._down: dict[str, float] = {}  # how far, from first pressed to latest
        self._taps: list[str] = []  # presses that have not counted yet
        self.place: tuple[float, float] | None = None  # of the mouse, in the picture
        self.is_clicking = False

    def handle(self, event: pygame.event.Event) -> bool:
        """Take in an event; returns whether it was one of a key of the world or of a gamepad."""
        if event.type in (pygame.KEYDOWN, pygame.KEYUP):
            name = self._codes.get(event.key)
            if name is None:
                return False
            self.push(name, float(event.type == pygame.KEYDOWN))
            return True
        pushes = pad_pushes(event)
        for control, amount in pushes.items():
            if control in self._controls:
                self.push(self._controls[control], amount)
        return bool(pushes)

    def push(self, name: str, amount: float) -> None:
        """Push a key of the world down by an amount from 0 to 1."""
        if amount >= PRESSED and self._down.get(name, 0.0) < PRESSED:
            self._down.pop(name, None)  # the latest comes last
            if len(self._taps) < MOST_TAPS:
                self._taps.append(name)
        if amount > 0.0:
            self._down[name] = amount
        else:
            self._down.pop(name, None)

    def held(self) -> dict[str, float]:
        """How far each key is down, from first pressed to latest; taps count as fully down."""
        taps = {name: 1.0 for name in self._taps if name not in self._down}
        return taps | self._down

    def count_frame(self) -> None:
        """A frame has counted what is held: the taps of keys that push gradually are done."""
        self._taps = [name for name in self._taps if name not in self._gradual]

    def count_step(self) -> None:
        """A step has counted what is held: all taps are done, or in a world of turns one of each
        key."""
        for name in dict.fromkeys(self._taps):
            self._taps.remove(name)
        if not self._is_turns:
            self._taps.clear()

    def next_tap(self) -> str | None:
        """The first tap that no step has counted, which is done then; None if there is none."""
        return self._taps.pop(0) if self._taps else None

    def release(self) -> None:
        """Release everything, as when the window has lost the keyboard."""
        self._down.clear()
        self._taps.clear()
        self.is_clicking = False
