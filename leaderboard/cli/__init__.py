"""The command line: `leaderboard COMMAND`, `python -m leaderboard COMMAND`.

Commands import what they need when they are called, so that `--help` answers at once.
"""

import sys

from leaderboard import UserError
from leaderboard.cli import results, rounds, studies, submissions  # noqa: F401 - their commands
from leaderboard.cli.options import app as app


def main() -> None:
    """Run a command; a mistake of the user's is one line, not a traceback."""
    try:
        app()
    except UserError as error:
        print(f"leaderboard: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if "il-envs[" not in str(error):  # it does not say which of our extras has it
            raise
        sys.exit(f"leaderboard: {error}")
    except KeyError as error:
        from il_envs.world import UnknownNameError

        if not isinstance(error, UnknownNameError):
            raise
        print(f"leaderboard: {error}", file=sys.stderr)
        sys.exit(2)
