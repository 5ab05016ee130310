"""The kernel cache: keyed by content, told about, and safe to share."""

import os
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from numba import njit

from il_envs.engine import kernels
from il_envs.engine.kernels import fingerprint
from il_envs.engine.spaces import action_bounds

STEP_ONCE = (
    "import il_envs; env = il_envs.WorldEnv('DriftCar'); env.reset(seed=5); "
    "env.step([0.1, 0.2]); print(il_envs.state_hash(env.state))"
)


def _kernel(constant, helper_constant, module="builtins"):
    source = (
        "from numba import njit\n"
        f"HELPER_CONSTANT = {helper_constant}\n"
        f"CONSTANT = {constant}\n"
        "@njit\n"
        "def helper(x):\n    return x * HELPER_CONSTANT\n"
        "@njit\n"
        "def kernel(x):\n    return helper(x) + CONSTANT\n"
    )
    variables: dict = {"__name__": module}
    exec(source, variables)
    return variables["kernel"]


def test_fingerprint_covers_constants_and_called_kernels():
    base = fingerprint({"step": _kernel(1.0, 2.0)})
    assert base == fingerprint({"step": _kernel(1.0, 2.0)})
    assert base != fingerprint({"step": _kernel(1.5, 2.0)})
    assert base != fingerprint({"step": _kernel(1.0, 2.5)})


def test_fingerprint_covers_module_attributes_and_arrays():
    def made(table):
        values = np.array(table)

        @njit
        def kernel(x):
            return x + values[0]

        return kernel

    assert fingerprint({"k": made([1.0])}) == fingerprint({"k": made([1.0])})
    assert fingerprint({"k": made([1.0])}) != fingerprint({"k": made([2.0])})


def test_fingerprint_is_the_same_in_another_process(world):
    module = "tests.contract.toy_worlds" if world.namespace != "il_envs" else "il_envs"
    code = (
        f"import {module}; from il_envs import get_world; "
        "from il_envs.engine.kernels import fingerprint; "
        f"w = get_world('{world.name}').dynamics; "
        "print(fingerprint({'s': w.step, 'r': w.reset}))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert run.stdout.strip() == fingerprint({"s": world.dynamics.step, "r": world.dynamics.reset})


def test_cold_compile_is_announced_and_a_warm_start_is_silent_and_equal(tmp_path):
    environment = os.environ | {"IL_ENVS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", STEP_ONCE]
    both_cold = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    cold = [process.communicate() for process in both_cold]
    warm = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert "il_envs: compiling DriftCar" in cold[0][1]
    assert "il_envs: compiled DriftCar in" in cold[0][1]
    assert "in batches" not in cold[0][1]  # a single environment needs no loops over rows
    assert cold[0][0] == cold[1][0] == warm.stdout
    assert warm.stderr == ""


def test_an_unwritable_cache_falls_back_to_a_temporary_folder(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("IL_ENVS_CACHE", str(blocked / "inside"))
    folder = kernels.cache_folder()
    assert folder.is_dir()
    assert "il_envs-" in folder.name


@pytest.mark.parametrize(
    ("space", "low", "high"),
    [
        (gym.spaces.Box(np.float32([-1, 0]), np.float32([1, 5])), [-1, 0], [1, 5]),
        (gym.spaces.Discrete(3, start=2), [2], [4]),
        (gym.spaces.MultiBinary(3), [0, 0, 0], [1, 1, 1]),
    ],
    ids=str,
)
def test_action_bounds(space, low, high):
    assert [bound.tolist() for bound in action_bounds(space)] == [low, high]


@pytest.mark.parametrize("space", [gym.spaces.Box(0, 1, (2, 2)), gym.spaces.Text(3)], ids=str)
def test_other_action_spaces_are_refused(space):
    with pytest.raises(TypeError, match="an action space must be"):
        action_bounds(space)


def test_a_kept_kernel_does_what_the_kernel_does_and_is_loaded_the_second_time(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    monkeypatch.setattr(kernels, "_loaded", {})
    kernel, numbers = _kernel(3.0, 4.0), np.array([1.0, 2.0])
    kept = kernels.kept_kernel("a sum", kernel, numbers)
    assert kept(numbers).tolist() == kernel(numbers).tolist() == [7.0, 11.0]
    assert "compiling a sum" in capsys.readouterr().err
    monkeypatch.setattr(kernels, "_loaded", {})
    again = kernels.kept_kernel("a sum", kernel, numbers)
    assert again(numbers).tolist() == [7.0, 11.0]
    assert sum(again.stats.cache_hits.values()) == 1
    assert capsys.readouterr().err == ""


def test_a_kernel_that_has_moved_is_compiled_anew(tmp_path, monkeypatch, capsys):
    """The files that numba keeps name the module of a kernel, which may not be there any more."""
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    monkeypatch.setattr(kernels, "_loaded", {})
    numbers = np.array([1.0, 2.0])
    before, after = (_kernel(3.0, 4.0, module) for module in ("before", "after"))
    assert fingerprint({"k": before}) == fingerprint({"k": after})
    for title, kernel in (("a sum before", before), ("a sum after", after)):
        kernels.kept_kernel(title, kernel, numbers)
        assert f"compiling {title}" in capsys.readouterr().err
