"""The share of episodes outside the expert's support against time.

A learner's errors compound where it has seen no demonstrations (Ross and Bagnell 2010); the picture
shows when it gets there. It needs no data of its own, because the action traces are replayed.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from il_envs.learning.support import Support, evenly_spaced
from il_envs.world import World
from leaderboard.cells import Cell
from leaderboard.figures.drawing import draw_mean, name_lines, name_panel, panels
from leaderboard.figures.selected import finished_cells, how_many_seeds, rows_to_draw, worlds_of
from leaderboard.figures.styles import Style
from leaderboard.measures.support import expert_support
from leaderboard.runs import Results
from leaderboard.scores.rows import Row
from leaderboard.traces import replayed_episodes

MOST_EPISODES = 32
"""Number of evaluation episodes that are drawn; the first ones."""
MOST_STEPS = 101
"""Number of steps at which their states are looked at."""


def outside_support(results: Results) -> Figure | None:
    """Share of held-out episodes outside the expert's support against time, for the expert and
    every algorithm, one panel for each world where that share is known."""
    drawn = [(world, rows) for world in worlds_of(results) if (rows := _rows(results, world))]
    if not drawn:
        return None
    figure, all_axes = panels(len(drawn))
    for (world, rows), axes in zip(drawn, all_axes, strict=True):
        steps = evenly_spaced(world.dynamics.max_episode_steps + 1, MOST_STEPS)
        support = expert_support(world.name)
        assert support is not None  # the cells have a share
        names = []
        for row, style in rows:
            shares = [outside_curve(results, c, support, steps) for c in finished_cells(row)]
            last = draw_mean(axes, steps.astype(float), np.transpose(shares), (0.0, 1.0), style)
            names.append((row.algorithm, style.colour, last))
        axes.set(xlabel="step", xlim=(0.0, steps[-1]), ylim=(0.0, 1.05))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        description = f"{how_many_seeds(results)}; an ended episode stays in its last state"
        name_panel(axes, f"{world.name}: episodes outside the expert's support", description)
        name_lines(axes, names)
    return figure


def _rows(results: Results, world: World) -> list[tuple[Row, Style]]:
    """The rows to draw whose cells have a share of states outside the support."""
    return [
        (row, style)
        for row, style in rows_to_draw(results, world)
        if all(cell.outside_support is not None for cell in finished_cells(row))
    ]


def outside_curve(
    results: Results, cell: Cell, support: Support, steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of a cell's first evaluation episodes that are outside the support at each of the given
    steps, float64 [steps]. An episode that has ended stays in its last state.

    Raises:
        UserError: if the traces do not replay to the recorded states.
    """
    episodes = replayed_episodes(results.folder, cell, keep_observations=True, most=MOST_EPISODES)
    visited = np.concatenate(
        [episode.observations[np.minimum(steps, len(episode))] for episode in episodes]
    )
    return 1.0 - support.contains(visited).reshape(len(episodes), len(steps)).mean(0)
