"""Maps of episodes: where a learner is in the expert's support and where it leaves it, seen from
above, in worlds that have a plan."""

import hashlib
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.support import Support
from il_envs.views import Plan
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import Cell, read_traces
from leaderboard.figures.drawing import name_panel, panels
from leaderboard.figures.selected import finished_cells, learner_rows, worlds_of
from leaderboard.figures.styles import COLOURS, EXPERT
from leaderboard.measures.support import expert_support
from leaderboard.runs import Results
from leaderboard.scores.rows import row_of

MOST_EPISODES = 3
"""Number of evaluation episodes on a map; the first ones."""

MARGIN = 0.1
"""Distance from the learner's path to the edge of its map, as a share of the path's extent."""

INSIDE, OUTSIDE, OUTLINE = COLOURS[0], COLOURS[1], "#bbbbbb"


class Path(NamedTuple):
    """An episode seen from above."""

    places: NDArray[np.float64]  # [T + 1, 2]
    outside: NDArray[np.bool_]  # whether the state is outside the support, [T + 1]
    outlines: list[NDArray[np.float64]]  # [points, 2] each


def support_maps(results: Results) -> dict[str, Figure]:
    """A map of every algorithm's first evaluation episodes in every world that has a plan, by the
    picture's name; it is of the first training seed at the last number of labels.

    Raises:
        UserError: if the traces do not replay to the recorded states.
    """
    figures = {}
    for world in worlds_of(results):
        support, plan = expert_support(world.name), world.views.plan
        experts = finished_cells(
            row_of(results, results.manifest.references(world.name)[1], world.name, None)
        )
        if support is None or plan is None or not experts:
            continue
        for row, _ in learner_rows(results, world):
            learner = finished_cells(row)[0]
            paths = [
                [path_of(results, cell, number, plan, support) for cell in (experts[0], learner)]
                for number in range(min(MOST_EPISODES, len(learner.episodes)))
            ]
            figures[f"map_{world.name}_{row.algorithm}"] = _map(paths, learner)
    return figures


def path_of(results: Results, cell: Cell, number: int, plan: Plan, support: Support) -> Path:
    """One evaluation episode of a cell, replayed state by state.

    Raises:
        UserError: if its trace does not replay to the recorded states.
    """
    folder, row = results.folder / cell.spec.folder, cell.episodes[number]
    env = WorldVectorEnv(cell.spec.world, 1, "held_out", "Disabled")
    observation, _ = env.reset(seed=[row.seed])
    observations, states = [observation], [env.states.copy()]
    for action in read_traces(folder, number + 1)[number]:
        observations.append(env.step(action[None])[0])
        states.append(env.states.copy())
    visited = np.concatenate(states)
    if hashlib.sha256(visited[1:].tobytes()).hexdigest() != row.state_hash:
        raise UserError(f"{folder}: its traces do not replay to the recorded states")
    params = get_world(cell.spec.world).dynamics.params("held_out")
    return Path(
        plan.places(visited, params),
        ~support.contains(np.concatenate(observations)),
        plan.outlines(visited[0], params),
    )


def _map(paths: list[list[Path]], cell: Cell) -> Figure:
    """A learner's paths over those of the expert in the same episodes, a panel each.

    Args:
        paths: the expert's and the learner's path in each episode.
        cell: the learner's.
    """
    figure, all_axes = panels(len(paths), width=4.6)
    most = get_world(cell.spec.world).dynamics.max_episode_steps
    for number, ((expert, learner), axes) in enumerate(zip(paths, all_axes, strict=True)):
        row = cell.episodes[number]
        for outline in learner.outlines:
            axes.plot(*outline.T, color=OUTLINE, linewidth=1.0)
        axes.plot(*expert.places.T, color=EXPERT.colour, linewidth=0.7, alpha=0.7)
        for shown, colour in ((~learner.outside, INSIDE), (learner.outside, OUTSIDE)):
            axes.plot(*learner.places[shown].T, ".", color=colour, markersize=3.5, zorder=2.5)
        if row.terminated:
            axes.plot(*learner.places[-1], "X", color="black", markersize=9.0, zorder=3.0)
        low, high = learner.places.min(0), learner.places.max(0)
        reach = (0.5 + MARGIN) * (high - low).max()
        limits = np.add.outer((low + high) / 2.0, (-reach, reach))
        axes.set(aspect="equal", xticks=[], yticks=[], xlim=limits[0], ylim=limits[1])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        ending = "terminated after " if row.terminated else ""
        name_panel(
            axes,
            f"{cell.spec.algorithm}: {learner.outside.mean():.0%} outside",
            f"{cell.spec.world}, episode {number}: {ending}{row.length:,} of {most:,} steps",
        )
    _explain(figure)
    return figure


def _explain(figure: Figure) -> None:
    """A legend under the panels."""
    kinds = [
        Line2D([], [], color=INSIDE, marker=".", linestyle="", label="in the expert's support"),
        Line2D([], [], color=OUTSIDE, marker=".", linestyle="", label="outside"),
        Line2D([], [], color=EXPERT.colour, linewidth=0.7, label="the expert's path"),
        Line2D([], [], color="black", marker="X", linestyle="", label="terminated"),
    ]
    figure.legend(
        handles=kinds, loc="outside lower center", frameon=False, ncols=4, markerscale=1.5
    )
