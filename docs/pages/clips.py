"""Clips of the worlds' experts."""

import os
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from il_envs import WORLDS
from il_envs.play.replays import film_of_expert
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
            write_film(film_of_expert(world, "held_out", SEED), path, cut=SHOWN)
