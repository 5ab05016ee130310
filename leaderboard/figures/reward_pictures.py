"""Pictures of learned rewards beside the true ones: on the cells of a grid, or over the two
coordinates of a world's probe.

A positive scale and an added constant do not change the optimal policy of a reward. So a learned
reward is drawn scaled and shifted to the mean and the standard deviation of the true one.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from il_envs.exact.checks import FloatArray
from il_envs.views import Probe
from il_envs.world import World, get_world
from il_envs.worlds.grid import tiles
from leaderboard.cells import Cell
from leaderboard.figures.drawing import name_panel, panels
from leaderboard.measures.references import required_reference
from leaderboard.reward_maps import REFERENCE_STATES, RewardMap, kept_reward_map
from leaderboard.runs import Results
from leaderboard.scores.rows import headline_row

Image = np.ma.MaskedArray[tuple[int, int], np.dtype[np.float64]]  # [rows, columns], from the top

COLOURS = "viridis"
WALL = "#d8d8d8"


def reward_pictures(results: Results) -> dict[str, Figure]:
    """A picture for every algorithm and world with a learned reward that can be drawn, by the
    picture's name; it is of the first training seed at the last number of labels.

    Raises:
        UserError: if a reward map is damaged.
    """
    figures = {}
    for algorithm, worlds in results.manifest.algorithms.items():
        for world in worlds:
            row = headline_row(results, algorithm, world)
            finished = not row.fault and row.cells[0].status == "ok"
            figure = _picture(results.folder, row.cells[0]) if finished else None
            if figure is not None:
                figures[f"reward_{world}_{algorithm}"] = figure
    return figures


def scaled_to(true: Image, learned: Image) -> Image:
    """A learned reward scaled and shifted to the mean and the standard deviation of the true one; a
    constant reward is only shifted."""
    deviation = learned.std()
    scale = true.std() / deviation if deviation > 0.0 else 0.0
    return true.mean() + scale * (learned - learned.mean())


def _picture(folder: Path, cell: Cell) -> Figure | None:
    """The picture of a cell's reward; None if it has no reward, or none that can be drawn."""
    world = get_world(cell.spec.world)
    kept = kept_reward_map(folder / cell.spec.folder, world)
    if "own" in kept and _is_grid(world):
        return _over_cells(world, cell.spec.algorithm, kept["own"])
    if "learned" in kept and world.views.probe is not None:
        return _over_probe(world.views.probe, world.name, cell.spec.algorithm, kept)
    return None


def _is_grid(world: World) -> bool:
    return {"row", "column", "tile"} <= set(world.dynamics.params("held_out").dtype.names or ())


def _over_cells(world: World, algorithm: str, table: FloatArray) -> Figure:
    reference = required_reference(world)  # there are tables of exact worlds alone
    cells = world.dynamics.params("held_out")
    walls = cells["tile"] == tiles.WALL
    shape = int(cells["row"].max()) + 1, int(cells["column"].max()) + 1
    true, learned = (
        np.ma.MaskedArray(reward.mean(1), walls).reshape(shape)
        for reward in (reference.model.reward_at(0), table)
    )
    what = f"{world.name}: mean over actions"
    figure = _pair(true, learned, what, algorithm)
    for axes in figure.axes[:2]:
        axes.set(xticks=[], yticks=[], facecolor=WALL)
        axes.spines[:].set_visible(False)
    return figure


def _over_probe(probe: Probe, world: str, algorithm: str, kept: RewardMap) -> Figure:
    true, learned = (np.ma.MaskedArray(kept[name].T[::-1], False) for name in ("true", "learned"))
    first, second = kept["first"], kept["second"]
    extent = first[0], first[-1], second[0], second[-1]
    what = f"{world}: mean over {REFERENCE_STATES} states of the expert, dots"
    figure = _pair(true, learned, what, algorithm, extent)
    for axes in figure.axes[:2]:
        axes.plot(*kept["visited"].T, ".", color="white", markersize=4.0, alpha=0.9)
        axes.set(xlabel=probe.labels[0], ylabel=probe.labels[1], aspect="auto")
    return figure


def _pair(
    true: Image,
    learned: Image,
    what: str,
    algorithm: str,
    extent: tuple[float, float, float, float] | None = None,
) -> Figure:
    """The true reward on the left, the learned one on the right, with the same colours."""
    learned = scaled_to(true, learned)
    limits = min(true.min(), learned.min()), max(true.max(), learned.max())
    figure, all_axes = panels(2, width=4.6)
    for axes, reward, title, description in zip(
        all_axes,
        (true, learned),
        ("the true reward", f"what {algorithm} learned"),
        (what, "seed 0, scaled to the true one's mean and deviation"),
        strict=True,
    ):
        image = axes.imshow(
            reward,
            COLOURS,
            clim=limits,
            extent=extent,
            aspect="equal" if extent is None else "auto",
        )
        axes.grid(visible=False)
        name_panel(axes, title[0].upper() + title[1:], description)
    figure.colorbar(image, ax=all_axes, shrink=0.85, pad=0.02).outline.set_visible(False)
    return figure
