"""The table as people read it; the only place where numbers become text."""

from collections.abc import Callable
from math import isnan

import pandas as pd
from rich.table import Table

from leaderboard import UserError
from leaderboard.cells import Results
from leaderboard.metrics import ALL_WORLDS, mean_return, row_of, scale_of, scores_of, survival
from leaderboard.statistics import CONFIDENCE, student_interval
from leaderboard.submission import REFERENCES

NONE = "\N{EN DASH}"
LEFT_COLUMNS = {"algorithm", "world", "status"}
CSV_COLUMNS = [
    "algorithm", "world", "seeds", "score", "low", "high", "status",
    "labels", "survival", "return", "iqm", "reason",
]  # fmt: skip


def header(results: Results) -> list[str]:
    """What the numbers of a table mean, in a few lines."""
    manifest = results.manifest
    lines = [
        f"Profile {manifest.profile.name}: {_count(manifest.seeds, 'training seed')}, "
        f"{manifest.profile.evaluation_episodes} held-out episodes each, "
        f"{manifest.profile.labels[-1]:,} labels.",
        "Score: 0 is the uniform random policy, 1 the reference. Reference: empirical "
        "(the scripted expert, on the same episodes).",
    ]
    if manifest.seeds > 1:
        lines.append(f"Interval: {CONFIDENCE:.0%}, Student's t over training seeds.")
    else:
        lines.append("One training seed has no interval.")
    if len(manifest.worlds) > 1:
        lines.append(
            f"World {ALL_WORLDS!r}: mean over worlds, interval by Welch and Satterthwaite, "
            "stratified by world; IQM beside it."
        )
    return lines


def as_text(results: Results, summary: pd.DataFrame) -> Table:
    """A table for the terminal."""
    table = Table(caption="\n".join(header(results)), caption_justify="left")
    formatted = _formatted(results, summary)
    for name in formatted.columns:
        table.add_column(name, justify="left" if name in LEFT_COLUMNS else "right")
    for cells, reference in zip(
        formatted.itertuples(index=False), summary["reference"], strict=True
    ):
        table.add_row(*cells, style="dim" if reference else None)
    return table


def as_markdown(results: Results, summary: pd.DataFrame) -> str:
    """A table for a README."""
    formatted = _formatted(results, summary)
    lines = [
        list(formatted.columns),
        ["---" if name in LEFT_COLUMNS else "---:" for name in formatted.columns],
        *([cell.replace("|", "\\|") for cell in row] for row in formatted.itertuples(index=False)),
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{' '.join(header(results))}\n"


def as_csv(results: Results, summary: pd.DataFrame) -> str:
    """A table for programs: a number that there is not is an empty field."""
    numbers = summary.select_dtypes("float").round(6) + 0.0  # which makes -0 a plain 0
    frame = summary.assign(**numbers).assign(labels=summary["labels"].astype("Int64"))
    return frame.to_csv(columns=CSV_COLUMNS, index=False, float_format="%.6f")


def as_latex(results: Results, summary: pd.DataFrame) -> str:
    """A table for a paper; it needs the package booktabs."""
    notes = "".join(f"% {line}\n" for line in header(results))
    return notes + _formatted(results, summary).to_latex(index=False, escape=True)


FORMATS: dict[str, Callable[[Results, pd.DataFrame], str | Table]] = {
    "text": as_text,
    "md": as_markdown,
    "csv": as_csv,
    "latex": as_latex,
}


def _formatted(results: Results, summary: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "algorithm": [
            f"{name} (reference)" if reference else name
            for name, reference in zip(summary["algorithm"], summary["reference"], strict=True)
        ],
        "world": summary["world"],
        "score": summary["score"].map(_number),
        f"{CONFIDENCE:.0%} interval": [
            NONE if isnan(low) else f"[{_number(low)}, {_number(high)}]"
            for low, high in zip(summary["low"], summary["high"], strict=True)
        ],
        "IQM": summary["iqm"].map(_number),
        "survival": summary["survival"].map(lambda share: NONE if isnan(share) else f"{share:.0%}"),
        "labels": summary["labels"].map(lambda n: NONE if pd.isna(n) else f"{n:,.0f}"),
        "status": [
            f"{status}: {reason}" if reason else status
            for status, reason in zip(summary["status"], summary["reason"], strict=True)
        ],
    }
    if len(results.manifest.worlds) == 1:
        del columns["IQM"]
    return pd.DataFrame(columns)


def _number(value: float) -> str:
    return NONE if isnan(value) else f"{value:.3f}".replace("-0.000", "0.000")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def explanation(results: Results, algorithm: str, world: str) -> str:
    """Everything behind one score of the table.

    Raises:
        UserError: if the table has no such row.
    """
    manifest = results.manifest
    names = [*REFERENCES, *(n for n, worlds in manifest.algorithms.items() if world in worlds)]
    if world not in manifest.worlds:
        raise UserError(
            f"{results.folder} has no world {world!r}; it has {', '.join(manifest.worlds)}"
        )
    if algorithm not in names:
        raise UserError(
            f"{results.folder} has no {algorithm!r} in {world}; it has {', '.join(names)}"
        )
    labels = None if algorithm in REFERENCES else manifest.profile.labels[-1]
    row = row_of(results, algorithm, world, labels)
    scale = scale_of(results, world)
    episodes = manifest.profile.evaluation_episodes
    lines = [
        f"{algorithm} in {world}"
        + (f" with {labels:,} labels" if labels is not None else " (reference row)"),
        f"profile {manifest.profile.name}: {manifest.seeds} training seeds, each evaluated on "
        f"{episodes} held-out episodes",
    ]
    seeds = [episode.seed for cell in row.cells for episode in cell.episodes]
    if seeds:
        lines.append(f"evaluation seeds: {min(seeds)} to {max(seeds)}, split held_out")
    lines.append("")
    if scale is not None:
        lines += [
            "normalisation (mean over the reference row's seeds of its mean return):",
            f"  random = {scale.random:.6f}    score 0",
            f"  expert = {scale.expert:.6f}    score 1",
            f"score of a seed = (return - {scale.random:.6f})"
            f" / ({scale.expert:.6f} - {scale.random:.6f})",
            "",
        ]
    for cell, score in zip(row.cells, scores_of(row, scale), strict=True):
        folder = results.folder / cell.spec.folder
        if cell.status == "ok":
            what = f"mean return {mean_return(cell):.6f}, survival {survival(cell):.0%}"
        else:
            what = f"{cell.status}: {cell.reason} (scored as random)"
        lines.append(f"  seed {cell.spec.seed}: {what}, score {score:.6f}    {folder}")
    if row.fault:
        return "\n".join([*lines, "", f"not ranked: {row.fault}"])
    scores = scores_of(row, scale)
    interval = student_interval(scores)
    terms = " + ".join(f"{score:.6f}" for score in scores)
    lines += ["", f"score = ({terms}) / {len(scores)} = {interval.mean:.6f}"]
    if isnan(interval.low):
        lines.append("interval: none, there is one training seed")
    elif interval.standard_error == 0.0:
        lines.append("interval: of no width, all seeds have the same score")
    else:
        lines.append(
            f"interval = {interval.mean:.6f} +- t * s / sqrt(n) = {interval.mean:.6f} +- "
            f"{interval.quantile:.4f} * {scores.std(ddof=1):.6f} / sqrt({len(scores)}) = "
            f"[{interval.low:.6f}, {interval.high:.6f}]"
        )
        lines.append(
            f"t: Student's quantile at {(1 + CONFIDENCE) / 2:.3f} with {interval.degrees:g} "
            "degrees of freedom"
        )
    return "\n".join(lines)
