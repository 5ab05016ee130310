"""The commands of `leaderboard round`."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.cli.options import (
    Labels,
    Profiled,
    Settings,
    Steps,
    Workers,
    Worlds,
    app,
    names_of,
    numbers_of,
    workers_or_all,
)

rounds = typer.Typer(
    help="Train and score submissions in instances that nobody could know.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(rounds, name="round")

RoundFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a round.")]


@rounds.command("new")
def new_round(
    folder: RoundFolder,
    profile: Profiled = "quick",
    worlds: Worlds = None,
    labels: Labels = None,
    steps: Steps = None,
    instances: Annotated[
        int, typer.Option(help="Instances of each world for each submission.")
    ] = 5,
) -> None:
    """Make a round with a new secret, and print the commitment to it, for publishing."""
    from leaderboard import commands
    from leaderboard.conditions import profile_with
    from leaderboard.rounds import commands as of_rounds

    named = commands.profile_named(profile)
    names = commands.worlds_of_run(names_of("--worlds", worlds), named)
    chosen = profile_with(named, numbers_of("--labels", labels), steps)
    of_rounds.new_round(folder, chosen, names, instances)


@rounds.command("enter")
def enter_round(
    folder: RoundFolder,
    algorithms: Annotated[
        str,
        typer.Argument(
            metavar="ALGORITHM",
            help="Folders or installed names, with commas, which share their instances.",
        ),
    ],
    settings: Settings = None,
    workers: Workers = None,
) -> None:
    """Write a submission into the log, train and score it in instances of its own, and print the
    round's table. The same one goes on where it was stopped."""
    from leaderboard.rounds import commands as of_rounds

    names = names_of("ALGORITHM", algorithms, "give one or more, with commas")
    of_rounds.enter_round(folder, names, workers_or_all(workers), settings or ())


@rounds.command("reveal")
def reveal_round(folder: RoundFolder) -> None:
    """End a round: write its secret into round.json, so that everybody can check its instances."""
    from leaderboard.rounds import commands as of_rounds

    of_rounds.reveal_round(folder)
