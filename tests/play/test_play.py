"""Playing by hand: held keys, the game, the window loop and the command line."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pygame
import pytest

import il_envs
from il_envs.drawing.canvas import SIZE
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import run_episodes
from il_envs.play import __main__ as play
from il_envs.play import panel
from il_envs.play.game import FIRST_PAUSE, LATER_PAUSE, Game, Result, command_keys
from il_envs.play.held_keys import HeldKeys, Keyboard
from il_envs.world import PlayKey, World, get_world
from tests.play.conftest import IlPlay

CAR = get_world("DriftCar")


def world_with(space: gym.Space, *keys: PlayKey) -> World:
    spaces, views = replace(CAR.spaces, action=space), replace(CAR.views, keys=keys)
    return replace(CAR, spaces=spaces, views=views)


AXIS = world_with(
    gym.spaces.Box(-1.0, 1.0, (2,)),
    PlayKey("left", 0, 1.0, "left", rise=2.0, fall=4.0),
    PlayKey("right", 0, -0.5, "right", rise=2.0, fall=4.0),
    PlayKey("w", 1, 1.0, "drive", rise=10.0, fall=10.0),
    PlayKey("up", 1, 1.0, "drive", rise=10.0, fall=10.0),
)
BUTTONS = world_with(
    gym.spaces.MultiBinary(12), *(PlayKey(f"f{k + 1}", k, 1.0, f"button {k}") for k in range(12))
)
TURNS = world_with(
    gym.spaces.Discrete(4), *(PlayKey(key, 0, k, key) for k, key in enumerate("wdsa"))
)


def test_axis_rises_to_its_value_and_falls_back_to_zero() -> None:
    held = HeldKeys(AXIS)
    assert [held.action({"left": 1.0}, 0.125)[0] for _ in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [held.action({}, 0.125)[0] for _ in range(3)] == [0.5, 0.0, 0.0]
    assert [held.action({"right": 1.0}, 0.125)[0] for _ in range(3)] == [-0.25, -0.5, -0.5]
    held.let_go()
    assert held.action({}, 0.0).tolist() == [0.0, 0.0]


def test_opposite_keys_cancel_and_equal_keys_are_clipped() -> None:
    held = HeldKeys(world_with(AXIS.spaces.action, AXIS.views.keys[0], replace(
        AXIS.views.keys[1], value=-1.0)))  # fmt: skip
    assert [held.action({"left": 1.0, "right": 1.0}, 0.125)[0] for _ in range(5)] == [0.0] * 5
    held.let_go()
    held.action({"left": 1.0}, 1.0)
    assert held.action({"right": 1.0}, 0.125)[0] == 1.0 - 0.125 * 4.0 - 0.125 * 2.0
    assert HeldKeys(AXIS).action({"w": 1.0, "up": 1.0}, 1.0).tolist() == [0.0, 1.0]


def test_box_action_is_valid() -> None:
    action = HeldKeys(AXIS).action({"left": 1.0, "w": 1.0}, 0.04)
    assert action.dtype == np.float32
    assert AXIS.spaces.action.contains(action)


def test_buttons_are_pressed_in_chords_and_at_once() -> None:
    held = HeldKeys(BUTTONS)
    chord = held.action({"f1": 1.0, "f3": 1.0, "f12": 1.0}, 0.05)
    assert chord.tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert BUTTONS.spaces.action.contains(chord)
    assert held.action({"f3": 1.0}, 0.05).tolist() == [0, 0, 1] + [0] * 9
    assert held.action({}, 0.05).tolist() == [0] * 12


def test_turns_wait_for_a_key_and_take_the_latest() -> None:
    held = HeldKeys(TURNS)
    assert held.action({}, 0.1) is None
    assert held.action({"w": 1.0, "s": 1.0}, 0.1) == 2
    assert held.action({"s": 1.0, "w": 1.0}, 0.1) == 0
    assert TURNS.spaces.action.contains(held.action({"a": 1.0}, 0.1))


def test_sticks_and_triggers_act_at_once_until_they_are_let_go() -> None:
    held = HeldKeys(AXIS)
    assert held.action({"left": 0.25}, 0.125)[0] == 0.25
    assert held.action({"left": 0.75}, 0.0)[0] == 0.75
    assert held.action({"left": 1.0}, 0.0)[0] == 1.0  # a stick on its way is a stick to the end
    assert held.action({"left": 0.5}, 0.0)[0] == 0.5
    assert held.action({"right": 0.5}, 0.0)[0] == -0.25  # of the key's value
    assert held.action({}, 0.0)[0] == 0.0
    assert held.action({"left": 1.0}, 0.125)[0] == 0.25  # and a key of a keyboard rises again


def test_an_axis_without_rates_is_a_switch() -> None:
    held = HeldKeys(world_with(AXIS.spaces.action, PlayKey("left", 0, -0.5, "left")))
    assert [held.action(keys, 0.0)[0] for keys in ({"left": 1.0}, {})] == [-0.5, 0.0]


def test_buttons_and_turns_count_from_half_way_on() -> None:
    chord = HeldKeys(BUTTONS).action({"f1": 0.5, "f2": 0.49}, 0.05)
    assert chord.tolist() == [1] + [0] * 11
    assert HeldKeys(TURNS).action({"w": 0.5, "s": 0.49}, 0.1) == 0
    assert HeldKeys(TURNS).action({"w": 0.49}, 0.1) is None


def test_two_controls_of_one_button_press_it_once() -> None:
    button = PlayKey("a", 0, 1.0, "fire")
    world = world_with(gym.spaces.MultiBinary(1), button, replace(button, key="b"))
    assert HeldKeys(world).action({"a": 1.0, "b": 1.0}, 0.05).tolist() == [1]
    assert HeldKeys(world).action({"a": 0.3, "b": 0.3}, 0.05).tolist() == [0]


def test_keyboard_keeps_order_and_remembers_taps() -> None:
    keyboard = Keyboard()
    keyboard.press("a")
    keyboard.press("b")
    keyboard.release("b")
    assert keyboard.take() == ["b", "a"]
    assert keyboard.take() == ["a"]
    keyboard.press("b")
    keyboard.press("a")
    assert keyboard.take() == ["b", "a"]
    keyboard.release("a")
    assert keyboard.take() == ["b"]
    keyboard.release("never pressed")


def test_keys_of_the_world_are_not_the_players_own() -> None:
    assert command_keys(CAR)["space"] == "pause"
    shooter = world_with(BUTTONS.spaces.action, PlayKey("space", 0, 1.0, "fire"),
                         PlayKey("r", 1, 1.0, "reload"))  # fmt: skip
    assert set(command_keys(CAR)) - set(command_keys(shooter)) == {"space", "r"}


def test_episode_ends_with_the_experts_score_on_the_same_seed(window: pygame.Surface) -> None:
    game = Game(CAR, "training", seed=5, watch_expert=False)
    while game.phase != "over":
        game.tick(["up", "left"])
        assert int(game.state["step"]) < 400
    game.paint(window)
    expert = run_episodes(CAR, "training", ExpertPolicy, [5])[0].total_reward
    (result,) = game.results
    assert result.seed == 5
    assert result.expert_total == expert
    assert 0.0 < result.total < 0.5 * expert
    assert result.ratio == result.total / expert
    ended = int(game.state["step"])
    game.tick(["up"])
    assert int(game.state["step"]) == ended
    game.command("next")
    assert (game.seed, game.phase, int(game.state["step"])) == (6, "ready", 0)


def test_watching_the_expert_gives_its_score() -> None:
    game = Game(CAR, "held_out", seed=3, watch_expert=True)
    for _ in range(CAR.dynamics.max_episode_steps + 200):
        game.tick([])
    assert game.results[0].ratio == 1.0


def test_game_waits_before_the_start_and_while_paused() -> None:
    game = Game(CAR, "training", seed=0, watch_expert=False)
    game.tick([])
    assert int(game.state["step"]) == 0
    game.tick(["up"])
    assert int(game.state["step"]) == 1
    game.command("pause")
    game.tick(["up"])
    assert int(game.state["step"]) == 1
    game.command("next")  # means nothing before the end
    game.command("pause")
    game.tick(["up"])
    assert int(game.state["step"]) == 2
    game.command("restart")
    assert (game.seed, game.phase, int(game.state["step"])) == (0, "ready", 0)


def footer_of(game: Game, window: pygame.Surface) -> str:
    """What the panel over the picture says at its foot."""
    with pytest.MonkeyPatch.context() as patch:
        feet: list[str] = []
        patch.setattr(panel, "paint", lambda *arguments: feet.append(arguments[3]))
        game.paint(window)
    return feet[0]


def test_a_player_has_all_the_time_there_is_to_read_the_keys(window: pygame.Surface) -> None:
    game = Game(CAR, "training", seed=0, watch_expert=False)
    for command in ("help", "restart"):  # whatever else is pressed
        game.command(command)
        for _ in range(round(100.0 / CAR.dynamics.control_period)):
            game.tick([])
        assert (game.phase, int(game.state["step"])) == ("ready", 0)
        assert footer_of(game, window) == "begins when you press a key of the game"
    game.tick(["up"])
    assert (game.phase, int(game.state["step"])) == ("playing", 1)


def test_a_later_episode_begins_by_itself() -> None:
    game = Game(CAR, "training", seed=0, watch_expert=False)
    while game.phase != "over":
        game.tick(["up", "left"])
    game.command("next")
    game.tick([])
    assert int(game.state["step"]) == 0
    for _ in range(round(LATER_PAUSE / CAR.dynamics.control_period)):
        game.tick([])
    assert int(game.state["step"]) > 0


def test_a_watched_expert_begins_when_the_footer_says(window: pygame.Surface) -> None:
    game = Game(CAR, "training", seed=0, watch_expert=True)
    assert footer_of(game, window) == f"begins in {FIRST_PAUSE:.0f} s"
    for _ in range(round((FIRST_PAUSE - 1.5) / CAR.dynamics.control_period)):
        game.tick([])
    assert footer_of(game, window) == "begins in 2 s"
    for _ in range(round(1.4 / CAR.dynamics.control_period)):
        game.tick([])
    assert footer_of(game, window) == "begins in 1 s"
    for _ in range(round(0.2 / CAR.dynamics.control_period)):
        game.tick([])
    assert game.phase == "playing"


def test_every_overlay_is_painted(window: pygame.Surface) -> None:
    game = Game(CAR, "training", seed=0, watch_expert=False)

    def pixels() -> bytes:
        game.paint(window)
        return bytes(pygame.image.tobytes(window, "RGB"))

    pictures = [pixels()]
    game.command("pause")
    pictures.append(pixels())
    game.command("help")
    pictures.append(pixels())
    game.command("pause")
    game.command("help")
    pictures.append(pixels())
    assert len(set(pictures)) == 4


@pytest.mark.parametrize(("keys", "columns"), [(9, 1), (18, 2), (27, 2)])
def test_panel_of_many_keys_fits_the_window_and_is_legible(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface, keys: int, columns: int
) -> None:
    sizes: list[int] = []
    original = panel.write

    def write(surface, text, place, size, *options) -> None:
        sizes.append(size)
        original(surface, text, place, size, *options)

    monkeypatch.setattr(panel, "write", write)
    rows = [(f"key {k}", "meaning") for k in range(keys)]
    pygame.font.init()
    window.fill((9, 9, 9))
    panel.paint(window, "Shooter20", rows, "footer", panel.KEY_ROW)
    painted = (pygame.surfarray.array3d(window) != 9).any(axis=2)
    assert not painted[:, -panel.TOP :].any()
    assert painted.any(axis=1).sum() == columns * panel.COLUMN_WIDTH
    assert min(sizes) >= 20


class Player:
    """Posts events at chosen ticks of the loop: a key, or the fields of one of the mouse."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *events: tuple[int, int, int | dict]
    ) -> None:
        self.tick = 0
        self.held: list[list[str]] = []
        self.places: list[tuple[int, int] | None] = []
        original = Game.tick

        def tick(game: Game, held: list[str], place: tuple[int, int] | None) -> None:
            self.held.append(list(held))
            self.places.append(place)
            original(game, held, place)
            self.tick += 1
            for when, kind, what in events:
                if when == self.tick:
                    fields = what if isinstance(what, dict) else {"key": what}
                    pygame.event.post(pygame.event.Event(kind, fields))
            assert self.tick < 100

        monkeypatch.setattr(Game, "tick", tick)


def test_loop_plays_posted_keys_until_escape(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface
) -> None:
    player = Player(
        monkeypatch,
        (1, pygame.KEYDOWN, pygame.K_UP),
        (2, pygame.KEYDOWN, pygame.K_LEFT),
        (4, pygame.KEYUP, pygame.K_UP),
        (5, pygame.KEYDOWN, pygame.K_SPACE),
        (7, pygame.KEYDOWN, pygame.K_ESCAPE),
    )
    game = Game(CAR, "training", seed=0, watch_expert=False)
    play.run(game, window)
    assert player.held == [
        [], ["up"], ["up", "left"], ["up", "left"], ["left"], ["left"], ["left"], ["left"]
    ]  # fmt: skip
    assert int(game.state["step"]) == 4  # the last ticks were paused
    assert game.state["steering"] > 0.0
    assert not game.is_running


@pytest.mark.parametrize("name", ["DriftCar-v7", "il_envs/Driftcar", "DritfCar-v0"])
def test_unknown_world_gets_the_nearest_name(
    il_play: IlPlay,
    name: str,
) -> None:
    result = il_play(name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"il-play: unknown world {name!r}; did you mean 'DriftCar'?"
    ]


def test_no_display_is_one_line(
    il_play: IlPlay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = il_play("DriftCar")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("il-play: cannot open a window: no display")


def test_world_without_keys_is_only_watched(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        play, "get_world", lambda name: replace(CAR, views=replace(CAR.views, keys=()))
    )
    monkeypatch.setattr(play, "run", lambda game, window: None)
    result = il_play("DriftCar")
    assert result.exit_code == 2
    assert result.stderr == "il-play: DriftCar has no keys to play it with; try --expert\n"


NO_EXPERT = replace(CAR, name="NoExpert", experts={})


@pytest.mark.parametrize(
    ("world", "options", "refusal"),
    [
        (NO_EXPERT, ["--expert"], "NoExpert has no expert to watch"),
        (
            replace(NO_EXPERT, views=replace(CAR.views, keys=())),
            [],
            "NoExpert has no keys to play it with",
        ),
        (CAR, ["--expert", "--mouse"], "--expert and --mouse do not go together"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch, world: World, options: list[str], refusal: str
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(play, "get_world", lambda name: world)
    monkeypatch.setattr(play, "run", lambda game, window: None)
    result = il_play(world.name, *options)
    assert result.exit_code == 2
    assert result.stderr == f"il-play: {refusal}\n"


def test_a_world_without_experts_is_played_to_its_end(
    monkeypatch: pytest.MonkeyPatch, window: pygame.Surface
) -> None:
    game = Game(replace(CAR, experts={}), "training", seed=5, watch_expert=False)
    while game.phase != "over":
        game.tick(["up", "left"])
    game.paint(window)
    (result,) = game.results
    assert (result.expert_total, result.ratio, result.difference) == (None, None, None)
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(panel, "paint", lambda window, title, rows, *_: shown.extend(rows))
    game.paint(window)
    assert shown == [("you", f"{result.total:.1f}")]
    assert play.summary(game.results, "you") == [f"seed 5: you {result.total:.2f}"]


def test_every_option_is_explained(
    il_play: IlPlay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    text = il_play("--help").stdout
    assert "which of the world's parts to play on" in text
    assert "turn with the mouse and fire with its left button, in worlds that allow it" in text


def test_command_prints_one_line_for_each_episode(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(game: Game, window: pygame.Surface) -> None:
        assert window.get_size() == SIZE
        assert (game.seed, game.split) == (4, "held_out")
        game.results += [Result(4, 10.0, 40.0), Result(5, 30.0, 40.0)]

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(play, "run", run)
    result = il_play("DriftCar", "--seed", "4", "--split", "held_out")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "seed 4: you 10.00, expert 40.00, ratio 0.25",
        "seed 5: you 30.00, expert 40.00, ratio 0.75",
    ]


@pytest.mark.parametrize(
    ("total", "expert", "line", "row"),
    [
        (10.0, 40.0, "ratio 0.25", ("ratio", "25 %")),
        (-500.0, -250.0, "difference -250.00", ("difference", "-250.0")),
        (-18.0, -30.0, "difference +12.00", ("difference", "+12.0")),
        (-3.0, 0.0, "difference -3.00", ("difference", "-3.0")),
        (0.0, 40.0, "difference -40.00", ("difference", "-40.0")),
        (-20.0, 40.0, "difference -60.00", ("difference", "-60.0")),
        (5.0, -5.0, "difference +10.00", ("difference", "+10.0")),
        (0.0, 0.0, "difference +0.00", ("difference", "+0.0")),
    ],
)
def test_only_returns_that_are_both_positive_are_given_as_a_ratio(
    monkeypatch: pytest.MonkeyPatch,
    window: pygame.Surface,
    total: float,
    expert: float,
    line: str,
    row: tuple[str, str],
) -> None:
    result = Result(7, total, expert)
    totals = f"you {total:.2f}, expert {expert:.2f}"
    assert play.summary([result], "you") == [f"seed 7: {totals}, {line}"]
    game = Game(CAR, "training", seed=7, watch_expert=False)
    game.results.append(result)
    game.phase, game._ending = "over", "Over"
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(panel, "paint", lambda window, title, rows, *_: shown.extend(rows))
    game.paint(window)
    assert shown == [("you", f"{total:.1f}"), ("expert", f"{expert:.1f}"), row]


def test_a_world_of_turns_that_is_told_its_cell_is_played(window: pygame.Surface) -> None:
    game = Game(get_world("Maze"), "training", seed=0, watch_expert=False)
    game.tick([])
    assert int(game.state["step"]) == 0
    keys = ["up", "right", "down", "left"]
    while game.phase != "over":
        actions, _ = ExpertPolicy(game._env).predict()
        game.tick([keys[actions[0]]])
    game.paint(window)
    assert game.results[0].ratio == 1.0
    watched = Game(get_world("Maze"), "training", seed=0, watch_expert=True)
    watched.tick(["up"])
    while watched.phase != "over":
        watched.tick([])
    assert watched.results == game.results


def test_every_key_of_every_world_is_one_that_there_is() -> None:
    pygame.display.init()
    for world in il_envs.WORLDS.values():
        for key in world.views.keys:
            assert pygame.key.key_code(key.key)
