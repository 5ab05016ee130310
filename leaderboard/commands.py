"""The commands; `cli.py` parses their arguments."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from il_envs.world import WORLDS, UnknownNameError, World, get_world
from leaderboard import UsageError, UserError, require_at_least, tell
from leaderboard.algorithms.template import write_template
from leaderboard.claims.profile import NAME as CLAIMS
from leaderboard.claims.profile import RUNS as RUNS_OF_CLAIMS
from leaderboard.comparison import (
    cells_without_counterpart,
    compare,
    differences_of_computers,
)
from leaderboard.computing import compute
from leaderboard.conditions import with_settings
from leaderboard.explanation import explanation
from leaderboard.people import add_person
from leaderboard.profiles import MOST_SEEDS, PROFILES, Profile
from leaderboard.protocol import cells_of_run
from leaderboard.publishing import require_folder, writing_to
from leaderboard.recorded import RecordedData, readable, recorded_data
from leaderboard.rounds.table import any_document
from leaderboard.running.cluster import require_cluster
from leaderboard.running.runner import InterruptedRunError
from leaderboard.runs import Results, read_results
from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.selection import (
    available,
    inapplicable,
    manifest_of,
    named,
    of_one_teacher,
    of_profile,
    with_controls,
)
from leaderboard.tables.document import Document, document
from leaderboard.tables.formats import FORMATS, as_csv, as_markdown
from leaderboard.tables.terminal import print_page
from leaderboard.texts import count_of


def show_list() -> None:
    """Print the worlds, algorithms and profiles."""
    print("worlds")
    for world in WORLDS.values():
        print(f"  {world.name}")
        for style, expert in world.experts.items():
            print(f"    {style} expert: {expert.summary}")
    print("algorithms")
    for contender in available():
        print(f"  {contender.name}: {contender.summary}")
        what = "a control, uses" if contender.is_control else "uses"
        print(f"    {what} {', '.join(sorted(contender.sources)) or 'nothing'}")
    print("profiles")
    for profile in PROFILES.values():
        labels = ", ".join(f"{count:,}" for count in profile.labels)
        worlds = ", ".join(
            f"{world} ({', '.join(names)})" if names else world
            for world, names in profile.worlds.items()
        )
        steps = ", ".join(
            [f"{profile.steps:,} steps"]
            + [f"{number:,} in {world}" for world, number in profile.steps_of_worlds.items()]
        )
        print(
            f"  {profile.name}: worlds {worlds or 'all'}; labels {labels}; "
            f"training seeds {profile.seeds}; "
            f"{profile.evaluation_episodes} evaluation episodes; {steps}; "
            f"{profile.time_limit:g} s of processor time a cell; "
            f"{profile.memory_limit / 2**30:g} GiB of memory"
        )
    print(f"runs of {CLAIMS}, by `leaderboard claims --run`")
    for name, claimed in RUNS_OF_CLAIMS.items():
        print(f"  {name}: {claimed.summary}")


def run(
    profile: Profile,
    origins: Iterable[str],
    world_names: Iterable[str],
    seeds: int,
    workers: int,
    out: Path,
    controls: bool = True,
    demonstrations: Sequence[str] = (),
    style: str = "",
    settings: Sequence[str] = (),
    in_process: bool = False,
    cluster: str = "",
) -> None:
    """Compute the missing cells, then write and print the table.

    Args:
        origins: origins of the algorithms; none for the profile's.
        controls: whether to add the algorithms' controls.
        demonstrations: names of recordings to learn from, each in its world.
        style: the scripted expert that teaches; empty for the worlds' references.
        settings: settings of algorithms, "NAME.SETTING=VALUE" each.
        in_process: whether algorithms are in the process that scores them.
        cluster: address of a Ray cluster that computes the cells; empty for this machine.

    Raises:
        UserError, UnknownNameError: on a mistake of the user's.
    """
    require_at_least("--seeds", seeds)
    require_at_least("--workers", workers)
    if seeds > MOST_SEEDS:
        raise UsageError(
            f"--seeds must be at most {MOST_SEEDS}, not {seeds}: further ones are for tuning, and "
            "beyond them are the episodes that policies are evaluated on"
        )
    if cluster and (demonstrations or in_process):
        what = "--demonstrations" if demonstrations else "--in-process"
        raise UsageError(f"{what} is for this machine alone, and does not go with --cluster")
    if cluster:
        require_cluster(cluster)
    require_folder(out)  # before the plan, for which worlds may have to be compiled
    worlds = [get_world(name) for name in dict.fromkeys(world_names)]
    _require_style(style, worlds)
    if all(world.reference_style == style for world in worlds):
        style = ""
    chosen = named(origins)
    tell(*inapplicable(chosen, worlds))
    there = available() if controls or not chosen else []
    contenders = chosen or of_profile(profile, worlds, there)
    if controls:
        contenders = with_controls(contenders, worlds, there)
    contenders = list(with_settings(contenders, settings))
    sources = [readable(name) for name in dict.fromkeys(demonstrations)]
    tell(*(fault for recording in sources for fault in recording.faults))
    recordings = recorded_data(sources, [world.name for world in worlds], profile.evaluation_seeds)
    contenders = list(of_one_teacher(contenders, worlds, recordings))
    tell(*_short_recordings(recordings, profile))
    specs = cells_of_run(profile, worlds, contenders, seeds, recordings, style)
    manifest = manifest_of(profile, worlds, contenders, seeds, recordings, style)
    try:
        computed = compute(specs, manifest, contenders, out, workers, in_process, cluster)
    except InterruptedRunError:
        with writing_to(out):
            _show_unfinished(out)
        raise
    results = read_results(out)
    tables = document(results)
    show(tables, "text")
    done = len(specs) - len(computed)
    print(f"{count_of(len(computed), 'cell')} computed, {done} were done; all in {out}")
    ours = {spec.title for spec in specs}
    failed = [c for c in results.cells if c.status != "ok" and c.spec.title in ours]
    lost = {c.spec.algorithm for c in results.cells if c.has_lost_its_policy}
    if lost:
        print(
            f"{', '.join(sorted(lost))}: the policy has no tensors(), and so it is not kept; "
            "nobody can act with it again"
        )
    if failed:
        print(
            f"{len(failed)} of {len(specs)} cells failed; log.txt in each one's folder tells more, "
            "and a removed folder is computed anew"
        )
    with writing_to(out):
        write_page(results, tables)


def _show_unfinished(out: Path) -> None:
    """Print and write the table of what an interrupted run has finished, without the figures, for
    which episodes have to be replayed.

    Raises:
        OSError: if it cannot be written.
    """
    try:
        results = read_results(out)
    except UserError:  # there is no finished cell
        return
    tables = document(results)
    show(tables, "text")
    write_tables(out, tables)


def _short_recordings(recordings: Mapping[str, RecordedData], profile: Profile) -> Iterator[str]:
    """A line for each recording that has fewer steps than the profile has labels."""
    for world, data in recordings.items():
        if data.transitions < profile.labels[-1]:
            yield (
                f"{world}: {data} has fewer than the profile's {profile.labels[-1]:,} labels; "
                "those who learn from it have what there is"
            )


def _require_style(style: str, worlds: Iterable[World]) -> None:
    for world in worlds:
        if style and style not in world.experts:
            raise UnknownNameError(f"{world.name} expert", style, list(world.experts))


def write_page(results: Results, tables: Document) -> None:
    """Write table.csv, table.md and the figures beside the results.

    Raises:
        OSError: if one cannot be written.
    """
    from leaderboard.figures.write import write_figures  # matplotlib takes a second

    write_tables(results.folder, tables)
    write_figures(results)


def write_tables(folder: Path, tables: Document) -> None:
    """Write table.csv and table.md beside the results.

    Raises:
        OSError: if one cannot be written.
    """
    (folder / "table.csv").write_text(as_csv(tables), encoding="utf-8")
    (folder / "table.md").write_text(as_markdown(tables), encoding="utf-8")


def show(tables: Document, format_name: str) -> None:
    """Print tables.

    Raises:
        UsageError: if there is no such format.
    """
    if format_name not in FORMATS:
        raise UsageError(f"--format must be one of {', '.join(FORMATS)}, not {format_name!r}")
    page = FORMATS[format_name](tables)
    if isinstance(page, str):
        sys.stdout.write(page)
    else:
        print_page(page)


def table(folder: Path, format_name: str) -> None:
    """Print the tables of a folder of results, of a round, or of several."""
    show(any_document(folder), format_name)


def explain(folder: Path, algorithm: str, world: str) -> None:
    """Print everything behind one score."""
    print(explanation(read_results(folder), algorithm, world))


def new(name: str) -> None:
    """Write the template of an algorithm.

    Raises:
        UserError: if it exists or cannot be written.
    """
    try:
        folder = write_template(name)
    except OSError as error:
        raise UserError(f"cannot write {name}: {error.strerror}") from error
    print(f"wrote {folder}/algorithm.py and {folder}/README.md")
    print(f"try it: leaderboard check {folder}")


def compare_results(published_folder: Path, folder: Path) -> bool:
    """Compare a folder of results with a published one; returns True if all agrees. What cannot be
    judged does not.

    Raises:
        UserError: if there is nothing to compare.
    """
    published, ours = read_results(published_folder), read_results(folder)
    compared = list(compare(published, ours))
    for line in differences_of_computers(published, ours):
        print(f"another computer: {line}")
    for one in compared:
        print(f"{one.cell.spec.title}: {one.told}")
    for results, other in ((published, ours), (ours, published)):
        if missing := cells_without_counterpart(results, other):
            print(f"not in {other.folder}: {missing} of the cells of {results.folder}")
    verdicts = Counter(one.verdict for one in compared)
    print(
        f"{verdicts['agrees']} of {len(compared)} cells agree with {published_folder}, "
        f"{verdicts['differs']} differ, {verdicts['cannot be judged']} cannot be judged"
    )
    return verdicts["agrees"] == len(compared)


def add_human(name: str, folder: Path) -> None:
    """Add the row of a person to a folder of results, and print the table.

    Raises:
        UserError: if the recording will not do, or the row cannot be written.
    """
    recording = readable(name)
    tell(*recording.faults)
    with writing_to(folder):
        cell = add_person(recording, folder)
    results = read_results(folder)
    tables = document(results)
    show(tables, "text")
    print(f"{cell.spec.algorithm}: {len(cell.episodes)} episodes in {folder / cell.spec.folder}")
    with writing_to(folder):
        write_page(results, tables)


def profile_named(name: str) -> Profile:
    """The profile of that name.

    Raises:
        UsageError: if there is none.
    """
    if name == CLAIMS:
        raise UsageError(
            f"--profile {CLAIMS} is several runs; `leaderboard claims --run` makes them"
        )
    if name not in PROFILES:
        raise UsageError(f"--profile must be one of {', '.join(PROFILES)}, not {name!r}")
    return PROFILES[name]


def worlds_of_run(names: list[str], profile: Profile) -> list[str]:
    """The named worlds; the profile's if none is named, and every registered one for "all"."""
    if names == [ALL_WORLDS]:
        return list(WORLDS)
    return names or list(profile.worlds) or list(WORLDS)
