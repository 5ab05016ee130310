"""Performance profiles: the share of training runs that score above a level, for every level.

Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", section
4.2. A mean hides whether all runs are middling or half of them fail; a profile does not.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from leaderboard.cells import Results
from leaderboard.figures.drawing import name_lines, name_panel, panels
from leaderboard.figures.selected import learner_rows, worlds_of
from leaderboard.rows import scale_of, scores_of

Lines = list[tuple[str, str, list[NDArray[np.float64]]]]
"""Name, colour and the scores float64 [seeds] in each world."""


def performance_profiles(results: Results) -> Figure | None:
    """The profile of every learner, one panel for each world, and one for all worlds together if
    there are several. A failed run counts as the random policy, as in the table."""
    in_worlds = {
        world.name: lines
        for world in worlds_of(results)
        if (lines := _lines(results, [world.name]))
    }
    worlds = results.manifest.worlds
    together = (
        {"all worlds": lines} if len(worlds) > 1 and (lines := _lines(results, worlds)) else {}
    )
    drawn = together | in_worlds
    if not drawn:
        return None
    figure, all_axes = panels(len(drawn))
    for (title, lines), axes in zip(drawn.items(), all_axes, strict=True):
        _draw(axes, lines)
        name_panel(axes, f"{title}: runs above a score", _how_many(results, len(lines[0][2])))
    return figure


def performance_profile(
    worlds: Sequence[NDArray[np.float64]], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of runs that score above each level, a mean over worlds, float64 [levels].

    Args:
        worlds: the scores in each world, float64 [seeds].
        levels: float64 [levels].
    """
    return np.mean([(scores[:, None] > levels).mean(0) for scores in worlds], 0)


def _lines(results: Results, worlds: Sequence[str]) -> Lines:
    """The learners that have a complete row in all of these worlds."""
    by_name: dict[str, tuple[str, list[NDArray[np.float64]]]] = {}
    for world in worlds_of(results):
        scale = scale_of(results, world.name)
        if world.name not in worlds or scale is None:
            continue
        for row, colour in learner_rows(results, world):
            by_name.setdefault(row.algorithm, (colour, []))[1].append(scores_of(row, scale))
    return [
        (name, colour, scores)
        for name, (colour, scores) in by_name.items()
        if len(scores) == len(worlds)
    ]


def _draw(axes: Axes, lines: Lines) -> None:
    """A staircase for each line, and their names, from the best mean down."""
    everything = np.concatenate([scores for _, _, worlds in lines for scores in worlds])
    low, high = min(0.0, everything.min()), max(1.0, everything.max())
    ends = np.array([low - 0.03 * (high - low), high + 0.03 * (high - low)])
    for _, colour, worlds in lines:
        levels = np.sort(np.concatenate([*worlds, ends]))
        axes.step(levels, performance_profile(worlds, levels), where="post", color=colour)
    axes.set(xlabel="score", xlim=ends, ylim=(0.0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    lines = sorted(lines, key=lambda line: np.mean([scores.mean() for scores in line[2]]))
    name_lines(axes, [(name, colour, 0.0) for name, colour, _ in lines])


def _how_many(results: Results, worlds: int) -> str:
    seeds = results.manifest.seeds
    runs = f"{seeds} training seed{'s' if seeds > 1 else ''}"
    return f"share of {runs}" + (f" in each of {worlds} worlds" if worlds > 1 else "")
