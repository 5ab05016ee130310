"""Curves of a run: compounding error over time, survival and exact scores against labels, and
training returns against steps.

The first is after figure 2 ("dimensional drift") of A. Dharna, "Reinforcement Learning Special
Topic: Imitation Learning", 2019. It needs no data of its own, because the action traces are
replayed.
"""

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator, PercentFormatter
from numpy.typing import NDArray

from il_envs.learning.learning_curve import bin_ends
from il_envs.learning.rollout import run_episodes
from il_envs.world import ErrorMeasure, World, get_world
from leaderboard import UserError
from leaderboard.cells import Cell, Results, read_traces
from leaderboard.figures.drawing import (
    BAND_SEEDS,
    COLOURS,
    EXPERT_COLOUR,
    draw_mean,
    name_lines,
    name_panel,
    panels,
)
from leaderboard.rows import Row, Scale, return_of, row_of, scale_of, survival
from leaderboard.statistics import CONFIDENCE
from leaderboard.training import has_acted, training_returns


class TracePolicy:
    """A policy that replays the actions of a batch of episodes.

    Args:
        traces: the actions of each row, [T, ...].
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
        """The recorded actions of the next step; those of an ended episode do not matter.

        Raises:
            IndexError: if all traces have ended.
        """
        actions = self._actions[self._step]
        self._step += 1
        return actions, None


def compounding_error(results: Results) -> Figure | None:
    """Error against time for the expert and every algorithm, one panel for each world that has an
    error measure."""
    worlds = [(world, world.views.error) for world in _worlds(results) if world.views.error]
    if not worlds:
        return None
    figure, all_axes = panels(len(worlds))
    for (world, measure), axes in zip(worlds, all_axes, strict=True):
        names = []
        for row, colour in _lines(results, world):
            curves = np.array([error_curve(results, world, measure, c) for c in _finished(row)])
            times = world.dynamics.control_period * np.arange(curves.shape[1], dtype=np.float64)
            last = draw_mean(axes, times, curves.T, (0.0, measure.limit), colour)
            names.append((row.algorithm, colour, last))
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
        name_panel(axes, f"{world.name}: mean {measure.label}", budget + _description(results))
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
    folder = results.folder / cell.spec.folder
    traces = read_traces(folder, len(cell.episodes))
    seeds = [row.seed for row in cell.episodes]
    changed = UserError(f"{folder}: its traces do not replay to the recorded states")
    try:
        episodes = run_episodes(
            world, "held_out", lambda env: TracePolicy(traces), seeds, keep_observations=False
        )
    except (IndexError, ValueError) as error:  # too short, or not actions of this world
        raise changed from error
    if [e.state_hash for e in episodes] != [row.state_hash for row in cell.episodes]:
        raise changed
    errors = np.full((len(episodes), world.dynamics.max_episode_steps + 1), measure.limit)
    for row, episode in zip(errors, episodes, strict=True):
        known = len(episode) if episode.terminated else len(episode) + 1
        row[:known] = np.minimum(episode.measures[measure.measure][:known], measure.limit)
    return errors.mean(0)


def survival_by_labels(results: Results) -> Figure | None:
    """Share of held-out episodes that do not end early against the number of labels, one panel for
    each world without an exact reference, since only there episodes can end early."""
    exact = results.manifest.exact_worlds
    worlds = [world for world in _worlds(results) if world.name not in exact]
    if not worlds:
        return None
    figure, all_axes = panels(len(worlds))
    for world, axes in zip(worlds, all_axes, strict=True):
        expert = _reference_line(results, world, axes, "expert", survival)
        lines = _lines_by_labels(results, world, axes, survival, (0.0, 1.0))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(0.0, 1.05)
        name_panel(axes, f"{world.name}: held-out episodes finished", _description(results))
        name_lines(axes, [*expert, *lines])
    return figure


def score_by_labels(results: Results) -> Figure | None:
    """Score against the number of labels, one panel for each world with an exact reference."""
    scales = [(world, scale_of(results, world.name)) for world in _worlds(results)]
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
        name_panel(axes, f"{world.name}: score", _description(results, exact=True))
        name_lines(axes, [*best, *expert, *lines])
    return figure


def learning_curve(results: Results) -> Figure | None:
    """Training return against environment steps, one panel for each world in which an algorithm has
    acted. It is the return of the exploring policy on training episodes."""
    drawn = [(w, lines) for w in _worlds(results) if (lines := _training_lines(results, w))]
    if not drawn:
        return None
    figure, all_axes = panels(len(drawn))
    for (world, lines), axes in zip(drawn, all_axes, strict=True):
        random, expert = results.manifest.references(world.name)[:2]
        names = _reference_line(results, world, axes, expert, return_of)
        names += _reference_line(results, world, axes, random, return_of, (0, (1, 2)))
        for name, colour, steps, returns in lines:
            last = draw_mean(axes, steps, returns, (-np.inf, np.inf), colour)
            names.append((name, colour, last))
        axes.set(
            xlabel="environment steps", xlim=(0.0, results.manifest.profile.steps_in(world.name))
        )
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        name_panel(axes, f"{world.name}: return of training episodes", _seeds(results))
        name_lines(axes, names)
    return figure


def _training_lines(
    results: Results, world: World
) -> list[tuple[str, str, NDArray[np.float64], NDArray[np.float64]]]:
    """Name, colour, steps float64 [n] and returns float64 [n, seeds] of each algorithm that has
    acted, at the bins in which every seed has a mean return."""
    lines = []
    for row, colour in _algorithms(results, world):
        cells = _finished(row)
        if not all(map(has_acted, cells)):
            continue
        returns = np.array([training_returns(cell) for cell in cells])
        known = ~np.isnan(returns).any(0)
        steps = bin_ends(results.manifest.profile.steps_in(world.name))[known]
        if known.any():
            lines.append((row.algorithm, colour, steps, returns[:, known].T))
    return lines


def _score_in(scale: Scale) -> Callable[[Cell], float]:
    return lambda cell: scale.score(return_of(cell))


def _reference_line(
    results: Results,
    world: World,
    axes: Axes,
    name: str,
    value: Callable[[Cell], float],
    style: Any = (0, (4, 2)),
) -> list[tuple[str, str, float]]:
    """Draw the mean of a reference row, if it is there; returns what `name_lines` needs."""
    cells = _finished(row_of(results, name, world.name, None))
    if not cells:
        return []
    height = float(np.mean([value(cell) for cell in cells]))
    axes.axhline(height, color=EXPERT_COLOUR, linestyle=style, zorder=1.0)
    return [(name, EXPERT_COLOUR, height)]


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
    for row, colour in _algorithms(results, world):
        if results.manifest.declaration(row.algorithm).is_person:  # whose labels are no budget
            continue
        cells = {
            budget: _finished(row_of(results, row.algorithm, world.name, budget))
            for budget in results.manifest.budgets(row.algorithm, row.world)
        }
        if row.labels == 0:  # does not depend on the number of labels
            cells = dict.fromkeys(budgets, cells[0])
        places = np.array([budget for budget in cells if cells[budget]], np.float64)
        samples = [
            np.array([value(c) for c in finished]) for finished in cells.values() if finished
        ]
        least = min(least, *cells)  # of a recording that is shorter
        last = draw_mean(axes, places, samples, limits, colour, marker="o")
        names.append((row.algorithm, colour, last))
    axes.set_xscale("log")
    axes.set_xticks(budgets)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda labels, _: f"{labels:,.0f}"))
    axes.set(xlabel="expert labels", xlim=(least / 1.15, budgets[-1] * 1.15))
    return names


def _worlds(results: Results) -> list[World]:
    return [get_world(name) for name in results.manifest.worlds]


def _lines(results: Results, world: World) -> list[tuple[Row, str]]:
    """The rows to draw and their colours: the reference, then the algorithms by name."""
    expert = row_of(results, results.manifest.references(world.name)[1], world.name, None)
    experts = [(expert, EXPERT_COLOUR)] if _finished(expert) else []
    return experts + _algorithms(results, world)


def _algorithms(results: Results, world: World) -> list[tuple[Row, str]]:
    """The learners' rows at their last number of labels, by name, people last, and their colours;
    controls are shown in the table only."""
    manifest = results.manifest
    learners = [name for name in manifest.algorithms if not manifest.declaration(name).is_control]
    learners.sort(key=lambda name: (manifest.declaration(name).is_person, name))
    rows = [
        (row_of(results, name, world.name, manifest.budgets(name, world.name)[-1]), colour)
        for name, colour in zip(learners, cycle(COLOURS), strict=False)
        if world.name in manifest.algorithms[name]
    ]
    return [(row, colour) for row, colour in rows if _finished(row)]


def _finished(row: Row) -> list[Cell]:
    """The cells of a complete row that did not fail."""
    return [] if row.fault else [cell for cell in row.cells if cell.status == "ok"]


def _description(results: Results, exact: bool = False) -> str:
    episodes = f"{results.manifest.profile.evaluation_episodes} episodes each"
    return f"{_seeds(results)}, {'exact returns' if exact else episodes}"


def _seeds(results: Results) -> str:
    seeds = results.manifest.seeds
    if seeds >= BAND_SEEDS:
        return f"mean and {CONFIDENCE:.0%} interval over {seeds} training seeds"
    return "one training seed" if seeds == 1 else f"mean and each of {seeds} training seeds"
