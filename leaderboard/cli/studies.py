"""Commands that each answer one question."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.cli.options import Workers, app, names_of, workers_or_all


@app.command()
def claims(
    only: Annotated[
        str | None, typer.Option(help="Names of claims, with commas.", show_default="all twelve")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="First compute what is missing, then write the page too.")
    ] = False,
    workers: Workers = None,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results", "claims"),
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, csv, json or html.")
    ] = "text",
) -> None:
    """Print twelve published claims beside what is measured here, each with its verdict: holds,
    fails or not shown."""
    from leaderboard.claims.command import show_claims

    names = [] if only is None else names_of("--only", only, "leave it out for all twelve")
    show_claims(names, out, run, workers_or_all(workers), format_name)


@app.command()
def theory(
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")] = Path("results", "theory"),
) -> None:
    """Draw what theory says, computed exactly, and print the numbers."""
    from leaderboard.studies import commands

    if not commands.show_theory(out):
        raise typer.Exit(1)


@app.command()
def misspecified(
    out: Annotated[Path, typer.Option(help="Folder of the picture.")] = Path("results", "theory"),
) -> None:
    """Search for the optimum of DriftCarMisspecified's reward, and print where it is."""
    from leaderboard.studies import commands

    if not commands.show_misspecified(out):
        raise typer.Exit(1)


@app.command()
def power() -> None:
    """Print how often simulated boards tell algorithms apart, for several numbers of seeds."""
    from leaderboard.studies import commands

    commands.show_power()


@app.command()
def surpass(
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = Path("results", "surpassing"),
) -> None:
    """Learn from experts who often err, and print who does better than they do."""
    from leaderboard.studies import commands

    commands.show_surpassing(out)


@app.command()
def chunks(
    out: Annotated[Path, typer.Option(help="Folder of table and picture.")] = Path(
        "results", "chunks"
    ),
) -> None:
    """Clone experts with chunks of actions, and draw what acting open loop costs."""
    from leaderboard.studies import commands

    if not commands.show_chunks(out):
        raise typer.Exit(1)
