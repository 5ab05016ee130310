"""Pictures of a run, as SVG files: errors that compound, and survival against labels.

The first is after figure 2 ("dimensional drift") of A. Dharna, "Reinforcement Learning Special
Topic: Imitation Learning", 2019. Nothing is recorded for it: the action traces are played again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from il_envs.rollout import run_episodes
from il_envs.world import ErrorMeasure, World, get_world
from leaderboard import UserError
from leaderboard.cells import Cell, Results, read_traces
from leaderboard.metrics import Row, row_of, survival
from leaderboard.statistics import CONFIDENCE, student_interval

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by colour-blind eyes too (Okabe and Ito 2008)."""

EXPERT_COLOUR = "#333333"
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
"""Training seeds from which on a band says more than the seeds' own lines."""


class TracePolicy:
    """Does again what a batch of episodes did.

    Args:
        traces: [T, ...] for each row.
    """

    def __init__(self, traces: list[NDArray[Any]]) -> None:
        steps = max(map(len, traces))
        self._actions = np.zeros((steps, len(traces), *traces[0].shape[1:]), traces[0].dtype)
        for row, trace in enumerate(traces):
            self._actions[: len(trace), row] = trace
        self._step = 0

    def predict(
        self,
        observation: NDArray[Any],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """The recorded actions of the next step; those of an ended episode do not matter."""
        actions = self._actions[self._step]
        self._step += 1
        return actions, None


def write_figures(results: Results, extension: str = "svg") -> list[Path]:
    """Write every figure that there is data for beside the results; returns the paths.

    Raises:
        UserError: if traces are missing, damaged, or of another version of their world.
        OSError: if a figure cannot be written.
    """
    paths = []
    with mpl.rc_context(STYLE):
        for name, make in (
            ("compounding_error", compounding_error),
            ("survival", survival_by_labels),
        ):
            figure = make(results)
            if figure is not None:
                paths.append(results.folder / f"{name}.{extension}")
                undated = {"Date": None} if extension == "svg" else {}
                figure.savefig(paths[-1], metadata=undated, bbox_inches="tight", pad_inches=0.15)
    return paths


def compounding_error(results: Results) -> Figure | None:
    """Error against time for the expert and every algorithm, one panel for each world that names
    its error."""
    worlds = [(world, world.error) for world in _worlds(results) if world.error is not None]
    if not worlds:
        return None
    figure, panels = _panels(len(worlds))
    for (world, measure), axes in zip(worlds, panels, strict=True):
        names = []
        for row, colour in _lines(results, world):
            curves = np.array([error_curve(results, world, measure, c) for c in _finished(row)])
            times = world.control_period * np.arange(curves.shape[1], dtype=np.float64)
            last = _draw(axes, times, curves.T, measure.limit, colour)
            names.append((row.algorithm, colour, last))
        axes.axhline(measure.limit, color="#999999", linewidth=1.0, linestyle=(0, (2, 2)))
        axes.annotate(
            "episode terminated", (0.0, measure.limit), (4, 4), textcoords="offset points",
            color="#777777", fontsize=9.0,
        )  # fmt: skip
        axes.set(
            xlabel="time (s)",
            xlim=(0.0, world.max_episode_steps * world.control_period),
            ylim=(0.0, measure.limit * 1.1),
        )
        budget = f"{results.manifest.profile.labels[-1]:,} expert labels, "
        _title(axes, f"{world.name}: mean {measure.label}", budget + _description(results))
        _name_lines(axes, names)
    return figure


def error_curve(
    results: Results, world: World, measure: ErrorMeasure, cell: Cell
) -> NDArray[np.float64]:
    """Mean over a cell's evaluation episodes of the world's error after each step, float64 [T + 1].

    An episode that has terminated counts as the error's limit from then on.

    Raises:
        UserError: if the traces do not replay to the recorded states.
    """
    folder = results.folder / cell.spec.folder
    traces = read_traces(folder, len(cell.episodes))
    episodes = run_episodes(
        world, "held_out", lambda env: TracePolicy(traces), [row.seed for row in cell.episodes]
    )
    if [e.state_hash for e in episodes] != [row.state_hash for row in cell.episodes]:
        raise UserError(f"{folder}: its traces do not replay to the recorded states")
    errors = np.full((len(episodes), world.max_episode_steps + 1), measure.limit)
    for row, episode in zip(errors, episodes, strict=True):
        known = len(episode) if episode.terminated else len(episode) + 1
        row[:known] = np.minimum(episode.measures[measure.measure][:known], measure.limit)
    return errors.mean(0)


def survival_by_labels(results: Results) -> Figure:
    """Share of held-out episodes finished against the number of labels, one panel a world."""
    worlds = _worlds(results)
    figure, panels = _panels(len(worlds))
    budgets = results.manifest.profile.labels
    for world, axes in zip(worlds, panels, strict=True):
        names = []
        for row, colour in _lines(results, world):
            if row.labels is None:
                share = float(np.mean([survival(cell) for cell in _finished(row)]))
                axes.axhline(share, color=colour, linestyle=(0, (4, 2)), zorder=1.0)
                names.append((row.algorithm, colour, share))
                continue
            shares = {
                budget: [
                    survival(cell)
                    for cell in _finished(row_of(results, row.algorithm, world.name, budget))
                ]
                for budget in budgets
            }
            places = np.array([budget for budget in budgets if shares[budget]], np.float64)
            samples = [np.array(values) for values in shares.values() if values]
            last = _draw(axes, places, samples, 1.0, colour, marker="o")
            names.append((row.algorithm, colour, last))
        axes.set_xscale("log")
        axes.set_xticks(budgets)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set(
            xlabel="expert labels",
            xlim=(budgets[0] / 1.15, budgets[-1] * 1.15),
            ylim=(0.0, 1.05),
        )
        _title(axes, f"{world.name}: held-out episodes finished", _description(results))
        _name_lines(axes, names)
    return figure


def _worlds(results: Results) -> list[World]:
    return [get_world(name) for name in results.manifest.worlds]


def _lines(results: Results, world: World) -> list[tuple[Row, str]]:
    """The rows to draw and their colours: the expert, then the algorithms by name."""
    headline = results.manifest.profile.labels[-1]
    expert = row_of(results, "expert", world.name, None)
    rows = [(expert, EXPERT_COLOUR)] + [
        (row_of(results, name, world.name, headline), COLOURS[place % len(COLOURS)])
        for place, name in enumerate(sorted(results.manifest.algorithms))
    ]
    return [(row, colour) for row, colour in rows if _finished(row)]


def _finished(row: Row) -> list[Cell]:
    """The cells of a complete row that did not fail."""
    return [] if row.fault else [cell for cell in row.cells if cell.status == "ok"]


def _description(results: Results) -> str:
    seeds, episodes = results.manifest.seeds, results.manifest.profile.evaluation_episodes
    if seeds >= BAND_SEEDS:
        shown = f"mean and {CONFIDENCE:.0%} interval over {seeds} training seeds"
    else:
        shown = "one training seed" if seeds == 1 else f"mean and each of {seeds} training seeds"
    return f"{shown}, {episodes} episodes each"


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(6.8 * count, 4.2), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _draw(
    axes: Axes,
    places: NDArray[np.float64],
    samples: Sequence[NDArray[np.float64]] | NDArray[np.float64],
    limit: float,
    colour: str,
    marker: str | None = None,
) -> float:
    """Draw the mean and its interval, at most from 0 to `limit`; returns the last mean.

    Args:
        places: float64 [n].
        samples: float64 [seeds] at each place.
    """
    intervals = [student_interval(sample) for sample in samples]
    means = [interval.mean for interval in intervals]
    axes.plot(places, means, color=colour, marker=marker, markersize=5.5, clip_on=False)
    if min(map(len, samples)) < BAND_SEEDS:
        for values in zip(*samples, strict=False):
            axes.plot(places, values, color=colour, marker=marker, alpha=0.4, lw=0.8, markersize=3)
        return means[-1]
    low = np.clip([interval.low for interval in intervals], 0.0, limit)
    high = np.clip([interval.high for interval in intervals], 0.0, limit)
    if len(places) == 1:
        axes.vlines(places, low, high, color=colour, alpha=0.5)
    axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0.0)
    return means[-1]


def _title(axes: Axes, title: str, description: str) -> None:
    axes.set_title(title)
    axes.annotate(
        description, (0.0, 1.0), (0, 9), xycoords="axes fraction", textcoords="offset points",
        color="#666666", fontsize=9.5,
    )  # fmt: skip


def _name_lines(axes: Axes, names: list[tuple[str, str, float]]) -> None:
    """Write each line's name at its right end, moved apart where names would overlap."""
    low, high = axes.get_ylim()
    distance = 0.07 * (high - low)
    place = -np.inf
    for name, colour, height in sorted(names, key=lambda entry: entry[2]):
        place = max(height, place + distance)
        axes.annotate(
            name, (1.0, place), (8, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=colour, fontweight="bold",
            verticalalignment="center", annotation_clip=False,
        )  # fmt: skip
