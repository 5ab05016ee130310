"""The keys of cells: everything that a result depends on, by which outdated cells are told."""

import hashlib
import inspect
from dataclasses import fields
from importlib.metadata import version
from typing import get_args

import numpy as np

from il_envs.engine.fingerprint import fingerprint
from il_envs.learning.policy import LinearPolicy, RandomPolicy, TabularPolicy
from il_envs.world import Split, World, get_world
from leaderboard.algorithms.imports import closure, hash_of
from leaderboard.measures.references import (
    EXACT_REFERENCES,
    exact_reference,
    linear_reference,
    tabular_reference,
)
from leaderboard.profiles import Profile

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


def key_of(
    profile: Profile,
    world: World,
    of_world: dict[str, str],
    code: str,
    labels: int | None,
    seed: int,
) -> dict[str, str]:
    """The key of a cell.

    Args:
        of_world: the entries that depend on the world, as of `world_key`.
        code: SHA-256 over the code of the algorithm or of the reference row.
        labels: None for a reference row.
    """
    return {
        "suite": version("il-envs"),
        **of_world,
        "code": code,
        "labels": str(labels),
        "seed": str(seed),
        "steps": str(profile.steps_in(world.name)),
        "evaluation": f"{profile.evaluation_episodes} by draws, "
        f"from {profile.evaluation_seeds.start}",
        "limits": f"{profile.time_limit:g} s, {profile.memory_limit} bytes",
    }


def world_key(world: World) -> dict[str, str]:
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
