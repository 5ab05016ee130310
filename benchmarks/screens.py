"""A sheet of il-play's screens, to be looked at: `python -m benchmarks.screens assets/screens.jpg`.

They are played frame by frame by the expert, or by keys that are pressed here, under SDL's dummy
driver. The title needs the cards of all worlds; they are made first, which compiles what is not
compiled yet.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np
import pygame

from il_envs import ExpertPolicy, Policy, WorldVectorEnv
from il_envs.drawing.panels import TEXT
from il_envs.drawing.text import write
from il_envs.play.app import Screen
from il_envs.play.film import Film
from il_envs.play.game import Game
from il_envs.play.lesson import Lesson
from il_envs.play.level import BEGINNER, FULL
from il_envs.play.pilots import ExpertPilot
from il_envs.play.preparing import Preparation
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.screens.teaching import TeachScreen
from il_envs.play.screens.title import TitleScreen
from il_envs.play.screens.watching import WatchScreen
from il_envs.play.sounds import Sounds
from il_envs.play.teaching import Mode
from il_envs.play.track import of_actions, of_pilot
from il_envs.play.window import Window
from il_envs.world import WORLDS, World, get_world

FRAME = 1.0 / 60.0  # s
SHOWN = (640, 427)  # pixels, of a screen on the sheet
COLUMNS, GAP, LABEL = 3, 12, 30  # pixels


def key(name: str, kind: int = pygame.KEYDOWN) -> pygame.event.Event:
    """A key that is pressed or released."""
    return pygame.event.Event(kind, key=pygame.key.key_code(name))


def main(path: Path) -> None:
    """Write the sheet."""
    window = Window()
    shots: list[tuple[str, pygame.Surface]] = []

    def shoot(title: str, screen: Screen) -> None:
        window.set_bar(screen.bar_height)
        screen.paint(window.page)
        shots.append((title, pygame.transform.smoothscale(window.page, SHOWN)))

    with tempfile.TemporaryDirectory() as folder:
        for title, screen in screens(window, Path(folder)):
            shoot(title, screen)
    rows = -(-len(shots) // COLUMNS)
    sheet = pygame.Surface(
        (COLUMNS * (SHOWN[0] + GAP) + GAP, rows * (SHOWN[1] + LABEL + GAP) + GAP), depth=32
    )
    for number, (title, shot) in enumerate(shots):
        row, column = divmod(number, COLUMNS)
        x, y = GAP + column * (SHOWN[0] + GAP), GAP + row * (SHOWN[1] + LABEL + GAP)
        write(sheet, title, complex(x, y + LABEL / 2), 24, TEXT)
        sheet.blit(shot, (x, y + LABEL))
    pygame.image.save(sheet, path)
    window.close()


def screens(window: Window, folder: Path) -> list[tuple[str, Screen]]:
    """Every kind of screen, with its title; each is to be painted before the next is made."""
    car, shooter, rooms = (get_world(name) for name in ("DriftCar", "Shooter", "FourRooms"))
    shown: list[tuple[str, Screen]] = [("the title", title(window, folder))]

    def played(world: World, frames: int, *keys: str, level=BEGINNER) -> PlayScreen:
        screen = PlayScreen(
            Game(world, "training", 1, level), window, Sounds(is_muted=True), folder, lambda: None
        )
        for name in keys:
            screen.handle(key(name))
        run(screen, frames)
        return screen

    shown.append(("the countdown", played(car, 30)))
    shown.append(("playing", played(shooter, 300, "w", "left", "space")))
    ghost = played(car, 420, "up", "g")
    shown.append(("with the expert's ghost", ghost))
    helped = played(shooter, 240, "w")
    helped.handle(key("h"))
    shown.append(("the keys", helped))
    paused = played(rooms, 10, "up", "tab")
    paused.handle(key("p"))
    shown.append(("paused, with the expert's hints", paused))
    shown.append(("the end", played(car, 700, "up", "left", level=FULL)))
    shown.append(("watching, with ghosts", watching(window, folder, car)))
    for words, mode, is_training in (
        ("taking over from a learner", "takeover", False),
        ("labelling what a learner does", "label", False),
        ("the learner trains", "label", True),
    ):
        shown.append((words, teaching(window, folder, car, mode, is_training)))
    return shown


def run(screen: Screen, frames: int) -> None:
    """Let a screen go on."""
    for _ in range(frames):
        screen.frame(FRAME)


def title(window: Window, folder: Path) -> Screen:
    """The title, with the cards of all worlds."""
    worlds = [world for world in WORLDS.values() if world.views.pictures]
    preparation = Preparation(worlds)
    while any(preparation.of(world).stage not in ("ready", "failed") for world in worlds):
        time.sleep(0.2)
    never: Callable[..., Screen] = lambda *_: sys.exit("nothing is opened here")  # noqa: E731
    screen = TitleScreen(
        worlds, BEGINNER, window, Sounds(is_muted=True), preparation, folder, never
    )
    run(screen, 30)
    return screen


def watching(window: Window, folder: Path, world: World) -> Screen:
    """The expert and somebody who steers late, side by side."""
    expert = of_pilot(world, "training", 1, ExpertPilot, {})
    late = expert.actions.copy()
    late[2:, 0] = expert.actions[:-2, 0]
    tracks = [of_actions("80 ms late", world, "training", 1, late, {}), expert]
    film = Film(world, world.dynamics.params("training"), tracks)
    screen = WatchScreen(film, "DriftCar, seed 1", window, folder, lambda: None)
    screen.go_to(0.6 * film.duration)
    return screen


def teaching(window: Window, folder: Path, world: World, mode: Mode, is_training: bool) -> Screen:
    """A lesson; the learner is the expert, and wants to train or goes on for ever."""

    def learn(lesson: Lesson) -> Policy:
        env = WorldVectorEnv(world.name, 1)
        expert = ExpertPolicy(env)
        env.reset(seed=2)
        lesson.observe("round", 2, 5)
        for _ in range(80 if is_training else 100_000):
            proposed, _ = expert.predict()
            if mode == "label":
                lesson.label(env.states, env.params, np.ones(1, np.bool_), proposed)
                done = proposed
            else:
                done, _ = lesson.intervene(env.states, env.params, proposed)
            env.step(np.asarray(done))
        lesson.observe("update", 120, 200)
        time.sleep(60.0)
        return expert

    game = Game(world, "training", 0, FULL)
    lesson = Lesson(game.env)
    game.watch(lesson)
    game.control.asks_labels = mode == "label"
    lesson.start(learn, lambda lesson: [])
    screen = TeachScreen(game, lesson, window, Sounds(is_muted=True), folder, lambda: None)
    for name in ("t", "left", "up") if mode == "takeover" else ("right",):
        screen.handle(key(name))
    for _ in range(240 if mode == "takeover" else 400):
        screen.frame(FRAME)
        time.sleep(0.001)
    return screen


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "assets/screens.jpg"))
