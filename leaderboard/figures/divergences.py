"""Figure of the KL divergence of policies from the reference in exact worlds, a dot per seed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from il_envs.exact.checks import FloatArray
from leaderboard.figures.drawing import name_panel, panels
from leaderboard.figures.selected import styles_of
from leaderboard.figures.styles import Style
from leaderboard.runs import Results
from leaderboard.scores.rows import headline_row

LEAST = 1e-3
"""Smallest divergence of the axis, in nats per episode; smaller ones are drawn here."""

INFINITE_PLACE = 1.6
"""Position at which infinity is drawn, in units of the largest finite divergence."""


def divergence(results: Results) -> Figure | None:
    """The KL divergence from the reference to every algorithm's policy, at its last number of
    labels; one panel for each exact world, the nearest algorithm at the top."""
    drawn = [(w, rows) for w in results.manifest.exact_worlds if (rows := _rows(results, w))]
    if not drawn:
        return None
    figure, all_axes = panels(len(drawn))
    looks = styles_of(results)
    for (world, rows), axes in zip(drawn, all_axes, strict=True):
        _draw(axes, rows, looks)
        labels = f"{results.manifest.profile.labels[-1]:,} expert labels"
        name_panel(axes, f"{world}: divergence from the expert", f"exact, {labels}, a dot a seed")
        axes.set_xlabel("KL(expert || policy), nats an episode")
    return figure


def _rows(results: Results, world: str) -> list[tuple[str, FloatArray]]:
    """Each algorithm in a world with the divergence of every seed, float64 [seeds], the nearest
    first. Only complete rows of policies that give their probabilities are included."""
    rows = []
    for name, worlds in results.manifest.algorithms.items():
        if world not in worlds:
            continue
        row = headline_row(results, name, world)
        measures = [cell.exact for cell in row.cells if cell.exact is not None]
        if not row.fault and len(measures) == len(row.cells):
            rows.append((name, np.array([m.policy_divergence for m in measures])))
    return sorted(rows, key=lambda entry: float(np.mean(entry[1])))


def _draw(axes: Axes, rows: list[tuple[str, FloatArray]], looks: dict[str, Style]) -> None:
    values = np.maximum(np.concatenate([seeds for _, seeds in rows]), LEAST)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (LEAST, 1.0)
    edge = high * (high / low) ** 0.1 * INFINITE_PLACE
    for place, (name, seeds) in enumerate(rows):
        shown = np.minimum(np.maximum(seeds, LEAST), edge)
        axes.plot(
            shown, np.full(len(shown), place), looks[name].marker, color=looks[name].colour,
            markersize=6.0, alpha=0.55, markeredgewidth=0.0, clip_on=False,
        )  # fmt: skip
        mean = float(np.mean(seeds))
        text = f"{mean:.3g}" if np.isfinite(mean) else "\N{INFINITY}"
        axes.annotate(
            text, (1.0, place), (8, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color="#333333", fontweight="bold",
            verticalalignment="center", annotation_clip=False,
        )  # fmt: skip
    axes.set(xscale="log", xlim=(low / (high / low) ** 0.05 / 1.2, edge))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda nats, _: f"{nats:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=True, axis="x")
