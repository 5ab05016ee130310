"""The source files on which a result depends: a module and its direct and indirect imports.

They are found by parsing the sources, without running them. Every import statement counts, also in
a function or under a condition; modules imported by name at run time are not found.
"""

import ast
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions
from importlib.util import find_spec, resolve_name
from pathlib import Path, PurePosixPath
from sysconfig import get_paths


def closure(modules: Iterable[str], within: Iterable[str]) -> dict[str, Path]:
    """The files of modules and of all that they import, by the full name of each module.

    Importing a module imports its parent packages, so their `__init__` files are included.

    Args:
        modules: full names.
        within: packages and modules; only they and their submodules are followed.
    """
    within = tuple(within)
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        is_within = any(name == other or name.startswith(f"{other}.") for other in within)
        path = _path(name) if is_within and name not in found else None
        if path is not None:  # a module, within the packages, and not yet found
            found[name] = path
            parts = name.split(".")
            waiting += (".".join(parts[:end]) for end in range(1, len(parts)))
            waiting += _imported(name, path)
    return found


def hash_of(files: Mapping[str, Path]) -> str:
    """SHA-256 over names and bytes of files, independent of their order.

    Comments count too, so that nobody has to judge which changes affect the results.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(os.fsencode(name))
        digest.update(path.read_bytes())
    return digest.hexdigest()


def outsiders(files: Mapping[str, Path]) -> Iterator[Path]:
    """Where the modules are that the source files of a folder import, and that belong neither to
    the folder nor to Python nor to anything that is installed.

    Args:
        files: the files of the folder by their paths within it.
    """
    own = "own"
    names = set()
    for within, path in files.items():
        module = ".".join((own, *PurePosixPath(within).with_suffix("").parts))
        names |= {name.partition(".")[0] for name in _imported(module, path)}
    installed = [Path(place).resolve() for place in get_paths().values()]
    for name in sorted(names - sys.stdlib_module_names - {own}):
        spec = _spec(name)
        places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
        place = next((Path(place).resolve() for place in places if place), None)
        if place is None or any(parent in place.parents for parent in installed):
            continue
        if name not in packages_distributions():  # as a package that is installed editable is
            yield place


def _path(name: str) -> Path | None:
    """The file of a module, if there is such a module and it is a file."""
    spec = _spec(name)
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def _spec(name: str) -> ModuleSpec | None:
    """The spec of a module; unlike `find_spec`, this does not import its parent packages."""
    package = name.rpartition(".")[0]
    if not package:
        with suppress(ValueError):  # of a module that is there and has none, such as __main__
            return find_spec(name)
        return None
    spec = _spec(package)
    places = spec.submodule_search_locations if spec else None
    return PathFinder.find_spec(name, places) if places is not None else None


def _imported(name: str, path: Path) -> Iterator[str]:
    """Full names of everything that a module imports, modules and their attributes alike."""
    if path.suffix != ".py":
        return
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    # Importing such a module fails anyway; the last two are of expressions that are too deep.
    with suppress(SyntaxError, ImportError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
