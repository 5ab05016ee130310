"""Runs imitation-learning algorithms on worlds, keeps the raw results, and makes the table."""

import sys


class UserError(Exception):
    """A mistake of the user's; its message says in one line what is wrong and what to do."""

    exit_code = 1


class UsageError(UserError):
    """An invalid argument on the command line."""

    exit_code = 2


def require_at_least(option: str, number: int, least: int = 1) -> None:
    """Require that the number of an option is large enough.

    Raises:
        UsageError: if it is not.
    """
    if number < least:
        raise UsageError(f"{option} must be at least {least}, not {number}")


def tell(*lines: str) -> None:
    """Print lines to stderr at once."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)
