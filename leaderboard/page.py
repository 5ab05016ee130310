"""The tables for readers: scores, and below them exact metrics and concurrency."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from math import isinf, isnan

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from il_envs.world import WORLDS, get_world
from leaderboard.cells import Results
from leaderboard.controls import control_notes
from leaderboard.metrics import COSTS, EXACT, SAMPLED, Metric
from leaderboard.notes import RANK_NOTE, computer_notes, interval_note
from leaderboard.recorded import RecordedData
from leaderboard.rows import row_of, scale_of
from leaderboard.statistics import CONFIDENCE
from leaderboard.studies.concurrency import claim_table, final_table, milestone_table
from leaderboard.summary import ALL_WORLDS, SEEDS, SEEDS_AND_EPISODES

NONE = "\N{EN DASH}"
INFINITE = "\N{INFINITY}"
REFERENCE, CONTROL, PERSON = " (reference)", " (control)", " (person)"
INTERVAL = f"{CONFIDENCE:.0%} interval"
LEFT_COLUMNS = {"algorithm", "world", "acts", "status", "actions", "learning", "claim"}
CSV_COLUMNS = [
    "algorithm", "world", "seeds", "score", "low", "high", "status",
    "labels", *(column for metric in (*SAMPLED, *COSTS) for column in metric.columns),
    "return", "iqm",
    "iqm_low", "iqm_high", "unit", "rank_low", "rank_high", "ties", "acts",
    "reason", *(column for metric in EXACT for column in metric.columns),
]  # fmt: skip


def header(results: Results, metrics: Iterable[Metric]) -> list[str]:
    """What the numbers of a table with these metrics mean, in a few lines."""
    manifest = results.manifest
    lines = [
        f"Profile {manifest.profile.name}: {_count(manifest.seeds, 'training seed')}, "
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
            bound = _number(world.truth.one_button_bound())
            lines.append(f"{world.name}: one button a step returns at most {bound} (exact bound).")
    told = [*_conditions(results), *_teachers(results), *_people(results)]
    return [*lines, *told, *_notes(metrics, results), *computer_notes(results)]


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
    bounds = [f"{_number(metric.bound(get_world(world)))} in {world}" for world in exact_worlds]
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


def as_text(results: Results, summary: pd.DataFrame) -> RenderableType:
    """Tables for the terminal."""
    return Group(*(_rich(formatted, notes) for formatted, notes in _tables(results, summary)))


def _rich(formatted: pd.DataFrame, notes: list[str]) -> Table:
    table = Table(caption=escape("\n".join(notes)), caption_justify="left")
    for name in formatted.columns:
        table.add_column(name, justify="left" if name in LEFT_COLUMNS else "right")
    for cells in formatted.itertuples(index=False):
        style = "dim" if cells[0].endswith((REFERENCE, CONTROL)) else None
        table.add_row(*map(escape, cells), style=style)
    return table


def as_markdown(results: Results, summary: pd.DataFrame) -> str:
    """Tables for a README."""
    return "\n".join(
        f"{_markdown(formatted)}\n\n{' '.join(notes)}\n"
        for formatted, notes in _tables(results, summary)
    )


def _markdown(formatted: pd.DataFrame) -> str:
    lines = [
        list(formatted.columns),
        ["---" if name in LEFT_COLUMNS else "---:" for name in formatted.columns],
        *([cell.replace("|", "\\|") for cell in row] for row in formatted.itertuples(index=False)),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_csv(results: Results, summary: pd.DataFrame) -> str:
    """Tables for programs, separated by empty lines. A missing number is an empty field; a number
    of steps is infinite if the level was not reached."""
    counts = {name: summary[name].astype("Int64") for name in ("labels", "rank_low", "rank_high")}
    scores = summary.assign(**counts)[CSV_COLUMNS]
    concurrency = [table(results) for table in (final_table, milestone_table, claim_table)]
    return "\n".join(_csv(table) for table in (scores, *concurrency) if len(table))


def _csv(table: pd.DataFrame) -> str:
    numbers = table.select_dtypes("float").round(6) + 0.0  # which makes -0 a plain 0
    return table.assign(**numbers).to_csv(index=False, float_format="%.6f")


def as_latex(results: Results, summary: pd.DataFrame) -> str:
    """Tables for a paper; they need the LaTeX package booktabs."""
    text = "\n".join(
        "".join(f"% {line}\n" for line in notes) + formatted.to_latex(index=False, escape=True)
        for formatted, notes in _tables(results, summary)
    )
    return text.replace(INFINITE, r"$\infty$").replace("±", r"$\pm$")


FORMATS: dict[str, Callable[[Results, pd.DataFrame], str | RenderableType]] = {
    "text": as_text,
    "md": as_markdown,
    "csv": as_csv,
    "latex": as_latex,
}


def _tables(results: Results, summary: pd.DataFrame) -> list[tuple[pd.DataFrame, list[str]]]:
    """The table of scores, and the tables of exact metrics, of costs and of concurrency if there
    are any, each with its notes."""
    metrics = [metric for metric in SAMPLED if summary[metric.name].notna().any()]
    notes = [*header(results, metrics), *control_notes(results)]
    tables = [(_scores(results, summary, metrics), notes)]
    exact = summary[summary["world"].isin(results.manifest.exact_worlds)]
    if len(exact):
        tables.append((_measured(exact, EXACT), exact_header(results)))
    costs = [metric for metric in COSTS if summary[metric.name].notna().any()]
    trained = summary[summary[[metric.name for metric in COSTS]].notna().any(axis=1)]
    if len(trained):
        notes = ["Costs of training.", *_notes(costs, results)]
        tables.append((_measured(trained, costs), notes))
    final = final_table(results)
    if len(final):
        tables += [
            (_final(final), final_header(results, final["world"].unique())),
            (_milestones(milestone_table(results)), MILESTONE_HEADER),
            (_claims(claim_table(results)), CLAIM_HEADER),
        ]
    return tables


def _scores(results: Results, summary: pd.DataFrame, metrics: Iterable[Metric]) -> pd.DataFrame:
    columns = {
        "algorithm": _names(summary),
        "world": summary["world"],
        "score": summary["score"].map(_number),
        INTERVAL: _intervals(summary),
        "over": summary["unit"].map({SEEDS: "seeds", SEEDS_AND_EPISODES: "both", "": NONE}),
        "rank": _ranks(summary),
        "IQM": _with_intervals(summary, "iqm"),
        **_columns(metrics, summary),
        "acts": summary["acts"].where(summary["acts"] != "", NONE),
        "labels": summary["labels"].map(lambda n: NONE if pd.isna(n) else f"{n:,.0f}"),
        "status": _statuses(summary),
    }
    if len(results.manifest.worlds) == 1:
        del columns["IQM"]
    if len(set(summary["unit"]) - {""}) < 2:  # and the note says which
        del columns["over"]
    if results.manifest.seeds == 1:
        del columns["rank"]
    if not (summary["acts"] != "").any():
        del columns["acts"]
    if not (summary["decisions"] < 1.0).any():  # everybody decides at each step
        del columns["decisions"]
    return pd.DataFrame(columns)


def _measured(summary: pd.DataFrame, metrics: Iterable[Metric]) -> pd.DataFrame:
    names = {"algorithm": _names(summary), "world": summary["world"]}
    return pd.DataFrame(names | _columns(metrics, summary))


def _columns(metrics: Iterable[Metric], summary: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    """The formatted columns of metrics, by their headings."""
    columns = {}
    for metric in metrics:
        values, shown = summary[metric.name], partial(_number, form=metric.format)
        columns[metric.heading] = values.map(shown)
        if metric.error is not None:
            errors = summary[f"{metric.name}_error"]
            estimated = np.isfinite(values) & (errors > 0.0)
            columns[metric.heading] += (" ± " + errors.map(shown)).where(estimated, "")
    return columns


def _names(summary: pd.DataFrame) -> "pd.Series[str]":
    reference = summary["reference"].map({True: REFERENCE, False: ""})
    control = summary["control"].map({True: CONTROL, False: ""})
    person = summary["person"].map({True: PERSON, False: ""})
    return summary["algorithm"] + reference + control + person


def _final(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("algorithm", "world", "actions", "learning")},
            "return": table["return"].map(_number),
            f"its {INTERVAL}": _intervals(table, "return_"),
            "score": table["score"].map(_number),
            INTERVAL: _intervals(table),
            "steps": table["steps"].map(_steps),
            "status": _statuses(table),
        }
    )


def _milestones(table: pd.DataFrame) -> pd.DataFrame:
    counts = zip(table["seeds_there"], table["seeds"], strict=True)
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("algorithm", "world")},
            "score": table["score"].map("{:.0%}".format),
            "return": table["return"].map(_number),
            "steps": table["steps"].map(_steps),
            "seeds that get there": [f"{there} of {seeds}" for there, seeds in counts],
            "their mean steps": table["seed_steps"].map(_steps),
            INTERVAL: _intervals(table, shown=_steps),
            "status": table["status"],
        }
    )


def _claims(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{name: table[name] for name in ("claim", "world")},
            "measured": table["value"].map(_number),
            INTERVAL: _intervals(table),
            "published": table["published"],
            "status": table["status"],
        }
    )


def _steps(steps: float) -> str:
    if isinf(steps):
        return "not reached"
    return NONE if isnan(steps) else f"{steps:,.0f}"


def _number(value: float, form: str = ".3f") -> str:
    if isnan(value):
        return NONE
    if isinf(value):
        return INFINITE if value > 0 else f"-{INFINITE}"
    text = f"{value:{form}}"
    return "0.000" if text == "-0.000" else text


def _intervals(
    table: pd.DataFrame, prefix: str = "", shown: Callable[[float], str] = _number
) -> list[str]:
    return [
        NONE if isnan(low) else f"[{shown(low)}, {shown(high)}]"
        for low, high in zip(table[f"{prefix}low"], table[f"{prefix}high"], strict=True)
    ]


def _with_intervals(table: pd.DataFrame, name: str) -> list[str]:
    """A number with its interval behind it, if it has one."""
    intervals = _intervals(table, f"{name}_")
    return [
        _number(value) if interval == NONE else f"{_number(value)} {interval}"
        for value, interval in zip(table[name], intervals, strict=True)
    ]


def _ranks(table: pd.DataFrame) -> list[str]:
    """The ranks that a row may have, and the letters of its tie groups."""
    columns = (table[name] for name in ("rank_low", "rank_high", "ties"))
    return [
        NONE if pd.isna(low) else f"{low:g}{f'{NONE}{high:g}' if high > low else ''} {ties}"
        for low, high, ties in zip(*columns, strict=True)
    ]


def _statuses(table: pd.DataFrame) -> list[str]:
    return [
        f"{status}: {reason}" if reason else status
        for status, reason in zip(table["status"], table["reason"], strict=True)
    ]


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
