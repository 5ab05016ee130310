"""What a cell says of itself: its seeds, its use of the sources, the versions that it depends on,
and the files beside it."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from il_envs.learning.metering import Meter, Source
from il_envs.world import get_world
from leaderboard.cells import ANEW, Cell
from leaderboard.keys import key_of, reference_codes, world_key
from leaderboard.measures.references import TEACHER
from leaderboard.runs import Manifest

COUNTS: Mapping[str, Source] = {
    "demonstrations": "demonstrations",
    "expert_labels": "expert",
    "steps": "env",
    "reward_reads": "reward",
    "model_reads": "model",
}
"""The source that each count of a meter counts."""
SAID = ("labels", "seed", "steps", "evaluation", "limits")
"""Entries of a key that say what the cell says elsewhere too."""


def verify_statements(cell: Cell, manifest: Manifest) -> list[str]:
    """A line for everything that contradicts the rest of a cell, or its run."""
    faults = [*_faults_of_profile(cell, manifest), *_faults_of_seeds(cell), *_faults_of_meter(cell)]
    faults += _faults_of_key(cell)
    return [f"{cell.spec.title}: {fault}" for fault in faults]


def other_versions(cell: Cell) -> list[str]:
    """What of this cell is of another version than what is here, so that it cannot be checked: the
    suite, the world, or the code of its metrics; and for a reference row its own code."""
    world = get_world(cell.spec.world)
    here = key_of(
        cell.spec.profile, world, _world_key(world.name), "", cell.spec.labels, cell.spec.seed
    )
    codes = reference_codes(world)
    if cell.spec.labels is None and cell.spec.algorithm in codes:
        here["code"] = codes[cell.spec.algorithm]
    else:
        del here["code"]
    others = [name for name, value in here.items() if cell.spec.key.get(name) != value]
    is_told = cell.spec.sources or not any(cell.meter.values())
    return others if is_told else [*others, "the declared sources"]


def verify_files(results: Path, cell: Cell) -> list[str]:
    """A line for each file of a policy or a reward that has changed since it was written."""
    problems = []
    for name, recorded in cell.files.items():
        path = results / cell.spec.folder / name
        if not path.is_file():
            problems.append(f"{cell.spec.title}: {path} is missing; {ANEW}")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != recorded:
            problems.append(f"{cell.spec.title}: {path} is not what was written; {ANEW}")
    return problems


@cache
def _world_key(name: str) -> dict[str, str]:
    """The entries of a key that depend on the world, which take a while to compute."""
    return world_key(get_world(name))


def _faults_of_profile(cell: Cell, manifest: Manifest) -> Iterator[str]:
    if cell.spec.profile.model_dump() != manifest.profile.model_dump():
        yield "its profile is not that of run.json"


def _faults_of_seeds(cell: Cell) -> Iterator[str]:
    wanted = list(cell.spec.profile.evaluation_seeds)
    for episodes, how in ((cell.episodes, ""), (cell.mode_episodes, " by mode")):
        if episodes and [episode.seed for episode in episodes] != wanted:
            yield (
                f"its episodes{how} are not those of the evaluation, of the seeds {wanted[0]} to "
                f"{wanted[-1]} in order"
            )


def _faults_of_meter(cell: Cell) -> Iterator[str]:
    spec = cell.spec
    if set(cell.meter) - set(COUNTS) or min(cell.meter.values(), default=0) < 0:
        yield "its meter counts what there is not"
        return
    if spec.labels is None:
        if any(cell.meter.values()):
            yield "a reference row has used sources"
        return
    meter = Meter(**cell.meter)
    if meter.labels > spec.labels:
        yield f"it has used {meter.labels:,} labels, and has {spec.labels:,}"
    if meter.steps > spec.steps:
        yield f"it has taken {meter.steps:,} steps, and has {spec.steps:,}"
    for count, source in COUNTS.items() if spec.sources else ():  # an older release told none
        if cell.meter.get(count) and source not in spec.sources:
            yield f"it has used the source {source!r}, and does not declare it"


def _faults_of_key(cell: Cell) -> Iterator[str]:
    spec, world = cell.spec, get_world(cell.spec.world)
    here = key_of(spec.profile, world, {}, "", spec.labels, spec.seed)
    for name in SAID:
        if spec.key.get(name) != here[name]:
            yield f"its key says {name} {spec.key.get(name)!r}, and the cell {here[name]!r}"
    is_teacher = spec.algorithm.startswith(TEACHER)
    if spec.labels is None and not is_teacher and spec.algorithm not in reference_codes(world):
        yield f"there is no reference row {spec.algorithm!r} in {world.name}"
