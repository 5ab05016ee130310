"""Code shared by all figures: style, and drawing of lines, titles and names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leaderboard.figures.styles import Style
from leaderboard.scores.statistics import student_interval

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 11.0,
    "axes.titlesize": 12.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlepad": 26.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": "#333333",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelcolor": "#333333",
    "ytick.labelcolor": "#333333",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "svg.hashsalt": "il-envs",  # the same numbers, the same file
    "svg.fonttype": "path",
}

BAND_SEEDS = 3
"""Least number of training seeds for which a band is drawn instead of the seeds' own lines."""


def panels(
    count: int, width: float = 6.8, height: float = 4.2, most_columns: int = 3
) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, up to `most_columns` in a row, each `width` by `height` inches
    wide and high."""
    columns = min(count, most_columns)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[count:]:
        unused.remove()
    return figure, list(axes[:count])


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the same numbers give the same file.

    Raises:
        OSError: if it cannot be written.
    """
    undated = {"Date": None} if path.suffix == ".svg" else {}
    figure.savefig(path, metadata=undated, bbox_inches="tight", pad_inches=0.15)


def draw_mean(
    axes: Axes,
    places: NDArray[np.float64],
    samples: Sequence[NDArray[np.float64]] | NDArray[np.float64],
    limits: tuple[float, float],
    style: Style,
    dots: bool = False,
) -> float:
    """Draw the mean and its interval, clipped to the possible values; returns the last mean.

    Args:
        places: float64 [n].
        samples: float64 [seeds] at each place.
        dots: whether to mark the places.
    """
    colour, marker = style.colour, style.marker if dots else None
    intervals = [student_interval(sample) for sample in samples]
    means = [interval.mean for interval in intervals]
    axes.plot(
        places, means, color=colour, linestyle=style.dashes, marker=marker, markersize=5.5,
        clip_on=False,
    )  # fmt: skip
    if min(map(len, samples)) < BAND_SEEDS:
        for values in zip(*samples, strict=False):
            axes.plot(places, values, color=colour, marker=marker, alpha=0.4, lw=0.8, markersize=3)
        return means[-1]
    low = np.clip([interval.low for interval in intervals], *limits)
    high = np.clip([interval.high for interval in intervals], *limits)
    if len(places) == 1:
        axes.vlines(places, low, high, color=colour, alpha=0.5)
    axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0.0)
    return means[-1]


SCORES_SHOWN = (-1.0, 2.0)
"""What is below or above these scores is beyond the end of an axis of scores."""


def score_limits(scores: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of an axis of scores, which has 0 and 1 on it.

    Args:
        scores: those to show, of any shape; NaN is ignored.
    """
    low = max(SCORES_SHOWN[0], float(np.nanmin([0.0, *scores.ravel()])))
    high = min(SCORES_SHOWN[1], float(np.nanmax([1.0, *scores.ravel()])))
    margin = 0.03 * (high - low)
    return low - margin, high + margin


def name_panel(axes: Axes, title: str, description: str) -> None:
    """Write a title, and a line under it that says what is shown."""
    axes.set_title(title)
    axes.annotate(
        description, (0.0, 1.0), (0, 9), xycoords="axes fraction", textcoords="offset points",
        color="#666666", fontsize=9.5,
    )  # fmt: skip


def name_lines(axes: Axes, names: list[tuple[str, str, float]]) -> None:
    """Write each line's name at its right end, moved apart where names would overlap.

    Args:
        names: name, colour and height of each line.
    """
    low, high = axes.get_ylim()
    distance = 0.07 * (high - low)
    names = sorted(names, key=lambda entry: entry[2])
    places = [height for _, _, height in names]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + distance)
    highest = high
    for i in reversed(range(len(places))):
        places[i] = min(places[i], highest)
        highest = places[i] - distance
    for (name, colour, _), place in zip(names, places, strict=True):
        axes.annotate(
            name, (1.0, place), (8, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=colour, fontweight="bold",
            verticalalignment="center", annotation_clip=False,
        )  # fmt: skip
