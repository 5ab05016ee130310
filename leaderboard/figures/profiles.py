"""Performance profiles: the share of training runs that score above a level, for every level.

Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice", section
4.2. A mean hides whether all runs are middling or half of them fail; a profile does not.

A profile has a band over training seeds and, where returns are sampled, over episodes, which are
crossed with them (`leaderboard.scores.crossed`). Resampling the seeds, as Agarwal et al. do, gives
it no width where all runs are on one side of a level, and covers far too seldom with few of them.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from scipy.special import betaincinv

from leaderboard.figures.drawing import name_lines, name_panel, panels, score_limits
from leaderboard.figures.selected import learner_rows, worlds_of
from leaderboard.figures.styles import Style
from leaderboard.runs import Results
from leaderboard.scores.crossed import crossed_mean
from leaderboard.scores.rows import crossed_scores_of, scale_of
from leaderboard.scores.statistics import CONFIDENCE
from leaderboard.texts import count_of

Lines = list[tuple[str, Style, list[NDArray[np.float64]]]]
"""Name, style and the scores float64 [seeds, episodes] in each world, as in `crossed`."""

LEVELS = 201
"""Number of levels at which bands are drawn."""
RESAMPLES = 1_000
"""Draws behind a band."""


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
    figure, all_axes = panels(len(drawn), width=6.0, height=3.8, most_columns=2)
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


def profile_band(
    worlds: Sequence[NDArray[np.float64]], levels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper end of a profile's 95% band at each level, float64 [levels] each; NaN
    if a world has one seed.

    The runs above a level are a binomial sample, whose share p has Clopper and Pearson's bounds
    (1934): with k of n above, those of Beta(k, n - k + 1) and Beta(k + 1, n - k). What the episodes
    have in common moves all scores together: by a Student's t times its standard error in
    `crossed_mean`. Draws of both, worlds independent of each other, give the distributions of a
    lower and an upper bound for the mean over worlds; the band is from the low quantile of the one
    to the high quantile of the other. It holds at each level, not at all of them at once.

    Args:
        worlds: the scores in each world, float64 [seeds, episodes].
        levels: float64 [levels].
    """
    if min(map(len, worlds)) < 2:
        return np.full(len(levels), np.nan), np.full(len(levels), np.nan)
    generator = np.random.default_rng(0)  # the same results, the same picture
    low, high = np.zeros((2, RESAMPLES, len(levels)))
    for scores in worlds:
        episodes = crossed_mean(scores).episodes
        degrees = min(float(episodes.degrees), 1e6)
        moved = np.sqrt(episodes.variance) * generator.standard_t(degrees, RESAMPLES)
        runs = scores.mean(1) + moved[:, None]  # [draws, seeds]
        above = (runs[:, :, None] > levels).sum(1)  # [draws, levels]
        chance = generator.random((RESAMPLES, 1))  # the same at all levels, so that bounds fall
        below = len(scores) - above
        low += np.where(above > 0, betaincinv(np.maximum(above, 1), below + 1, chance), 0.0)
        high += np.where(below > 0, betaincinv(above + 1, np.maximum(below, 1), chance), 1.0)
    tail = (1.0 - CONFIDENCE) / 2.0
    count = len(worlds)
    return np.quantile(low / count, tail, 0), np.quantile(high / count, 1.0 - tail, 0)


def _lines(results: Results, worlds: Sequence[str]) -> Lines:
    """The learners that have a complete row in all of these worlds."""
    by_name: dict[str, tuple[Style, list[NDArray[np.float64]]]] = {}
    for world in worlds_of(results):
        scale = scale_of(results, world.name)
        if world.name not in worlds or scale is None:
            continue
        for row, style in learner_rows(results, world):
            scores = crossed_scores_of(row, scale)
            by_name.setdefault(row.algorithm, (style, []))[1].append(scores)
    return [
        (name, style, scores)
        for name, (style, scores) in by_name.items()
        if len(scores) == len(worlds)
    ]


def _draw(axes: Axes, lines: Lines) -> None:
    """A staircase with its band for each line, and their names, from the best mean down."""
    runs = {name: [scores.mean(1) for scores in worlds] for name, _, worlds in lines}
    everything = np.concatenate([scores for worlds in runs.values() for scores in worlds])
    ends = np.array(score_limits(everything))
    grid = np.linspace(ends[0], ends[1], LEVELS)
    strength = min(0.45, 1.5 / len(lines))  # many bands lie over each other
    for name, style, worlds in lines:
        levels = np.sort(np.concatenate([*runs[name], ends]))
        shares = performance_profile(runs[name], levels)
        axes.step(levels, shares, where="post", color=style.colour, linestyle=style.dashes)
        band = profile_band(worlds, grid)
        axes.fill_between(
            grid, *band, step="mid", facecolor=(style.colour, strength / 4.0),
            edgecolor=(style.colour, strength), linewidth=0.8,
        )  # fmt: skip
    axes.set(xlabel="score", xlim=ends, ylim=(0.0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    lines = sorted(lines, key=lambda line: np.mean([scores.mean() for scores in line[2]]))
    name_lines(axes, [(name, style.colour, 0.0) for name, style, _ in lines])


def _how_many(results: Results, worlds: int) -> str:
    seeds = results.manifest.seeds
    runs = count_of(seeds, "training seed")
    band = f"; {CONFIDENCE:.0%} bands at each level" if seeds > 1 else ""
    return f"share of {runs}" + (f" in each of {worlds} worlds" if worlds > 1 else "") + band
