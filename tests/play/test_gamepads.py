"""Gamepads: none, and those that come and go."""

import pygame
import pytest

from il_envs.play.gamepads import Gamepads
from il_envs.play.window import Window


def test_without_a_gamepad_nothing_happens(
    stage: Window, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.gamepads.names == []
    stage.handle(pygame.event.Event(pygame.CONTROLLERDEVICEADDED, device_index=7))
    stage.handle(pygame.event.Event(pygame.CONTROLLERDEVICEREMOVED, instance_id=7))
    assert stage.gamepads.names == []
    assert capsys.readouterr().err == ""


def test_a_system_without_gamepads_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise pygame.error("no such system")

    monkeypatch.setattr("il_envs.play.gamepads.controller.init", fail)
    gamepads = Gamepads()
    assert gamepads.names == []
    gamepads.close()
    assert capsys.readouterr().err == "il-play: no gamepads, keys go on: no such system\n"
