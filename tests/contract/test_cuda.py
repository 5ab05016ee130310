"""Rows on a CUDA device have the bits of rows on the CPU.

What needs a device runs on a GPU over 10,000 steps, if there is one. Here there is none, so it runs
under Numba's simulator, `NUMBA_ENABLE_CUDASIM=1 pytest tests/contract/test_cuda.py`, which calls
the kernels in Python; one of the tests does that.
"""

import copy
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from importlib.util import find_spec

import numba
import numpy as np
import pytest

import il_envs
from il_envs.engine import cuda_loops
from il_envs.engine.cuda import CudaVectorEnv
from il_envs.engine.cuda_loops import numba_cuda, require_exact, require_steppable
from il_envs.engine.vector import WorldVectorEnv

SIMULATED = bool(numba.config.ENABLE_CUDASIM)
STEPS, LIMIT = (30, 7) if SIMULATED else (10_000, None)
UNFIT = ("Shooter", "Shooter20", "ShooterPixels")
FIT = [world.name for world in il_envs.WORLDS.values() if world.namespace == "il_envs"]
FIT = [name for name in FIT if name not in UNFIT]

pytestmark = [
    # NumPy's integers wrap around as kernels' do, and tell of it.
    pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Grid size .* under-utilization"),
]


def _has_device():
    try:
        numba_cuda()
    except (ModuleNotFoundError, RuntimeError):
        return False
    return True


HAS_DEVICE = _has_device()
needs_device = pytest.mark.skipif(not HAS_DEVICE, reason="there is no CUDA device")
needs_none = pytest.mark.skipif(HAS_DEVICE, reason="there is a CUDA device")


def _same(on_host, on_device):
    given = on_device.copy_to_host()
    assert (given.dtype, given.shape) == (on_host.dtype, on_host.shape)
    assert given.tobytes() == on_host.tobytes()


def _both(name, rows, **arguments):
    pair = WorldVectorEnv(name, rows, **arguments), CudaVectorEnv(name, rows, **arguments)
    (seen, measured), (device_seen, device_measured) = (env.reset(seed=3) for env in pair)
    _same(seen, device_seen)
    for measure in pair[0].world.dynamics.measures:
        _same(np.ascontiguousarray(measured[measure]), device_measured[measure])
    assert pair[1].states.tobytes() == pair[0].states.tobytes()
    pair[0].action_space.seed(3)
    return pair


def _same_step(host, device, actions, device_actions=None):
    """Step both; the rows of the host whose episode ends."""
    *outputs, info = host.step(actions)
    given = actions if device_actions is None else device_actions
    *device_outputs, device_info = device.step(given)
    for output, device_output in zip(outputs, device_outputs, strict=True):
        _same(output, device_output)
    for measure in host.world.dynamics.measures:
        _same(info[measure], device_info[measure])
    assert device.states.tobytes() == host.states.tobytes()
    return outputs[2] | outputs[3]


@needs_device
@pytest.mark.parametrize("name", FIT)
def test_a_device_gives_the_bits_of_the_cpu(name):
    host, device = _both(name, 5 if SIMULATED else 300, max_episode_steps=LIMIT)
    ends = sum(
        int(_same_step(host, device, host.action_space.sample()).sum()) for _ in range(STEPS)
    )
    assert ends > 0


@needs_device
def test_rows_fill_several_blocks():
    host, device = _both("Gauntlet", cuda_loops.THREADS + 2)
    _same_step(host, device, host.action_space.sample())


@needs_device
@pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Duel"])
def test_actions_on_the_device_are_read_there(name):
    host, device = _both(name, 3)
    for _ in range(3):
        actions = host.action_space.sample()
        _same_step(host, device, actions, numba_cuda().to_device(actions))


@needs_device
def test_actions_on_the_device_have_the_shape_and_type_of_the_space():
    device = CudaVectorEnv("FourRooms", 3)
    device.reset(seed=0)
    for odd in (np.zeros(4, np.int64), np.zeros(3, np.int32), np.zeros(6, np.int64)[::2]):
        given = numba_cuda().to_device(np.zeros(6, odd.dtype))[:: 6 // odd.size]
        with pytest.raises(ValueError, match="FourRooms: actions on the device must be contiguous"):
            device.step(given)


@needs_device
def test_an_invalid_action_changes_nothing():
    host, device = _both("DriftCar", 4)
    before, actions = device.states.tobytes(), np.zeros((4, 2), np.float32)
    actions[2, 1] = 2.0
    with pytest.raises(ValueError, match=r"action entry 1 \(drive\) of row 2 is 2.0"):
        device.step(actions)
    assert device.states.tobytes() == before
    actions[2, 1] = np.nextafter(np.float32(1.0), np.float32(2.0))  # by rounding
    _same_step(host, device, actions)


@needs_device
@pytest.mark.parametrize(
    ("name", "odd"),
    [("DriftCar", np.full((2, 2), 1e308)), ("FourRooms", np.array([0, 2**63], np.uint64))],
)
def test_an_invalid_action_is_named_as_it_was_given(name, odd):
    messages = set()
    for env in _both(name, 2):
        with pytest.raises(ValueError, match="action entry 0") as refusal:
            env.step(odd)
        messages.add(str(refusal.value))
    assert len(messages) == 1


@needs_device
def test_the_action_of_a_row_that_is_reset_is_not_read():
    host, device = _both("DriftCar", 2, max_episode_steps=1)
    actions = host.action_space.sample()
    assert _same_step(host, device, actions).all()
    _same_step(host, device, np.full_like(actions, np.nan))


@needs_device
def test_resets_go_on_with_the_streams_that_autoresets_have_moved():
    host, device = _both("DriftCar", 3, max_episode_steps=2)
    for _ in range(4):  # and nothing reads the states in between
        actions = host.action_space.sample()
        host.step(actions)
        device.step(actions)
    options = {"reset_mask": np.array([True, False, True]), "gentle_start": True}
    _same(host.reset(options=options)[0], device.reset(options=options)[0])
    _same_step(host, device, host.action_space.sample())


@needs_device
def test_a_copy_and_a_restored_state_go_on():
    host, device = _both("LaneKeeping", 3)
    _same_step(host, device, host.action_space.sample())
    restored = CudaVectorEnv("LaneKeeping", 3)
    restored.states = device.states
    _same(host.observe(), restored.observe())
    actions, twin = host.action_space.sample(), copy.deepcopy(device)
    _same_step(host, device, actions)
    for other in (twin, restored):
        other.step(actions)
        assert other.states.tobytes() == host.states.tobytes()


@pytest.mark.skipif(SIMULATED, reason="this is the simulator")
def test_the_simulator_gives_the_bits_of_the_cpu():
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", __file__],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert "no CUDA device" not in run.stdout
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) > len(FIT), run.stdout


def test_worlds_whose_kernels_ask_for_room_are_refused(world):
    if world.name in UNFIT:
        with pytest.raises(ValueError, match=f"{world.name} cannot be stepped on a CUDA device"):
            CudaVectorEnv(world.name)
    else:
        require_steppable(world)


@pytest.mark.skipif(find_spec("numba_cuda") is not None, reason="numba-cuda is installed")
@needs_none
def test_a_missing_package_is_told():
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'il-envs\[cuda\]'"):
        CudaVectorEnv("DriftCar")


@needs_none
def test_a_missing_device_is_told(monkeypatch):
    monkeypatch.setattr(cuda_loops, "require", lambda *names: None)
    with pytest.raises(RuntimeError, match="no CUDA device was found"):
        CudaVectorEnv("DriftCar")


@pytest.mark.skipif(SIMULATED, reason="nothing is compiled in the simulator")
@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("add.rn.f64 %fd3, %fd1, %fd2;", nullcontext()),
        ("fma.rn.f64 %fd3, %fd1, %fd2, %fd3;", pytest.raises(RuntimeError, match="NVVM made fma")),
    ],
)
def test_nvvm_is_told_not_to_fuse_while_a_kernel_is_compiled(monkeypatch, text, outcome):
    nvvm = pytest.importorskip("numba.cuda.cudadrv.nvvm")
    told = []
    monkeypatch.setattr(nvvm, "compile_ir", lambda ir, **options: told.append(options))
    numbas_own = nvvm.compile_ir

    class Kernel:
        def specialize(self, *arguments):
            nvvm.compile_ir("", opt=3)
            return self

        def inspect_asm(self):
            return {(): text}

        def __getitem__(self, blocks_and_threads):
            return lambda *arguments: None

    with outcome:
        cuda_loops.DeviceLoop(Kernel())(1)
    assert told == [{"opt": 3, "fma": False}]
    assert nvvm.compile_ir is numbas_own


@pytest.mark.parametrize(
    "instruction",
    [
        "fma.rn.f64 \t%fd3, %fd1, %fd2, %fd3;",
        "@%p1 fma.rn.f32 %f3, %f1, %f2, %f3;",
        "mad.rn.f64 %fd3, %fd1, %fd2, %fd3;",
        "mad.f32 %f3, %f1, %f2, %f3;",
        "mul.f64 %fd3, %fd1, %fd2;",
        "sub.f32 %f3, %f1, %f2;",
        "div.full.f32 %f3, %f1, %f2;",
        "sqrt.approx.ftz.f32 %f3, %f1;",
        "cvt.rn.ftz.f32.f64 %f3, %fd1;",
    ],
)
def test_code_that_rounds_otherwise_is_refused(instruction):
    with pytest.raises(RuntimeError, match="which would change its bits"):
        require_exact(f"{{\n\tret;\n\t{instruction}\n}}")


def test_code_that_rounds_as_the_cpu_is_taken():
    exact = ("mul.rn.f64", "add.rn.f32", "div.rn.f64", "sqrt.rn.f64", "mad.lo.s64", "mul.lo.s64")
    require_exact("\n".join(f"\t{name} \t%a, %b, %c;" for name in exact))
