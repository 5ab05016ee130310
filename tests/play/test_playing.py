"""The screen on which worlds are played, driven by scripted events frame by frame."""

from pathlib import Path

import numpy as np
import pygame
import pytest

from il_envs.drawing.canvas import SIZE
from il_envs.learning.stored_policy import StoredPolicyError
from il_envs.play.game import Game
from il_envs.play.level import FULL, STANDARD
from il_envs.play.overlay import ONE_COLUMN, paint_panel
from il_envs.play.pilots import ExpertPilot, PolicyPilot
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import World, get_world
from tests.play.player import begun, down, show, tap, up

CAR, SHOOTER, STILL = get_world("DriftCar"), get_world("Shooter"), get_world("FourRoomsStill")
FOCUS_LOST = pygame.event.Event(pygame.WINDOWFOCUSLOST)


def screen_of(game: Game, window: Window, folder: Path) -> PlayScreen:
    return PlayScreen(game, window, Sounds(is_muted=True), folder, lambda: None)


def pages(screen: PlayScreen, window: Window, script: dict, frames: int) -> list[bytes]:
    """The page after each frame."""
    seen: list[bytes] = []

    def look(frame: int, window: Window) -> None:
        if frame:
            seen.append(pygame.image.tobytes(window.page, "RGB"))

    show(screen, window, script, frames, look)
    return seen


def test_every_world_is_played_to_an_end_or_for_a_while(
    world: World, stage: Window, tmp_path: Path
) -> None:
    if not world.views.pictures or not world.views.keys:
        pytest.skip("it is not played")
    keys = [key.key for key in world.views.keys]
    script = {10 + 7 * k: [down(keys[k % len(keys)])] for k in range(12)}
    script |= {13 + 7 * k: [up(keys[k % len(keys)])] for k in range(12)}
    screen = screen_of(Game(world, "training", 1, STANDARD), stage, tmp_path)
    screen.game.countdown = 0.0
    seen = pages(screen, stage, script, 120)
    assert screen.game.step > 0
    assert len(set(seen)) > 3


@pytest.mark.parametrize(
    "name", ["DriftCar", "Duel", "Shooter", "Gauntlet", "Pillar", "FourRooms", "LaneKeeping"]
)
def test_a_key_is_seen_two_frames_later_at_the_latest(
    name: str, stage: Window, tmp_path: Path
) -> None:
    world = get_world(name)

    def played(script: dict) -> list[bytes]:
        game = begun(world, 2)
        return pages(screen_of(game, stage, tmp_path / str(id(game))), stage, script, 11)

    without = played({})
    for pressed in (7, 8, 9):  # anywhere within a step
        for key in world.views.keys:
            other = played({pressed: [down(key.key)]})
            assert other[:pressed] == without[:pressed]
            if other[pressed + 1] != without[pressed + 1]:
                break
        else:
            pytest.fail(f"no key of {name} is seen within two frames")


def test_losing_the_keyboard_pauses_and_releases_everything(stage: Window, tmp_path: Path) -> None:
    game = begun(SHOOTER)
    script = {0: [down("w"), down("space")], 9: [FOCUS_LOST], 40: tap("p")}
    show(screen_of(game, stage, tmp_path), stage, script, 30)
    assert game.is_paused
    step = game.step
    show(screen_of(game, stage, tmp_path), stage, {5: tap("p")}, 30)
    assert game.step > step
    assert not game.env.state["held"].any()


def test_every_overlay_is_another_page(stage: Window, tmp_path: Path) -> None:
    game = Game(CAR, "training", 0, FULL)
    script = {20: tap("p"), 30: tap("p"), 31: tap("h"), 40: tap("escape"), 45: tap("f1"),
              50: tap("h")}  # fmt: skip
    seen = pages(screen_of(game, stage, tmp_path), stage, script, 60)
    countdown, paused, helped, again = seen[5], seen[25], seen[35], seen[47]
    assert len({countdown, paused, helped}) == 3
    assert helped == again
    assert game.phase == "countdown"


def test_commands_do_what_their_keys_say(stage: Window, tmp_path: Path) -> None:
    game = begun(SHOOTER)
    first, second = SHOOTER.views.pictures
    script = {1: tap("v"), 2: tap("tab"), 3: tap("g"), 4: tap("-"), 5: [*tap("="), *tap("=")]}
    show(screen_of(game, stage, tmp_path), stage, script, 20)
    assert game.canvas.view is second
    assert game.canvas.shows_expert
    assert game.shows_ghost
    assert game.speed == 1.4
    show(screen_of(game, stage, tmp_path), stage, {1: tap("v"), 3: tap("n")}, 5)
    assert game.canvas.view is first
    assert (game.seed, game.step) == (1, 0)
    show(screen_of(game, stage, tmp_path), stage, {1: tap(".")}, 5)
    assert (game.step, game.is_paused) == (1, True)
    show(screen_of(game, stage, tmp_path), stage, {1: tap("r"), 3: tap("escape")}, 5)
    assert (game.seed, game.step) == (1, 0)


def test_escape_leaves(stage: Window, tmp_path: Path) -> None:
    frames: list[int] = []
    game = begun(CAR)
    show(screen_of(game, stage, tmp_path), stage, {4: tap("escape")}, 50,
         lambda frame, _: frames.append(frame))  # fmt: skip
    assert frames[-1] == 4


def test_the_end_is_shown_with_the_scores_and_the_best_one_is_kept(
    stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels: list[tuple[str, list]] = []
    monkeypatch.setattr(
        "il_envs.play.screens.playing.paint_panel",
        lambda page, title, rows, footer: panels.append((title, list(rows))),
    )
    game = begun(CAR, 5, FULL)
    script = {0: [down("up"), down("left")]}
    show(screen_of(game, stage, tmp_path), stage, script, 300)
    assert game.phase == "over"
    title, rows = panels[-1]
    result = game.results[0]
    assert title == f"Over after {game.step * 0.04:.1f} s"
    assert rows == [
        ("you", f"{result.total:.1f}   your best"),
        ("expert", f"{result.expert_total:.1f}"),
        ("ratio", f"{100 * result.ratio:.0f} %"),
    ]
    later = screen_of(begun(CAR, 5, FULL), stage, tmp_path)
    assert later._books.scores.best("DriftCar", "full") == result.total
    assert later._books.scores.best("DriftCar", "standard") is None


def test_watching_the_expert_keeps_no_score(stage: Window, tmp_path: Path) -> None:
    game = Game(STILL, "training", 0, FULL)
    game.watch(ExpertPilot(game.env))
    game.phase, game.speed = "playing", 2.0
    show(screen_of(game, stage, tmp_path), stage, {}, 400)
    assert game.phase == "over"
    assert not (tmp_path / "scores.json").exists()


def test_a_screenshot_is_saved_where_the_note_says(stage: Window, tmp_path: Path) -> None:
    show(screen_of(begun(CAR), stage, tmp_path), stage, {3: tap("f12"), 4: tap("f12")}, 6)
    shots = sorted((tmp_path / "screenshots").iterdir())
    assert len(shots) == 2
    assert pygame.image.load(shots[0]).get_size() == stage.page.get_size()


def test_files_that_cannot_be_written_do_not_stop_the_game(stage: Window, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "folder"  # nothing can be written in it
    game = begun(CAR, 5, FULL)
    script = {0: [down("up"), down("left")], 3: tap("f12")}
    show(screen_of(game, stage, folder), stage, script, 200)
    assert game.phase == "over"


def test_a_key_is_changed_in_the_panel_and_acts(stage: Window, tmp_path: Path) -> None:
    game = begun(SHOOTER)
    show(
        screen_of(game, stage, tmp_path),
        stage,
        {
            1: tap("h"),
            2: [*tap("down"), *tap("down")],  # strafe left
            3: tap("return"),
            4: tap("k"),
            5: tap("h"),
            6: [down("k")],
        },
        20,
    )
    assert game.env.state["held"].tolist()[:4] == [0, 0, 1, 0]
    assert (tmp_path / "keys.json").exists()
    again = begun(SHOOTER)
    show(screen_of(again, stage, tmp_path), stage, {1: [down("k")]}, 12)
    assert again.env.state["held"][2] == 1
    back = {1: tap("h"), 2: tap("backspace"), 3: tap("escape"), 4: [down("k")]}
    last = begun(SHOOTER)
    show(screen_of(last, stage, tmp_path), stage, back, 20)
    assert not last.env.state["held"].any()


def test_a_key_in_use_is_refused_and_nothing_changes(stage: Window, tmp_path: Path) -> None:
    screen = screen_of(begun(SHOOTER), stage, tmp_path)
    show(screen, stage, {1: tap("h"), 2: tap("return"), 3: tap("p")}, 6)
    assert screen._keys.is_open
    assert "the game's key" in screen._keys._note
    assert screen._keys.changes == {}


@pytest.mark.parametrize("rows", [ONE_COLUMN, 2 * ONE_COLUMN, 36])
def test_a_panel_of_many_rows_is_within_the_picture(stage: Window, rows: int) -> None:
    stage.set_bar(40)
    stage.page.fill((9, 9, 9))
    paint_panel(stage.page, "Title", [(f"key {k}", "meaning") for k in range(rows)], "footer")
    painted = (pygame.surfarray.array3d(stage.page) != 9).any(axis=2)
    assert painted.any()
    assert not painted[:, SIZE[1] :].any()
    across = np.flatnonzero(painted.any(axis=1))
    assert across[0] > 0
    assert across[-1] < SIZE[0] - 1


def test_the_page_is_scaled_and_points_of_the_window_are_points_of_it(stage: Window) -> None:
    stage.set_bar(40)
    for size in ((1280, 720), (500, 900), (960, 640)):
        stage.handle(pygame.event.Event(pygame.VIDEORESIZE, w=size[0], h=size[1], size=size))
        pygame.display.set_mode(size)
        rect = stage.page_rect
        assert rect.width / rect.height == pytest.approx(960 / 640, abs=0.01)
        assert stage.place(rect.topleft) == (0.0, 0.0)
        assert stage.place(rect.bottomright) == pytest.approx((960.0, 640.0), abs=2.0)
        stage.show()


def test_a_panel_lets_go_of_what_was_held(stage: Window, tmp_path: Path) -> None:
    """The key comes up while the panel is open, where the game does not see it."""
    game = begun(SHOOTER)
    held: list[bool] = []
    show(
        screen_of(game, stage, tmp_path),
        stage,
        {0: [down("w")], 20: tap("h"), 22: [up("w")], 24: tap("h")},
        60,
        lambda frame, _: held.append(bool(game.env.state["held"].any())),
    )
    assert any(held[:20])
    assert not any(held[40:])


def test_a_policy_that_returns_no_action_ends_the_game_with_one_line(
    stage: Window, tmp_path: Path
) -> None:
    class Wild:
        def predict(self, *asked: object) -> tuple[np.ndarray, None]:
            return np.array([[np.nan, 7.0]], np.float32), None

    game = Game(CAR, "training", 0, FULL)
    game.watch(PolicyPilot("wild", game.env, Wild()))
    game.countdown = 0.0
    with pytest.raises(StoredPolicyError, match=r"^wild has returned \[nan +7\.\], not in Box"):
        show(screen_of(game, stage, tmp_path), stage, {}, 20)


@pytest.mark.parametrize("key", ["r", "n", "h"])
def test_a_key_that_stays_down_goes_on_after_a_command(
    key: str, stage: Window, tmp_path: Path
) -> None:
    game = begun(SHOOTER)
    script = {0: [down("w")], 20: tap(key), 25: tap("h") if key == "h" else []}
    show(screen_of(game, stage, tmp_path), stage, script, 230 if key != "h" else 60)
    assert game.env.state["held"][0] == 1


def test_taps_while_paused_do_not_count(stage: Window, tmp_path: Path) -> None:
    game = begun(STILL, 3)
    script = {1: tap("p"), 5: [*tap("left"), *tap("up")], 9: tap("p")}
    show(screen_of(game, stage, tmp_path), stage, script, 60)
    assert not game.is_paused
    assert game.step == 0


def test_a_takeover_ends_when_its_key_comes_up_behind_the_panel(
    stage: Window, tmp_path: Path
) -> None:
    game = Game(CAR, "training", 0, FULL)
    game.watch(ExpertPilot(game.env))
    game.countdown = 0.0
    script = {2: [down("t")], 30: tap("h"), 40: [up("t")], 50: tap("h")}
    show(screen_of(game, stage, tmp_path), stage, script, 60)
    assert not game.control.is_taken_over


def test_a_click_in_the_panel_does_not_aim(stage: Window, tmp_path: Path) -> None:
    screen = screen_of(begun(SHOOTER), stage, tmp_path)
    press, release = (
        pygame.event.Event(kind, button=1, pos=(400, 300))
        for kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP)
    )
    show(screen, stage, {1: tap("h"), 3: [press, release], 5: tap("h")}, 10)
    assert screen._hands.place is None
    show(screen, stage, {1: [press, release]}, 10)
    assert screen._hands.place is not None
