"""Fingerprints of kernels: two with the same one compute the same, so compiled code and results are
kept under it."""

import hashlib
from enum import Enum, EnumMeta
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.registry import CPUDispatcher

from il_envs.world import Kernel

PLAIN = (int, float, complex, str, bytes, Enum, np.generic, np.dtype, numba.types.Type)  # by repr


def fingerprint(kernels: dict[str, Kernel]) -> str:
    """SHA-256 over the bytecode and constants of kernels and of every kernel they call."""
    return _traced(tuple(kernels.items()))[0]


def called_kernels(kernels: dict[str, Kernel]) -> frozenset[CPUDispatcher]:
    """These kernels and every kernel they call."""
    return _traced(tuple(kernels.items()))[1]


@cache  # a constant that changes later is in no code that Numba has compiled by then
def _traced(kernels: tuple[tuple[str, Kernel], ...]) -> tuple[str, frozenset[CPUDispatcher]]:
    """The fingerprint of kernels, and what it covers: they and the kernels they call.

    Raises:
        TypeError: if one is no kernel.
    """
    digest = hashlib.sha256()
    seen: dict[CPUDispatcher, int] = {}

    def note(*parts: object) -> None:  # a tuple's text says where it ends
        digest.update(repr(parts).encode())

    def add(value: object) -> None:
        if isinstance(value, CPUDispatcher):
            note("kernel", seen.get(value))
            if value not in seen:
                seen[value] = len(seen)
                note(sorted(value.targetoptions.items()))
                add_function(value.py_func)
        elif isinstance(value, np.ndarray):
            note(value.dtype, value.shape, hashlib.sha256(value.tobytes()).digest())
        elif isinstance(value, tuple):
            note(type(value).__name__, getattr(value, "_fields", ()), len(value))
            for each in value:
                add(each)
        elif isinstance(value, EnumMeta):
            note(list(value))
        elif isinstance(value, PLAIN):
            note(value)
        else:
            note(getattr(value, "__module__", ""), getattr(value, "__name__", ""))

    def add_function(function: FunctionType) -> None:
        for value in function.__defaults__ or ():
            add(value)
        for cell in function.__closure__ or ():
            add(cell.cell_contents)
        add_code(function.__code__, function.__globals__)

    def add_code(code: CodeType, variables: dict[str, Any]) -> None:
        note(code.co_name, code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                add_code(constant, variables)
            else:
                add(constant)
        for name in code.co_names:
            note(name)
            value = variables.get(name)
            add(value)
            if isinstance(value, ModuleType):
                for attribute in code.co_names:
                    add(vars(value).get(attribute))

    for name, kernel in kernels:
        if not isinstance(kernel, CPUDispatcher):
            how = "decorate it with il_envs.kernel.kernel, and leave NUMBA_DISABLE_JIT unset"
            raise TypeError(f"{name} of a world must be a kernel, not {kernel!r}; {how}")
        add(kernel)
    return digest.hexdigest(), frozenset(seen)
