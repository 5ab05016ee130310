"""Commands that compute results, show them and check them."""

from pathlib import Path
from typing import Annotated

import typer

from leaderboard import require_at_least
from leaderboard.cli.options import (
    Folder,
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


@app.command("list")
def list_all() -> None:
    """Print the worlds and their experts, the algorithms and the profiles."""
    from leaderboard import commands

    commands.show_list()


@app.command()
def run(
    profile: Profiled = "quick",
    algorithms: Annotated[
        str | None, typer.Option(help="Names or folders, with commas.", show_default="profile's")
    ] = None,
    worlds: Worlds = None,
    labels: Labels = None,
    steps: Steps = None,
    seeds: Annotated[
        int | None, typer.Option(help="Training seeds.", show_default="profile's")
    ] = None,
    style: Annotated[
        str, typer.Option(help="Which of the worlds' experts teaches.", show_default="reference")
    ] = "",
    settings: Settings = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of results.", show_default="results/PROFILE")
    ] = None,
    controls: Annotated[
        bool, typer.Option(help="Add the controls that belong beside the algorithms.")
    ] = True,
    demonstrations: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A recording to learn from, in its world, instead of from the scripted expert; "
            "may be given several times.",
            show_default="none",
        ),
    ] = None,
    in_process: Annotated[
        bool,
        typer.Option(
            "--in-process",
            help="Let algorithms be in the process that scores them, for debugging; "
            "their rows say so.",
        ),
    ] = False,
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Compute on a Ray cluster: HOST:PORT, or local, one that is started for this run.",
            show_default="this machine",
        ),
    ] = "",
) -> None:
    """Compute the cells that are missing, and print the table."""
    from leaderboard import commands
    from leaderboard.conditions import profile_with

    named = commands.profile_named(profile)
    chosen = profile_with(named, numbers_of("--labels", labels), steps)
    results = Path("results", profile) if out is None else out
    styles = (style,) if style or not chosen.styles else chosen.styles
    folders = {each: results / each if chosen.styles else results for each in styles}
    for each, folder in folders.items():
        commands.run(
            chosen,
            names_of("--algorithms", algorithms),
            commands.worlds_of_run(names_of("--worlds", worlds), chosen),
            chosen.seeds if seeds is None else seeds,
            workers_or_all(workers),
            folder,
            controls,
            demonstrations or (),
            each,
            settings or (),
            in_process,
            cluster,
        )
    if len(folders) > 1:
        commands.table(results, "text")


@app.command()
def table(
    folder: Folder,
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, csv, latex, json or html.")
    ] = "text",
) -> None:
    """Print the table of a folder of results, of a round, or of all rounds in a folder."""
    from leaderboard import commands

    commands.table(folder, format_name)


@app.command()
def explain(folder: Folder, algorithm: str, world: str) -> None:
    """Print the raw rows, constants, seeds and formula behind one score."""
    from leaderboard import commands

    commands.explain(folder, algorithm, world)


@app.command()
def watch(
    folder: Folder,
    algorithm: str,
    world: str,
    episode: Annotated[int, typer.Option(help="Evaluation episode, from 0.")] = 0,
    seed: Annotated[int, typer.Option(help="Training seed.")] = 0,
    ghosts: Annotated[
        str, typer.Option(help="Other algorithms from the same start, with commas.")
    ] = "",
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a film instead of a window.")
    ] = None,
) -> None:
    """Watch an evaluation episode exactly as it was scored, with the expert's ghost."""
    from leaderboard import watching

    others = names_of("--ghosts", ghosts) if ghosts else []
    watching.watch(folder, algorithm, world, episode, seed, others, video)


@app.command("add-human")
def add_human(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a recording.")],
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results", "quick"),
) -> None:
    """Add a person's row, from recorded held-out episodes, to a folder of results."""
    from leaderboard import commands

    commands.add_human(name, out)


@app.command()
def verify(
    folder: Folder,
    retrain: Annotated[
        int, typer.Option(help="Cells of learners to train again as well, drawn at random.")
    ] = 0,
    workers: Workers = None,
) -> None:
    """Check all that can be checked of every cell: replay its actions, bit for bit, compute its
    numbers anew, and run the reference rows again. Of a round, check its log and the secret too;
    if an archive has what cells were scored from, only those that have it here are checked. In a
    folder of several rounds check them all."""
    from leaderboard.rounds.verification import verify_any

    require_at_least("--retrain", retrain, 0)
    if not verify_any(folder, retrain, workers_or_all(workers)):
        raise typer.Exit(1)


@app.command()
def compare(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED", help="A folder of results.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="One computed anew.")],
) -> None:
    """Compare results with published ones; say whether training or scoring differs. Fails unless
    every published row is there and agrees; seeds may be missing."""
    from leaderboard import commands

    if not commands.compare_results(published, folder):
        raise typer.Exit(1)


@app.command()
def release(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The release folder.")] = Path("release"),
    workers: Workers = None,
) -> None:
    """Build a folder to publish: the policies of results and the demonstrations of their worlds,
    with cards. Policies that are not beside their cells are trained again."""
    from leaderboard.official.release import build_release

    build_release(folder, out, workers_or_all(workers))


@app.command()
def site(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR", help="Folders of results, or of rounds.")
    ],
    out: Annotated[Path, typer.Option(help="The site's folder.")] = Path("site"),
    clips: Annotated[
        bool, typer.Option(help="Film the best, the median and the worst episode of each row.")
    ] = True,
) -> None:
    """Write the board as static pages, which need no server: a table to sort and to filter, and why
    each score is what it is."""
    from leaderboard.site.build import build_site

    build_site(folders, out, clips)
