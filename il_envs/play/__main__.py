"""The command `il-play`: worlds in a window, played by hand or watched."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn, get_args

import pygame

from il_envs.play.app import Screen, run
from il_envs.play.film import Film
from il_envs.play.game import Game, Result
from il_envs.play.level import LEVELS, STANDARD, Level
from il_envs.play.pilots import ExpertPilot
from il_envs.play.preparing import Preparation
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.screens.title import TitleScreen
from il_envs.play.screens.waiting import WaitingScreen
from il_envs.play.sounds import Sounds
from il_envs.play.track import of_pilot
from il_envs.play.video import FORMATS, checked_path, progress_line, write_film
from il_envs.play.window import Window
from il_envs.world import WORLDS, Split, UnknownNameError, World, get_world

SLOWEST, FASTEST = 0.25, 2.0
INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it


class Theatre:
    """Opens the screens of a run of il-play, and remembers its games."""

    def __init__(
        self, options: argparse.Namespace, window: Window, worlds: Sequence[World]
    ) -> None:
        self.games: list[Game] = []
        self._options = options
        self._window = window
        self._folder = player_folder()
        self._sounds = Sounds(options.mute)
        self._sounds.open()
        self._preparation = Preparation(worlds)
        self._title: TitleScreen | None = None

    def title(self, worlds: Sequence[World]) -> Screen:
        """The title screen."""
        self._title = TitleScreen(
            worlds,
            self._window,
            self._sounds,
            self._preparation,
            self._folder,
            self.world,
        )
        return self._title

    def world(self, world: World, level: Level, watches_expert: bool) -> Screen:
        """A world, as soon as it is prepared."""

        def play() -> Screen:
            game = _game(world, level, watches_expert, self._options)
            self.games.append(game)
            return PlayScreen(game, self._window, self._sounds, self._folder, self._back)

        return WaitingScreen(world, self._preparation, play, self._back)

    def _back(self) -> Screen | None:
        """The screen after a world: the title, if the player came from there."""
        return None if self._title is None else self._title.show_again()

    def close(self) -> None:
        """End what runs in the background."""
        self._preparation.close()
        self._sounds.close()


def _game(world: World, level: Level, watches_expert: bool, options: argparse.Namespace) -> Game:
    game = Game(world, options.split, options.seed, level, is_clocked=options.clock)
    if watches_expert:
        game.watch(ExpertPilot(game.env))
    if options.speed is not None:
        game.speed = options.speed
    return game


def player_folder() -> Path:
    """The folder of the player's files: keys, scores, screenshots and recordings.

    It is $IL_ENVS_DATA, or il_envs in the user's data folder.
    """
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(os.environ.get("IL_ENVS_DATA") or f"{home}/il_envs").expanduser()


def summary(results: Iterable[Result], who: str) -> list[str]:
    """One line for each episode."""
    lines = []
    for result in results:
        parts = [f"{who} {result.total:.2f}"]
        if result.expert_total is not None:
            parts.append(f"expert {result.expert_total:.2f}")
        if result.ratio is not None:
            parts.append(f"ratio {result.ratio:.2f}")
        elif result.difference is not None:
            parts.append(f"difference {result.difference:+.2f}")
        lines.append(f"seed {result.seed}: {', '.join(parts)}")
    return lines


def _refusal(world: World, watches_expert: bool) -> str | None:
    """The reason why a world cannot be played, or watched; None if it can."""
    if not world.views.pictures:
        return f"{world.name} has no picture to play it in"
    if watches_expert and not world.experts:
        return f"{world.name} has no expert to watch"
    if not watches_expert and not world.views.keys:
        hint = "; try --expert" if world.experts else ""
        return f"{world.name} has no keys to play it with{hint}"
    return None


class Parser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed from {SLOWEST:g} to {FASTEST:g} times real time"
        )
    return speed


def _parser() -> Parser:
    parser = Parser(
        prog="il-play",
        description="Play the worlds by hand, against their experts on the same seeds.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "world", nargs="?", help="such as DriftCar-v0; without one, all worlds to choose from"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="of the first episode; the next adds 1 (default: 0)"
    )
    parser.add_argument(
        "--split",
        choices=get_args(Split),
        default="training",
        help="which of the world's parts to play on (default: training)",
    )
    levels = "; ".join(f"{level.name}: {level.summary}" for level in LEVELS.values())
    parser.add_argument(
        "--level",
        choices=LEVELS,
        default=STANDARD.name,
        help=f"how hard the game is (default: {STANDARD.name}). {levels}",
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        help=f"of the game, from {SLOWEST:g} to {FASTEST:g} times real time (default: the level's)",
    )
    parser.add_argument(
        "--clock",
        action="store_true",
        help="let a world of turns go on by itself, instead of waiting for a key",
    )
    parser.add_argument("--mute", action="store_true", help="begin without sound")
    parser.add_argument("--expert", action="store_true", help="watch the expert instead")
    parser.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help=f"write what would be watched to a film ({', '.join(FORMATS)}) instead of showing it",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    options = _parser().parse_args(arguments)
    world = None
    if options.world is not None:
        try:
            world = get_world(options.world)
        except UnknownNameError as error:
            return _refuse(2, str(error))
        refusal = _refusal(world, options.expert)
        if refusal is not None:
            return _refuse(2, refusal)
    if options.video is not None:
        return _film(world, options)
    try:
        window = Window()
    except pygame.error as error:
        return _refuse(1, f"cannot open a window: {error}")
    worlds = [w for w in WORLDS.values() if w.views.pictures] if world is None else [world]
    theatre = Theatre(options, window, worlds)
    try:
        if world is None:
            run(theatre.title(worlds), window)
        else:
            run(theatre.world(world, LEVELS[options.level], options.expert), window)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        theatre.close()
        window.close()
        for game in theatre.games:
            who = "you" if game.pilot is None else game.pilot.name
            title = f"{game.world.name}, " if world is None else ""
            for line in summary(game.results, who):
                print(f"{title}{line}")
    return 0


def _film(world: World | None, options: argparse.Namespace) -> int:
    """Write a film instead of opening a window; returns the exit code."""
    if world is None or not options.expert:
        return _refuse(2, "--video films a world whose --expert is watched")
    try:
        path = checked_path(options.video)
    except (ValueError, ModuleNotFoundError) as error:
        return _refuse(2, str(error))
    starts_gently = LEVELS[options.level].gentle_start and world.dynamics.gentle_start is not None
    reset = {"gentle_start": True} if starts_gently else {}
    track = of_pilot(world, options.split, options.seed, ExpertPilot, reset)
    film = Film(world, world.dynamics.params(options.split), [track])
    try:
        write_film(film, path, options.speed or 1.0, progress_line(str(path)))
    except OSError as error:
        return _refuse(1, str(error))
    print(f"wrote {path}: {film.duration / (options.speed or 1.0):.1f} s")
    return 0


def _refuse(code: int, why: str) -> int:
    print(f"il-play: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
