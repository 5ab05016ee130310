"""The title screen, and the preparation of worlds in another process."""

import time
from pathlib import Path

import pygame
import pytest

from il_envs.play import preparing
from il_envs.play.level import BEGINNER, LEVELS, Level
from il_envs.play.preparing import Preparation, card_of, main
from il_envs.play.screens.title import COLUMNS, TitleScreen
from il_envs.play.screens.waiting import WaitingScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import WORLDS, World, get_world
from tests.play.player import show, tap

CHAIN, MAZE = get_world("CliffChain"), get_world("Maze")
OURS = [world for world in WORLDS.values() if world.namespace == "il_envs"]


class OpenedError(Exception):
    """Raised instead of opening a world."""


class Waiting:
    """A preparation in which every world waits."""

    def of(self, world: World):
        from il_envs.play.preparing import Progress

        return Progress("waiting", time.monotonic())

    def prefer(self, world: World) -> None:
        self.preferred = world


def chosen(stage: Window, folder: Path, *keys: str) -> tuple[str, str, bool]:
    """The world, the level and whether it is watched, that these keys choose at the title."""
    opened: list[tuple[str, str, bool]] = []

    def open_world(world: World, level: Level, watch: bool):
        opened.append((world.name, level.name, watch))
        raise OpenedError

    title = TitleScreen(OURS, BEGINNER, stage, Sounds(), Waiting(), folder, open_world)
    with pytest.raises(OpenedError):
        show(title, stage, {3 * k: tap(key) for k, key in enumerate(keys)}, 200)
    return opened[0]


def test_the_arrows_choose_a_world_and_enter_plays_it(stage: Window, tmp_path: Path) -> None:
    names = [world.name for world in OURS]
    assert chosen(stage, tmp_path, "return") == (names[0], "beginner", False)
    assert chosen(stage, tmp_path, "right", "return")[0] == names[1]
    assert chosen(stage, tmp_path, "down", "right", "up", "return")[0] == names[1]
    assert chosen(stage, tmp_path, "left", "up", "return")[0] == names[0]
    assert chosen(stage, tmp_path, *["down"] * 20, "e") == (
        names[(len(names) - 1) // COLUMNS * COLUMNS], "beginner", True
    )  # fmt: skip


def test_the_levels_go_round(stage: Window, tmp_path: Path) -> None:
    for turns in range(len(LEVELS) + 1):
        level = list(LEVELS)[turns % len(LEVELS)]
        assert chosen(stage, tmp_path, *["l"] * turns, "return")[1] == level


def test_a_click_plays_the_world_under_the_mouse(stage: Window, tmp_path: Path) -> None:
    opened: list[str] = []

    def open_world(world: World, level: Level, watch: bool):
        opened.append(world.name)
        raise OpenedError

    title = TitleScreen(OURS, BEGINNER, stage, Sounds(), Waiting(), tmp_path, open_world)
    show(title, stage, {}, 2)
    rect, page = stage.page_rect, title._rect(2).center
    place = tuple(round(rect[k] + page[k] * rect.width / 960) for k in (0, 1))
    move = pygame.event.Event(pygame.MOUSEMOTION, pos=place)
    press = pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=place, button=1)
    with pytest.raises(OpenedError):
        show(title, stage, {1: [move], 2: [press]}, 9)
    assert opened == [OURS[2].name]


def test_a_gamepad_chooses_too(stage: Window, tmp_path: Path) -> None:
    opened: list[tuple[str, bool]] = []

    def open_world(world: World, level: Level, watch: bool):
        opened.append((world.name, watch))
        raise OpenedError

    buttons = {1: 14, 2: 12, 3: 2}  # right, down, x
    script = {
        frame: [pygame.event.Event(pygame.CONTROLLERBUTTONDOWN, button=button)]
        for frame, button in buttons.items()
    }
    title = TitleScreen(OURS, BEGINNER, stage, Sounds(), Waiting(), tmp_path, open_world)
    with pytest.raises(OpenedError):
        show(title, stage, script, 9)
    assert opened == [(OURS[1 + COLUMNS].name, True)]


def test_escape_quits(stage: Window, tmp_path: Path) -> None:
    seen: list[int] = []
    title = TitleScreen(
        OURS, BEGINNER, stage, Sounds(), Waiting(), tmp_path, lambda *_: pytest.fail("opened")
    )
    show(title, stage, {4: tap("escape")}, 50, lambda frame, _: seen.append(frame))
    assert seen[-1] == 4


def test_a_world_waits_in_the_window_until_it_is_prepared(stage: Window) -> None:
    waiting = Waiting()
    screen = WaitingScreen(CHAIN, waiting, lambda: pytest.fail("not ready"), lambda: None)
    show(screen, stage, {9: tap("escape")}, 50)
    assert waiting.preferred is CHAIN


def test_another_process_prepares_a_world_and_its_card_is_kept() -> None:
    preparation = Preparation([CHAIN])
    try:
        deadline = time.monotonic() + 300.0
        while preparation.of(CHAIN).stage not in ("ready", "failed"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert preparation.of(CHAIN).stage == "ready"
    finally:
        preparation.close()
    card = card_of(CHAIN)
    assert card is not None
    assert card.expert == 0.0  # it never steps off
    assert pygame.image.load(card.picture).get_width() > 0
    again = Preparation([CHAIN])
    assert again.of(CHAIN).stage == "ready"
    assert again._process is None


@pytest.mark.parametrize("damaged", [".json", ".png"])
def test_a_damaged_card_is_shown_as_none(
    damaged: str, stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    monkeypatch.setattr(preparing, "are_compiled", lambda world: True)
    path = preparing._path(CHAIN)
    path.parent.mkdir(parents=True)
    path.write_text('{"expert": 1.5}')
    pygame.image.save(pygame.Surface(preparing.PICTURE), path.with_suffix(".png"))
    assert card_of(CHAIN) is not None
    path.with_suffix(damaged).write_bytes(b"[]")

    class Ready(Waiting):
        def of(self, world: World):
            return preparing.Progress("ready", time.monotonic())

    title = TitleScreen(
        [CHAIN], BEGINNER, stage, Sounds(), Ready(), tmp_path, lambda *_: pytest.fail("opened")
    )
    show(title, stage, {}, 3)


def test_a_world_that_only_this_process_knows_is_reported_and_the_next_one_prepared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["Nowhere", "CliffChain"])
    lines = capsys.readouterr().out.splitlines()
    assert '"failed"' in lines[0]
    assert "unknown world" in lines[0]
    assert '"ready"' in lines[-1]


def test_a_process_that_dies_leaves_its_worlds_failed() -> None:
    preparation = Preparation([MAZE])
    try:
        process = preparation._process
        assert process is not None
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60.0
        while preparation.of(MAZE).stage == "waiting":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert preparation.of(MAZE).stage == "failed"
    finally:
        preparation.close()
