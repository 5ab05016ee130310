"""Finding algorithms: installed ones by name, others by the path of their folder."""

import hashlib
import importlib
import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from il_envs.engine.cache import cache_folder
from il_envs.learning.algorithm import Algorithm
from il_envs.learning.installed import installed_algorithms
from il_envs.learning.tuning import record_path
from il_envs.world import WORLDS, UnknownNameError
from leaderboard import UserError
from leaderboard.algorithms.contender import NO_SETTINGS, Contender, contender_of, fault_of_name
from leaderboard.algorithms.imports import closure, hash_of, outsiders
from leaderboard.algorithms.settings import Settings
from leaderboard.texts import of_error


def load(origin: str, settings: Settings = NO_SETTINGS) -> Contender:
    """An algorithm that is loaded here, as a contender.

    Raises:
        UserError: as `load_algorithm`, or if it needs files that are not in its folder.
        UnknownNameError: as `load_algorithm`, or if it has no such setting.
    """
    algorithm = load_algorithm(origin)
    code = code_of(origin, algorithm.name)
    own = origin if origin in installed_algorithms() else str(Path(origin).resolve())
    return contender_of(algorithm, own, code, settings, WORLDS.values())


def load_installed() -> tuple[list[Contender], list[str]]:
    """Every installed algorithm that can be loaded, and for each of the others a line that says why
    it cannot. A broken package must not stop a run that does not use it."""
    contenders, faults = [], []
    for name in installed_algorithms():
        try:
            contenders.append(load(name))
        except UserError as error:
            faults.append(f"left out: {error}")
    return contenders, faults


def load_algorithm(origin: str) -> Algorithm[Any]:
    """Load an algorithm by the name of its entry point or the path of its folder.

    Raises:
        UserError: if there is no algorithm, or it is not a valid one.
        UnknownNameError: if no algorithm of that name is installed.
    """
    points = installed_algorithms()
    if origin in points:
        return _load_entry_point(points[origin])
    require_folder_of_algorithm(origin)
    return _load_folder(Path(origin))


def code_of(origin: str, name: str) -> str:
    """SHA-256 over the source files of an algorithm, which are read and not executed.

    Args:
        name: the algorithm's.

    Raises:
        UserError: if it needs files that are not in its folder.
    """
    point = installed_algorithms().get(origin)
    if point is not None:
        return hash_of(closure([point.module], [point.module.partition(".")[0]]))
    path, files = Path(origin) / "algorithm.py", files_of(Path(origin))
    for helper in outsiders(files):
        raise UserError(
            f"{path}: needs {helper}, which is not in its folder, and so a change of it would go "
            "unnoticed; move it there, or install it"
        )
    # Not the record of its tuning: settings have a place of their own in a key.
    return hash_of({n: p for n, p in files.items() if p != record_path(name, path)})


def require_folder_of_algorithm(origin: str) -> None:
    """Check that an algorithm that is not installed is where its origin says.

    Raises:
        UserError: if there is no such folder, or no algorithm.py in it.
        UnknownNameError: if the origin is no path, but the name of none that is installed.
    """
    folder = Path(origin)
    if "/" not in origin and not folder.exists():
        raise UnknownNameError("algorithm", origin, list(installed_algorithms()))
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; `leaderboard new NAME` makes one")
    if not (folder / "algorithm.py").is_file():
        raise UserError(f"{folder}: no algorithm.py in it; `leaderboard new NAME` writes one")


def _load_entry_point(point: EntryPoint) -> Algorithm[Any]:
    package = f", of {point.dist.name}" if point.dist else ""
    where = f"algorithm {point.name} ({point.value}{package})"
    try:
        algorithm = point.load()
    except (Exception, SystemExit) as error:
        raise UserError(f"{where}: {of_error(error)}") from error
    _require_algorithm(algorithm, where)
    if algorithm.name != point.name:
        raise UserError(f"{where}: named {algorithm.name!r}, but its entry point is {point.name!r}")
    return algorithm


def _load_folder(folder: Path) -> Algorithm[Any]:
    path = folder / "algorithm.py"
    try:
        module = _import_folder(path.resolve())
    except (Exception, SystemExit) as error:
        raise UserError(f"{path}: {of_error(error)}") from error
    algorithm = getattr(module, "algorithm", None)
    if algorithm is None:
        raise UserError(f"{path}: defines no `algorithm`; end it with algorithm = Algorithm(...)")
    _require_algorithm(algorithm, str(path))
    return algorithm


def files_of(folder: Path) -> dict[str, Path]:
    """Every file of a submission, weights and data too, but for what Python and others hide."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in files.items()
        if not any(_is_uncounted(part) for part in name.parts)
    }


def uncounted(folder: Path) -> list[Path]:
    """The files and folders of a submission that `files_of` leaves out, without those in them."""
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        found += [Path(parent, name) for name in (*folders, *files) if _is_uncounted(name)]
        folders[:] = [name for name in folders if not _is_uncounted(name)]
    return found


def _is_uncounted(name: str) -> bool:
    return name == "__pycache__" or name.startswith(".")


def _import_folder(path: Path) -> ModuleType:
    """Import algorithm.py from its folder as a package, so that it can import its neighbours, `from
    . import x`, and processes that it starts can import it by name.

    The package is a link in the cache folder, since the folder's own name may be that of another.
    """
    package = f"il_envs_submission_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    packages = cache_folder() / "submissions"
    packages.mkdir(exist_ok=True)
    if (packages / package).resolve() != path.parent:
        link = packages / f".{package}.{os.getpid()}"
        link.symlink_to(path.parent, target_is_directory=True)
        link.replace(packages / package)
    if str(packages) not in sys.path:
        sys.path.append(str(packages))  # which processes of `multiprocessing` take over
    for known in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[known]  # it may have changed
    importlib.invalidate_caches()
    return importlib.import_module(f"{package}.{path.stem}")


def _require_algorithm(algorithm: object, where: str) -> None:
    if not isinstance(algorithm, Algorithm):
        kind = type(algorithm).__name__
        raise UserError(f"{where}: `algorithm` is a {kind}, must be an il_envs.Algorithm")
    if fault := fault_of_name(algorithm.name):
        raise UserError(f"{where}: {fault}")
    config = algorithm.config
    parameters: Any = getattr(config, "__dataclass_params__", None)
    if isinstance(config, type) or parameters is None or not parameters.frozen:
        raise UserError(f"{where}: config must be an instance of a frozen dataclass, is {config!r}")
