"""Commands for those who write algorithms."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.cli.options import app, names_of, workers_or_all


@app.command()
def new(name: str) -> None:
    """Write a working template of an algorithm in a folder of its own."""
    from leaderboard import commands

    commands.new(name)


@app.command()
def check(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or an installed name.")],
) -> None:
    """Try an algorithm on a small cell of each world; one line for each says what is wrong."""
    from leaderboard import commands

    if not commands.check_algorithm(path):
        raise typer.Exit(1)


@app.command()
def tune(
    algorithms: Annotated[
        str,
        typer.Argument(
            metavar="ALGORITHM", help="Names or folders, with commas, or all installed learners."
        ),
    ],
    worlds: Annotated[str, typer.Option(help="Names, with commas.")],
    draws: Annotated[int, typer.Option(help="Draws of each study, the settings it has the first.")],
    seeds: Annotated[int, typer.Option(help="Training seeds of a draw, in each world.")] = 2,
    labels: Annotated[int, typer.Option(help="Expert actions of a training.")] = 2_000,
    steps: Annotated[int, typer.Option(help="Environment steps of a training.")] = 100_000,
    sampler_seed: Annotated[int, typer.Option(help="Seed of what is drawn.")] = 0,
    workers: Annotated[
        int | None, typer.Option(help="Trainings at a time.", show_default="number of CPUs")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder of the studies, each in one of its algorithm's name.")
    ] = Path("results", "tuning"),
    stop_after: Annotated[
        int,
        typer.Option(help="Seeds after which a draw below the median is stopped; all for none."),
    ] = 1,
    confirm: Annotated[
        int,
        typer.Option(
            help="Further training seeds that decide between the best draw and the first.",
        ),
    ] = 3,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Write the records beside the algorithms, whose settings come from them.",
        ),
    ] = False,
) -> None:
    """Search for the best settings of algorithms, each with the same number of draws.

    Draws are scored on training arenas, with training seeds and episodes that no result uses. The
    best draw and the first are then trained with further seeds, and the settings stay those of the
    first unless the best is better there too. The same command goes on where it was stopped;
    several processes may share a folder.
    """
    from leaderboard.tuning import command

    command.tune(
        names_of("ALGORITHM", algorithms, "give one or more, with commas"),
        names_of("--worlds", worlds, "give one or more, with commas"),
        draws,
        seeds,
        labels,
        steps,
        sampler_seed,
        workers_or_all(workers),
        out,
        stop_after,
        confirm,
        adopt,
    )
