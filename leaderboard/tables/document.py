"""The tables of a folder of results: those of its run, or one of the runs of several teachers."""

from dataclasses import dataclass
from pathlib import Path

from il_envs.world import WORLDS
from leaderboard.profiles import Profile
from leaderboard.runs import Results, read_results
from leaderboard.scores.summary import summary
from leaderboard.tables.page import Table, tables
from leaderboard.tables.teachers import table_by_teacher


@dataclass(frozen=True)
class Document:
    """Tables, and what they are of.

    Attributes:
        profile: that of the run.
        worlds: names of its worlds.
        seeds: its number of training seeds.
        tables: one or more.
    """

    profile: Profile
    worlds: tuple[str, ...]
    seeds: int
    tables: list[Table]


def document(results: Results) -> Document:
    """The tables of a run."""
    return _document(results, tables(results, summary(results)))


def read_document(folder: Path) -> Document:
    """The tables of a folder of results, which holds a run or, by their styles, those of several
    teachers.

    Raises:
        UserError: if it holds neither, or a file is damaged.
    """
    styles = dict.fromkeys(style for world in WORLDS.values() for style in world.experts)
    taught = [style for style in styles if (folder / style / "run.json").exists()]
    if (folder / "run.json").exists() or not taught:
        return document(read_results(folder))
    runs = {style: read_results(folder / style) for style in taught}
    return _document(runs[taught[0]], [table_by_teacher(runs)])


def _document(results: Results, found: list[Table]) -> Document:
    manifest = results.manifest
    return Document(manifest.profile, tuple(manifest.worlds), manifest.seeds, found)
