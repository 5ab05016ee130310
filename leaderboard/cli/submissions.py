"""Commands for those who write algorithms."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard.cli.options import (
    Labels,
    Profiled,
    Steps,
    Workers,
    Worlds,
    app,
    names_of,
    numbers_of,
    workers_or_all,
)


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
    from leaderboard.check import check_aloud

    _, failures = check_aloud(path)
    if failures:
        raise typer.Exit(1)


@app.command()
def submit(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The folder of an algorithm.")],
    contact: Annotated[str, typer.Option(help="Where you can be asked: an address or a page.")],
    name: Annotated[
        str, typer.Option(help="The algorithm's name.", show_default="as algorithm.py has it")
    ] = "",
    licence: Annotated[
        str,
        typer.Option(
            "--licence",
            "--license",
            help="By its SPDX name, such as MIT.",
            show_default="the folder's LICENSE",
        ),
    ] = "",
    authors: Annotated[str, typer.Option(help="Names, with commas.", show_default="none")] = "",
    paper: Annotated[str, typer.Option(help="Title or address.", show_default="none")] = "",
    compute: Annotated[
        str,
        typer.Option(help="What it took to find it, tuning included.", show_default="not said"),
    ] = "",
    sign: Annotated[
        Path | None,
        typer.Option(
            metavar="KEY", help="OpenSSH's private key to sign with.", show_default="not signed"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of bundles.")] = Path(
        "leaderboard", "submissions"
    ),
) -> None:
    """Check an algorithm, and pack it into a folder that a pull request can hand in."""
    from leaderboard.submitting import commands

    told = {
        "name": name, "contact": contact, "licence": licence, "authors": authors, "paper": paper,
        "compute": compute,
    }  # fmt: skip
    commands.submit(path, told, sign, out)


@app.command()
def review(
    bundle: Annotated[Path, typer.Argument(help="The folder that `leaderboard submit` made.")],
    profile: Profiled = "smoke",
    worlds: Worlds = None,
    labels: Labels = None,
    steps: Steps = None,
    instances: Annotated[int, typer.Option(help="Instances of each world.")] = 3,
    listed: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the bundles that are listed already, which keep their signers.",
            show_default="none",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which its cells and policies are kept under its name, if it can be "
            "listed.",
            show_default="none",
        ),
    ] = None,
    workers: Workers = None,
    out: Annotated[Path, typer.Option(help="A new folder for all that comes of it.")] = Path(
        "results", "review"
    ),
) -> None:
    """Run a submission in instances that nobody could know, and write a comment with its row, or
    with the reasons why it cannot be listed."""
    from leaderboard.commands import profile_named, worlds_of_run
    from leaderboard.conditions import profile_with
    from leaderboard.submitting import commands

    named = profile_named(profile)
    can_be_listed = commands.review_bundle(
        bundle,
        out,
        profile_with(named, numbers_of("--labels", labels), steps),
        worlds_of_run(names_of("--worlds", worlds), named),
        instances,
        workers_or_all(workers),
        listed,
        keep,
    )
    if not can_be_listed:
        raise typer.Exit(1)


@app.command()
def pull(
    name: str,
    repository: Annotated[
        str, typer.Option("--from", help="A repository: its folder, or its address for git.")
    ] = ".",
    out: Annotated[Path | None, typer.Option(help="A new folder.", show_default="NAME")] = None,
) -> None:
    """Fetch a listed algorithm to be run here, and its results with its policies."""
    from leaderboard.submitting import commands

    commands.pull_listed(name, repository, out)


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
