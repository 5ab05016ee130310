"""The command `il-play`: worlds in a window, played by hand or watched."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import get_args

import pygame

from il_envs.learning.recorded_episode import RecordingError, replayed, world_of
from il_envs.learning.recorder import Recorder
from il_envs.learning.recordings import data_folder
from il_envs.learning.stored_policy import StoredPolicy, StoredPolicyError, load_policy
from il_envs.play.film import Film
from il_envs.play.game import Game, Result
from il_envs.play.inference import InferenceError, find_algorithm
from il_envs.play.lesson import Lesson
from il_envs.play.level import FULL, LEVELS, STANDARD, Level
from il_envs.play.overlay import Row
from il_envs.play.parser import Parser
from il_envs.play.pilots import ExpertPilot, PolicyPilot
from il_envs.play.replays import film_of_episode, find_episode
from il_envs.play.teaching import SPEEDS, Mode, Plan, finish, learn, usual_shift
from il_envs.play.theatre import Theatre
from il_envs.play.track import of_pilot
from il_envs.play.video import FORMATS, checked_path, progress_line, write_film
from il_envs.world import WORLDS, Split, UnknownNameError, World, get_world

SLOWEST, FASTEST = 0.25, 2.0
INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it


class RefusedError(Exception):
    """What the user asks for cannot be; the message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.replay is not None:
            _replay(options)
        elif options.takeover or options.label:
            _teach(options)
        elif options.video is not None:
            _film_expert(options)
        else:
            _play(options)
    except (
        RefusedError, RecordingError, StoredPolicyError, UnknownNameError, ModuleNotFoundError
    ) as error:  # fmt: skip
        return _refuse(2, str(error))
    except pygame.error as error:
        return _refuse(1, f"cannot open a window: {error}")
    except OSError as error:
        return _refuse(1, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _refuse(code: int, why: str) -> int:
    print(f"il-play: {why}", file=sys.stderr)
    return code


def _play(options: argparse.Namespace) -> None:
    """Play a world, or choose one at the title."""
    stored = None if options.policy is None else _stored(options)
    world = None if options.world is None else get_world(options.world)
    if stored is not None:
        world = stored.world
    watches = options.expert or stored is not None
    recorder = None
    if world is not None:
        _require_playable(world, watches, is_expert=options.expert)
        if options.mouse and watches:
            raise RefusedError("--mouse is for those who play, not for those who watch")
        if options.mouse and world.views.pictures[0].pointer is None:
            raise RefusedError(f"{world.name} cannot be played with the mouse")
        if options.record is not None:
            recorder = Recorder(options.record, world, options.split, options.player)
        if options.infer:
            _require_inference(world, options.expert)
    elif options.infer:
        raise RefusedError("--infer needs a world: il-play WORLD --infer")
    elif options.record is not None:
        raise RefusedError("--record needs a world: il-play WORLD --record NAME")
    make_game = partial(_game, options, recorder, stored)
    worlds = [w for w in WORLDS.values() if w.views.pictures] if world is None else [world]
    theatre = Theatre(worlds, options.mute, options.mouse)
    try:
        if world is None:
            theatre.show(theatre.title(make_game))
        else:
            level = LEVELS[options.level]
            make = partial(make_game, world, level, watches)
            theatre.show(theatre.game(world, make, options.infer))
    finally:
        theatre.close()
        for game in theatre.games:
            title = f"{game.world.name}, " if world is None else ""
            for line in summary(game.results, game.player):
                print(f"{title}{line}")


def _game(
    options: argparse.Namespace,
    recorder: Recorder | None,
    stored: StoredPolicy | None,
    world: World,
    level: Level,
    watches: bool,
) -> Game:
    """A game as the options say."""
    game = Game(world, options.split, options.seed, level, options.clock)
    if options.speed is not None:
        game.speed = options.speed
    if watches and stored is not None:
        game.watch(PolicyPilot(stored.algorithm, game.env, stored.policy))
    elif watches:
        game.watch(ExpertPilot(game.env))
    if recorder is not None:
        game.record(recorder)
    return game


def _stored(options: argparse.Namespace) -> StoredPolicy:
    """The policy that the options name."""
    stored = load_policy(options.policy)
    if options.world is not None and get_world(options.world) is not stored.world:
        raise RefusedError(f"the policy in {options.policy} is for {stored.world.name}")
    if options.expert:
        raise RefusedError("--expert and --policy do not go together")
    return stored


def _teach(options: argparse.Namespace) -> None:
    """Teach a policy by taking over from it, or by labelling."""
    if options.policy is None:
        raise RefusedError("--takeover and --label need a --policy to begin with")
    stored = _stored(options)
    _require_playable(stored.world, watches=False)
    mode: Mode = "takeover" if options.takeover else "label"
    speed = options.speed or SPEEDS[mode]
    shift = options.label_shift
    if shift is None:
        shift = usual_shift(stored.world, speed)
    plan = Plan(stored, mode, options.labels, options.rounds, shift)
    folder = data_folder() / "policies" / (options.keep or f"{stored.world.name}-{time():.0f}")
    if folder.exists():
        raise RefusedError(f"there is a policy {folder.name!r} already; --keep another name")

    def make() -> tuple[Game, Lesson]:
        game = Game(stored.world, "training", options.seed, FULL)
        game.speed = speed
        lesson = Lesson(game.env)
        game.watch(lesson)
        game.control.asks_labels = mode == "label"
        lesson.start(partial(learn, plan))
        return game, lesson

    theatre = Theatre([stored.world], options.mute)
    rows: list[Row] = []

    def end(lesson: Lesson) -> list[Row]:
        rows.extend(finish(plan, lesson, folder))
        return rows

    try:
        theatre.show(theatre.lesson(stored.world, make, end))
    finally:
        theatre.close()
        for name, text in rows:
            print(f"{name}: {text}")


def _replay(options: argparse.Namespace) -> None:
    """Watch a recorded episode, or write its film."""
    if options.world is not None:
        raise RefusedError("--replay names the episode, which says its world; leave out the world")
    episode = find_episode(options.replay)
    world = world_of(episode)
    replayed(episode)  # or there is nothing to show
    make_film = partial(film_of_episode, episode)
    if options.video is not None:
        _write(make_film, options)
        return
    theatre = Theatre([world], options.mute)
    try:
        title = f"{world.name}, seed {episode.seed}, {episode.date:%Y-%m-%d %H:%M}"
        theatre.show(theatre.film(world, title, make_film))
    finally:
        theatre.close()


def _film_expert(options: argparse.Namespace) -> None:
    """Write a film of a world's expert."""
    if options.world is None or not options.expert:
        raise RefusedError("--video films a world whose --expert is watched, or a --replay")
    world = get_world(options.world)
    _require_playable(world, watches=True)
    starts_gently = LEVELS[options.level].gentle_start and world.dynamics.gentle_start is not None

    def make() -> Film:
        reset = {"gentle_start": True} if starts_gently else {}
        track = of_pilot(world, options.split, options.seed, ExpertPilot, reset)
        return Film(world, world.dynamics.params(options.split), [track])

    _write(make, options)


def _write(make: Callable[[], Film], options: argparse.Namespace) -> None:
    """Write a film to the file that the options name."""
    try:
        path = checked_path(options.video)
    except (ValueError, ModuleNotFoundError) as error:
        raise RefusedError(str(error)) from error
    film, speed = make(), options.speed or 1.0
    write_film(film, path, speed, progress_line(str(path)))
    print(f"wrote {path}: {film.duration / speed:.1f} s")


def _require_playable(world: World, watches: bool, is_expert: bool = True) -> None:
    """Check that a world can be played, or watched.

    Raises:
        RefusedError: if it cannot.
    """
    if not world.views.pictures:
        raise RefusedError(f"{world.name} has no picture to play it in")
    if watches and is_expert and not world.experts:
        raise RefusedError(f"{world.name} has no expert to watch")
    if not watches and not world.views.keys:
        hint = "; try --expert" if world.experts else ""
        raise RefusedError(f"{world.name} has no keys to play it with{hint}")


def _require_inference(world: World, watches_expert: bool) -> None:
    """Check that what the player wants can be inferred.

    Raises:
        RefusedError: if it cannot.
    """
    if watches_expert:
        raise RefusedError("--infer is about what you play; leave out --expert")
    try:
        find_algorithm(world)
    except InferenceError as error:
        raise RefusedError(f"--infer: {error}") from error


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


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
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
    add = parser.add_argument
    add("world", nargs="?", help="such as DriftCar-v0; without one, all worlds to choose from")
    add("--seed", type=_seed, default=0, help="of the first episode; the next adds 1 (default: 0)")
    add(
        "--split",
        choices=get_args(Split),
        default="training",
        help="which of the world's parts to play on (default: training)",
    )
    levels = "; ".join(f"{level.name}: {level.summary}" for level in LEVELS.values())
    add(
        "--level",
        choices=LEVELS,
        default=STANDARD.name,
        help=f"how hard the game is (default: {STANDARD.name}). {levels}",
    )
    add(
        "--speed",
        type=_speed,
        help=f"of the game, from {SLOWEST:g} to {FASTEST:g} times real time (default: the level's)",
    )
    add(
        "--clock",
        action="store_true",
        help="let a world of turns go on by itself, instead of waiting for a key",
    )
    add(
        "--mouse",
        action="store_true",
        help="aim with the mouse from the start, where a world has that; a click does it too",
    )
    add("--mute", action="store_true", help="begin without sound")
    add("--expert", action="store_true", help="watch the expert instead")
    add("--policy", type=Path, metavar="DIR", help="watch a learned policy: the folder of a cell")
    teach = parser.add_mutually_exclusive_group()
    teach.add_argument(
        "--takeover", action="store_true", help="teach the policy: take over when it goes wrong"
    )
    teach.add_argument(
        "--label", action="store_true", help="teach the policy: hold what it should do"
    )
    add("--labels", type=_count, default=2_000, help="of a lesson, at most (default: 2000)")
    add("--rounds", type=_count, default=5, help="trainings in a lesson (default: 5)")
    add(
        "--label-shift",
        type=_seed,
        metavar="STEPS",
        help="by which you react late in a lesson (default: a person's, estimated for buttons)",
    )
    add("--keep", metavar="NAME", help="of what a lesson has taught, in the folder of policies")
    add(
        "--record",
        metavar="NAME",
        help="record each episode as it ends, under this name; il-recordings lists them",
    )
    add(
        "--infer",
        action="store_true",
        help="show beside a grid, from the beginning, what the player seems to want (key I)",
    )
    add("--player", default="person", metavar="NAME", help="who plays, as recorded")
    add(
        "--replay",
        metavar="EPISODE",
        help="watch a recorded episode: NAME for its last one, NAME/NUMBER, or a file",
    )
    add(
        "--video",
        type=Path,
        metavar="FILE",
        help=f"write what would be watched to a film ({', '.join(FORMATS)}) instead of showing it",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
