"""Registration of grid worlds, each given by its dynamics, reward and tiles.

A grid of R rows and C columns has S = R * C states; cell (row, column) is state row * C + column,
walls included. An episode always takes `model.horizon` steps and is then truncated. Terminal cells
are absorbing instead of ending the episode, so that its length reveals nothing about the reward.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Literal

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from il_envs.engine.tabular_table import fill_policy, fill_table
from il_envs.exact.soft_optimal import SoftOptimal, soft_optimal
from il_envs.exact.tabular_model import TabularModel
from il_envs.views import PlayKey, States, View, Views
from il_envs.world import Dynamics, Spaces, Split, Truth, World, register
from il_envs.worlds.grid import cells
from il_envs.worlds.grid.text import text

HEAT = 4.0
"""Temperature of the `hot` expert, which often errs, as a multiple of the expert's."""

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # (rows, columns)
MOVE_NAMES = ("up", "right", "down", "left")


@dataclass(frozen=True)
class Grid:
    """One grid world: its dynamics, its reward, and what its cells look like.

    Attributes:
        model: S = rows * columns states.
        shape: rows and columns.
        tiles: the look of each cell, a constant of `tiles`, int [S].
        temperature: temperature of its expert, the soft-optimal policy.
    """

    model: TabularModel
    shape: tuple[int, int]
    tiles: NDArray[np.int32]
    temperature: float


def transitions(
    walls: NDArray[np.bool_],
    slip: float,
    slip_to: Literal["sides", "anywhere"],
    absorbing: ArrayLike = (),
) -> list[sparse.csr_array]:
    """p(s'|s,a) for the four moves, csr [S, S'] each; an agent that bumps into a wall or the edge
    stays.

    Args:
        walls: bool [rows, columns].
        slip: probability that the chosen move is replaced by a random one.
        slip_to: the random move: "sides", one of the two at right angles; "anywhere", one of all
            four, the chosen one included.
        absorbing: states that are never left.
    """
    rows, columns = walls.shape
    cells = np.arange(rows * columns)
    row, column = np.divmod(cells, columns)
    destinations = []
    for down, right in MOVES:
        to_row = np.clip(row + down, 0, rows - 1)
        to_column = np.clip(column + right, 0, columns - 1)
        stays = walls[to_row, to_column] | walls[row, column] | np.isin(cells, absorbing)
        destinations.append(np.where(stays, cells, to_row * columns + to_column))
    matrices = []
    for move in range(len(MOVES)):
        share = np.zeros(len(MOVES))
        share[move] = 1.0 - slip
        if slip_to == "sides":
            share[[(move + 1) % 4, (move + 3) % 4]] = slip / 2.0
        else:
            share += slip / len(MOVES)
        outcomes = [(share[k], destinations[k]) for k in range(len(MOVES)) if share[k] > 0.0]
        probabilities = np.concatenate([np.full(cells.size, p) for p, _ in outcomes])
        places = (np.tile(cells, len(outcomes)), np.concatenate([to for _, to in outcomes]))
        matrices.append(sparse.coo_array((probabilities, places), (cells.size,) * 2).tocsr())
    return matrices


def register_grid(
    name: str,
    documentation: str,
    shape: tuple[int, int],
    horizon: int,
    make: Callable[[], Grid],
    actions: Sequence[str] = MOVE_NAMES,
    keys: Sequence[str] = MOVE_NAMES,
    goal: str = "",
    transfer: str | None = None,
    redrawn: Callable[[int], Grid] | None = None,
) -> World:
    """Register a grid world; the grid is made, and its expert computed, when first needed.

    Args:
        documentation: what the world tests, and its observation and action.
        shape: rows and columns.
        horizon: steps of an episode, the model's.
        actions: names of the actions.
        keys: names of the keyboard keys that play them, those of the gamepad's cross.
        goal: what a player should do, in a few words.
        transfer: name of the world for transfer tests of rewards learned in this one.
        redrawn: a grid of the same shape and horizon with its map or its reward drawn from a seed,
            for instances; it raises ValueError for one of the few seeds that draw no task.
    """
    params, truth = _made(make, transfer)

    def redraw(world: World, number: int) -> World:
        assert redrawn is not None
        params, truth = _made(partial(_first_drawn, redrawn, number), world.truth.transfer)
        return replace(world, dynamics=replace(world.dynamics, params=params), truth=truth)

    return register(
        World(
            name=name,
            documentation=documentation,
            dynamics=Dynamics(
                state=cells.STATE,
                params=params,
                reset=cells.reset,
                step=cells.step,
                observe=cells.observe,
                measure=cells.measure,
                measures=cells.MEASURES,
                control_period=0.25,
                max_episode_steps=horizon,
            ),
            spaces=Spaces(
                observation=gym.spaces.Discrete(shape[0] * shape[1]),
                action=gym.spaces.Discrete(len(actions)),
                action_names=tuple(actions),
            ),
            experts=cells.EXPERTS,
            views=Views(
                pictures=(
                    View(
                        "il_envs.worlds.grid.picture.scene:paint",
                        reward="il_envs.worlds.grid.picture.reward:paint_reward",
                    ),
                ),
                sounds="il_envs.worlds.grid.picture.sounds:cues",
                text=text,
                keys=tuple(
                    PlayKey(key, 0, i, name, pad=f"pad {key}")
                    for i, (key, name) in enumerate(zip(keys, actions, strict=True))
                ),
                goal=goal,
            ),
            truth=truth,
            redraw=None if redrawn is None else redraw,
        )
    )


def _first_drawn(redrawn: Callable[[int], Grid], seed: int) -> Grid:
    """The grid of the first seed from there on that draws a task."""
    while True:
        try:
            return redrawn(seed)
        except ValueError:
            seed += 1


def _made(
    make: Callable[[], Grid], transfer: str | None
) -> tuple[Callable[[Split], States], Truth]:
    """What the kernels read of a grid, and what is known of it, both made when first needed."""

    @cache
    def grid() -> Grid:
        return make()

    @cache
    def reference() -> SoftOptimal:
        return soft_optimal(grid().model, "causal", grid().temperature)

    @cache
    def table() -> States:
        return parameters(grid(), reference())

    def params(split: Split) -> States:
        return table()

    return params, Truth(model=lambda: grid().model, reference=reference, transfer=transfer)


def parameters(grid: Grid, reference: SoftOptimal) -> States:
    """The table that the kernels read, `cells.CELL` [S].

    Raises:
        ValueError: if the grid has more steps, actions or successors than a row has room for.
    """
    table = np.zeros(grid.model.states, cells.CELL)
    table["row"], table["column"] = np.divmod(np.arange(grid.model.states), grid.shape[1])
    table["tile"] = grid.tiles
    fill_table(table, grid.model, reference.policy)
    hot = soft_optimal(grid.model, "causal", HEAT * grid.temperature)
    fill_policy(table["hot_policy"], hot.policy)
    table.flags.writeable = False
    return table
