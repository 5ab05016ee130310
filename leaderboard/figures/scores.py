"""The table of scores as a picture: a dot with its interval for each row of a world."""

from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leaderboard.figures.drawing import name_panel, panels, score_limits
from leaderboard.figures.selected import styles_of, worlds_of
from leaderboard.figures.styles import CONTROL, EXPERT_COLOUR, Style
from leaderboard.runs import Results
from leaderboard.scores.crossed import crossed_mean
from leaderboard.scores.rows import crossed_scores_of, headline_row, row_of, scale_of, scores_of
from leaderboard.scores.statistics import CONFIDENCE

WIDTH = 6.0
"""Width of a panel in inches; two of them can be read in a document."""
LINE = 0.26
"""Height of a row in inches."""
FRAME = 1.6
"""Height of a panel without rows, in inches."""

REFERENCE_PLACE = -0.9
"""Where the references are named; the rows are at 0, 1, ... from the top."""
OFFSETS = {"left": 4, "right": -4}
"""Distance of a name from its line, by its alignment, in points."""


class Dot(NamedTuple):
    """A row of a world."""

    name: str
    style: Style
    score: float
    interval: tuple[float, float]  # NaN if there is none
    seeds: NDArray[np.float64]  # the score of each


def scores(results: Results) -> Figure | None:
    """The score of every algorithm with its interval, best first, one panel for each world."""
    drawn = {
        world.name: dots for world in worlds_of(results) if (dots := _dots(results, world.name))
    }
    if not drawn:
        return None
    height = FRAME + LINE * max(map(len, drawn.values()))
    figure, all_axes = panels(len(drawn), WIDTH, height, most_columns=2)
    for (world, dots), axes in zip(drawn.items(), all_axes, strict=True):
        _draw(axes, dots)
        _draw_references(results, world, axes)
        name_panel(axes, f"{world}: score", _description(results, world))
    return figure


def _dots(results: Results, world: str) -> list[Dot]:
    """The complete rows of algorithms in a world, best first."""
    manifest, scale = results.manifest, scale_of(results, world)
    if scale is None:
        return []
    looks = styles_of(results)
    dots = []
    for name, worlds in manifest.algorithms.items():
        row = headline_row(results, name, world) if world in worlds else None
        if row is None or row.fault:
            continue
        mean = crossed_mean(crossed_scores_of(row, scale))
        ends = float(mean.low), float(mean.high)
        dots.append(Dot(name, looks[name], float(mean.mean), ends, scores_of(row, scale)))
    return sorted(dots, key=lambda dot: -dot.score)


def _draw(axes: Axes, dots: list[Dot]) -> None:
    everything = np.concatenate([[dot.score, *dot.interval, *dot.seeds] for dot in dots])
    low, high = score_limits(everything)
    for place, dot in enumerate(dots):
        colour = dot.style.colour
        axes.plot(
            np.clip(dot.seeds, low, high), np.full(len(dot.seeds), place), "|", color=colour,
            alpha=0.6, markersize=9.0, markeredgewidth=1.2,
        )  # fmt: skip
        if not isnan(dot.interval[0]):
            axes.hlines(place, *np.clip(dot.interval, low, high), color=colour, linewidth=2.4)
        marker = "<" if dot.score < low else ">" if dot.score > high else dot.style.marker
        axes.plot(
            np.clip(dot.score, low, high), place, marker, color=colour, markersize=8.0,
            markeredgecolor="white", clip_on=False, zorder=3.0,
        )  # fmt: skip
        axes.annotate(
            f"{dot.score:.2f}", (1.0, place), (8, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color="#333333", verticalalignment="center",
            annotation_clip=False,
        )  # fmt: skip
    axes.set(xlim=(low, high), ylim=(len(dots) - 0.5, REFERENCE_PLACE - 0.5))
    axes.set_yticks(range(len(dots)), [dot.name for dot in dots])
    for label, dot in zip(axes.get_yticklabels(), dots, strict=True):
        is_control = dot.style == CONTROL
        label.set(color=dot.style.colour, fontweight="normal" if is_control else "bold")
    axes.tick_params(axis="y", length=0.0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _draw_references(results: Results, world: str, axes: Axes) -> None:
    """A line for each reference, with its name beside it, above the rows."""
    scale = scale_of(results, world)
    low, high = axes.get_xlim()
    for name, dashes, side in _references(results, world):
        score = float(scores_of(row_of(results, name, world, None), scale).mean())
        if low <= score <= high:
            axes.axvline(score, color=EXPERT_COLOUR, linestyle=dashes, linewidth=1.0, zorder=0.5)
            axes.annotate(
                name, (score, REFERENCE_PLACE), (OFFSETS[side], 0), textcoords="offset points",
                color="#555555", fontsize=9.5, horizontalalignment=side,
                verticalalignment="center",
            )  # fmt: skip


def _references(results: Results, world: str) -> Iterator[tuple[str, object, str]]:
    """Name, dashes and horizontal alignment of each reference."""
    random, reference, *others = results.manifest.references(world)
    yield random, (0, (1, 2)), "right"
    yield reference, "-", "right"
    for other in others:
        yield other, (0, (4, 2)), "left"


def _description(results: Results, world: str) -> str:
    seeds = results.manifest.seeds
    if seeds == 1:
        return "one training seed"
    is_exact = world in results.manifest.exact_worlds
    over = "seeds" if is_exact else "seeds and episodes"
    return f"{CONFIDENCE:.0%} intervals over {over}; strokes: {seeds} seeds"
