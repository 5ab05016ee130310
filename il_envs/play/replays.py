"""Recorded episodes to watch."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from il_envs.learning.recorded_episode import (
    RecordedEpisode,
    RecordingError,
    read_episode,
    world_of,
)
from il_envs.learning.recordings import read_recording
from il_envs.play.film import Film
from il_envs.play.pilots import ExpertPilot
from il_envs.play.track import of_actions, of_pilot
from il_envs.world import Split, World


def find_episode(text: str) -> RecordedEpisode:
    """The episode that a text names: a file, a recording, whose last one it is, or NAME/NUMBER.

    Raises:
        RecordingError: if there is none, or it cannot be read.
    """
    if Path(text).is_file():
        return read_episode(Path(text))
    name, _, number = text.partition("/")
    recording = read_recording(name)
    for fault in recording.faults:
        print(f"il-play: {fault}", file=sys.stderr)
    episodes = recording.episodes
    if not number:
        return episodes[-1]
    if not number.isdecimal() or not 1 <= int(number) <= len(episodes):
        raise RecordingError(
            f"{text!r} is no file, and the recording {name!r} has the episodes 1 to {len(episodes)}"
        )
    return episodes[int(number) - 1]


def film_of_expert(
    world: World, split: Split, seed: int, options: Mapping[str, Any] = MappingProxyType({})
) -> Film:
    """A film of the expert's episode from a seed.

    Args:
        options: of its reset.
    """
    track = of_pilot(world, split, seed, ExpertPilot, options)
    return Film(world, world.dynamics.params(split), [track])


def film_of_episode(episode: RecordedEpisode) -> Film:
    """A film of a recorded episode, with the expert's from the same start as its ghost."""
    world, split = world_of(episode), episode.split
    options = {"gentle_start": True} if episode.gentle_start else {}
    tracks = [of_actions(episode.player, world, split, episode.seed, episode.actions, options)]
    if world.experts:
        tracks.append(of_pilot(world, split, episode.seed, ExpertPilot, options))
    return Film(world, world.dynamics.params(split), tracks)
