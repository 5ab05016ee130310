"""The protocol: profiles, the cells of a run, and the keys that tell whether a cell is up to date.

A cell is one training run and its evaluation: (world, algorithm, labels, seed) under the settings
of a profile. Every algorithm and every training seed is evaluated on the same held-out episodes.
"""

import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.metadata import version
from math import inf
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from il_envs.engine.fingerprint import fingerprint
from il_envs.learning.policy import LinearPolicy, RandomPolicy, TabularPolicy
from il_envs.learning.problem import SEED_BLOCK
from il_envs.world import Split, World, get_world
from leaderboard.durations import expected_seconds
from leaderboard.imports import closure, hash_of
from leaderboard.measures.references import (
    EXACT_REFERENCES,
    TEACHER,
    exact_reference,
    linear_reference,
    tabular_reference,
)
from leaderboard.measures.support import SUPPORT_SEED
from leaderboard.recorded import RecordedData
from leaderboard.submission import Contender

EVALUATION_SEED = 900_000_000
"""Evaluation episode i is the held-out episode of seed EVALUATION_SEED + i."""
MOST_SEEDS = SUPPORT_SEED // (2 * SEED_BLOCK)
"""Most training seeds. Training seed k has episodes of the seeds below 2 * SEED_BLOCK * (k + 1); in
a world whose splits are the same, only the seeds of episodes tell training from evaluation."""

TUNING_SEED = MOST_SEEDS
"""Training seed k of a study of tuning is TUNING_SEED + k; those of results are below it, so that
neither sees demonstrations or training episodes of the other."""
MOST_TUNING_SEEDS = 49
"""As many as there are between the training episodes of results and the episodes after them."""
TUNING_EPISODES_SEED = 899_000_000
"""Episode i on which a study scores policies is the training episode of seed TUNING_EPISODES_SEED +
i: after those of all training seeds, and before those of the evaluation."""

MEASURING = (
    "leaderboard.measures.exact",
    "leaderboard.measures.exact_linear",
    "leaderboard.measures.checked_tables",
)
"""Modules that compute exact metrics; their imports within `MEASURED_WITHIN` count too."""
MEASURED_WITHIN = (
    *MEASURING,
    "leaderboard.measures.references",
    "il_envs.buttons",
    "il_envs.exact",
    "il_envs.learning.learned_reward",
)
"""All modules whose code can change an exact number; a world itself has a hash of its own."""

SUPPORTED = ("leaderboard.measures.support", "il_envs.learning.support")
"""Modules that compute the share of states outside the expert's support."""

GIBIBYTE = 2**30  # bytes


class Profile(BaseModel):
    """The size of a run: labels, seeds, steps, and limits."""

    model_config = ConfigDict(frozen=True)

    name: str
    labels: tuple[int, ...]
    """Numbers of expert actions given to an algorithm, ascending; the table ranks at the last."""
    seeds: int
    """Training runs for each number of labels, unless the command line says otherwise."""
    evaluation_episodes: int
    steps: int
    """Environment steps that an algorithm may take, over all rows."""
    steps_of_worlds: dict[str, int] = {}
    """The same for worlds with another number of steps, by the world's name."""
    time_limit: float
    """Wall-clock limit of a cell, in seconds."""
    memory_limit: int = 4 * GIBIBYTE
    """Limit of the resident memory of a cell, its child processes included, in bytes."""
    is_tuning: bool = False
    """True for the cells of a study of tuning, which have training seeds and episodes of their own
    and no held-out arenas."""
    worlds: dict[str, tuple[str, ...]] = Field(default={}, exclude=True)
    """The run's worlds and the algorithms in each, empty for all; the command line may name others.
    Not stored, because a cell does not depend on the other cells of its run."""
    styles: tuple[str, ...] = Field(default=(), exclude=True)
    """Scripted experts of all these worlds, each of which teaches in a run and a folder of its own,
    unless the command line names one; empty for the worlds' references alone."""
    each_once: bool = Field(default=False, exclude=True)
    """Whether each algorithm runs in the first of these worlds alone to which it applies."""

    @property
    def evaluation_split(self) -> Split:
        """The split of the world in which policies are scored."""
        return "training" if self.is_tuning else "held_out"

    @property
    def evaluation_seeds(self) -> range:
        """The seeds of the evaluation episodes."""
        first = TUNING_EPISODES_SEED if self.is_tuning else EVALUATION_SEED
        return range(first, first + self.evaluation_episodes)

    def steps_in(self, world: str) -> int:
        """Environment steps an algorithm may take in a world, over all rows."""
        return self.steps_of_worlds.get(world, self.steps)


CHORD_HEADS = (
    "bc", "bc-autoregressive", "bc-joint", "bc-mixture", "bc-cvae", "bc-flow",
)  # fmt: skip
"""Cloning with each distribution over chords of buttons."""

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
        Profile(
            name="reinforce",
            labels=(20_000,),
            seeds=5,
            evaluation_episodes=64,
            steps=2_000_000,
            time_limit=7_200.0,
            worlds={"Shooter": ("ppo", "bc-ppo", "bc-ppo-penalty")},
        ),
        Profile(
            name="reproduce",
            labels=(2_000,),
            seeds=5,
            evaluation_episodes=16,
            steps=50_000,
            time_limit=900.0,
            worlds={"DriftCar": (), "FourRooms": (), "Duel": ()},
            each_once=True,
        ),
        Profile(
            name="worries",
            labels=(8_000,),
            seeds=5,
            evaluation_episodes=32,
            steps=200_000,
            time_limit=1_800.0,
            worlds={"DriftCar": ("bc", "bc-window", "bc-mixture", "bc-cvae", "dagger")},
            styles=("scripted", "bimodal", "non-markov", "inconsistent"),
        ),
        Profile(
            name="minds",
            labels=(32_000,),
            seeds=5,
            evaluation_episodes=64,
            steps=200_000,
            time_limit=1_800.0,
            worlds={
                "DriftCarFork": ("bc", "bc-mixture", "bc-cvae", "bc-flow"),
                "Pillar": CHORD_HEADS,
                "Duel": CHORD_HEADS,
            },
        ),
    )
}


def tuning_profile(labels: int, steps: int, seeds: int) -> Profile:
    """The profile of a study of tuning, each of whose draws has this budget."""
    return Profile(
        name="tuning",
        labels=(labels,),
        seeds=seeds,
        evaluation_episodes=64,
        steps=steps,
        time_limit=1_800.0,
        is_tuning=True,
    )


class CellSpec(BaseModel):
    """One cell to compute."""

    model_config = ConfigDict(frozen=True)

    world: str
    algorithm: str
    origin: str
    """The algorithm's origin, as in `submission.load`; empty for a reference row and a person."""
    labels: int | None
    """Number of labels; None for a reference row, 0 for an algorithm that uses no labels, the steps
    of a person."""
    seed: int
    profile: Profile
    demonstrations: str = ""
    """Name of the recording that it learns from; empty if that is the scripted expert, or none."""
    style: str = ""
    """The scripted expert that it learns from, or that it is; empty if that is the reference, or
    none."""
    settings: dict[str, str] = {}
    """The algorithm's settings that the command line has changed, as `conditions.Settings`."""
    key: dict[str, str]
    """Everything that the result depends on; a finished cell with this key is not recomputed."""

    @property
    def folder(self) -> PurePosixPath:
        """The cell's folder, relative to the folder of results."""
        labels = [] if self.labels is None else [f"labels_{self.labels}"]
        return PurePosixPath(self.world, self.algorithm, *labels, f"seed_{self.seed}")

    @property
    def training_seed(self) -> int:
        """The seed of its training, demonstrations and training episodes."""
        return self.seed + (TUNING_SEED if self.profile.is_tuning else 0)

    @property
    def steps(self) -> int:
        """Environment steps that the cell may take, over all rows."""
        return self.profile.steps_in(self.world)

    @property
    def title(self) -> str:
        """The cell in words, for progress messages."""
        labels = "" if self.labels is None else f" labels={self.labels}"
        return f"{self.world} {self.algorithm}{labels} seed={self.seed}"


def cells_of_run(
    profile: Profile,
    worlds: Iterable[World],
    contenders: Iterable[Contender],
    seeds: int,
    recordings: Mapping[str, RecordedData] = MappingProxyType({}),
    style: str = "",
) -> list[CellSpec]:
    """Every cell of a run in order: the reference rows, without which an unfinished run would have
    no scores, and then the other cells, the slowest first.

    Args:
        recordings: what those who use demonstrations learn from instead of from the scripted
            expert, by the name of the world.
        style: the scripted expert that teaches, a style of all worlds; empty for the reference.
    """
    specs: list[tuple[float, CellSpec]] = []
    contenders = list(contenders)
    for world in worlds:
        world_key = _world_key(world)
        specs += [(inf, spec) for spec in _references(profile, world, world_key, seeds, style)]
        for seed in range(seeds):
            for contender in contenders:
                if not contender.applies_to(world):
                    continue
                algorithm = contender.algorithm
                data = recordings.get(world.name) if contender.is_shown else None
                for labels in label_budgets(
                    profile, algorithm.uses_labels, algorithm.is_control, data
                ):
                    key = _key(profile, world, world_key, contender.code, labels, seed)
                    key["config"] = repr(algorithm.config)
                    if data is not None:
                        key["demonstrations"] = data.content_hash
                    is_other = style != world.reference_style and contender.is_taught
                    teacher = style if is_other and data is None else ""
                    if teacher:
                        act = world.experts[teacher].act
                        key["style"] = f"{teacher} {fingerprint({'act': act})}"
                    spec = CellSpec(
                        world=world.name,
                        algorithm=algorithm.name,
                        origin=contender.origin,
                        labels=labels,
                        seed=seed,
                        profile=profile,
                        demonstrations="" if data is None else data.name,
                        style=teacher,
                        settings=dict(contender.settings),
                        key=key,
                    )
                    specs.append((expected_seconds(spec.steps, world, algorithm), spec))
    return [spec for _, spec in sorted(specs, key=lambda pair: -pair[0])]


def person_spec(profile: Profile, world: World, name: str, steps: int, code: str) -> CellSpec:
    """The cell of a person, whose every step counts as a label.

    Args:
        name: name of the row.
        code: SHA-256 over what the person did.
    """
    return CellSpec(
        world=world.name,
        algorithm=name,
        origin="",
        labels=steps,
        seed=0,
        profile=profile,
        key=_key(profile, world, _world_key(world), code, steps, 0),
    )


def label_budgets(
    profile: Profile, uses_labels: bool, is_control: bool, data: RecordedData | None = None
) -> tuple[int, ...]:
    """The numbers of labels with which an algorithm is trained: 0 if it uses none, and for a
    control only the number at which the table ranks. None is larger than the recording it learns
    from."""
    budgets = profile.labels if uses_labels else (0,)
    if data is not None:
        budgets = tuple(dict.fromkeys(min(labels, data.transitions) for labels in budgets))
    return budgets[-1:] if is_control else budgets


def reference_seeds(exact: bool, seeds: int) -> int:
    """The number of cells of a reference row; 1 if it is exact, and so the same for every seed."""
    return 1 if exact else seeds


def _references(
    profile: Profile, world: World, world_key: dict[str, str], seeds: int, style: str
) -> list[CellSpec]:
    """The cells of the reference rows, and of the expert of that style if it is another one."""
    codes = {name: (code, "") for name, code in reference_codes(world).items()}
    if style and style != world.reference_style:
        codes[TEACHER + style] = fingerprint({"act": world.experts[style].act}), style
    return [
        CellSpec(
            world=world.name,
            algorithm=name,
            origin="",
            labels=None,
            seed=seed,
            profile=profile,
            style=own_style,
            key=_key(profile, world, world_key, code, None, seed),
        )
        for name, (code, own_style) in codes.items()
        for seed in range(reference_seeds(exact_reference(world) is not None, seeds))
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
        "evaluation": f"{profile.evaluation_episodes} by draws, "
        f"from {profile.evaluation_seeds.start}",
        "limits": f"{profile.time_limit:g} s, {profile.memory_limit} bytes",
    }


def _world_key(world: World) -> dict[str, str]:
    """The entries of a key that depend on the world and on the code of the metrics; the exact
    metrics are those of an exact world."""
    key = {"world": world_hash(world), "support": hash_of(closure(SUPPORTED, SUPPORTED))}
    if exact_reference(world) is None:
        return key
    return key | {
        "measures": hash_of(closure(MEASURING, MEASURED_WITHIN)),
        "transfer": world_hash(get_world(world.truth.transfer)) if world.truth.transfer else "none",
    }


def reference_codes(world: World) -> dict[str, str]:
    """SHA-256 over the code of each reference row, by its name."""
    if exact_reference(world) is not None:
        kind = LinearPolicy if linear_reference(world) is not None else TabularPolicy
        return dict.fromkeys(EXACT_REFERENCES, _source_hash(kind))
    return {
        "random": _source_hash(RandomPolicy),
        "expert": fingerprint({"act": world.experts[world.reference_style].act}),
    }


def _source_hash(kind: type) -> str:
    return hashlib.sha256(inspect.getsource(kind).encode()).hexdigest()


def world_hash(world: World) -> str:
    """SHA-256 over a world's kernels, reference expert, parameters and exact model."""
    expert = world.experts[world.reference_style].act
    digest = hashlib.sha256(fingerprint(world.dynamics.kernels | {"expert": expert}).encode())
    digest.update(f"{world.id} {world.dynamics.max_episode_steps}".encode())
    for split in get_args(Split):
        digest.update(world.dynamics.params(split).tobytes())
    linear = linear_reference(world)
    if linear is not None:
        digest.update(f"{linear.temperature} {linear.model.horizon}".encode())
        for field in fields(linear.model):
            digest.update(np.asarray(getattr(linear.model, field.name)).tobytes())
    reference = tabular_reference(world)
    if reference is not None:
        model = reference.model
        digest.update(f"{reference.temperature} {model.discount}".encode())
        for array in (
            model.initial, model.reward, model.features, model.available,
            model.transition.data, model.transition.indices, model.transition.indptr,
        ):  # fmt: skip
            digest.update(b"" if array is None else array.tobytes())
    return digest.hexdigest()
