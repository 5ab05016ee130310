"""The command line: `leaderboard COMMAND`, `python -m leaderboard COMMAND`.

Commands import what they need when they are called, so that `--help` answers at once.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from leaderboard import UsageError, UserError, require_at_least

app = typer.Typer(
    help="Run imitation-learning algorithms on il_envs worlds and make the table of scores.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

rounds = typer.Typer(
    help="Train and score submissions in instances that nobody could know.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(rounds, name="round")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder of results.")]
RoundFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a round.")]


@app.command("list")
def list_all() -> None:
    """Print the worlds and their experts, the algorithms and the profiles."""
    from leaderboard import commands

    commands.show_list()


@app.command()
def run(
    profile: Annotated[str, typer.Option(help="As `leaderboard list` names it.")] = "quick",
    algorithms: Annotated[
        str | None, typer.Option(help="Names or folders, with commas.", show_default="profile's")
    ] = None,
    worlds: Annotated[
        str | None, typer.Option(help="Names, with commas, or all.", show_default="profile's")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Numbers of expert actions, with commas.", show_default="profile's"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Environment steps of a training.", show_default="profile's"),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Training seeds.", show_default="profile's")
    ] = None,
    style: Annotated[
        str, typer.Option(help="Which of the worlds' experts teaches.", show_default="reference")
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ALGORITHM.SETTING=VALUE",
            help="Another value of an algorithm's setting; may be given several times.",
            show_default="none",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Cells at a time.", show_default="number of CPUs")
    ] = None,
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
) -> None:
    """Compute the cells that are missing, and print the table."""
    from leaderboard import commands
    from leaderboard.conditions import profile_with

    named = commands.profile_named(profile)
    chosen = profile_with(named, _numbers("--labels", labels), steps)
    results = Path("results", profile) if out is None else out
    styles = (style,) if style or not chosen.styles else chosen.styles
    folders = {each: results / each if chosen.styles else results for each in styles}
    for each, folder in folders.items():
        commands.run(
            chosen,
            _names("--algorithms", algorithms),
            commands.worlds_of_run(_names("--worlds", worlds), chosen),
            chosen.seeds if seeds is None else seeds,
            _workers(workers),
            folder,
            controls,
            demonstrations or (),
            each,
            settings or (),
            in_process,
        )
    if len(folders) > 1:
        commands.table(results, "text")


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
        _names("ALGORITHM", algorithms, "give one or more, with commas"),
        _names("--worlds", worlds, "give one or more, with commas"),
        draws,
        seeds,
        labels,
        steps,
        sampler_seed,
        _workers(workers),
        out,
        stop_after,
        confirm,
        adopt,
    )


@rounds.command("new")
def new_round(
    folder: RoundFolder,
    profile: Annotated[str, typer.Option(help="As `leaderboard list` names it.")] = "quick",
    worlds: Annotated[
        str | None, typer.Option(help="Names, with commas, or all.", show_default="profile's")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Numbers of expert actions, with commas.", show_default="profile's"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Environment steps of a training.", show_default="profile's"),
    ] = None,
    instances: Annotated[
        int, typer.Option(help="Instances of each world for each submission.")
    ] = 5,
) -> None:
    """Make a round with a new secret, and print the commitment to it, for publishing."""
    from leaderboard import commands
    from leaderboard.conditions import profile_with
    from leaderboard.rounds import commands as of_rounds

    named = commands.profile_named(profile)
    names = commands.worlds_of_run(_names("--worlds", worlds), named)
    chosen = profile_with(named, _numbers("--labels", labels), steps)
    of_rounds.new_round(folder, chosen, names, instances)


@rounds.command("enter")
def enter_round(
    folder: RoundFolder,
    algorithm: Annotated[str, typer.Argument(help="A folder or an installed name.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ALGORITHM.SETTING=VALUE",
            help="Another value of a setting; may be given several times.",
            show_default="none",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Cells at a time.", show_default="number of CPUs")
    ] = None,
) -> None:
    """Write a submission into the log, train and score it in instances of its own, and print the
    round's table. The same one goes on where it was stopped."""
    from leaderboard.rounds import commands as of_rounds

    of_rounds.enter_round(folder, algorithm, _workers(workers), settings or ())


@rounds.command("reveal")
def reveal_round(folder: RoundFolder) -> None:
    """End a round: write its secret into round.json, so that everybody can check its instances."""
    from leaderboard.rounds import commands as of_rounds

    of_rounds.reveal_round(folder)


@app.command()
def table(
    folder: Folder,
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, csv, latex, json or html.")
    ] = "text",
) -> None:
    """Print the table of a folder of results, or of a round."""
    from leaderboard import commands

    commands.table(folder, format_name)


@app.command()
def claims(
    only: Annotated[
        str | None, typer.Option(help="Names of claims, with commas.", show_default="all twelve")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="First compute what is missing, then write the page too.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Cells at a time.", show_default="number of CPUs")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results", "claims"),
    format_name: Annotated[
        str, typer.Option("--format", help="text, md, csv, json or html.")
    ] = "text",
) -> None:
    """Print twelve published claims beside what is measured here, each with its verdict: holds,
    fails or not shown."""
    from leaderboard.claims.command import show_claims

    names = [] if only is None else _names("--only", only, "leave it out for all twelve")
    show_claims(names, out, run, _workers(workers), format_name)


@app.command()
def explain(folder: Folder, algorithm: str, world: str) -> None:
    """Print the raw rows, constants, seeds and formula behind one score."""
    from leaderboard import commands

    commands.explain(folder, algorithm, world)


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
def verify(
    folder: Folder,
    retrain: Annotated[
        int, typer.Option(help="Cells of learners to train again as well, drawn at random.")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option(help="Cells at a time.", show_default="number of CPUs")
    ] = None,
) -> None:
    """Check all that can be checked of every cell: replay its actions, bit for bit, compute its
    numbers anew, and run the reference rows again. Of a round, check its log and the secret too."""
    from leaderboard.rounds.round import is_round
    from leaderboard.rounds.verification import verify_round
    from leaderboard.verification.command import verify_results

    require_at_least("--retrain", retrain, 0)
    verified = verify_round if is_round(folder) else verify_results
    if not verified(folder, retrain, _workers(workers)):
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


@app.command("add-human")
def add_human(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a recording.")],
    out: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results", "quick"),
) -> None:
    """Add a person's row, from recorded held-out episodes, to a folder of results."""
    from leaderboard import commands

    commands.add_human(name, out)


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

    others = _names("--ghosts", ghosts) if ghosts else []
    watching.watch(folder, algorithm, world, episode, seed, others, video)


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


def _workers(number: int | None) -> int:
    return (os.cpu_count() or 1) if number is None else number


def _names(
    option: str, text: str | None, hint: str = "leave it out for the profile's"
) -> list[str]:
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise UsageError(f"{option} {text!r} names nothing; {hint}")
    return names


def _numbers(option: str, text: str | None) -> list[int]:
    try:
        return [int(name) for name in _names(option, text)]
    except ValueError as error:
        raise UsageError(f"{option} {text!r} must be whole numbers, with commas") from error


def main() -> None:
    """Run a command; a mistake of the user's is one line, not a traceback."""
    try:
        app()
    except UserError as error:
        print(f"leaderboard: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyError as error:
        from il_envs.world import UnknownNameError

        if not isinstance(error, UnknownNameError):
            raise
        print(f"leaderboard: {error}", file=sys.stderr)
        sys.exit(2)
