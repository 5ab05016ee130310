"""The gamepads that are connected; pygame reports the events of those that are held open."""

import sys

import pygame
from pygame._sdl2 import controller


class Gamepads:
    """Opens every gamepad, also one that is connected later.

    Without gamepads, or without a system that knows any, nothing happens.
    """

    def __init__(self) -> None:
        self._open: dict[int, controller.Controller] = {}
        self._is_ready = True
        try:
            controller.init()
            for number in range(controller.get_count()):
                self._add(number)
        except pygame.error as error:
            self._is_ready = False
            print(f"il-play: no gamepads, keys go on: {error}", file=sys.stderr)

    @property
    def names(self) -> list[str]:
        """The names of those that are connected."""
        return [gamepad.name for gamepad in self._open.values()]

    def handle(self, event: pygame.event.Event) -> None:
        """Take in that a gamepad was connected or has gone."""
        if event.type == pygame.CONTROLLERDEVICEADDED:
            self._add(event.device_index)
        elif event.type == pygame.CONTROLLERDEVICEREMOVED:
            self._open.pop(event.instance_id, None)

    def _add(self, number: int) -> None:
        """Open a gamepad; a joystick that is none is left alone."""
        try:
            if controller.is_controller(number):
                gamepad = controller.Controller(number)
                self._open[gamepad.as_joystick().get_instance_id()] = gamepad
        except pygame.error:  # it has gone again
            pass

    def close(self) -> None:
        """Give them back."""
        self._open.clear()
        if self._is_ready:
            controller.quit()
