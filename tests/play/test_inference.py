"""What a player seems to want: inferred from scripted moves, while the frames go on."""

import time
from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pygame
import pytest

from il_envs.drawing.canvas import SIZE
from il_envs.engine.single import WorldEnv
from il_envs.learning import installed
from il_envs.play import inference
from il_envs.play.game import Game
from il_envs.play.inference import InferenceError, Inferred, Moves, infer, inferring_algorithm
from il_envs.play.pilots import ExpertPilot
from il_envs.play.screens import keys_panel
from il_envs.play.screens.inference_panel import InferencePanel
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import Split, World, get_world
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.picture.reward import paint_reward
from tests.play.conftest import IlPlay
from tests.play.player import FRAME, begun, show, tap

ROOMS, STILL, CAR = get_world("FourRooms"), get_world("FourRoomsStill"), get_world("DriftCar")
OFFERS = [
    "Binaryworld", "CliffChain", "FourRooms", "FourRoomsMoved", "FourRoomsMovedStill",
    "FourRoomsStill", "Macrocells", "Objectworld", "RiskyBridge",
]  # fmt: skip
PATIENCE = 120.0  # s, for another process on a busy machine


def screen_of(game: Game, window: Window, folder: Path) -> PlayScreen:
    return PlayScreen(game, window, Sounds(is_muted=True), folder, lambda: None)


def expert_taps(world: World, seed: int, moves: int) -> dict:
    """The keys of the expert's first moves, every 12 frames from frame 2 on."""
    env = WorldEnv(world.name)
    observation, _ = env.reset(seed=seed)
    pilot, script = ExpertPilot(env), {}
    for k in range(moves):
        action = pilot.decide(observation)
        script[2 + 12 * k] = tap(world.views.keys[int(action)].key)
        observation, *_ = env.step(action)
    return script


def settle(screen: PlayScreen, moves: int) -> Inferred:
    """Go on by frames until so many moves are explained."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        screen.frame(FRAME)
        found = screen.inference.newest
        if found is not None and found.moves == moves:
            return found
        time.sleep(0.005)
    pytest.fail(f"no answer about {moves} moves: {screen._note}")


def sleeps(world: World, split: Split, episodes: Sequence[Moves]) -> Inferred:
    time.sleep(20.0)
    return Inferred(np.zeros(121), np.zeros((1, 121, 4)), 1)


def fails(world: World, split: Split, episodes: Sequence[Moves]) -> Inferred:
    raise ValueError("a line\nand another one")


def goal_over_mean(reward: np.ndarray, world: World) -> float:
    """How much more than the mean free cell the goal is worth, nats."""
    tile = WorldEnv(world.name).params["tile"]
    return float(reward[tile == tiles.GOAL][0] - reward[tile != tiles.WALL].mean())


@pytest.mark.parametrize("seed", range(6))
def test_the_goal_of_an_experts_moves_is_found(seed: int, stage: Window, tmp_path: Path) -> None:
    """Above the mean cell by 0.25 nats or more; of these seeds the least is 0.41."""
    game = begun(ROOMS, seed)
    show(screen_of(game, stage, tmp_path), stage, expert_taps(ROOMS, seed, 25), 310)
    assert game.step == 25
    found = infer(ROOMS, "training", game.moves)
    assert found.moves == 25
    assert goal_over_mean(found.reward, ROOMS) > 0.25


def test_it_forms_beside_the_board_while_somebody_plays(stage: Window, tmp_path: Path) -> None:
    game = begun(ROOMS, 5)
    screen = screen_of(game, stage, tmp_path)
    script = {1: tap("i"), **expert_taps(ROOMS, 5, 12)}
    show(screen, stage, script, 150)
    screen.inference.show_next()  # closed with the screen, it begins again
    found = settle(screen, 12)
    assert found.reward.tobytes() == infer(ROOMS, "training", game.moves).reward.tobytes()
    assert screen.inference.mark == "inferred from 12 moves"
    screen.paint(stage.page)
    after = pygame.image.tobytes(game.canvas.surface, "RGB")
    game.draw()
    plain = pygame.image.tobytes(game.canvas.surface, "RGB")
    shape = (SIZE[1], SIZE[0], 3)
    changed = (
        np.frombuffer(after, np.uint8).reshape(shape)
        != np.frombuffer(plain, np.uint8).reshape(shape)
    ).any(axis=2)
    assert changed.sum() > 10_000
    assert not changed[:, :700].any()  # the board and all on it stay as they are
    screen.close()


def test_all_episodes_of_the_session_count(stage: Window, tmp_path: Path) -> None:
    game = begun(STILL, 0)
    script = {2: tap("up"), 20: tap("left"), 40: tap("r"), 60: tap("down"), 80: tap("n")}
    show(screen_of(game, stage, tmp_path), stage, script, 100)
    assert [(each.seed, each.actions) for each in game.moves] == [(0, [0, 3]), (0, [2]), (1, [])]
    assert [len(each.observations) for each in game.moves] == [3, 2, 1]
    played = [each for each in game.moves if each.actions]
    assert infer(STILL, "training", played).moves == 3


def test_nothing_waits_for_it(stage: Window, tmp_path: Path) -> None:
    """A computation of 20 s is under way while 3 s are played."""
    game = begun(STILL, 0)
    screen = screen_of(game, stage, tmp_path)
    screen.inference = InferencePanel(game, sleeps)
    screen.inference.show_next()
    for k in range(200):
        if k % 20 == 0:
            for event in tap(STILL.views.keys[k // 20 % 4].key):
                screen.handle(event)
        screen.frame(FRAME)
        screen.paint(stage.page)
        time.sleep(0.02)
    assert game.step == 10
    assert screen.inference.newest is None
    assert screen.inference.mark == "inferred from 0 moves"
    screen.close()


def test_a_computation_that_fails_leaves_the_game_going(stage: Window, tmp_path: Path) -> None:
    game = begun(STILL, 0)
    screen = screen_of(game, stage, tmp_path)
    screen.inference = InferencePanel(game, fails)
    screen.inference.show_next()
    for event in tap("up"):
        screen.handle(event)
    end = time.monotonic() + PATIENCE
    while screen.inference.shown != "nothing" and time.monotonic() < end:
        screen.frame(FRAME)
        time.sleep(0.005)
    assert screen._note == "the inference failed: ValueError: a line"
    assert screen.inference.mark == ""
    assert screen.frame(FRAME) is screen


def test_off_is_as_if_it_had_never_been_on(stage: Window, tmp_path: Path) -> None:
    taps = expert_taps(ROOMS, 5, 4)
    surfaces = []
    for script in (taps, {**taps, 60: tap("i"), 64: tap("i"), 68: tap("i")}):
        game = begun(ROOMS, 5)
        show(screen_of(game, stage, tmp_path), stage, script, 90)
        surfaces.append(pygame.image.tobytes(game.canvas.surface, "RGB"))
        assert game.canvas.ghosts == ()
    assert surfaces[0] == surfaces[1]


def test_its_agent_goes_on_from_where_the_player_is(stage: Window, tmp_path: Path) -> None:
    game = begun(STILL, 4)
    screen = screen_of(game, stage, tmp_path)
    show(screen, stage, expert_taps(STILL, 4, 6), 90)
    before = game.env.state
    for event in (*tap("i"), *tap("i")):
        screen.handle(event)
    found = settle(screen, 6)
    walks = []
    for _ in range(200):
        screen.frame(FRAME)
        screen.paint(stage.page)
        (ghost,) = game.canvas.ghosts
        walks.append(ghost.history)
        assert 0.0 <= ghost.share <= 1.0
    assert game.env.state == before
    longest = max(walks, key=len)
    assert longest["step"].tolist() == list(range(6, 19))
    assert longest["cell"][0] == before["cell"]
    model = STILL.known_model()
    for step, cell, following in zip(
        longest["step"], longest["cell"], longest["cell"][1:], strict=False
    ):
        action = found.policy[step, cell].argmax()
        assert model.transition[[action * model.states + cell], [following]][0] == 1.0
    screen.close()


def test_only_worlds_with_a_model_and_a_picture_of_rewards_offer_it(
    world: World, stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inference.offers_inference(world) == (world.name in OFFERS)
    if not world.views.pictures or not world.views.keys:
        return
    rows: list[tuple[str, str]] = []
    monkeypatch.setattr(keys_panel, "paint_panel", lambda *texts: rows.extend(texts[2]))
    screen = PlayScreen(begun(world), stage, Sounds(is_muted=True), tmp_path, lambda: None)
    show(screen, stage, {0: tap("h")}, 2)
    assert ("i" in dict(rows)) == (world.name in OFFERS)


@pytest.mark.parametrize("name", OFFERS)
def test_every_world_that_offers_it_paints_any_reward(name: str, stage: Window) -> None:
    """Rounding errors have no colours, and colours are scaled to the largest reward."""
    world = get_world(name)
    game = begun(world, 1)
    canvas = game.canvas
    assert canvas.view.reward is not None
    paint = resolve_name(canvas.view.reward)
    states = world.known_model().states
    slope = np.linspace(-2.0, 1.0, states)
    seen = []
    for reward in (np.zeros(states), np.full(states, 1e-12), slope, -slope):
        canvas.draw()
        paint(reward, game.env.state, canvas.params, canvas)
        seen.append(pygame.image.tobytes(canvas.surface, "RGB"))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_the_mark_is_where_the_player_is(stage: Window, tmp_path: Path) -> None:
    """On the cell that the last move led to, not on the one before, which the picture still knows
    while it shows the way."""
    game = begun(STILL, 4)
    script = expert_taps(STILL, 4, 1)
    show(screen_of(game, stage, tmp_path), stage, script, 4)
    before, after = game.canvas.history[-1], game.env.state
    assert before["cell"] != after["cell"]
    canvas = game.canvas
    legends = []
    for state in (before, after):
        game.draw()
        paint_reward(np.zeros(121), state, canvas.params, canvas)
        legends.append(pygame.image.tobytes(canvas.surface, "RGB"))
    panel = InferencePanel(game)
    panel.show_next()
    game.draw()
    panel.paint()
    panel.close()
    assert legends[0] != legends[1] == pygame.image.tobytes(canvas.surface, "RGB")


def test_a_world_without_a_model_says_so_in_one_line(stage: Window, tmp_path: Path) -> None:
    line = "what you want cannot be inferred in DriftCar: it has no model"
    with pytest.raises(InferenceError, match=f"^{line}$"):
        inferring_algorithm(CAR)
    game = begun(CAR)
    screen = screen_of(game, stage, tmp_path)
    show(screen, stage, {1: tap("i")}, 20)
    assert screen._note == line
    assert game.step > 0


def test_without_baselines_there_is_one_line(
    stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, il_play: IlPlay
) -> None:
    monkeypatch.setattr(installed, "entry_points", lambda **chosen: ())
    screen = screen_of(begun(STILL), stage, tmp_path)
    show(screen, stage, {1: tap("i")}, 10)
    assert screen._note.startswith("what you want is not inferred: no algorithm 'maxent'")
    assert screen.game.step == 0
    outcome = il_play("FourRooms", "--infer")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "il-play: --infer: what you want is not inferred: no algorithm 'maxent' is installed; "
        "`pip install 'il-envs[baselines]'` brings ours, "
        "another one needs an entry point in the group il_envs.algorithms\n"
    )


def test_baselines_that_cannot_be_imported_give_their_own_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken:
        name = "maxent"

        def load(self) -> None:
            raise ModuleNotFoundError("torch is not installed; pip install 'il-envs[baselines]'")

    monkeypatch.setattr(installed, "entry_points", lambda **chosen: (Broken(),))
    with pytest.raises(
        InferenceError, match=r"not inferred: .* torch is not installed; pip install"
    ):
        inferring_algorithm(ROOMS)


def test_watching_is_not_playing(stage: Window, tmp_path: Path, il_play: IlPlay) -> None:
    game = Game(STILL, "training", 0, begun(STILL).level)
    game.watch(ExpertPilot(game.env))
    screen = screen_of(game, stage, tmp_path)
    show(screen, stage, {1: tap("i")}, 10)
    assert screen._note == "what you want is inferred while you play, not while you watch"
    for arguments, why in (
        (("FourRooms", "--expert", "--infer"), "--infer is about what you play"),
        (("--infer",), "--infer needs a world"),
        (("DriftCar", "--infer"), "--infer: what you want cannot be inferred in DriftCar"),
    ):
        outcome = il_play(*arguments)
        assert (outcome.exit_code, outcome.stderr.count("\n")) == (2, 1)
        assert outcome.stderr.startswith(f"il-play: {why}")
