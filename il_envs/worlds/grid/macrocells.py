"""Macrocells: a large grid whose reward is constant in each of 64 square regions.

What it tests: how few demonstrations a method needs if it knows the features of the reward. A
cloned policy has to see every cell, while the reward has only 64 numbers (Abbeel and Ng 2004,
section 5.1).

Observation, Discrete(1024): the cell, row by row in a grid of 32 by 32. Action, Discrete(4): up,
right, down, left; with probability 0.3 the move is drawn anew from all four, and an agent that
bumps into the edge stays. Reward: that of the agent's region; about one region in ten has a nonzero
one, and the greatest is 1. Features: one for each region. An episode starts in any cell and takes
100 steps, which is the effective horizon of the paper's discount, 0.99; the paper's grid is
`macrocells(128)`.
"""

import numpy as np

from il_envs.exact.tabular_model import TabularModel
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.register import Grid, register_grid, transitions

SIZE = 32
REGIONS = 8  # in each direction
HORIZON = 100
SLIP = 0.3
REWARDED = 0.1  # of the regions
TEMPERATURE = 0.2
SEED = 0


def macrocells(size: int = SIZE, seed: int = SEED) -> TabularModel:
    """The model of a grid of size by size cells; the seed draws the regions' rewards.

    Raises:
        ValueError: if the size is not a multiple of the 8 regions in each direction.
    """
    if size < REGIONS or size % REGIONS:
        raise ValueError(f"size must be a multiple of {REGIONS}, not {size}")
    random = np.random.default_rng(seed)
    weights = np.where(random.random(REGIONS**2) < REWARDED, random.random(REGIONS**2), 0.0)
    if not weights.any():
        raise ValueError(f"seed {seed} draws no region that has a reward; choose another")
    weights /= weights.max()
    row, column = np.divmod(np.arange(size**2), size)
    width = size // REGIONS
    features = np.eye(REGIONS**2)[row // width * REGIONS + column // width]
    moves = transitions(np.zeros((size, size), np.bool_), SLIP, "anywhere")
    initial = np.full(size**2, 1.0 / size**2)
    return TabularModel(moves, features @ weights, initial, HORIZON, features=features)


def _make(seed: int = SEED) -> Grid:
    looks = np.full(SIZE**2, tiles.FLOOR)
    return Grid(macrocells(seed=seed), (SIZE, SIZE), looks, TEMPERATURE)


macrocells_world = register_grid(
    "Macrocells",
    __doc__,
    (SIZE, SIZE),
    HORIZON,
    _make,
    goal="find the region worth most, and stay",
    redrawn=_make,
)
