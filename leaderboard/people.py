"""Rows of people: what they played of the evaluation episodes.

A person's row is a cell like any other, with the action traces that `leaderboard verify` replays,
and with the recorded episodes, which say how it was played. It is made of the first complete
attempt that is recorded of each evaluation episode, and only if all of them were played, by the
person alone and without help.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from il_envs.learning.metering import Meter
from il_envs.learning.recorded_episode import (
    PERSON,
    SUFFIX,
    RecordedEpisode,
    RecordingError,
    read_episode,
    replayed,
    world_of,
)
from il_envs.learning.recordings import Recording
from il_envs.learning.rollout import Episode
from il_envs.world import World
from leaderboard import UserError
from leaderboard.cells import ANEW, Cell, episode_results, write_cell, write_traces
from leaderboard.computer import this_computer
from leaderboard.files import remove
from leaderboard.measures.exact_linear import controlled_returns
from leaderboard.measures.references import exact_reference, is_of_costs, linear_reference
from leaderboard.measures.support import outside_support
from leaderboard.profiles import Profile
from leaderboard.protocol import person_spec
from leaderboard.publishing import locked, publish, registered, temporary_folder
from leaderboard.recorded import Played
from leaderboard.runs import Declaration, Manifest, extend_manifest, read_results

PREFIX = "human-"
"""Of the name of a person's row."""
KEPT = "recorded"
"""The folder of a person's recorded episodes, in the folder of the cell."""


def add_person(recording: Recording, results: Path) -> Cell:
    """Add the row of the person who recorded the evaluation episodes; an earlier row of the same
    recording is replaced.

    Raises:
        UserError: if there are no such results, or the recording does not have every evaluation
            episode, played by the person alone and without help.
        OSError: if it cannot be written.
    """
    manifest = read_results(results).manifest
    world = _world(recording)
    row = PREFIX + recording.name
    if world.name not in manifest.worlds:
        raise UserError(
            f"the recording {recording.name!r} is of {world.name}, and {results} has no such "
            f"world; it has {', '.join(manifest.worlds)}"
        )
    if row in manifest.algorithms and not manifest.declaration(row).is_person:
        raise UserError(f"{results} has an algorithm {row!r}; rename the recording")
    cell = _cell(recording, world, manifest.profile)
    _write(recording, cell, results)
    assert cell.spec.labels is not None
    extend_manifest(
        results,
        Manifest(
            profile=manifest.profile,
            worlds=(world.name,),
            algorithms={row: (world.name,)},
            seeds=1,
            exact_worlds=(world.name,) if exact_reference(world) is not None else (),
            cost_worlds=(world.name,) if is_of_costs(world) else (),
            declarations={row: Declaration(played={world.name: cell.spec.labels})},
        ),
    )
    return cell


def verify_played(results: Path, cell: Cell) -> list[str]:
    """A line for everything that the recorded episodes of a person's cell do not bear out."""
    if cell.played is None:
        return []
    try:
        episodes = [read_episode(results / cell.spec.folder / file) for file in cell.files]
    except RecordingError as error:
        return [f"{cell.spec.title}: {error}; {ANEW}"]
    problems = [line for line in map(_unfit, episodes) if line]
    recorded = [(episode.seed, episode.state_hash) for episode in episodes]
    if recorded != [(row.seed, row.state_hash) for row in cell.episodes]:
        problems.append("its episodes are not those that are recorded")
    elif cell.spec.labels != sum(map(len, episodes)):
        problems.append(f"it has {cell.spec.labels} labels, not one for each recorded step")
    elif cell.played != _played(cell.played.recording, episodes, cell.played.other_attempts):
        problems.append("the recorded episodes were not played as it says")
    return [f"{cell.spec.title}: {problem}" for problem in problems]


def _world(recording: Recording) -> World:
    try:
        return world_of(recording.episodes[0])
    except RecordingError as error:
        raise UserError(f"the recording {recording.name!r}: {error}") from error


def _cell(recording: Recording, world: World, profile: Profile) -> Cell:
    """The cell of a person.

    Raises:
        UserError: if the recording will not do.
    """
    counted = _counted(recording, world, profile)
    try:
        episodes = [replayed(episode) for episode in counted]
    except RecordingError as error:
        raise UserError(f"the recording {recording.name!r}: {error}") from error
    files = {
        f"{KEPT}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (recording.folder / (episode.id + SUFFIX) for episode in counted)
    }
    attempts = sum(episode.seed in profile.evaluation_seeds for episode in recording.episodes)
    played = _played(recording.name, counted, attempts - len(counted))
    steps = sum(map(len, counted))
    code = hashlib.sha256("".join(files.values()).encode()).hexdigest()
    return Cell(
        spec=person_spec(profile, world, PREFIX + recording.name, steps, code),
        status="ok",
        reason="",
        warnings=() if played.is_real_time else (f"played {played.speed}",),
        meter=Meter(expert_labels=steps).as_dict(),
        evaluation_seconds=played.seconds,
        acts="played",
        episodes=episode_results(episodes, _controlled(world, episodes)),
        files=files,
        outside_support=outside_support(world, episodes),
        played=played,
        computer=this_computer(),
    )


def _controlled(world: World, episodes: Sequence[Episode]) -> list[float]:
    """The controlled returns of episodes; none in a world without a linear-quadratic reference."""
    reference = linear_reference(world)
    return [] if reference is None else controlled_returns(reference, episodes).tolist()


def _write(recording: Recording, cell: Cell, results: Path) -> None:
    """Write the cell with its recorded episodes, in the place of an earlier one.

    Raises:
        OSError: if it cannot be written.
    """
    folder = results / cell.spec.folder
    with registered(results) as writer:
        temporary = temporary_folder(folder, writer)
        try:
            (temporary / KEPT).mkdir()
            for file in cell.files:
                shutil.copy2(recording.folder / Path(file).name, temporary / file)
            actions = [read_episode(temporary / file).actions for file in cell.files]
            write_traces(temporary, actions)
            write_cell(temporary, cell)
            with locked(results):
                publish(temporary, results, cell.spec.folder)
        finally:
            remove(temporary)
    for other in folder.parent.parent.iterdir():  # an earlier row may have another number of steps
        if other != folder.parent:
            shutil.rmtree(other)


def _counted(recording: Recording, world: World, profile: Profile) -> list[RecordedEpisode]:
    """The first complete attempt at each evaluation episode.

    Raises:
        UserError: if an episode is missing, or was not played by the person alone without help.
    """
    name, wanted = recording.name, profile.evaluation_seeds
    play = f"`il-play {world.name} --split held_out --level full --seed {{}} --record {{}}`"
    if recording.split != "held_out":
        raise UserError(
            f"the recording {name!r} is of the training split, and people are evaluated on the "
            f"held-out one: {play.format(wanted.start, name + '-held-out')}"
        )
    found: dict[int, RecordedEpisode] = {}
    for number, episode in enumerate(recording.episodes, 1):
        if episode.seed in wanted and episode.seed not in found and _is_complete(episode, world):
            found[episode.seed] = episode
            unfit = _unfit(episode)
            if unfit:
                raise UserError(
                    f"the recording {name!r}: {unfit}, and does not count; discard it "
                    f"(`il-recordings discard {name} {number}`) and play the seed again"
                )
    missing = [seed for seed in wanted if seed not in found]
    if missing:
        raise UserError(
            f"the recording {name!r} has {len(found)} of the {len(wanted)} evaluation episodes of "
            f"the profile {profile.name}; complete ones of the seeds {_ranges(missing)} are "
            f"missing: {play.format(missing[0], name)}"
        )
    return [found[seed] for seed in wanted]


def _is_complete(episode: RecordedEpisode, world: World) -> bool:
    return episode.terminated or len(episode) == world.dynamics.max_episode_steps


def _unfit(episode: RecordedEpisode) -> str:
    """Why an episode is not the person's alone; empty if it is."""
    others = int((episode.controllers != PERSON).sum())
    assisted = int(episode.assisted.sum())
    what = f"the episode of seed {episode.seed}"
    if episode.gentle_start:
        return f"{what} had a gentle start"
    if assisted:
        return f"{what} was assisted at {assisted} of {len(episode)} steps"
    if others:
        return f"{what} was not played by the person at {others} of {len(episode)} steps"
    return ""


def _ranges(seeds: Sequence[int]) -> str:
    """Ascending seeds in words, as in "3, 5 to 9"."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{r[0]} to {r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)


def _played(recording: str, episodes: Sequence[RecordedEpisode], other_attempts: int) -> Played:
    return Played(
        recording=recording,
        player=", ".join(dict.fromkeys(episode.player for episode in episodes)),
        first=min(episode.date for episode in episodes),
        last=max(episode.date for episode in episodes),
        seconds=sum(float(episode.times[-1]) for episode in episodes),
        slowest=min(float(episode.speeds.min()) for episode in episodes),
        fastest=max(float(episode.speeds.max()) for episode in episodes),
        other_attempts=other_attempts,
    )
