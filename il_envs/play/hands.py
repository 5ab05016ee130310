"""What the player holds down: keys of the keyboard, sticks and buttons of a gamepad, the mouse."""

from collections.abc import Mapping
from math import isfinite

import pygame

from il_envs.play.keys import has_turns, keys_of
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
AXES = frozenset(name for controls in (STICKS | TRIGGERS).values() for name in controls)
BUTTONS = (
    "a", "b", "x", "y", "back", "guide", "start", "left stick", "right stick", "left shoulder",
    "right shoulder", "pad up", "pad down", "pad left", "pad right",
)  # fmt: skip
"""The buttons of a gamepad, by pygame's numbers."""
PAD_CONTROLS = AXES | set(BUTTONS)
KEYBOARD = "keyboard"


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

    Attributes:
        place: of the mouse, in the picture; None if it does not aim.
    """

    def __init__(self, world: World, changes: Mapping[str, str]) -> None:
        chosen = keys_of(world, changes)
        self._codes = {pygame.key.key_code(key): name for name, key in chosen.items()}
        self._is_turns = has_turns(world)
        self._gradual = frozenset(key.key for key in world.views.keys if isfinite(key.rise))
        self._controls = {key.pad: key.key for key in world.views.keys if key.pad}
        self._down: dict[str, dict[str, float]] = {}
        """How far which control holds each key down, from first pressed to latest."""
        self._taps: list[str] = []  # presses that have not counted yet
        self.place: tuple[float, float] | None = None
        self._is_button_down = False  # of the mouse
        self._was_clicked = False  # since the last step

    def handle(self, event: pygame.event.Event) -> bool:
        """Take in an event; returns whether it was one of a key of the world or of a gamepad."""
        if event.type in (pygame.KEYDOWN, pygame.KEYUP):
            name = self._codes.get(event.key)
            if name is None:
                return False
            self._push(name, float(event.type == pygame.KEYDOWN), KEYBOARD)
            return True
        pushes = pad_pushes(event)
        for control, amount in pushes.items():
            if control in self._controls:
                self._push(self._controls[control], amount, control)
        return bool(pushes)

    def _push(self, name: str, amount: float, control: str) -> None:
        """Push a key of the world down by an amount from 0 to 1; others may hold it as well."""
        before, controls = self._amount(name), self._down.setdefault(name, {})
        if amount > 0.0:
            controls[control] = amount
        else:
            controls.pop(control, None)
        if not controls:
            del self._down[name]
        elif self._amount(name) >= PRESSED > before:
            self._down[name] = self._down.pop(name)  # the latest comes last
            if len(self._taps) < MOST_TAPS if self._is_turns else name not in self._taps:
                self._taps.append(name)

    def _amount(self, name: str) -> float:
        return max(self._down.get(name, {}).values(), default=0.0)

    def click(self, is_down: bool) -> None:
        """Press or release the left button of the mouse."""
        self._is_button_down = is_down
        self._was_clicked |= is_down

    @property
    def is_clicking(self) -> bool:
        """Whether the left button of the mouse is down, or was since the last step."""
        return self._is_button_down or self._was_clicked

    def held(self) -> dict[str, float]:
        """How far each key is down, from first pressed to latest; taps count as fully down. In a
        world of turns the first tap is alone."""
        if self._is_turns and self._taps:
            return {self._taps[0]: 1.0}
        held = dict.fromkeys(self._taps, 1.0) | {name: self._amount(name) for name in self._down}
        return held | {name: 1.0 for name in self._taps if name not in self._gradual}

    def direct(self) -> frozenset[str]:
        """The keys that sticks and triggers alone push down, which give the amount at once."""
        return frozenset(name for name, controls in self._down.items() if controls.keys() <= AXES)

    def count_frame(self) -> None:
        """A frame has counted what is held: the taps of keys that push gradually are done."""
        self._taps = [name for name in self._taps if name not in self._gradual]

    def count_step(self) -> None:
        """A step has counted what is held: all taps are done, or in a world of turns the first."""
        self._was_clicked = False
        if self._is_turns:
            self._taps = self._taps[1:]
        else:
            self._taps.clear()

    def next_tap(self) -> str | None:
        """The first tap that no step has counted, which is done then; None if there is none."""
        return self._taps.pop(0) if self._taps else None

    def forget_taps(self) -> None:
        """Let what was tapped count for nothing, as when the game stood still; what is down is."""
        self._taps.clear()
        self._was_clicked = False

    def release(self) -> None:
        """Release everything, as when the window has lost the keyboard."""
        self._down.clear()
        self._is_button_down = False
        self.forget_taps()
