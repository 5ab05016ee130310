"""What keeps an algorithm's process from what it has not been given, as far as this system has it.

With bubblewrap it has namespaces of its own: no network, no other processes, and of the files only
Python, what is installed, and its own folder, none of which it can write. What it writes is kept in
memory and goes with it. Without bubblewrap, Landlock takes away the network and the files. Either
way the worlds, their experts and their compiled kernels are in no file that it can read.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from il_envs.learning.installed import installed_algorithms
from leaderboard import UserError
from leaderboard.algorithms.submission import uncounted
from leaderboard.cells import Guard
from leaderboard.computer import same_arithmetic, same_code
from leaderboard.running import landlock

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache",
    "/sys/devices/system/cpu",
)  # fmt: skip
"""Where a system has its programs and libraries, and says what processors it has."""
READABLE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/dev/urandom", "/dev/zero")
WRITABLE = ("/dev/null", "/dev/shm")
"""What programs need beside, where there are no namespaces that have their own."""
OURS = ("il_envs", "baselines", "leaderboard")
SCRATCH_INSIDE = Path("/tmp")
SCRATCH_SIZE = 2**30  # bytes
PASSED_ON = ("PATH", "LANG", "LC_ALL", *same_arithmetic())
"""Environment variables that an algorithm's process has from the scorer's."""


@contextmanager
def guarded(
    command: Sequence[str], origin: str
) -> Iterator[tuple[list[str], dict[str, str], tuple[Guard, ...]]]:
    """A command behind the guards that this system has, its environment, and which guards they are.

    Args:
        origin: the algorithm's, whose folder or package can be read.

    Raises:
        OSError: if there is no place for its scratch.
    """
    own = _places_of(origin)
    program = shutil.which("bwrap")
    if program is not None and _works((program, *_namespaces([], {}))):
        inside = _variables(SCRATCH_INSIDE)
        yield [program, *_namespaces(own, inside), *command], inside, ("process", "namespaces")
        return
    # Python's own choice writes a file to try the place, which a full disk refuses.
    place = os.environ.get("TMPDIR") or str(SCRATCH_INSIDE)
    with tempfile.TemporaryDirectory(prefix="il-envs-", dir=place) as folder:
        scratch = Path(folder)
        if _works(_landlock([], scratch)):
            behind = [*_landlock(own, scratch), *command]
            yield behind, _variables(scratch), ("process", "landlock")
        else:
            yield list(command), _variables(scratch), ("process",)


def require_guard(origin: str) -> None:
    """Require that something here keeps the code of an algorithm from files and the network.

    Raises:
        UserError: if nothing does.
    """
    with guarded([], origin) as (_, _, guards):
        if guards == ("process",):
            raise UserError(
                "neither bubblewrap nor Landlock works here, and strangers' code could do anything"
            )


@cache
def _works(guard: tuple[str, ...]) -> bool:
    """Whether a guard can be put up here; inside of some containers none can."""
    try:
        trial = subprocess.run([*guard, "true"], capture_output=True, timeout=10.0)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def _variables(scratch: Path) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {
        "HOME": str(scratch),
        "USER": "algorithm",  # libraries ask for a name, and the user's number may have none there
        "TMPDIR": str(scratch),
        "IL_ENVS_CACHE": str(scratch / "cache"),
        "IL_ENVS_WORLDS": "none",
    }
    return passed_on | same_code() | own


def _namespaces(own: Iterable[Path], variables: Mapping[str, str]) -> list[str]:
    """The arguments of bubblewrap; a later place covers an earlier one."""
    arguments = [
        "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL",
        "--uid", "1000", "--gid", "1000", "--die-with-parent", "--new-session",
        "--proc", "/proc", "--dev", "/dev",
    ]  # fmt: skip
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            arguments += ["--symlink", os.readlink(place), str(place)]
        else:
            arguments += ["--ro-bind-try", str(place), str(place)]
    inside = str(SCRATCH_INSIDE)
    arguments += ["--size", str(SCRATCH_SIZE), "--tmpfs", inside, "--chdir", inside]
    for place in [*_shown(), *_elsewhere(), *own]:
        arguments += ["--ro-bind", str(place), str(place)]
    for place in _hidden(own):
        if place.is_dir():
            arguments += ["--tmpfs", str(place), "--remount-ro", str(place)]
        else:
            arguments += ["--ro-bind", os.devnull, str(place)]
    arguments.append("--clearenv")
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--"]


def _landlock(own: Iterable[Path], scratch: Path) -> tuple[str, ...]:
    """The command before one that Landlock restricts."""
    hidden = set(_hidden(own))
    read = list(map(str, [*SYSTEM, *READABLE]))
    listed = [str(place.parent) for place in _shown()]  # where Python looks for packages
    waiting = [*_shown(), *_elsewhere(), *own]
    while waiting:
        place = waiting.pop()
        if place in hidden:
            continue
        if any(place in each.parents for each in hidden):
            listed.append(str(place))
            waiting += place.iterdir()
        else:
            read.append(str(place))
    places = json.dumps([read, listed, [str(scratch), *WRITABLE]])
    return sys.executable, "-I", "-S", landlock.__file__, places


def _shown() -> Iterator[Path]:
    """Where Python and what is installed are."""
    yield from (Path(sys.base_prefix), Path(sys.prefix))
    for name in OURS:
        yield from _places(find_spec(name))


def _elsewhere() -> Iterator[Path]:
    """Where packages are installed, a user's own and those of PYTHONPATH too; and what is said of
    this suite there."""
    for place in map(Path.resolve, map(Path, sys.path)):
        if any(place.glob("*.dist-info")):
            yield place
        yield from place.glob("il_envs.egg-info")


def _places_of(origin: str) -> list[Path]:
    """The folder of an algorithm, or that of the package in which it is installed."""
    point = installed_algorithms().get(origin)
    if point is None:
        return [Path(origin).resolve()]
    return list(_places(find_spec(point.module.partition(".")[0])))


def _hidden(own: Iterable[Path]) -> Iterator[Path]:
    """The folders of the worlds, those of other packages among them; and what does not count as
    part of an algorithm, see `files_of`, so that nothing in it can make a difference."""
    modules = {"il_envs.worlds"} | {point.module for point in entry_points(group="il_envs.worlds")}
    for module in modules:
        spec = sys.modules[module].__spec__ if module in sys.modules else None
        yield from (place for place in _places(spec) if place.is_dir())
    for folder in own:
        if (folder / "algorithm.py").exists():  # it is not installed
            yield from uncounted(folder)


def _places(spec: ModuleSpec | None) -> Iterator[Path]:
    """The folders of a package, or the file of a module."""
    if spec is not None and spec.submodule_search_locations:
        yield from (Path(place).resolve() for place in spec.submodule_search_locations)
    elif spec is not None and spec.origin:
        yield Path(spec.origin).resolve()
