"""Curves of a run: compounding error over time, survival and exact scores against labels, and
training returns against steps.

The first is after figure 2 ("dimensional drift") of A. Dharna, "Reinforcement Learning Special
Topic: Imitation Learning", 2019. It needs no data of its own, because the action traces are
replayed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from il_envs.learning.learning_curve import bin_ends
from il_envs.views import ErrorMeasure
from il_envs.world import World
from leaderboard.cells import Cell
from leaderboard.figures.drawing import (
    draw_mean,
    name_lines,
    name_panel,
    panels,
)
from leaderboard.figures.selected import (
    finished_cells,
    how_many_episodes,
    how_many_seeds,
    learner_rows,
    rows_to_draw,
    worlds_of,
)
from leaderboard.figures.styles import EXPERT, Style
from leaderboard.runs import Results
from leaderboard.scores.rows import Scale, return_of, row_of, scale_of, survival
from leaderboard.scores.training import has_acted, training_returns
from leaderboard.traces import replayed_episodes


def compounding_error(results: Results) -> Figure | None:
    """Error against time for the expert and every algorithm, one panel for each world that has an
    error measure."""
    worlds = [(world, world.views.error) for world in worlds_of(results) if world.views.error]
    if not worlds:
        return None
    figure, all_axes = panels(len(worlds))
    for (world, measure), axes in zip(worlds, all_axes, strict=True):
        names = []
        for row, style in rows_to_draw(results, world):
            curves = np.array(
                [error_curve(results, world, measure, c) for c in finished_cells(row)]
            )
            times = world.dynamics.control_period * np.arange(curves.shape[1], dtype=np.float64)
            last = draw_mean(axes, times, curves.T, (0.0, measure.limit), style)
            names.append((row.algorithm, style.colour, last))
        axes.axhline(measure.limit, color="#999999", linewidth=1.0, linestyle=(0, (2, 2)))
        axes.annotate(
            "episode terminated", (0.0, measure.limit), (4, 4), textcoords="offset points",
            color="#777777", fontsize=9.0,
        )  # fmt: skip
        axes.set(
            xlabel="time (s)",
            xlim=(0.0, world.dynamics.max_episode_steps * world.dynamics.control_period),
            ylim=(0.0, measure.limit * 1.1),
        )
        budget = f"at most {results.manifest.profile.labels[-1]:,} expert labels, "
        name_panel(axes, f"{world.name}: mean {measure.label}", budget + how_many_episodes(results))
        name_lines(axes, names)
    return figure


def error_curve(
    results: Results, world: World, measure: ErrorMeasure, cell: Cell
) -> NDArray[np.float64]:
    """Mean over a cell's evaluation episodes of the world's error after each step, float64 [T + 1].

    An episode that has terminated counts as the error's limit from then on.

    Raises:
        UserError: if the traces do not replay to the recorded states.
    """
    episodes = replayed_episodes(results.folder, cell, keep_observations=False)
    errors = np.full((len(episodes), world.dynamics.max_episode_steps + 1), measure.limit)
    for row, episode in zip(errors, episodes, strict=True):
        known = len(episode) if episode.terminated else len(episode) + 1
        row[:known] = np.minimum(episode.measures[measure.measure][:known], measure.limit)
    return errors.mean(0)


def survival_by_labels(results: Results) -> Figure | None:
    """Share of held-out episodes that do not end early against the number of labels, one panel for
    each world without an exact reference, since only there episodes can end early."""
    exact = results.manifest.exact_worlds
    worlds = [world for world in worlds_of(results) if world.name not in exact]
    if not worlds:
        return None
    figure, all_axes = panels(len(worlds))
    for world, axes in zip(worlds, all_axes, strict=True):
        expert = _reference_line(results, world, axes, "expert", survival)
        lines = _lines_by_labels(results, world, axes, survival, (0.0, 1.0))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(0.0, 1.05)
        name_panel(axes, f"{world.name}: held-out episodes finished", how_many_episodes(results))
        name_lines(axes, [*expert, *lines])
    return figure


def score_by_labels(results: Results) -> Figure | None:
    """Score against the number of labels, if there are several numbers of them, one panel for each
    world with an exact reference."""
    if len(results.manifest.profile.labels) == 1:
        return None  # `scores` has it
    scales = [(world, scale_of(results, world.name)) for world in worlds_of(results)]
    exact = [(w, s) for w, s in scales if s is not None and w.name in results.manifest.exact_worlds]
    if not exact:
        return None
    figure, all_axes = panels(len(exact))
    for (world, scale), axes in zip(exact, all_axes, strict=True):
        score = _score_in(scale)
        best = _reference_line(results, world, axes, "optimal", score)
        expert = _reference_line(results, world, axes, "soft-optimal", score, "-")
        lines = _lines_by_labels(results, world, axes, score, (-np.inf, np.inf))
        heights = [height for line in axes.lines for height in np.atleast_1d(line.get_ydata())]
        low, high = min(0.0, *heights), max(1.0, *heights)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.08 * (high - low))
        name_panel(axes, f"{world.name}: score", how_many_episodes(results, exact=True))
        name_lines(axes, [*best, *expert, *lines])
    return figure


def learning_curve(results: Results) -> Figure | None:
    """Training return against environment steps, one panel for each world in which an algorithm has
    acted. It is the return of the exploring policy on training episodes."""
    drawn = [(w, lines) for w in worlds_of(results) if (lines := _training_lines(results, w))]
    if not drawn:
        return None
    figure, all_axes = panels(len(drawn))
    for (world, lines), axes in zip(drawn, all_axes, strict=True):
        random, expert = results.manifest.references(world.name)[:2]
        names = _reference_line(results, world, axes, expert, return_of)
        names += _reference_line(results, world, axes, random, return_of, (0, (1, 2)))
        for name, style, steps, returns in lines:
            last = draw_mean(axes, steps, returns, (-np.inf, np.inf), style)
            names.append((name, style.colour, last))
        axes.set(
            xlabel="environment steps", xlim=(0.0, results.manifest.profile.steps_in(world.name))
        )
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        name_panel(axes, f"{world.name}: return of training episodes", how_many_seeds(results))
        name_lines(axes, names)
    return figure


def _training_lines(
    results: Results, world: World
) -> list[tuple[str, Style, NDArray[np.float64], NDArray[np.float64]]]:
    """Name, style, steps float64 [n] and returns float64 [n, seeds] of each algorithm that has
    acted, at the bins in which every seed has a mean return."""
    lines = []
    for row, style in learner_rows(results, world):
        cells = finished_cells(row)
        if not all(map(has_acted, cells)):
            continue
        returns = np.array([training_returns(cell) for cell in cells])
        known = ~np.isnan(returns).any(0)
        steps = bin_ends(results.manifest.profile.steps_in(world.name))[known]
        if known.any():
            lines.append((row.algorithm, style, steps, returns[:, known].T))
    return lines


def _score_in(scale: Scale) -> Callable[[Cell], float]:
    return lambda cell: scale.score(return_of(cell))


def _reference_line(
    results: Results,
    world: World,
    axes: Axes,
    name: str,
    value: Callable[[Cell], float],
    dashes: Any = (0, (4, 2)),
) -> list[tuple[str, str, float]]:
    """Draw the mean of a reference row, if it is there; returns what `name_lines` needs."""
    cells = finished_cells(row_of(results, name, world.name, None))
    if not cells:
        return []
    height = float(np.mean([value(cell) for cell in cells]))
    axes.axhline(height, color=EXPERT.colour, linestyle=dashes, zorder=1.0)
    return [(name, EXPERT.colour, height)]


def _lines_by_labels(
    results: Results,
    world: World,
    axes: Axes,
    value: Callable[[Cell], float],
    limits: tuple[float, float],
) -> list[tuple[str, str, float]]:
    """Draw the value of each algorithm against the labels; returns what `name_lines` needs."""
    budgets = results.manifest.profile.labels
    least = budgets[0]
    names = []
    for row, style in learner_rows(results, world):
        if results.manifest.declaration(row.algorithm).is_person:  # whose labels are no budget
            continue
        cells = {
            budget: finished_cells(row_of(results, row.algorithm, world.name, budget))
            for budget in results.manifest.budgets(row.algorithm, row.world)
        }
        if row.labels == 0:  # does not depend on the number of labels
            cells = dict.fromkeys(budgets, cells[0])
        places = np.array([budget for budget in cells if cells[budget]], np.float64)
        samples = [
            np.array([value(c) for c in finished]) for finished in cells.values() if finished
        ]
        least = min(least, *cells)  # of a recording that is shorter
        last = draw_mean(axes, places, samples, limits, style, dots=True)
        names.append((row.algorithm, style.colour, last))
    axes.set_xscale("log")
    axes.set_xticks(budgets)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda labels, _: f"{labels:,.0f}"))
    axes.set(xlabel="expert labels", xlim=(least / 1.15, budgets[-1] * 1.15))
    return names
