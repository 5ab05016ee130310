"""Finding algorithms: installed ones by name, others by the path of their folder."""

import hashlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2

from il_envs.engine.kernels import cache_folder
from il_envs.learning.algorithm import Algorithm
from il_envs.learning.installed import installed_algorithms
from il_envs.learning.tuning import record_path
from il_envs.world import UnknownNameError, World
from leaderboard import UserError
from leaderboard.imports import closure, hash_of, outsiders
from leaderboard.measures.references import REFERENCES, TEACHER
from leaderboard.texts import of_error

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Contender:
    """An algorithm and its origin.

    Attributes:
        algorithm: the algorithm.
        origin: the name of its entry point, or the path of its folder.
        code: SHA-256 over its source files: for an installed algorithm its module and that module's
            imports from the same top-level package; otherwise all files of the folder.
        settings: those of its settings that the command line has changed, as `conditions.Settings`.
    """

    algorithm: Algorithm[Any]
    origin: str
    code: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        """True if the algorithm is given demonstrations."""
        return "demonstrations" in self.algorithm.sources

    @property
    def is_taught(self) -> bool:
        """True if the algorithm is given demonstrations or labels."""
        return self.is_shown or "expert" in self.algorithm.sources

    def applies_to(self, world: World) -> bool:
        """True if the algorithm can learn in a world.

        Raises:
            UserError: if the algorithm's own `applies_to` raises.
        """
        try:
            return bool(self.algorithm.applies_to(world))
        except Exception as error:
            raise UserError(
                f"{self.origin}: applies_to({world.name}) raises {of_error(error)}"
            ) from error


def load_all(origins: Iterable[str]) -> list[Contender]:
    """Load several algorithms.

    Raises:
        UserError: if two have the same name, or one cannot be loaded.
        UnknownNameError: if a name is not installed.
    """
    contenders: dict[str, Contender] = {}
    for origin in dict.fromkeys(origins):
        contender = load(origin)
        name = contender.algorithm.name
        if name in contenders:
            raise UserError(f"{origin} and {contenders[name].origin} are both named {name!r}")
        contenders[name] = contender
    return list(contenders.values())


def load_installed() -> tuple[list[Contender], list[str]]:
    """Every installed algorithm that can be loaded, and for each of the others a line that says why
    it cannot. A broken package must not stop a run that does not use it."""
    contenders, faults = [], []
    for point in installed_algorithms().values():
        try:
            contenders.append(_load_entry_point(point))
        except UserError as error:
            faults.append(f"left out: {error}")
    return contenders, faults


def load(origin: str) -> Contender:
    """Load an algorithm by the name of its entry point or the path of its folder.

    Raises:
        UserError: if there is no algorithm, or it is not a valid one.
        UnknownNameError: if no algorithm of that name is installed.
    """
    points = installed_algorithms()
    if origin in points:
        return _load_entry_point(points[origin])
    if "/" in origin or Path(origin).exists():
        return _load_folder(Path(origin))
    raise UnknownNameError("algorithm", origin, list(points))


def _load_entry_point(point: EntryPoint) -> Contender:
    package = f", of {point.dist.name}" if point.dist else ""
    where = f"algorithm {point.name} ({point.value}{package})"
    try:
        algorithm = point.load()
    except (Exception, SystemExit) as error:
        raise UserError(f"{where}: {of_error(error)}") from error
    _require_algorithm(algorithm, where)
    if algorithm.name != point.name:
        raise UserError(f"{where}: named {algorithm.name!r}, but its entry point is {point.name!r}")
    own = point.module.partition(".")[0]
    return Contender(algorithm, point.name, hash_of(closure([point.module], [own])))


def _load_folder(folder: Path) -> Contender:
    path, files = folder / "algorithm.py", _files_of(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; `leaderboard new NAME` makes one")
    if not path.is_file():
        raise UserError(f"{folder}: no algorithm.py in it; `leaderboard new NAME` writes one")
    try:
        module = _import_folder(path.resolve())
    except (Exception, SystemExit) as error:
        raise UserError(f"{path}: {of_error(error)}") from error
    algorithm = getattr(module, "algorithm", None)
    if algorithm is None:
        raise UserError(f"{path}: defines no `algorithm`; end it with algorithm = Algorithm(...)")
    _require_algorithm(algorithm, str(path))
    for helper in outsiders(files):
        raise UserError(
            f"{path}: needs {helper}, which is not in its folder, and so a change of it would go "
            "unnoticed; move it there, or install it"
        )
    # Not the record of its tuning: settings have a place of their own in a key.
    code = {name: p for name, p in files.items() if p != record_path(algorithm.name, path)}
    return Contender(algorithm, str(folder.resolve()), hash_of(code))


def _files_of(folder: Path) -> dict[str, Path]:
    """Every file of a submission, weights and data too, but for what Python and others hide."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): path
        for name, path in files.items()
        if not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    }


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
    is_taken = algorithm.name in REFERENCES or algorithm.name.startswith(TEACHER)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", algorithm.name) or is_taken:
        raise UserError(
            f"{where}: the name {algorithm.name!r} will not do; letters, digits and . _ - are "
            f"allowed, {', '.join(REFERENCES)} and {TEACHER}... are taken"
        )
    config = algorithm.config
    parameters: Any = getattr(config, "__dataclass_params__", None)
    if isinstance(config, type) or parameters is None or not parameters.frozen:
        raise UserError(f"{where}: config must be an instance of a frozen dataclass, is {config!r}")


def write_template(name: str) -> Path:
    """Write the folder of a new algorithm, a working example; returns the folder.

    Args:
        name: the algorithm's name, or a path whose last part is the name.

    Raises:
        UserError: if the folder exists, or the name is invalid.
        OSError: if the folder cannot be written.
    """
    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z]\w*", folder.name) or folder.name in REFERENCES:
        raise UserError(f"{folder.name!r} cannot be an algorithm's name; use letters, digits and _")
    if folder.exists():
        raise UserError(f"{folder} exists; choose another name or remove it")
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    folder.mkdir(parents=True)
    for file in ("algorithm.py", "README.md"):
        text = templates.get_template(f"{file}.j2").render(name=folder.name, folder=folder)
        (folder / file).write_text(text, encoding="utf-8")
    return folder
