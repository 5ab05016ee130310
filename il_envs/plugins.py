"""Worlds of other packages, found through entry points."""

import warnings
from importlib.metadata import entry_points


class PluginWarning(UserWarning):
    """An entry point of an installed package cannot be imported."""


def load_plugins(group: str) -> None:
    """Import every module that installed packages name in a group of entry points.

    A module that cannot be imported gives a PluginWarning with its name; the others are imported
    all the same.
    """
    for point in entry_points(group=group):
        try:
            point.load()
        except (Exception, SystemExit) as error:
            package = point.dist.name if point.dist else "a package"
            warnings.warn(
                f"{package} offers {point.name!r} ({point.value}) in {group!r}, which cannot be "
                f"imported: {type(error).__name__}: {error}",
                PluginWarning,
                stacklevel=2,
            )
