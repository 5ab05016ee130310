"""Binaryworld: blue and white cells, and a reward that counts the blue ones around.

What it tests: rewards far from linear in the features. A cell is worth 1 if exactly 4 of the 9
cells around and under it are blue, -1 if exactly 5, and 0 otherwise (Wulfmeier, Ondruska and Posner
2015, section 5).

Observation, Discrete(256): the cell, row by row in a grid of 16 by 16. Action, Discrete(4): up,
right, down, left; with probability 0.3 the move is drawn anew from all four, and an agent that
bumps into the edge stays. Features, 9: whether each of the 9 cells is blue; none is beyond the
edge. An episode starts in any cell and takes 50 steps.
"""

import numpy as np

from il_envs.exact.tabular_model import TabularModel
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.register import Grid, register_grid, transitions

SIZE = 16
HORIZON = 50
SLIP = 0.3
TEMPERATURE = 0.2
SEED = 0


def _make(seed: int = SEED) -> Grid:
    blue = np.random.default_rng(seed).random((SIZE, SIZE)) < 0.5
    around = np.pad(blue, 1)
    features = np.stack(
        [around[i : i + SIZE, j : j + SIZE].ravel() for i in range(3) for j in range(3)], axis=1
    ).astype(np.float64)
    count = features.sum(1)
    reward = (count == 4).astype(np.float64) - (count == 5)
    looks = np.where(blue.ravel(), tiles.BLUE, tiles.WHITE)
    moves = transitions(np.zeros((SIZE, SIZE), np.bool_), SLIP, "anywhere")
    initial = np.full(SIZE**2, 1.0 / SIZE**2)
    model = TabularModel(moves, reward, initial, HORIZON, features=features)
    return Grid(model, (SIZE, SIZE), looks, TEMPERATURE)


binaryworld_world = register_grid(
    "Binaryworld",
    __doc__,
    (SIZE, SIZE),
    HORIZON,
    _make,
    redrawn=_make,
    goal="stay where just 4 of the 9 cells around you are blue",
)
