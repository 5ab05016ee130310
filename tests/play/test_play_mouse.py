"""Playing by hand with many keys at once, with the mouse, and in another view."""

from collections.abc import Callable
from dataclasses import replace

import pygame
import pytest

from il_envs.play import __main__ as play
from il_envs.play.game import MOUSE, Game, command_keys
from il_envs.world import View, World, get_world
from tests.play.conftest import IlPlay
from tests.play.test_play import CAR, Player

SHOOTER = get_world("Shooter")
VIEW = CAR.views.pictures[0]


def looked_at(monkeypatch: pytest.MonkeyPatch, draw, pointer) -> World:
    """The car with a view of functions that are found under names of their own."""
    names = []
    for function in (draw, pointer):
        name = function if isinstance(function, str) else f"{__name__}:kept_{id(function)}"
        if not isinstance(function, str):
            monkeypatch.setitem(globals(), name.partition(":")[2], function)
        names.append(name)
    return replace(CAR, views=replace(CAR.views, pictures=(View(*names),)))


def test_twelve_keys_are_held_at_once_modifiers_too(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface
) -> None:
    keys = [pygame.key.key_code(key.key) for key in SHOOTER.views.keys]
    assert {pygame.K_LSHIFT, pygame.K_LCTRL} < set(keys)
    downs = [(1 + k // 3, pygame.KEYDOWN, key) for k, key in enumerate(keys)]
    Player(monkeypatch, *downs, (6, pygame.KEYUP, keys[0]), (8, pygame.KEYDOWN, pygame.K_ESCAPE))
    game = Game(SHOOTER, "training", seed=0, watch_expert=False)
    pressed = []
    original = Game.paint

    def paint(game: Game, window: pygame.Surface) -> None:
        pressed.append(int(game.state["held"].sum()))
        original(game, window)

    monkeypatch.setattr(Game, "paint", paint)
    play.run(game, window)
    assert pressed == [0, 3, 6, 9, 12, 12, 11, 11, 11]


MOUSE_EVENTS = (
    (1, pygame.MOUSEMOTION, {"pos": (300, 200)}),
    (2, pygame.MOUSEBUTTONDOWN, {"button": 1}),
    (3, pygame.MOUSEBUTTONUP, {"button": 1}),
    (4, pygame.MOUSEBUTTONDOWN, {"button": 3}),
    (5, pygame.KEYDOWN, pygame.K_ESCAPE),
)


@pytest.mark.parametrize("uses_mouse", [True, False])
def test_the_mouse_presses_the_keys_that_the_world_says(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface, uses_mouse: bool
) -> None:
    asked = []

    def pointer(state, params, canvas, place, is_pressed):
        asked.append((int(state["step"]), params.size, canvas.history.size, place, is_pressed))
        return ("up", "left") if is_pressed else ("up",)

    world = looked_at(monkeypatch, VIEW.draw, pointer)
    player = Player(monkeypatch, *MOUSE_EVENTS)
    game = Game(world, "training", seed=0, watch_expert=False, uses_mouse=uses_mouse)
    game.phase = "playing"
    play.run(game, window)
    if uses_mouse:
        steps = [(step, CAR.dynamics.params("training").size, step + 1) for step in range(1, 6)]
        presses = [False, True, False, False, False]
        assert asked == [
            (*numbers, (300, 200), press) for numbers, press in zip(steps, presses, strict=True)
        ]
        assert player.held == [[], [], [MOUSE], [], [], []]
        assert game.state["drive"] > 0.0
    else:
        assert asked == []
        assert player.held == [[]] * 6
        assert player.places == [None] * 6
        assert game.state["drive"] == 0.0


def test_another_view_is_shown_and_has_a_pointer_of_its_own(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface
) -> None:
    def keys(name: str) -> Callable[..., tuple[str, ...]]:
        return lambda *arguments: (name,)

    def fill(state, params, canvas):
        canvas.surface.fill((1, 2, 3))

    other = looked_at(monkeypatch, fill, keys("down")).views.pictures
    own = looked_at(monkeypatch, VIEW.draw, keys("up")).views.pictures
    world = replace(CAR, views=replace(CAR.views, pictures=own + other))
    game = Game(world, "training", seed=0, watch_expert=False, uses_mouse=True)
    game.phase = "playing"
    drives = []
    for _ in range(3):
        game.paint(window)
        game.tick([], (5, 5))
        drives.append((window.get_at((480, 590))[:3] == (1, 2, 3), float(game.state["drive"])))
        game.command("view")
    assert [is_other for is_other, _ in drives] == [False, True, False]
    assert drives[1][1] < drives[0][1]
    assert drives[2][1] > drives[1][1]


@pytest.mark.parametrize("uses_mouse", [True, False])
def test_the_help_tells_of_the_mouse_where_it_is_used(uses_mouse: bool) -> None:
    mute = replace(SHOOTER.views.pictures[1], pointer=None)
    pictures = (SHOOTER.views.pictures[0], mute)
    world = replace(SHOOTER, views=replace(SHOOTER.views, pictures=pictures))
    game = Game(world, "training", seed=0, watch_expert=False, uses_mouse=uses_mouse)
    row = ("mouse", "turn, left button to fire")
    assert (row in game._help()) == uses_mouse
    game.command("view")  # to one in which the mouse does nothing
    assert row not in game._help()


def test_the_mouse_button_begins_the_game(window: pygame.Surface) -> None:
    game = Game(SHOOTER, "training", seed=0, watch_expert=False, uses_mouse=True)
    game.tick([], (300, 200))
    assert game.phase == "ready"
    game.tick([MOUSE], (300, 200))
    assert game.phase == "playing"


def test_only_a_world_with_other_views_has_a_key_for_them() -> None:
    assert "view" not in command_keys(CAR).values()
    assert command_keys(SHOOTER)["v"] == "view"
    assert command_keys(SHOOTER)["backspace"] == command_keys(CAR)["r"] == "restart"


def test_a_world_without_a_pointer_refuses_the_mouse_in_one_line(
    il_play: IlPlay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(play, "run", lambda game, window: None)
    result = il_play("DriftCar", "--mouse")
    assert result.exit_code == 2
    assert result.stderr == "il-play: DriftCar cannot be played with the mouse\n"


@pytest.mark.parametrize("options", [[], ["--mouse"]])
def test_the_command_line_hands_the_mouse_on(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    games = []
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(play, "run", lambda game, window: games.append(game))
    assert il_play("Shooter", *options).exit_code == 0
    assert [game.uses_mouse for game in games] == [bool(options)]
