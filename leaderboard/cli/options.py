"""What the commands share: how their arguments are read."""

import os
from pathlib import Path
from typing import Annotated

import typer

from leaderboard import UsageError, require_at_least

app = typer.Typer(
    help="Run imitation-learning algorithms on il_envs worlds and make the table of scores.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder of results.")]
Profiled = Annotated[str, typer.Option(help="As `leaderboard list` names it.")]
Worlds = Annotated[
    str | None, typer.Option(help="Names, with commas, or all.", show_default="profile's")
]
Labels = Annotated[
    str | None,
    typer.Option(help="Numbers of expert actions, with commas.", show_default="profile's"),
]
Steps = Annotated[
    int | None, typer.Option(help="Environment steps of a training.", show_default="profile's")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="ALGORITHM.SETTING=VALUE",
        help="Another value of an algorithm's setting; may be given several times.",
        show_default="none",
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Cells at a time.", show_default="number of CPUs")
]


def workers_or_all(number: int | None) -> int:
    """A number of workers; by default, one for each processor.

    Raises:
        UsageError: if there would be none.
    """
    if number is None:
        return os.cpu_count() or 1
    require_at_least("--workers", number)
    return number


def names_of(
    option: str, text: str | None, hint: str = "leave it out for the profile's"
) -> list[str]:
    """The names in a text, with commas; none if there is no text.

    Raises:
        UsageError: if it names nothing.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise UsageError(f"{option} {text!r} names nothing; {hint}")
    return names


def numbers_of(option: str, text: str | None) -> list[int]:
    """The whole numbers in a text, with commas; none if there is no text.

    Raises:
        UsageError: if it has anything else, or nothing.
    """
    try:
        return [int(name) for name in names_of(option, text)]
    except ValueError as error:
        raise UsageError(f"{option} {text!r} must be whole numbers, with commas") from error
