"""The kernel cache: keyed by content, told about, and safe to share."""

import math
import os
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from enum import Enum, IntEnum

import gymnasium as gym
import numba
import numpy as np
import pytest
from numba import njit
from numba.core.registry import cpu_target

from il_envs.engine import kernels
from il_envs.engine.cache import cache_folder
from il_envs.engine.fingerprint import fingerprint
from il_envs.engine.spaces import action_bounds, within_bounds
from il_envs.world import get_world
from tests.contract import toy_worlds

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


@pytest.mark.parametrize(
    ("body", "one", "other"),
    [
        ("return x * A + B", {"A": 12, "B": 3}, {"A": 1, "B": 23}),
        ("return TABLE[0]", {"TABLE": np.zeros(4)}, {"TABLE": np.zeros(4, np.int64)}),
        ("return TABLE.size", {"TABLE": np.zeros((2, 3))}, {"TABLE": np.zeros((3, 2))}),
        ("return T[0][1]", {"T": (np.zeros(2000, bool),)}, {"T": (np.arange(2000) == 1000.0,)}),
        ("return T[0][0]", {"T": (np.array([0.1]),)}, {"T": (np.array([0.1 + 1e-12]),)}),
        ("return T.a", {"T": namedtuple("T", "a b")(1, 2)}, {"T": namedtuple("T", "b a")(1, 2)}),
        ("return K.A", {"K": IntEnum("K", {"A": 1})}, {"K": IntEnum("K", {"A": 2})}),
        (
            "return K.A is K.B",
            {"K": Enum("K", {"A": 1, "B": 2})},
            {"K": Enum("K", {"A": 1, "B": 1})},
        ),
        ("return N(x)", {"N": numba.float32}, {"N": numba.float64}),
        ("return F(x)", {"F": math.floor}, {"F": math.ceil}),
    ],
)
def test_fingerprint_tells_constants_apart(body, one, other):
    first, second = (_defined(f"def k(x):\n    {body}\n", **each) for each in (one, other))
    assert fingerprint({"k": first}) != fingerprint({"k": second})


@pytest.mark.parametrize(
    "source",
    [
        "def k(x):\n    return x * {} + {}\n",
        "def k(x, a={}, b={}):\n    return x * a + b\n",
        "def k(x):\n    return sum([x * {} + {} for _ in range(3)])\n",
    ],
)
def test_fingerprint_tells_numbers_in_code_apart(source):
    first, second = (_defined(source.format(*each)) for each in ((12, 3), (1, 23)))
    assert fingerprint({"k": first}) != fingerprint({"k": second})


def test_fingerprint_tells_apart_which_kernel_is_called_where():
    one, two = (_defined(f"def k(x):\n    return x + {n}\n") for n in (1, 2))
    both = _defined("def k(x):\n    return A(x) * B(x)\n", A=one, B=two)
    ways = [
        _defined("def k(x):\n    return both(x) + A(x) / B(x)\n", both=both, A=a, B=b)
        for a, b in ((one, two), (two, one))
    ]
    assert len({fingerprint({"k": way}) for way in ways}) == 2


def _defined(source, **variables):
    variables = {"__name__": "builtins", **variables}
    exec(source, variables)
    return njit(variables["k"])


def test_what_is_no_kernel_is_refused():
    def step(state, action, params):
        return 0.0, False

    with pytest.raises(TypeError, match=r"step of a world must be a kernel, not <function .*step"):
        fingerprint({"step": step})


@pytest.mark.parametrize("name", kernels.SETTINGS)
def test_other_settings_of_numba_have_a_folder_of_their_own(name, monkeypatch):
    """For its own files do not know with which they were compiled."""
    known = {"k": _kernel(1.0, 2.0)}
    before = kernels._digest("call", known, {})
    monkeypatch.setattr(numba.config, name, 7)
    assert kernels._digest("call", known, {}) != before


def test_arguments_of_other_types_have_a_folder_of_their_own(tmp_path, monkeypatch):
    """Processes that compile one function for several types at once mix up what Numba keeps."""
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    kernel = _defined("def k(rows):\n    return rows[0].last\n")
    short = np.zeros(1, np.dtype([("rest", "f8"), ("last", "f8")]))
    long = np.zeros(1, np.dtype([("rest", "f8", 9), ("last", "f8")]))
    for rows in (short, long):
        rows["last"] = 7.0
        kept = kernels.kept_kernel("the last", kernel, rows)
        assert kept(rows) == 7.0
        assert len(kept.overloads) == 1
    assert len(os.listdir(tmp_path)) == 2


def test_worlds_with_the_same_kernels_and_other_types_have_folders_of_their_own():
    worlds = [get_world(name) for name in ("Shooter", "Shooter20")]
    assert len({fingerprint(world.dynamics.kernels) for world in worlds}) == 1
    assert len({kernels.batch_kernels(world).__name__ for world in worlds}) == 2


def test_another_processor_has_a_folder_of_its_own(monkeypatch):
    """So that what is compiled for it is announced, and no process writes over another's files."""
    known = {"k": _kernel(1.0, 2.0)}
    before = kernels._digest("call", known, {})
    codegen = type(cpu_target.target_context.codegen())
    monkeypatch.setattr(codegen, "magic_tuple", lambda self: ("x86_64", "another", ""))
    assert kernels._digest("call", known, {}) != before


def test_fingerprint_is_the_same_in_another_process(world):
    module = "tests.contract.toy_worlds" if world.namespace != "il_envs" else "il_envs"
    code = (
        f"import {module}; from il_envs import get_world; "
        "from il_envs.engine.fingerprint import fingerprint; "
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
    folder = cache_folder()
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


def test_a_range_without_an_end_has_no_rounding_to_clip():
    space = gym.spaces.Box(np.float32([-np.inf, 0.0]), np.float32([5.0, 1e6]))
    world = replace(toy_worlds.WALK, spaces=replace(toy_worlds.WALK.spaces, action=space))
    low, high = np.float32([-8e30, 1e6 + 0.5]), np.float32([6.0, 0.0])
    assert within_bounds(low, world, low).tolist() == [low[0], 1e6]
    with pytest.raises(ValueError, match=r"action entry 0 is 6\.0, must be from -inf to 5"):
        within_bounds(high, world, high)
    assert within_bounds(high, world, high, clips=True).tolist() == [5.0, 0.0]


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


def _empty(content: bytes) -> bytes:
    return b""


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _with_another_end(content: bytes) -> bytes:
    return content + b"\nraise SystemExit('another text')\n"


@pytest.mark.parametrize(
    ("damaged", "damage"),
    [
        *(
            (place, damage)
            for place in ("**/*.nbi", "**/*.nbc", "*.py")
            for damage in (_empty, _half)
        ),
        ("*.py", _with_another_end),  # which is not executed
    ],
)
def test_a_damaged_cache_is_made_anew(damaged, damage, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    kernel, numbers = _kernel(3.0, 4.0), np.array([1.0, 2.0])
    for said in ("compiling a sum", "is damaged and made anew", ""):
        monkeypatch.setattr(kernels, "_loaded", {})
        assert kernels.kept_kernel("a sum", kernel, numbers)(numbers).tolist() == [7.0, 11.0]
        error = capsys.readouterr().err
        assert said in error if said else not error
        if said == "compiling a sum":
            (file,) = (tmp_path / os.listdir(tmp_path)[0]).glob(damaged)
            file.write_bytes(damage(file.read_bytes()))


def test_a_constant_that_changes_after_compiling_spoils_no_cache(tmp_path, monkeypatch):
    """Numba has read it then; what it compiled may not be kept as if it had the new value."""
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    source = "def k(x):\n    return x * A\n"
    before = _defined(source, A=2.0)
    assert kernels.kept_kernel("a product", before, 1.0)(1.0) == 2.0
    before.py_func.__globals__["A"] = 3.0
    for kernel, product in ((before, 2.0), (_defined(source, A=3.0), 3.0)):
        monkeypatch.setattr(kernels, "_loaded", {})
        assert kernels.kept_kernel("a product", kernel, 1.0)(1.0) == product


def test_an_error_of_a_kernel_is_raised_once_and_for_all(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IL_ENVS_CACHE", str(tmp_path))
    kernel = _defined("def k(x):\n    raise ValueError('no such place')\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="no such place"):
            kernels.kept_kernel("a mistake", kernel, 1.0)
        assert "damaged" not in capsys.readouterr().err


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
