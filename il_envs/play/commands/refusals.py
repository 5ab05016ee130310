"""What cannot be done with the options that were given."""

import argparse
from collections.abc import Collection

from il_envs.world import World


class RefusedError(Exception):
    """What the user asks for cannot be; the message is one line."""


class NotKeptError(Exception):
    """Something that was to be kept could not be; the message is one line."""


def require_use(options: argparse.Namespace, what: str, used: Collection[str]) -> None:
    """Check that no option was given that is not used.

    Args:
        what: what does not use the others.
        used: names of the options that are.

    Raises:
        RefusedError: if one was.
    """
    for name in options.given:
        if name not in used:
            option = f"--{name.replace('_', '-')}" if name != "world" else "a world"
            raise RefusedError(f"{option} has no effect {what}; leave it out")


def require_picture(world: World) -> None:
    """Check that a world can be seen.

    Raises:
        RefusedError: if it cannot.
    """
    if not world.views.pictures:
        raise RefusedError(f"{world.name} has no picture to play it in")


def require_expert(world: World) -> None:
    """Check that a world's expert can be watched.

    Raises:
        RefusedError: if it cannot.
    """
    require_picture(world)
    if not world.experts:
        raise RefusedError(f"{world.name} has no expert to watch")


def require_keys(world: World) -> None:
    """Check that a world can be played.

    Raises:
        RefusedError: if it cannot.
    """
    require_picture(world)
    if not world.views.keys:
        hint = "; try --expert" if world.experts else ""
        raise RefusedError(f"{world.name} has no keys to play it with{hint}")
