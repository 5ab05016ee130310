"""A world's loops over rows, compiled for a CUDA device so that no bit differs from the CPU's.

NVVM is told not to contract products and sums, what it made is looked through before it runs, and
the linker is given no chance to contract them after all. The simulator runs the same kernels in
Python.
"""

import re
from collections.abc import Iterable
from dis import get_instructions
from functools import cache, partial
from threading import Lock
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numba
import numpy as np
from numba.core.registry import CPUDispatcher
from numpy.typing import NDArray

from il_envs.engine.fingerprint import called_kernels
from il_envs.engine.kernels import uncompiled
from il_envs.engine.spaces import row_type
from il_envs.extras import require
from il_envs.world import World, get_world

THREADS = 128  # of a block, at most
ROOM = {"carray", "empty"}  # what kernels ask for room with, which Numba's CUDA lacks
INEXACT = re.compile(
    r"^\s*(?:@\S+\s+)?"
    r"(fma\.\S+|mad\.(?:\S+\.)?f\d+|(?:add|sub|mul)\.f\d+|\S+\.(?:approx|ftz|full)\S*)",
    re.MULTILINE,
)
"""Instructions of PTX that change bits: fused ones, those that the assembler may fuse, since they
name no rounding, and those that round otherwise than IEEE 754."""

DeviceArray = Any  # of Numba, with `__cuda_array_interface__`
_compiling = Lock()


@cache
def numba_cuda() -> ModuleType:
    """Numba's CUDA, or its simulator.

    Raises:
        ModuleNotFoundError: if numba-cuda is not installed.
        RuntimeError: if there is no device.
    """
    if not numba.config.ENABLE_CUDASIM:
        require("cuda", "numba_cuda")
    from numba import cuda

    if not cuda.is_available():
        raise RuntimeError("no CUDA device was found")
    return cuda


def require_steppable(world: World) -> None:
    """Raise ValueError if Numba cannot compile a world's kernels for a device."""
    called = called_kernels(world.dynamics.kernels)
    for kernel in sorted(called, key=lambda kernel: kernel.__name__):
        if ROOM & set(kernel.py_func.__code__.co_names):
            raise ValueError(
                f"{world.name} cannot be stepped on a CUDA device: "
                f"its kernel {kernel.__name__}() asks for room of its own"
            )


@cache
def device_loops(name: str) -> SimpleNamespace:
    """The loops of `templates/cuda.py` around a world's kernels, and beside them those loops of
    `templates/batch.py` that a reset needs, for arrays of the host."""
    world = get_world(name)
    require_steppable(world)
    cuda, loops = numba_cuda(), uncompiled("batch", world.dynamics.kernels)
    if numba.config.ENABLE_CUDASIM:
        loops = {name: _in_python(loop) for name, loop in loops.items()} | {"on_device": cuda.jit}
    else:
        loops["on_device"] = partial(cuda.jit, lto=False)
    made = SimpleNamespace(**uncompiled("cuda", loops))
    for each in ("reset_each", "look_each", "count_invalid", "step_each"):
        setattr(made, each, DeviceLoop(getattr(made, each)))
    made.reset_rows = partial(_with_host_arrays, made.reset_each)
    made.look_rows = partial(_with_host_arrays, made.look_each)
    return made


class DeviceLoop:
    """A kernel of `templates/cuda.py`, compiled for the types of its first call."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._code: Any = None

    def __call__(self, rows: int, *arguments: Any) -> None:
        """Call it with a thread for each row."""
        if self._code is None:
            self._code = _compiled(self._kernel, arguments)
        self._code[-(-rows // THREADS), min(rows, THREADS)](*arguments)


def _compiled(kernel: Any, arguments: tuple[Any, ...]) -> Any:
    """The kernel for arguments of these types; Numba has no option for what NVVM is told here."""
    if numba.config.ENABLE_CUDASIM:
        return kernel
    from numba.cuda.cudadrv import nvvm

    with _compiling:
        compile_ir = nvvm.compile_ir
        nvvm.compile_ir = partial(compile_ir, fma=False)
        try:
            code = kernel.specialize(*arguments)
            for text in code.inspect_asm().values():
                require_exact(text)
        finally:
            nvvm.compile_ir = compile_ir
    return code


def require_exact(text: str) -> None:
    """Raise RuntimeError if PTX may round otherwise than the CPU."""
    found = INEXACT.search(text)
    if found is not None:
        raise RuntimeError(f"NVVM made {found[1]} of a kernel, which would change its bits")


def _with_host_arrays(loop: DeviceLoop, *arrays: NDArray[Any]) -> None:
    """Call a loop with copies on the device of arrays [rows, ...], and bring back what it wrote."""
    copies = [sent(array) for array in arrays]
    loop(len(arrays[0]), *copies)
    for array, copy in zip(arrays, copies, strict=True):
        if array.flags.writeable:
            array[:] = copy.copy_to_host()


def sent(array: NDArray[Any]) -> DeviceArray:
    """A copy on the device; there the fields of records are aligned, as CUDA needs them."""
    return numba_cuda().to_device(np.ascontiguousarray(array, _aligned(array.dtype)))


def _aligned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The same fields, with room between them."""
    if dtype.subdtype is not None:
        return np.dtype((_aligned(dtype.subdtype[0]), dtype.subdtype[1]))
    if dtype.names is None:
        return dtype
    return np.dtype([(name, _aligned(dtype[name])) for name in dtype.names], align=True)


def device_records(array: DeviceArray) -> DeviceArray:
    """As `spaces.as_records`, on the device: [rows, ...] as records [rows]."""
    return array.view(row_type(array.dtype, tuple(array.shape[1:]))).reshape(len(array))


def _in_python(value: Any, used: Iterable[str] = ()) -> Any:
    """What the simulator can run: for a kernel the function as it is written, which calls others
    so; for a module those of its names that are used; anything else itself."""
    if isinstance(value, ModuleType):
        known = vars(value)
        return SimpleNamespace(**{name: _in_python(known[name]) for name in known.keys() & used})
    if not isinstance(value, CPUDispatcher):
        return value
    function = value.py_func
    names, used = dict(function.__globals__), function.__code__.co_names
    read = {part.argval for part in get_instructions(function) if part.opname == "LOAD_GLOBAL"}
    names |= {name: _in_python(names[name], used) for name in names.keys() & read}
    return FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
