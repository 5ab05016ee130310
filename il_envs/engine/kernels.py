"""Compiling a world's kernels, and keeping the result between processes.

Numba cannot cache a function that closes over other compiled functions, and its cache does not
notice when a function in another file changes. So the loops of `templates` are copied to files of
their own for each world, in a folder named after a fingerprint of everything the kernels
are made of: their bytecode, the constants they read, and the kernels they call.
"""

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numba
import numpy as np
from numba.core.registry import cpu_target

from il_envs.engine.cache import cache_folder
from il_envs.engine.fingerprint import called_kernels, fingerprint
from il_envs.engine.spaces import action_bounds, as_records, zero_rows
from il_envs.views import Array
from il_envs.world import Kernel, World

TEMPLATES = Path(__file__).parent / "templates"
SHARED = [Path(__file__).parent / name for name in ("lanes.py", "row.py")]  # by all loops
SETTINGS = ("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE")  # of Numba, for its code
DONE = "compiled"  # the file that says so, in the folder of compiled loops
_loaded: dict[str, ModuleType] = {}
_codes: dict[str, SimpleNamespace] = {}

Arguments = dict[str, tuple[Any, ...]]
"""Example arguments of a template's functions, by their names."""


def single_kernels(world: World) -> SimpleNamespace:
    """The compiled functions of a single environment: `templates/single.py`."""
    return _machine_codes("single", world, world.name, _single_arguments(world))


def batch_kernels(world: World) -> SimpleNamespace:
    """The compiled loops of a batch: `templates/batch.py`."""
    states, params, actions, low, high, seen, measures = _one_row(world)
    *_, final, last = _one_row(world)
    rewards, flags = np.zeros(1), [np.zeros(1, np.bool_) for _ in range(3)]
    arguments = {
        "reset_rows": (states, params, np.ones(1, np.bool_)),
        "look_rows": (states, params, seen, measures),
        "are_valid": (actions, low, high, flags[0]),
        "step_rows": (
            params, 1, 0, states, actions, flags[0], seen, measures, rewards, flags[1], flags[2],
            final, last,
        ),
    }  # fmt: skip
    return _machine_codes("batch", world, f"{world.name} in batches", arguments)


def _single_arguments(world: World) -> Arguments:
    states, params, actions, low, high, seen, measures = _one_row(world)
    return {
        "look": (states, params, seen, measures),
        "reset_and_look": (states, 0, params, seen, measures),
        "step_and_look": (states, actions, low, high, params, 1, seen, measures),
    }


def _one_row(world: World) -> tuple[Array, ...]:
    """Example arguments: a state, parameters, an action, its bounds, observation and measures."""
    return (
        np.zeros(1, world.dynamics.state),
        world.dynamics.params("training"),
        as_records(zero_rows(world.spaces.action, 1)),
        *action_bounds(world.spaces.action),
        as_records(zero_rows(world.spaces.observation, 1)),
        as_records(np.zeros((1, len(world.dynamics.measures)))),
    )


def _machine_codes(
    template: str, world: World, title: str, arguments: Arguments
) -> SimpleNamespace:
    """A template around the kernels of a world, each function compiled for example arguments.

    They are machine code, past Numba's look-up of the arguments' types, which takes as long as a
    step. It reads arrays as contiguous ones of the right types, whatever they are.
    """
    module = _load(template, title, world.dynamics.kernels, arguments)
    if module.__name__ not in _codes:  # Numba's look-up is slow here too
        codes = {
            name: vars(module)[name].overloads[tuple(map(numba.typeof, given))].entry_point
            for name, given in arguments.items()
        }
        _codes[module.__name__] = SimpleNamespace(**vars(module) | codes)
    return _codes[module.__name__]


def expert_kernels(world: World, style: str) -> ModuleType:
    """The compiled loop of one style of expert: `templates/expert.py` around its kernel."""
    title = f"{world.name}, {style} expert"
    kernels = {"act": world.experts[style].act}
    return _load("expert", title, kernels, _expert_arguments(world, style))


def _expert_arguments(world: World, style: str) -> Arguments:
    states, params, *_ = _one_row(world)
    starts, memory = np.zeros(1, np.bool_), np.zeros((1, world.experts[style].memory_size))
    return {"act_rows": (states, params, starts, memory, zero_rows(world.spaces.action, 1))}


def kept_kernel(title: str, kernel: Kernel, *example: Any) -> Kernel:
    """A kernel for calls from Python, with arguments of the example's types, cached on disk."""
    call: Kernel = _load("call", title, {"kernel": kernel}, {"call": example}).call
    return call


def are_compiled(world: World) -> bool:
    """True if this machine has a world's single environment and its reference expert compiled."""
    wanted = [_digest("single", world.dynamics.kernels, _single_arguments(world))]
    if world.experts:
        style = world.reference_style
        kernels = {"act": world.experts[style].act}
        wanted.append(_digest("expert", kernels, _expert_arguments(world, style)))
    return all((cache_folder() / digest / DONE).exists() for digest in wanted)


def uncompiled(template: str, names: dict[str, Any]) -> dict[str, Any]:
    """What a template defines, given names that it uses; compiled at the first call, never kept."""
    path = _path(template)
    names = {**names, "__name__": f"il_envs.engine.templates.{template}"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


def _path(template: str) -> Path:
    return TEMPLATES / f"{template}.py"


def _digest(template: str, kernels: dict[str, Kernel], arguments: Arguments) -> str:
    """What the folder of compiled loops is called, given the loops, their kernels and arguments.

    Each folder is for arguments of the same types. Numba's files do not bear processes that compile
    a function for different ones at once: what they keep can change places, and so can symbols,
    whose names number record types as each process has met them.
    """
    modules = {str(kernel.py_func.__module__) for kernel in called_kernels(kernels)}
    key = (
        [path.read_text(encoding="utf-8") for path in (*SHARED, _path(template))],
        fingerprint(kernels),
        [
            [str(getattr(each, "dtype", type(each))) for each in given]
            for given in arguments.values()
        ],
        sorted(modules),  # which Numba's files name
        (numba.__version__, sys.version),
        cpu_target.target_context.codegen().magic_tuple(),  # the processor
        [getattr(numba.config, name) for name in SETTINGS],
    )
    return hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _load(
    template: str, title: str, kernels: dict[str, Kernel], arguments: Arguments
) -> ModuleType:
    """A template around kernels, each of its functions compiled for the arguments, with which it is
    called once."""
    digest = _digest(template, kernels, arguments)
    if digest in _loaded:
        return _loaded[digest]
    folder = cache_folder() / digest
    done = folder / DONE
    path = folder / f"{template}.py"
    text = _path(template).read_text(encoding="utf-8")
    if path.exists() and path.read_bytes() != text.encode():  # it would be executed
        _remove_damaged(folder)
    if not path.exists():
        _write_atomically(path, text)
    name = f"il_envs._compiled_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # numba looks there when it reads its cache
    vars(module).update(kernels)
    start, is_cold = time.perf_counter(), not done.exists()
    if is_cold:
        print(f"il_envs: compiling {title} (once on this machine) ...", file=sys.stderr, flush=True)
    try:
        spec.loader.exec_module(module)
        for function, given in arguments.items():
            getattr(module, function)(*given)
    except Exception:  # of whatever kind, where Numba reads a damaged file
        if is_cold:
            raise
        _remove_damaged(folder)
        return _load(template, title, kernels, arguments)
    if is_cold:
        seconds = time.perf_counter() - start
        print(f"il_envs: compiled {title} in {seconds:.0f} s", file=sys.stderr, flush=True)
        done.touch()
    _loaded[digest] = module
    return module


def _remove_damaged(folder: Path) -> None:
    print(f"il_envs: {folder} is damaged and made anew", file=sys.stderr)
    shutil.rmtree(folder)


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
