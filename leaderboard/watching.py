"""Watching evaluation episodes as they were scored, from their action traces."""

from collections.abc import Sequence
from pathlib import Path

import pygame

from il_envs.play.film import Film
from il_envs.play.pilots import ExpertPilot
from il_envs.play.theatre import Theatre
from il_envs.play.track import Track, of_actions, of_pilot
from il_envs.play.video import checked_path, progress_line, write_film
from il_envs.world import World, get_world
from leaderboard import UsageError, UserError
from leaderboard.cells import Cell, read_traces
from leaderboard.runs import Results, read_results
from leaderboard.scores.rows import named_row


def watch(
    folder: Path,
    algorithm: str,
    world_name: str,
    episode: int,
    seed: int,
    others: Sequence[str],
    video: Path | None,
) -> None:
    """Watch an evaluation episode in a window, or write its film.

    Args:
        video: the film's file; None for a window.

    Raises:
        UserError: if there is no such episode, no display, or the film cannot be written.
    """
    path = None if video is None else _checked(video)
    world = get_world(world_name)
    results = read_results(folder)
    film = film_of_evaluation(results, algorithm, world, episode, seed, others)
    if path is None:
        _show(film, f"{algorithm}, evaluation episode {episode}, as it was scored")
        return
    try:
        seconds = write_film(film, path, tell=progress_line(str(path)))
    except OSError as error:
        raise UserError(str(error)) from error
    print(f"wrote {path}: {seconds:.1f} s")


def _checked(video: Path) -> Path:
    try:
        return checked_path(video)
    except (ValueError, ModuleNotFoundError) as error:
        raise UsageError(str(error)) from error


def _show(film: Film, title: str) -> None:
    try:
        theatre = Theatre([film.world])
    except pygame.error as error:
        raise UserError(f"cannot open a window: {error}") from error
    try:
        theatre.show(theatre.film(film.world, title, lambda: film))
    finally:
        theatre.close()


def film_of_evaluation(
    results: Results,
    algorithm: str,
    world: World,
    episode: int,
    seed: int = 0,
    others: Sequence[str] = (),
) -> Film:
    """A film of an evaluation episode, with those of the expert and of other algorithms from the
    same start as its ghosts.

    Args:
        episode: number of the evaluation episode, from 0.
        seed: training seed of the cells.
        others: names of other algorithms.

    Raises:
        UserError: if there is no such episode, or its replay does not give the recorded states.
    """
    if not world.views.pictures:
        raise UserError(f"{world.name} has no picture to watch it in")
    names = [algorithm, *(name for name in others if name != algorithm)]
    cells = [_cell(results, name, world, seed) for name in names]
    tracks = [_track(results, cell, world, episode) for cell in cells]
    if world.experts and algorithm != "expert":
        start = cells[0].episodes[episode].seed
        tracks.append(of_pilot(world, "held_out", start, ExpertPilot, {}))
    return Film(world, world.dynamics.params("held_out"), tracks)


def _cell(results: Results, algorithm: str, world: World, seed: int) -> Cell:
    """The finished cell of an algorithm, at the number of labels at which the table ranks."""
    row = named_row(results, algorithm, world.name)
    cells = {cell.spec.seed: cell for cell in row.cells}
    if seed not in cells:
        raise UserError(
            f"{algorithm} in {world.name} has no cell of seed {seed}; it has those of "
            f"{', '.join(map(str, cells)) or 'none'}"
        )
    if cells[seed].status != "ok":
        raise UserError(f"{cells[seed].spec.title} failed: {cells[seed].reason}")
    return cells[seed]


def _track(results: Results, cell: Cell, world: World, episode: int) -> Track:
    """An evaluation episode of a cell, replayed and compared with what was scored."""
    if not 0 <= episode < len(cell.episodes):
        raise UserError(
            f"{cell.spec.title} has the episodes 0 to {len(cell.episodes) - 1}, not {episode}"
        )
    scored = cell.episodes[episode]
    actions = read_traces(results.folder / cell.spec.folder, len(cell.episodes))[episode]
    try:
        track = of_actions(cell.spec.algorithm, world, "held_out", scored.seed, actions, options={})
    except ValueError as error:
        raise UserError(f"{cell.spec.title}, episode {episode}: {error}") from error
    if (track.state_hash, track.total_reward) != (scored.state_hash, scored.total_reward):
        raise UserError(
            f"{cell.spec.title}, episode {episode}: its replay does not give what was scored; "
            f"`leaderboard verify {results.folder}` tells more"
        )
    return track
