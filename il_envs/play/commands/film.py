"""`il-play --replay EPISODE`, `--video FILE`: recorded episodes, and films."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from il_envs.learning.recorded_episode import replayed, world_of
from il_envs.play.commands.refusals import RefusedError, require_expert, require_use
from il_envs.play.film import Film
from il_envs.play.level import LEVELS, STANDARD
from il_envs.play.replays import film_of_episode, film_of_expert, find_episode
from il_envs.play.theatre import Theatre
from il_envs.play.video import checked_path, progress_line, write_film
from il_envs.world import get_world


def replay(options: argparse.Namespace) -> None:
    """Watch a recorded episode, or write its film.

    Raises:
        RefusedError: if that cannot be done.
        RecordingError: if there is no such episode, or it does not replay.
        pygame.error: if there is no display.
    """
    if options.world is not None:
        raise RefusedError("--replay names the episode, which says its world; leave out the world")
    shown = "mute" if options.video is None else "video"
    require_use(options, "on --replay", {"replay", "speed", shown})
    episode = find_episode(options.replay)
    world = world_of(episode)
    replayed(episode)  # or there is nothing to show
    make_film = partial(film_of_episode, episode)
    if options.video is not None:
        _write(make_film, options.video, options.speed or 1.0)
        return
    theatre = Theatre([world], options.mute)
    try:
        title = f"{world.name}, seed {episode.seed}, {episode.date:%Y-%m-%d %H:%M}"
        theatre.show(theatre.film(world, title, make_film, options.speed or 1.0))
    finally:
        theatre.close()


def film_expert(options: argparse.Namespace) -> None:
    """Write a film of a world's expert.

    Raises:
        RefusedError: if that cannot be done.
        UnknownNameError: if there is no such world.
        OSError: if it cannot be written.
    """
    if options.world is None or not options.expert:
        raise RefusedError("--video films a world whose --expert is watched, or a --replay")
    require_use(
        options, "on --video", {"world", "expert", "video", "seed", "split", "level", "speed"}
    )
    world = get_world(options.world)
    require_expert(world)
    level = LEVELS[options.level or STANDARD.name]
    starts_gently = level.gentle_start and world.dynamics.gentle_start is not None

    reset = {"gentle_start": True} if starts_gently else {}
    make = partial(film_of_expert, world, options.split, options.seed, reset)
    _write(make, options.video, options.speed or level.speed)


def _write(make: Callable[[], Film], file: Path, speed: float) -> None:
    """Write a film to a file, at this speed of game time to the film's.

    Raises:
        RefusedError: if it cannot be a film's.
        OSError: if it cannot be written.
    """
    try:
        path = checked_path(file)
    except (ValueError, ModuleNotFoundError) as error:
        raise RefusedError(str(error)) from error
    seconds = write_film(make(), path, speed, progress_line(str(path)))
    print(f"wrote {path}: {seconds:.1f} s")
