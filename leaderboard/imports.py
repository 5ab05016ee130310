"""Which files a result is computed by: a module's, and those of what it imports, directly or not.

They are told from the sources, and nothing is run. A statement counts wherever it stands, in a
function or under a condition as well; what is imported by name at run time is not seen.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path


def closure(modules: Iterable[str], within: Iterable[str]) -> dict[str, Path]:
    """The files of modules and of all that they import, by the full name of each module.

    The packages that a module is in are imported with it, so their `__init__` files are among them.

    Args:
        modules: full names.
        within: packages and modules; what is neither one of them nor in one is not followed.
    """
    within = tuple(within)
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        is_within = any(name == other or name.startswith(f"{other}.") for other in within)
        path = _path(name) if is_within and name not in found else None
        if path is not None:  # neither outside, nor known, nor something that a module defines
            found[name] = path
            parts = name.split(".")
            waiting += (".".join(parts[:end]) for end in range(1, len(parts)))
            waiting += _imported(name, path)
    return found


def hash_of(files: Mapping[str, Path]) -> str:
    """SHA-256 over names and bytes of files, whatever their order.

    Comments count: nobody has to judge which change of a file can change what it computes.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _path(name: str) -> Path | None:
    """The file of a module, if there is such a module and it is a file."""
    spec = _spec(name)
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def _spec(name: str) -> ModuleSpec | None:
    """Where a module is; unlike `find_spec`, this does not import the packages that it is in."""
    package = name.rpartition(".")[0]
    if not package:
        return find_spec(name)
    spec = _spec(package)
    places = spec.submodule_search_locations if spec else None
    return PathFinder.find_spec(name, places) if places is not None else None


def _imported(name: str, path: Path) -> Iterator[str]:
    """Full names of what a module imports, whether they are modules or what modules define."""
    if path.suffix != ".py":
        return
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    with suppress(SyntaxError, ImportError):  # who imports such a module gets no further either
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
