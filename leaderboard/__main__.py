"""The command `leaderboard`; `python -m leaderboard` is the same."""

import sys

from il_envs.extras import require
from il_envs.terminal import terminal

NEEDS = ("jinja2", "matplotlib", "pandas", "pydantic", "rich", "safetensors", "typer")


@terminal()
def main() -> None:
    """The console script."""
    try:
        require("leaderboard", *NEEDS)
    except ModuleNotFoundError as error:
        sys.exit(f"leaderboard: {error}")
    from leaderboard.cli import main as command

    command()


if __name__ == "__main__":
    main()
