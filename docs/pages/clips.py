"""Clips of the worlds' experts."""

import os
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from il_envs import WORLDS, World
from il_envs.play.film import Film
from il_envs.play.pilots import ExpertPilot
from il_envs.play.track import of_pilot
from il_envs.play.video import Cut, write_film

SHOWN = Cut(size=(480, 300), rate=20.0, longest=8.0)
SEED = 0
"""Of the held-out episode that is shown."""


def write_clips(folder: Path) -> None:
    """Write a clip of each world that has none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for world in WORLDS.values():
        path = folder / f"{world.name}.mp4"
        if not path.exists():
            _write(world, path)


def _write(world: World, path: Path) -> None:
    track = of_pilot(world, "held_out", SEED, ExpertPilot, {})
    film = Film(world, world.dynamics.params("held_out"), [track])
    write_film(film, path, cut=SHOWN)
