"""RiskyBridge: a short bridge over a river, from which the agent may slip, and a long way round.

What it tests: which model of soft optimality a method assumes. The causal expert plans with the
true dynamics, and walks round. The posterior model plans with optimistic dynamics (conditioned on
success, transitions tilt towards reward), and crosses the bridge; fitted to the expert's
demonstrations, it predicts crossings that the expert never makes.

Observation, Discrete(63): the cell, row by row in a grid of 7 rows and 9 columns. Action,
Discrete(4): up, right, down, left; with probability 0.2 the move is to one of the two sides
instead, and an agent that bumps into the edge stays. Reward: -1 on land and on the bridge, -3 in
the water, 0 at the goal; water and goal are never left. An episode starts left of the bridge and
takes 30 steps. In an instance the rewards of cells differ, those of land and bridge by up to a
fifth, and the water's is from -4 to -2.5.
"""

import numpy as np

from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.maps import read_map
from il_envs.worlds.grid.register import Grid, register_grid, transitions

MAP = """
.........
.........
..~~~~~..
S.=====.G
..~~~~~..
.........
.........
"""
SHAPE = (7, 9)
HORIZON = 30
SLIP = 0.2
STEP_REWARD, WATER_REWARD = -1.0, -3.0
TEMPERATURE = 0.5


def _redrawn(seed: int) -> Grid:
    random = np.random.default_rng(seed)
    factors = random.uniform(0.8, 1.2, SHAPE[0] * SHAPE[1])
    return _make(STEP_REWARD * factors, random.uniform(-4.0, -2.5))


def _make(steps: float | FloatArray = STEP_REWARD, drowning: float = WATER_REWARD) -> Grid:
    layout = read_map(MAP)
    water, goal = layout.states_of(tiles.WATER), layout.states_of(tiles.GOAL)
    reward = np.full(layout.tiles.size, steps)
    reward[water] = drowning
    reward[goal] = 0.0
    moves = transitions(layout.walls, SLIP, "sides", absorbing=np.concatenate([water, goal]))
    features = np.eye(reward.size)
    model = TabularModel(moves, reward, layout.initial, HORIZON, features=features)
    return Grid(model, layout.shape, layout.tiles, TEMPERATURE)


risky_bridge_world = register_grid(
    "RiskyBridge",
    __doc__,
    SHAPE,
    HORIZON,
    _make,
    goal="reach the goal, by the bridge or around",
    redrawn=_redrawn,
)
