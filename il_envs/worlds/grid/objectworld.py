"""Objectworld: coloured objects on a grid, and a reward that depends on how near they are.

What it tests: rewards that are not linear in the features. A cell within 3 cells of an object of
outer colour 1 and within 2 of one of outer colour 2 is worth 1, one within 3 of colour 1 only -1,
and any other 0; inner colours do not matter (Levine, Popovic and Koltun 2011, section 6).

Observation, Discrete(256): the cell, row by row in a grid of 16 by 16. Action, Discrete(4): up,
right, down, left; with probability 0.3 the move is drawn anew from all four, and an agent that
bumps into the edge stays. Features, 32: for the outer and the inner colours 1 and 2, whether the
nearest such object is at most 1, 2, ..., 8 cells away (Euclidean). An episode starts in any cell
and takes 50 steps.
"""

import numpy as np

from il_envs.exact.tabular_model import TabularModel
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.register import Grid, register_grid, transitions

SIZE = 16
OBJECTS = 20
HORIZON = 50
SLIP = 0.3
NEAR, NEARER = 3.0, 2.0  # cells
FURTHEST = 8  # cells, of the features
TEMPERATURE = 0.2
SEED = 0


def _make(seed: int = SEED) -> Grid:
    random = np.random.default_rng(seed)
    places = random.choice(SIZE**2, OBJECTS, replace=False)
    colours = random.integers(tiles.OBJECT_COLOURS, size=(OBJECTS, 2))  # outer, inner
    cells = np.stack(np.divmod(np.arange(SIZE**2), SIZE), axis=1)
    distances = np.linalg.norm(cells[:, None] - cells[places], axis=2)
    nearest = np.stack(
        [
            distances[:, colours[:, layer] == colour].min(1)
            for layer in range(2)
            for colour in range(tiles.OBJECT_COLOURS)
        ],
        axis=1,
    )
    near_first, near_second = nearest[:, 0] <= NEAR, nearest[:, 1] <= NEARER
    reward = np.where(near_first, np.where(near_second, 1.0, -1.0), 0.0)
    thresholds = np.arange(1, FURTHEST + 1)
    features = (nearest[:, :, None] <= thresholds).reshape(SIZE**2, -1).astype(np.float64)
    looks = np.full(SIZE**2, tiles.FLOOR)
    looks[places] = [tiles.object_tile(outer, inner) for outer, inner in colours]
    moves = transitions(np.zeros((SIZE, SIZE), np.bool_), SLIP, "anywhere")
    initial = np.full(SIZE**2, 1.0 / SIZE**2)
    model = TabularModel(moves, reward, initial, HORIZON, features=features)
    return Grid(model, (SIZE, SIZE), looks, TEMPERATURE)


objectworld_world = register_grid(
    "Objectworld",
    __doc__,
    (SIZE, SIZE),
    HORIZON,
    _make,
    goal="stay near both outer colours",
    redrawn=_make,
)
