"""What is measured: profiles, the cells of a run, and the key that says when a cell is up to date.

A cell is one training run and its evaluation: (world, algorithm, labels, seed) under the numbers of
a profile. Every algorithm and every training seed is evaluated on the same held-out episodes.
"""

import hashlib
import inspect
from collections.abc import Iterable
from importlib.metadata import version
from math import inf
from pathlib import PurePosixPath
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field

from il_envs.engine.kernels import fingerprint
from il_envs.learning.policy import RandomPolicy, TabularPolicy
from il_envs.world import Split, World, get_world
from leaderboard.durations import expected_seconds
from leaderboard.imports import closure, hash_of
from leaderboard.references import EXACT_REFERENCES, exact_reference
from leaderboard.submission import Contender

EVALUATION_SEED = 900_000_000
"""Evaluation episode i is the held-out episode of seed EVALUATION_SEED + i."""

MEASURING = ("leaderboard.exact", "leaderboard.checked_tables")
"""Modules that compute exact metrics, with what they import of `MEASURED_WITHIN`."""
MEASURED_WITHIN = (
    *MEASURING,
    "leaderboard.references",
    "il_envs.buttons",
    "il_envs.exact",
    "il_envs.learning.learned_reward",
)
"""All whose code can change an exact number; what a world is has a hash of its own."""

GIBIBYTE = 2**30  # bytes


class Profile(BaseModel):
    """How much is spent on a run."""

    model_config = ConfigDict(frozen=True)

    name: str
    labels: tuple[int, ...]
    """Expert actions given to an algorithm, ascending; the table ranks at the last one."""
    seeds: int
    """Training runs for each number of labels, unless the command line says otherwise."""
    evaluation_episodes: int
    steps: int
    """Environment steps an algorithm may take, over all rows."""
    steps_of_worlds: dict[str, int] = {}
    """The same in worlds that have another number."""
    time_limit: float
    """s of wall clock for a cell."""
    memory_limit: int = 4 * GIBIBYTE
    """bytes of resident memory for a cell, its child processes included."""
    worlds: dict[str, tuple[str, ...]] = Field(default={}, exclude=True)
    """Worlds of a run unless the command line names others, and the algorithms in each unless it
    names those; empty for all. It is not stored: what else a run has makes no difference to a
    cell."""

    def steps_in(self, world: str) -> int:
        """Environment steps an algorithm may take in a world, over all rows."""
        return self.steps_of_worlds.get(world, self.steps)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke",
            labels=(3_000,),
            seeds=1,
            evaluation_episodes=16,
            steps=50_000,
            time_limit=120.0,
            worlds={"DriftCar": (), "RiskyBridge": ()},
        ),
        Profile(
            name="quick",
            labels=(2_000,),
            seeds=2,
            evaluation_episodes=32,
            steps=1_000_000,
            steps_of_worlds={"FourRooms": 200_000},
            time_limit=600.0,
            worlds={
                "DriftCar": ("bc", "dagger", "gcl"),
                "FourRooms": ("bc", "dagger", "maxent", "gcl"),
                "Shooter": ("bc", "mail"),
            },
        ),
        Profile(
            name="labels",
            labels=(2_000, 8_000),
            seeds=5,
            evaluation_episodes=32,
            steps=200_000,
            time_limit=900.0,
            worlds={"DriftCar": ("bc", "bc-ensemble", "dagger")},
        ),
        Profile(
            name="rewards",
            labels=(8_000,),
            seeds=5,
            evaluation_episodes=32,
            steps=1_000_000,
            time_limit=1_800.0,
            worlds={
                "DriftCar": ("bc", "gail", "airl", "gcl"),
                "FourRooms": ("bc", "maxent", "gail", "gcl"),
                "FourRoomsStill": ("bc", "gail", "airl", "airl-state"),
            },
        ),
        Profile(
            name="one-episode",
            labels=(1_000,),
            seeds=3,
            evaluation_episodes=32,
            steps=1_000_000,
            time_limit=1_800.0,
            worlds={"DriftCar": ("bc", "gail", "gcl")},
        ),
        Profile(
            name="full",
            labels=(1_000, 2_000, 4_000, 8_000, 16_000, 32_000),
            seeds=10,
            evaluation_episodes=64,
            steps=1_000_000,
            time_limit=1_800.0,
        ),
        Profile(
            name="shooter",
            labels=(20_000,),
            seeds=5,
            evaluation_episodes=256,
            steps=10_000_000,
            time_limit=7_200.0,
            worlds={"Shooter": ()},
        ),
    )
}


class CellSpec(BaseModel):
    """One cell to compute."""

    model_config = ConfigDict(frozen=True)

    world: str
    algorithm: str
    origin: str
    """Where the algorithm is found, as `submission.load` takes it; empty for a reference row."""
    labels: int | None
    """None for a reference row, which learns nothing; 0 for an algorithm that uses no labels."""
    seed: int
    profile: Profile
    key: dict[str, str]
    """Everything the result depends on: a finished cell with the same key is not computed again."""

    @property
    def folder(self) -> PurePosixPath:
        """Where the cell lies, relative to the folder of results."""
        labels = [] if self.labels is None else [f"labels_{self.labels}"]
        return PurePosixPath(self.world, self.algorithm, *labels, f"seed_{self.seed}")

    @property
    def steps(self) -> int:
        """Environment steps it may take, over all rows."""
        return self.profile.steps_in(self.world)

    @property
    def title(self) -> str:
        """The cell in words, for lines of progress."""
        labels = "" if self.labels is None else f" labels={self.labels}"
        return f"{self.world} {self.algorithm}{labels} seed={self.seed}"

    @property
    def evaluation_seeds(self) -> range:
        """The seeds of the evaluation episodes."""
        return range(EVALUATION_SEED, EVALUATION_SEED + self.profile.evaluation_episodes)


def cells_of_run(
    profile: Profile, worlds: Iterable[World], contenders: Iterable[Contender], seeds: int
) -> list[CellSpec]:
    """Every cell of a run: the reference rows, so that what is done of a run has scores, and then
    the cells that take longest first."""
    specs: list[tuple[float, CellSpec]] = []
    contenders = list(contenders)
    for world in worlds:
        world_key = _world_key(world)
        specs += [(inf, spec) for spec in _references(profile, world, world_key, seeds)]
        for seed in range(seeds):
            for contender in contenders:
                if not contender.applies_to(world):
                    continue
                algorithm = contender.algorithm
                for labels in label_budgets(profile, algorithm.uses_labels, algorithm.is_control):
                    key = _key(profile, world, world_key, contender.code, labels, seed)
                    key["config"] = repr(algorithm.config)
                    spec = CellSpec(
                        world=world.name,
                        algorithm=algorithm.name,
                        origin=contender.origin,
                        labels=labels,
                        seed=seed,
                        profile=profile,
                        key=key,
                    )
                    specs.append((expected_seconds(spec.steps, world, algorithm), spec))
    return [spec for _, spec in sorted(specs, key=lambda pair: -pair[0])]


def label_budgets(profile: Profile, uses_labels: bool, is_control: bool) -> tuple[int, ...]:
    """The numbers of labels an algorithm is trained with: one that uses none is trained once, and a
    control at the number that the table ranks at."""
    budgets = profile.labels if uses_labels else (0,)
    return budgets[-1:] if is_control else budgets


def reference_seeds(exact: bool, seeds: int) -> int:
    """How many cells a reference row has; an exact one is the same for every seed."""
    return 1 if exact else seeds


def _references(
    profile: Profile, world: World, world_key: dict[str, str], seeds: int
) -> list[CellSpec]:
    count = reference_seeds(exact_reference(world) is not None, seeds)
    return [
        CellSpec(
            world=world.name,
            algorithm=name,
            origin="",
            labels=None,
            seed=seed,
            profile=profile,
            key=_key(profile, world, world_key, code, None, seed),
        )
        for name, code in reference_codes(world).items()
        for seed in range(count)
    ]


def _key(
    profile: Profile,
    world: World,
    world_key: dict[str, str],
    code: str,
    labels: int | None,
    seed: int,
) -> dict[str, str]:
    return {
        "suite": version("il-envs"),
        **world_key,
        "code": code,
        "labels": str(labels),
        "seed": str(seed),
        "steps": str(profile.steps_in(world.name)),
        "evaluation": f"{profile.evaluation_episodes} from {EVALUATION_SEED}",
        "limits": f"{profile.time_limit:g} s, {profile.memory_limit} bytes",
    }


def _world_key(world: World) -> dict[str, str]:
    """The part of a key that is a world's: an exact one has measures, and they have code."""
    if exact_reference(world) is None:
        return {"world": world_hash(world)}
    return {
        "world": world_hash(world),
        "measures": hash_of(closure(MEASURING, MEASURED_WITHIN)),
        "transfer": world_hash(get_world(world.truth.transfer)) if world.truth.transfer else "none",
    }


def reference_codes(world: World) -> dict[str, str]:
    """SHA-256 over the code of each reference row, by its name."""
    if exact_reference(world) is not None:
        return dict.fromkeys(EXACT_REFERENCES, _source_hash(TabularPolicy))
    return {
        "random": _source_hash(RandomPolicy),
        "expert": fingerprint({"act": world.experts[world.reference_style].act}),
    }


def _source_hash(kind: type) -> str:
    return hashlib.sha256(inspect.getsource(kind).encode()).hexdigest()


def world_hash(world: World) -> str:
    """SHA-256 over what a world is: kernels, reference expert, parameters, exact model."""
    expert = world.experts[world.reference_style].act
    digest = hashlib.sha256(fingerprint(world.dynamics.kernels | {"expert": expert}).encode())
    digest.update(f"{world.id} {world.dynamics.max_episode_steps}".encode())
    for split in get_args(Split):
        digest.update(world.dynamics.params(split).tobytes())
    reference = exact_reference(world)
    if reference is not None:
        model = reference.model
        digest.update(f"{reference.temperature} {model.discount}".encode())
        for array in (
            model.initial, model.reward, model.features, model.available,
            model.transition.data, model.transition.indices, model.transition.indptr,
        ):  # fmt: skip
            digest.update(b"" if array is None else array.tobytes())
    return digest.hexdigest()
