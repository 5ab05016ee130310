"""Small runs that several tests look at."""

from collections.abc import Sequence
from pathlib import Path

from il_envs import get_world
from leaderboard.computing import compute
from leaderboard.conditions import with_settings
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.selection import manifest_of, named


def small_run(folder: Path, profile: Profile, algorithms: Sequence[str]) -> Path:
    """Results in an exact world and in another one, with as many training seeds as the profile has,
    and with cloning cut short; returns their folder."""
    worlds = [get_world("RiskyBridge"), get_world("Gauntlet")]
    contenders = list(with_settings(named(algorithms), ["bc.updates=50"]))
    specs = cells_of_run(profile, worlds, contenders, profile.seeds)
    manifest = manifest_of(profile, worlds, contenders, profile.seeds)
    compute(specs, manifest, contenders, folder, 2)
    return folder
