"""The tables for readers: scores, and below them exact metrics and concurrency; `formats` writes
them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from il_envs.world import WORLDS, get_world
from leaderboard.recorded import RecordedData
from leaderboard.runs import Results
from leaderboard.scores.controls import control_notes
from leaderboard.scores.metrics import COSTS, EXACT, SAMPLED, Metric
from leaderboard.scores.notes import (
    RANK_NOTE,
    TIER_NOTE,
    computer_notes,
    guard_notes,
    interval_note,
)
from leaderboard.scores.rows import row_of, scale_of
from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.studies.concurrency import claim_table, final_table, milestone_table
from leaderboard.tables.columns import (
    COLUMNS,
    COST_COLUMNS,
    CSV_COLUMNS,
    EXACT_COLUMNS,
    INTERVAL,
    intervals,
    number,
    shown,
    step_count,
)
from leaderboard.texts import count_of


def header(results: Results, metrics: Iterable[Metric]) -> list[str]:
    """What the numbers of a table with these metrics mean, in a few lines."""
    manifest = results.manifest
    lines = [
        f"Profile {manifest.profile.name}: {count_of(manifest.seeds, 'training seed')}, "
        f"{manifest.profile.evaluation_episodes} held-out episodes each, "
        f"{manifest.profile.labels[-1]:,} labels.",
        "Score: 0 is the uniform random policy, 1 the reference. "
        f"Reference: {_reference(results)}.",
    ]
    for name in manifest.cost_worlds:
        scale = scale_of(results, name)
        if scale is not None:
            lines.append(
                f"{name}: returns are minus costs, and a score is one of their logarithms: each "
                f"tenth divides the cost by {scale.cost_factor**0.1:.2f}. Policies that are not "
                "linear are run, with a control variate, and have a standard error."
            )
    if manifest.seeds > 1:
        lines += [interval_note(results.manifest), RANK_NOTE]
    else:
        lines.append("One training seed has no interval.")
    if len(manifest.worlds) > 1:
        lines.append(
            f"World {ALL_WORLDS!r}: mean over worlds for algorithms that apply to all of them, "
            "interval by Welch and Satterthwaite, stratified by world; IQM beside it, its interval "
            "over training seeds, given these episodes."
        )
    for world in WORLDS.values():
        if world.name in manifest.worlds and world.truth.one_button_bound is not None:
            bound = number(world.truth.one_button_bound())
            lines.append(f"{world.name}: one button a step returns at most {bound} (exact bound).")
    lines.append(TIER_NOTE)
    told = [*_conditions(results), *_teachers(results), *_people(results)]
    told += [*_notes(metrics, results), *guard_notes(results), *computer_notes(results)]
    return [*lines, *told]


def _conditions(results: Results) -> list[str]:
    """A line for each scripted expert that teaches instead of the reference, and one for each
    algorithm with other settings than its own."""
    declared = results.manifest.declarations
    styles: dict[str, list[str]] = {}
    for name, said in declared.items():
        if said.style:
            styles.setdefault(said.style, []).append(name)
    return [f"The {style} expert taught {', '.join(names)}." for style, names in styles.items()] + [
        f"{name}: {said.settings_in_words}." for name, said in declared.items() if said.settings
    ]


def _teachers(results: Results) -> list[str]:
    """A line for each recording that algorithms learn from."""
    learners: dict[tuple[str, RecordedData], list[str]] = {}
    for name, said in results.manifest.declarations.items():
        for world, data in said.recordings.items():
            if world in results.manifest.algorithms.get(name, ()):
                learners.setdefault((world, data), []).append(name)
    return [
        f"{world}: {', '.join(names)} learned from {data}, not from the scripted expert."
        for (world, data), names in learners.items()
    ]


def _people(results: Results) -> list[str]:
    """A line for each row of a person."""
    return [
        f"{name} in {world}: {cell.played}. Labels: the person's steps."
        + (" Its return is its episodes' mean." if world in results.manifest.exact_worlds else "")
        for name, said in results.manifest.declarations.items()
        for world, steps in said.played.items()
        for cell in row_of(results, name, world, steps).cells
    ]


def _reference(results: Results) -> str:
    exact = [world for world in results.manifest.worlds if world in results.manifest.exact_worlds]
    if not exact:
        return "empirical (the scripted expert, on the same episodes)"
    told = f"exact (soft-optimal, by dynamic programming) in {', '.join(exact)}"
    if len(exact) == len(results.manifest.worlds):
        return told
    return f"{told}; empirical elsewhere (the scripted expert, on the same episodes)"


def exact_header(results: Results) -> list[str]:
    """What the numbers of the table of exact metrics mean."""
    return [
        "Exact metrics: means over training seeds, without sampling; behind ± is the standard "
        "error of one that had to be estimated.",
        *_notes(EXACT, results),
    ]


def _notes(metrics: Iterable[Metric], results: Results) -> list[str]:
    """The notes on metrics, a line for each value of `Metric.about`."""
    exact = [world for world in results.manifest.worlds if world in results.manifest.exact_worlds]
    lines = []
    for _, group in groupby(metrics, lambda metric: metric.about):
        notes = [_note(metric, exact) for metric in group if metric.note]
        lines += [" ".join(dict.fromkeys(notes))] if notes else []
    return lines


def _note(metric: Metric, exact_worlds: Iterable[str]) -> str:
    if metric.bound is None:
        return metric.note
    bounds = [f"{number(metric.bound(get_world(world)))} in {world}" for world in exact_worlds]
    return metric.note.format(bounds=", ".join(bounds))


MILESTONE_HEADER = [
    "Steps until training episodes return a share of the way from the random policy's return to "
    "the reference's: those of the mean learning curve over seeds, and the mean over seeds of "
    "those of each one's own, which is known if all get there. Steps are known to a hundredth of "
    "what an algorithm may take, rounded up.",
]
CLAIM_HEADER = [
    "MAIL is MAPS with IL + RL. Training time: steps until training episodes return what SAPS RL's "
    "do in the last tenth of its steps. Intervals: of ratios Fieller's over training seeds, of the "
    "difference Welch's over MAIL's training seeds and the expert's episodes.",
]


def final_header(results: Results, worlds: Iterable[str]) -> list[str]:
    """What the numbers of the table of concurrency mean."""
    steps_in = results.manifest.profile.steps_in
    return [
        "Concurrency (Harmer et al. 2018): one button a step (SAPS) or any number (MAPS), learned "
        "from rewards (RL) or from an expert too (IL + RL). Return: of held-out episodes.",
        "Steps: environment steps used while training, mean over training seeds, of at most "
        f"{', '.join(f'{steps_in(world):,} in {world}' for world in worlds)}.",
    ]


SCORES = "scores"
"""Name of the first table."""


@dataclass(frozen=True)
class Table:
    """A table for readers.

    Attributes:
        name: what it is of, in a word.
        title: what it is of, for people.
        shown: its cells as people read them, by headings.
        raw: its numbers, unrounded; empty if another table has them.
        notes: what the numbers mean, a line each.
    """

    name: str
    title: str
    shown: pd.DataFrame
    raw: pd.DataFrame
    notes: list[str]


def tables(results: Results, summary: pd.DataFrame) -> list[Table]:
    """The table of scores, and the tables of exact metrics and of concurrency if there are any."""
    scores = shown(COLUMNS, summary)
    metrics = [metric for metric in SAMPLED if metric.heading in scores]
    raw = summary.assign(
        **{name: summary[name].astype("Int64") for name in ("labels", "rank_low", "rank_high")}
    )
    notes = [*header(results, metrics), *_reasons(summary), *control_notes(results)]
    found = [Table(SCORES, "Scores", scores, raw[CSV_COLUMNS], notes)]
    exact = summary[summary["world"].isin(results.manifest.exact_worlds)]
    if len(exact):
        seen = shown(EXACT_COLUMNS, exact)
        found.append(Table("exact", "Exact metrics", seen, pd.DataFrame(), exact_header(results)))
    trained = summary[summary[[metric.name for metric in COSTS]].notna().any(axis=1)]
    if len(trained):
        seen = shown(COST_COLUMNS, trained)
        notes = ["Costs of training.", *_notes(COSTS, results)]
        found.append(Table("costs", "Costs of training", seen, pd.DataFrame(), notes))
    final = final_table(results)
    if len(final):
        milestones, claims = milestone_table(results), claim_table(results)
        notes = [*final_header(results, final["world"].unique()), *_reasons(final)]
        found += [
            Table("concurrency", "Concurrency", _final(final), final, notes),
            Table(
                "milestones",
                "Steps to a share of the score",
                _milestones(milestones),
                milestones,
                MILESTONE_HEADER,
            ),
            Table("claims", "Claims on concurrency", _claims(claims), claims, CLAIM_HEADER),
        ]
    return found


def _reasons(summary: pd.DataFrame) -> list[str]:
    """A line for each reason for which rows of a world are not simply ok."""
    told = summary[summary["reason"] != ""]
    groups = told.groupby(["world", "status", "reason"], sort=False)["algorithm"]
    return [
        f"{world}: {', '.join(names)}: {status}: {reason}"
        for (world, status, reason), names in groups
    ]


def _final(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("algorithm", "world", "actions", "learning")},
            "return": table["return"].map(number),
            f"its {INTERVAL}": intervals(table, "return_"),
            "score": table["score"].map(number),
            INTERVAL: intervals(table),
            "steps": table["steps"].map(step_count),
            "status": table["status"],
        }
    )


def _milestones(table: pd.DataFrame) -> pd.DataFrame:
    counts = zip(table["seeds_there"], table["seeds"], strict=True)
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("algorithm", "world")},
            "score": table["score"].map("{:.0%}".format),
            "return": table["return"].map(number),
            "steps": table["steps"].map(step_count),
            "seeds that get there": [f"{there} of {seeds}" for there, seeds in counts],
            "their mean steps": table["seed_steps"].map(step_count),
            INTERVAL: intervals(table, shown=step_count),
            "status": table["status"],
        }
    )


def _claims(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("claim", "world")},
            "measured": table["value"].map(number),
            INTERVAL: intervals(table),
            "published": table["published"],
            "status": table["status"],
        }
    )
