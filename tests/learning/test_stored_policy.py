"""Policies on disk: what a run has learned acts again, bit for bit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from baselines import bc
from baselines.bc import BCConfig
from il_envs import Budget, ExpertPolicy, Problem, WorldEnv, get_world
from il_envs.learning.installed import find_algorithm
from il_envs.learning.stored_policy import (
    StoredPolicy,
    StoredPolicyError,
    keep_policy,
    load_policy,
)

QUICK = BCConfig(updates=20, hidden_sizes=(8, 7), validation_interval=10)


def learned(name: str, world_name: str) -> StoredPolicy:
    """A policy that an algorithm has learned in no time."""
    algorithm, world = find_algorithm(name), get_world(world_name)
    config = algorithm.config
    if name in ("bc", "shuffled-labels"):
        config = QUICK
    elif name in ("dagger", "dart", "bc-ensemble"):
        config = replace(config, cloning=QUICK)
    elif name == "iq-learn":
        config = replace(config, updates=5, hidden_sizes=(6, 5))
    problem = Problem(world, algorithm.sources, Budget(400, 5_000), seed=1)
    return StoredPolicy(algorithm.train(problem, 1, config), world, name, 400, 1)


def actions(stored: StoredPolicy) -> np.ndarray:
    """What a policy does in the states of an expert's episode."""
    env = WorldEnv(stored.world.name)
    expert, seen = ExpertPolicy(env), [env.reset(seed=3)[0]]
    for _ in range(20):
        seen.append(env.step(expert.predict()[0][0])[0])
    chosen, _ = stored.policy.predict(np.stack(seen), deterministic=True)
    return chosen


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("bc", "DriftCar"), ("bc", "Shooter"), ("bc", "FourRooms"), ("bc", "ShooterPixels"),
        ("bc-ensemble", "DriftCar"), ("bc-ensemble", "FourRooms"), ("dagger", "DriftCar"),
        ("dart", "DriftCar"), ("iq-learn", "FourRooms"), ("maxent", "FourRooms"),
        ("shuffled-labels", "Duel"),
    ],
)  # fmt: skip
def test_a_kept_policy_acts_as_it_did(name: str, world: str, tmp_path: Path) -> None:
    stored = learned(name, world)
    keep_policy(tmp_path / "kept", stored)
    loaded = load_policy(tmp_path / "kept")
    assert np.array_equal(actions(loaded), actions(stored))
    assert (loaded.world, loaded.algorithm) == (stored.world, name)
    assert (loaded.labels, loaded.seed) == (400, 1)
    kept, again = stored.policy.tensors(), loaded.policy.tensors()
    for tensor in again:
        assert np.array_equal(kept[tensor], again[tensor])


def test_algorithms_of_every_kind_can_restore_their_policies() -> None:
    for name in ("bc", "bc-ensemble", "dagger", "dart", "gail", "mail", "maxent", "sqil"):
        assert find_algorithm(name).restore is not None


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    stored = learned("bc", "FourRooms")
    keep_policy(tmp_path / "kept", stored)
    with pytest.raises(StoredPolicyError, match="cannot write to"):
        keep_policy(tmp_path / "kept", stored)


@pytest.mark.parametrize(
    ("about", "complaint"),
    [
        ({"algorithm": "nobody"}, "no algorithm 'nobody' is installed"),
        ({"world": "Nowhere"}, "unknown world 'Nowhere'"),
        ({"world": "Shooter"}, "bc cannot restore this policy"),
        ({"world": "DriftCar~0123456789abcdef"}, "which it knows under other numbers"),
        ({"labels": -1}, "says -1 labels and seed 1"),
        ({"seed": "first"}, "says no .*'first'"),
    ],
)
def test_a_policy_that_cannot_be_loaded_is_one_line(
    tmp_path: Path, about: dict[str, object], complaint: str
) -> None:
    folder = tmp_path / "kept"
    keep_policy(folder, learned("bc", "DriftCar"))
    told = json.loads((folder / "policy.json").read_text())
    (folder / "policy.json").write_text(json.dumps(told | about))
    with pytest.raises(StoredPolicyError, match=complaint) as caught:
        load_policy(folder)
    assert "\n" not in str(caught.value)


def test_an_algorithm_that_restores_nothing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_policy(tmp_path / "kept", learned("bc", "DriftCar"))
    monkeypatch.setattr(bc, "algorithm", replace(bc.algorithm, restore=None))
    with pytest.raises(StoredPolicyError, match="bc has no way to restore its policies"):
        load_policy(tmp_path / "kept")


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with pytest.raises(StoredPolicyError, match="no policy in it"):
        load_policy(folder)
    keep_policy(folder, learned("bc", "DriftCar"))
    (folder / "policy.safetensors").write_bytes(b"nothing")
    with pytest.raises(StoredPolicyError, match="damaged"):
        load_policy(folder)
    (folder / "policy.safetensors").unlink()
    with pytest.raises(StoredPolicyError, match="left no tensors"):
        load_policy(folder)
    (folder / "policy.json").write_text("{")
    with pytest.raises(StoredPolicyError, match="damaged"):
        load_policy(folder)
