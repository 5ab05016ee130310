"""The algorithms that are installed, found by the names of their entry points."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from il_envs.learning.algorithm import Algorithm

GROUP = "il_envs.algorithms"


class NotInstalledError(ValueError):
    """An algorithm that is not there, or cannot be imported; the message is one line."""


def installed_algorithms() -> dict[str, EntryPoint]:
    """The entry points of the installed algorithms, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def find_algorithm(name: str) -> Algorithm[Any]:
    """The installed algorithm of that name.

    Raises:
        NotInstalledError: if there is none, or it cannot be imported.
    """
    point = installed_algorithms().get(name)
    if point is None:
        raise NotInstalledError(
            f"no algorithm {name!r} is installed; `pip install 'il-envs[baselines]'` brings ours, "
            f"another one needs an entry point in the group {GROUP}"
        )
    try:
        algorithm: Algorithm[Any] = point.load()
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise NotInstalledError(f"the algorithm {name!r} cannot be imported: {why}") from error
    return algorithm
