"""FourRooms and FourRoomsMoved: four rooms with doors, and the same rooms with doors elsewhere.

What they test: whether a learned reward captures the expert's goal or only its paths. The learned
reward of FourRooms is planned for in FourRoomsMoved, where the old doors are walled up.

Observation, Discrete(121): the cell, row by row in a grid of 11 by 11. Action, Discrete(4): up,
right, down, left; with probability 0.1 the move is drawn anew from all four, and an agent that
bumps into a wall stays. Reward: 1 for each step at the goal, which is never left, and 0 elsewhere.
An episode starts in any free cell and takes 50 steps. The rooms are those of Sutton, Precup and
Singh 1999.

FourRoomsStill and FourRoomsMovedStill are the same rooms with deterministic moves. Only the start
is random, so the causal and the posterior model agree: the weights of guided cost learning (Finn,
Levine and Abbeel 2016) are right once they are normalised for each start, and the premise of AIRL's
theorem (Fu, Luo and Levine 2018) holds.

In an instance the doors, those of both maps, and the goal are elsewhere.
"""

from itertools import chain

import numpy as np

from il_envs.exact.tabular_model import TabularModel
from il_envs.world import World
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.maps import read_map
from il_envs.worlds.grid.register import Grid, register_grid, transitions

MAP = """
.....#.....
.....#.....
...........
.....#.....
.....#.....
#.####.....
.....###.##
.....#.....
.....#...G.
...........
.....#.....
"""
MOVED_MAP = """
...........
.....#.....
.....#.....
.....#.....
.....#.....
####.#.....
.....#####.
...........
.....#...G.
.....#.....
.....#.....
"""
SHAPE = (11, 11)
HORIZON = 50
SLIP = 0.1
TEMPERATURE = 0.3


def _make(drawing: str, slip: float) -> Grid:
    layout = read_map(drawing)
    goal = layout.states_of(tiles.GOAL)
    reward = np.zeros(layout.tiles.size)
    reward[goal] = 1.0
    moves = transitions(layout.walls, slip, "anywhere", absorbing=goal)
    features = np.eye(reward.size)
    model = TabularModel(moves, reward, layout.initial, HORIZON, features=features)
    return Grid(model, layout.shape, layout.tiles, TEMPERATURE)


WALLS = (
    [(row, 5) for row in range(5)],
    [(row, 5) for row in range(7, 11)],
    [(5, column) for column in range(5)],
    [(6, column) for column in range(6, 11)],
)
"""The cells of the four walls, each with one door."""
CORNERS = [(5, 5), (6, 5)]


def _drawn_map(seed: int, moved: bool) -> str:
    """A drawing of the rooms with other doors and another goal, at no door of either map."""
    random = np.random.default_rng(seed)
    doors = [[wall[k] for k in random.choice(len(wall), 2, replace=False)] for wall in WALLS]
    grid = np.full(SHAPE, ".")
    for cell in (*CORNERS, *chain.from_iterable(WALLS)):
        grid[cell] = "#"
    far = grid == "."
    for row, column in chain.from_iterable(doors):
        far[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = False
    for first, second in doors:
        grid[second if moved else first] = "."
    rows, columns = np.nonzero(far)
    place = random.integers(rows.size)
    grid[rows[place], columns[place]] = "G"
    return "\n".join("".join(row) for row in grid)


def _register(name: str, moved: bool, slip: float, transfer: str) -> World:
    return register_grid(
        name,
        __doc__,
        SHAPE,
        HORIZON,
        lambda: _make(MOVED_MAP if moved else MAP, slip),
        goal="reach the goal, and stay",
        transfer=transfer,
        redrawn=lambda seed: _make(_drawn_map(seed, moved), slip),
    )


four_rooms_world = _register("FourRooms", False, SLIP, "FourRoomsMoved")
four_rooms_moved_world = _register("FourRoomsMoved", True, SLIP, "FourRooms")
four_rooms_still_world = _register("FourRoomsStill", False, 0.0, "FourRoomsMovedStill")
four_rooms_moved_still_world = _register("FourRoomsMovedStill", True, 0.0, "FourRoomsStill")
