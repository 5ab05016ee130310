"""Policies on disk: those that a leaderboard's cells hold, and those that a lesson leaves."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from il_envs.extras import require
from il_envs.learning.algorithm import Algorithm
from il_envs.learning.installed import NotInstalledError, find_algorithm
from il_envs.learning.policy import Policy
from il_envs.world import UnknownNameError, World, get_world

TENSORS = "policy.safetensors"
CELL, LESSON = "cell.json", "policy.json"
"""What a folder says of its policy: a cell of the leaderboard's, or a lesson."""
LONGEST = 200  # characters, of a reason


class StoredPolicyError(ValueError):
    """A policy that cannot be loaded or kept; the message says in one line which and why."""


@dataclass(frozen=True)
class StoredPolicy:
    """A policy and where it comes from.

    Attributes:
        world: the world in which it was trained.
        algorithm: name of the algorithm that trained it.
        labels: the labels that it was given.
        seed: the training seed.
        demonstrations: the recording that it was cloned from; empty for the scripted expert's.
    """

    policy: Policy
    world: World
    algorithm: str
    labels: int
    seed: int
    demonstrations: str = ""


def load_policy(folder: Path, algorithm: Algorithm[Any] | None = None) -> StoredPolicy:
    """The policy in a folder, such as the one of a cell: DIR/WORLD/ALGORITHM/labels_N/seed_K.

    Args:
        algorithm: the one that restores it; by default the installed one that trained it.

    Raises:
        StoredPolicyError: if there is none, it is damaged, or its algorithm is not installed or
            cannot restore its policies.
        ModuleNotFoundError: without the package safetensors.
    """
    told, content = _told(folder), _content(folder)
    if told.pop("sha256", None) not in (None, hashlib.sha256(content).hexdigest()):
        raise StoredPolicyError(f"{folder / TENSORS}: damaged, it is not what was written")
    try:
        world, name = get_world(told["world"]), str(told["algorithm"])
        labels, seed = int(told["labels"] or 0), int(told["seed"])
    except (KeyError, TypeError, ValueError) as error:
        why = str(error) if isinstance(error, UnknownNameError) else f"says no {error}"
        raise StoredPolicyError(f"{folder}: {why}") from error
    if world.instance:
        raise StoredPolicyError(
            f"{folder}: a policy of the instance {world.name}, which it knows under other numbers"
        )
    if labels < 0 or seed < 0:
        raise StoredPolicyError(f"{folder}: says {labels} labels and seed {seed}")
    try:
        algorithm = find_algorithm(name) if algorithm is None else algorithm
    except NotInstalledError as error:
        raise StoredPolicyError(f"{folder}: {error}") from error
    policy = _restored(folder, algorithm, world, content)
    return StoredPolicy(policy, world, name, labels, seed, str(told.get("demonstrations", "")))


def keep_policy(folder: Path, stored: StoredPolicy) -> None:
    """Write a policy into a new folder.

    Raises:
        StoredPolicyError: if it has no tensors, or cannot be written.
        ModuleNotFoundError: without the package safetensors.
    """
    require("baselines", "safetensors")
    import safetensors.numpy

    if not hasattr(stored.policy, "tensors"):
        raise StoredPolicyError(f"a policy of {stored.algorithm} has no tensors() to keep")
    about = {
        "world": stored.world.name,
        "algorithm": stored.algorithm,
        "labels": stored.labels,
        "seed": stored.seed,
        "demonstrations": stored.demonstrations,
    }
    try:
        folder.mkdir(parents=True)
        (folder / TENSORS).write_bytes(safetensors.numpy.save(stored.policy.tensors()))
        (folder / LESSON).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoredPolicyError(f"cannot write to {folder}: {error.strerror}") from error


def _told(folder: Path) -> dict[str, Any]:
    """What a folder says of its policy."""
    for name in (LESSON, CELL):
        path = folder / name
        if path.is_file():
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                if name == LESSON:
                    return dict(told)
                return {**told["spec"], "sha256": told["files"].get(TENSORS)}
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise StoredPolicyError(f"{path}: damaged: {error}") from error
    raise StoredPolicyError(
        f"{folder}: no policy in it; name the folder of a cell, DIR/WORLD/ALGORITHM/labels_N/seed_K"
    )


def _content(folder: Path) -> bytes:
    path = folder / TENSORS
    if not path.is_file():
        raise StoredPolicyError(f"{folder}: its algorithm has left no tensors of its policy")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoredPolicyError(f"{path}: {error.strerror}") from error


def _restored(folder: Path, algorithm: Algorithm[Any], world: World, content: bytes) -> Policy:
    """The policy of an algorithm that has these tensors."""
    require("baselines", "safetensors")
    import safetensors.numpy
    from safetensors import SafetensorError

    if algorithm.restore is None:
        raise StoredPolicyError(f"{folder}: {algorithm.name} has no way to restore its policies")
    try:
        return algorithm.restore(world, safetensors.numpy.load(content), algorithm.config)
    except (SafetensorError, KeyError, RuntimeError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:LONGEST] or type(error).__name__
        raise StoredPolicyError(
            f"{folder}: {algorithm.name} cannot restore this policy: {why}"
        ) from error
