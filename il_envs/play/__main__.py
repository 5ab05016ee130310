"""The command `il-play`: worlds in a window, played by hand or watched."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import time

import pygame

from il_envs.learning.recorded_episode import RecordingError, replayed, world_of
from il_envs.learning.recorder import Recorder
from il_envs.learning.recordings import NAME, data_folder
from il_envs.learning.stored_policy import StoredPolicy, StoredPolicyError, load_policy
from il_envs.play.film import Film
from il_envs.play.game import Game, Result
from il_envs.play.inference import InferenceError, find_algorithm
from il_envs.play.lesson import Lesson
from il_envs.play.level import BEGINNER, FULL, LEVELS, STANDARD, Level
from il_envs.play.options import options_parser
from il_envs.play.overlay import Row
from il_envs.play.pilots import ExpertPilot, PolicyPilot
from il_envs.play.replays import film_of_episode, find_episode
from il_envs.play.teaching import SPEEDS, Mode, Plan, finish, learn, usual_shift
from il_envs.play.theatre import Theatre
from il_envs.play.track import of_pilot
from il_envs.play.video import checked_path, progress_line, write_film
from il_envs.world import WORLDS, UnknownNameError, World, get_world

INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it


class LessonError(Exception):
    """A lesson has failed; the message is one line."""


class RefusedError(Exception):
    """What the user asks for cannot be; the message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    options = options_parser().parse_args(arguments)
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
    except (LessonError, OSError) as error:
        return _refuse(1, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _refuse(code: int, why: str) -> int:
    print(f"il-play: {why}", file=sys.stderr)
    return code


def _play(options: argparse.Namespace) -> None:
    """Play a world, or choose one at the title."""
    used = {"seed", "split", "level", "speed", "clock", "mute"}
    if options.world is None and options.policy is None:
        if options.expert:
            raise RefusedError("--expert needs a world: il-play WORLD --expert")
        used |= {"record", "infer"}  # which are refused below
    else:
        used |= {"world", "policy", "expert", "record", "player", "mouse", "infer"}
    _require_use(options, "il-play", used)
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
            theatre.show(theatre.title(make_game, LEVELS[options.level or BEGINNER.name]))
        else:
            level = LEVELS[options.level or STANDARD.name]
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
    _require_use(
        options,
        "a lesson",
        {
            "world",
            "policy",
            "takeover",
            "label",
            "labels",
            "rounds",
            "label_shift",
            "keep",
            "speed",
            "seed",
            "mute",
        },
    )
    stored = _stored(options)
    _require_playable(stored.world, watches=False)
    mode: Mode = "takeover" if options.takeover else "label"
    speed = options.speed or SPEEDS[mode]
    shift = options.label_shift
    if shift is None:
        shift = usual_shift(stored.world, speed)
    plan = Plan(stored, mode, options.labels, options.rounds, shift)
    name = options.keep or f"{stored.world.name}-{time():.0f}"
    if not NAME.fullmatch(name):
        raise RefusedError(
            f"--keep {name!r}: use letters, digits and . _ -, a letter or digit first"
        )
    folder = data_folder() / "policies" / name
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
    given: list[Lesson] = []

    def end(lesson: Lesson) -> list[Row]:
        given.append(lesson)
        rows.extend(finish(plan, lesson, folder))
        return rows

    try:
        theatre.show(theatre.lesson(stored.world, make, end))
    finally:
        theatre.close()
        for what, text in rows:
            print(f"{what}: {text}")
    if given and given[0].error is not None:
        raise LessonError(f"the lesson has taught nothing: {given[0].error}")


def _replay(options: argparse.Namespace) -> None:
    """Watch a recorded episode, or write its film."""
    if options.world is not None:
        raise RefusedError("--replay names the episode, which says its world; leave out the world")
    _require_use(options, "--replay", {"replay", "video", "speed", "mute"})
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
    _require_use(
        options, "--video", {"world", "expert", "video", "seed", "split", "level", "speed"}
    )
    world = get_world(options.world)
    _require_playable(world, watches=True)
    level = LEVELS[options.level or STANDARD.name]
    starts_gently = level.gentle_start and world.dynamics.gentle_start is not None

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


def _require_use(options: argparse.Namespace, what: str, used: set[str]) -> None:
    """Check that no option was given that is not used.

    Raises:
        RefusedError: if one was.
    """
    for name, value in vars(options).items():
        if name not in used and value != options_parser().get_default(name):
            option = f"--{name.replace('_', '-')}" if name != "world" else "a world"
            raise RefusedError(f"{option} means nothing to {what} here; leave it out")


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


if __name__ == "__main__":
    sys.exit(main())
