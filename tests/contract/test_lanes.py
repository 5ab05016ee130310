"""Kernels compiled for lanes: none can raise, and every build of them gives the same bits."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba import njit

import il_envs
from il_envs.engine.arguments import checked_params
from il_envs.engine.spaces import zero_rows
from il_envs.engine.vector import WorldVectorEnv

RUN = """
import sys
from il_envs import WorldVectorEnv, state_hash
for name in sys.argv[1:]:
    env = WorldVectorEnv(name, 37)
    env.reset(seed=3)
    env.action_space.seed(3)
    for _ in range(150):
        observations = env.step(env.action_space.sample())[0]
    print(name, state_hash(env.states), observations.tobytes().hex()[:64])
"""

FORKED = """
import copy, os, signal
from il_envs import WorldVectorEnv
env = WorldVectorEnv("FourRooms", 8, num_threads=2)
env.reset(seed=3)
actions = env.action_space.sample()
env.step(actions)
twin = copy.copy(env)
twin.step(actions)
child = os.fork()
if child == 0:
    signal.alarm(30)
    env.step(actions)
    print(env.states.tobytes() == twin.states.tobytes(), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def test_no_kernel_can_raise(world):
    """Unless it needs room and there is none: an exception would be in the compiled code."""
    env = il_envs.WorldEnv(world.name)
    env.reset(seed=0)
    state, params = env.states[0], env.params
    action = np.atleast_1d(np.asarray(env.action_space.sample()))
    observation, measures = zero_rows(env.observation_space), np.zeros(len(env.reset()[1]))
    for name, arguments in {
        "reset": (state, params),
        "step": (state, action, params),
        "observe": (state, params, observation),
        "measure": (state, params, measures),
    }.items():
        code = _compiled(world.dynamics.kernels[name], *arguments)
        assert "picklebuf" not in code or "NRT_MemInfo_alloc" in code, name


def test_a_kernel_that_raises_is_noticed():
    def divided(x):
        if x == 0.0:
            raise ZeroDivisionError
        return 1.0 / x

    assert "picklebuf" in _compiled(njit(divided), 1.0)


def _compiled(kernel, *arguments):
    """LLVM's code of a kernel, for arguments of these types."""

    @njit(error_model="numpy")
    def call(*arguments):
        return kernel(*arguments)

    call(*arguments)
    (code,) = call.inspect_llvm().values()
    return code


def test_every_build_gives_the_same_bits(tmp_path):
    """Without vector instructions, with AVX2's, and with what this processor has beyond those."""
    _same_bits(tmp_path, ["DriftCar", "LaneKeeping", "Duel", "Gauntlet", "Pillar", "FourRooms"])


@pytest.mark.statistical
def test_every_build_gives_the_same_bits_in_shooter(tmp_path):
    _same_bits(tmp_path, ["Shooter"])


def _same_bits(folder, names):
    features = llvm.get_host_cpu_features()
    avx2 = {name: has and not re.match("avx512|avx10|amx", name) for name, has in features.items()}
    builds = {
        "generic": {"NUMBA_CPU_NAME": "generic"},
        "avx2": {
            "NUMBA_CPU_NAME": "haswell",
            "NUMBA_CPU_FEATURES": ",".join(
                f"{'+' if has else '-'}{name}" for name, has in avx2.items()
            ),
        },
    }
    if avx2 != dict(features):
        builds["host"] = {}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, *names],
            env=os.environ | build | {"IL_ENVS_CACHE": str(folder / name)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, build in builds.items()
    ]
    outputs = [process.communicate() for process in running]
    printed = {output for output, _ in outputs}
    assert len(printed) == 1, outputs
    assert len(printed.pop().splitlines()) == len(names)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_threads_change_no_bit(mode):
    def played(threads):
        env = WorldVectorEnv("Gauntlet", 37, autoreset_mode=mode, num_threads=threads)
        env.reset(seed=0)
        env.action_space.seed(0)
        seen = []
        for _ in range(60):
            *outputs, info = env.step(env.action_space.sample())
            final = [value for value in info.values() if isinstance(value, np.ndarray)]
            seen += [array.tobytes() for array in (*outputs, *final, env.states)]
        return seen

    assert played(1) == played(2) == played(3) == played(100)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_has_threads_of_its_own():
    run = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True)
    assert run.stdout.splitlines() == ["True", "0"], run.stderr


def test_an_invalid_action_changes_nothing_in_any_thread():
    env = WorldVectorEnv("DriftCar", 8, num_threads=2)
    env.reset(seed=0)
    before, actions = env.states.tobytes(), np.zeros((8, 2), np.float32)
    actions[7] = 2.0
    with pytest.raises(ValueError, match="of row 7"):
        env.step(actions)
    assert env.states.tobytes() == before


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_the_number_of_threads_must_be_a_whole_one(count):
    with pytest.raises(ValueError, match="num_threads must be a whole number from 1 on"):
        WorldVectorEnv("DriftCar", 2, num_threads=count)


@pytest.mark.parametrize(
    "tables",
    [
        {"training": np.zeros(4, [("slip", "f8")])[::2]},
        {"training": np.zeros(1, [("slip", "f8")]), "held_out": np.zeros(1, [("slip", "i8")])},
    ],
    ids=["strided", "of two types"],
)
def test_loops_are_given_parameters_of_one_type_only(tables):
    """For they would read any other memory as that."""
    world = il_envs.get_world("FourRooms")
    odd = replace(world, dynamics=replace(world.dynamics, params=tables.__getitem__))
    with pytest.raises(ValueError, match="must be a contiguous array of"):
        checked_params(odd, list(tables)[-1])
