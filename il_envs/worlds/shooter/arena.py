"""Arenas: walls on a grid of cells, and tables of the ways and views between every two cells.

An arena is 24 x 24 m inside its outer wall, in square cells of 1.5 m; a cell is free or wall from
floor to ceiling. Arenas are procedural and look the same turned by half a circle. Ways are the
shortest ones over the eight neighbours of a cell, never across the corner of a wall; for each goal
they make a flow field.
"""

from functools import cache

import numpy as np

from il_envs.engine.kernels import kept_kernel
from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Record, Split
from il_envs.worlds.shooter.sight import CELL, is_clear

INSIDE = 16  # cells, from outer wall to outer wall
SIDE = INSIDE + 2  # cells, with the outer wall
CELLS = INSIDE * INSIDE
SIZE = SIDE * CELL  # m; positions run from 0 to here, the outer wall included

BLOCKS = 9  # of wall, each with its mirror image
BLOCK_MAX = 4  # cells, the side of a block; the least is 1
FREE_SHARE_MIN, FREE_SHARE_MAX = 0.66, 0.78  # of the cells inside
HEALTH, AMMUNITION = 0, 1
PICKUPS = 4  # those of even number are health, the others ammunition
PICKUP_DISTANCE_MIN = 14  # half cells, of way between two pickups

STRAIGHT, DIAGONAL = 2, 3  # cost of a step to a neighbour, in half cells
FAR = 255  # half cells: no way
STEP_X = np.array([1, 1, 0, -1, -1, -1, 0, 1])  # cells, to the neighbours, anticlockwise from +x
STEP_Y = np.array([0, 1, 1, 1, 0, -1, -1, -1])
HERE = -1  # no step to take

BANKS: dict[Split, tuple[int, int]] = {"training": (0, 24), "held_out": (1_000_000, 12)}
"""First seed and number of arenas of each bank."""

PARAMS = np.dtype(
    [
        ("wall", "u1", (SIDE, SIDE)),  # [x, y], 1 where there is wall
        ("distance", "u1", (CELLS, CELLS)),  # [goal, from] in half cells, `FAR` for none
        ("toward", "i1", (CELLS, CELLS)),  # [goal, from], the neighbour that is next
        ("cover", "i1", (CELLS, CELLS)),  # [eye, from], the neighbour on the way out of its sight
        ("pickup", "i2", PICKUPS),  # the cell of each
    ]
)


@cache
def bank(split: Split, offset: int = 0) -> np.ndarray:
    """The arenas of a split, an array of `PARAMS` records [number of arenas].

    Args:
        offset: of their seeds, in an instance.
    """
    first_seed, count = BANKS[split]
    arenas = np.zeros(count, PARAMS)
    build = kept_kernel("the Shooter's arenas", _build_arenas, arenas[:0], 0)
    build(arenas, offset + first_seed)
    arenas.flags.writeable = False
    return arenas


@kernel
def cell_of(x: float, y: float) -> int:
    """The number of the inside cell at a place."""
    return (int(x * (1.0 / CELL)) - 1) * INSIDE + int(y * (1.0 / CELL)) - 1


@kernel
def middle(cell: int) -> tuple[float, float]:
    """Where the middle of a cell is, x and y in metres."""
    return (cell // INSIDE + 1.5) * CELL, (cell % INSIDE + 1.5) * CELL


@kernel
def is_free(arena: Record, cell: int) -> bool:
    return arena.wall[cell // INSIDE + 1, cell % INSIDE + 1] == 0


@kernel
def _build_arenas(arenas: Array, first_seed: int) -> None:
    for i in range(arenas.size):
        key = np.uint64(first_seed + i)
        attempt = np.uint64(1)
        while not (_draw_walls(arenas[i], key, attempt) and _place_pickups(arenas[i], key)):
            attempt += np.uint64(1)


@kernel
def _draw_walls(arena: Record, key: np.uint64, attempt: np.uint64) -> bool:
    """Blocks and their mirror images, then the tables; False if they make a poor arena."""
    arena.wall[:] = 1
    arena.wall[1:-1, 1:-1] = 0
    for block in range(BLOCKS):
        draw = np.empty(4)
        for k in range(4):
            draw[k] = hash_uniform(key, attempt, np.uint64(4 * block + k))
        left, bottom = 1 + int(INSIDE * draw[0]), 1 + int(INSIDE * draw[1])
        right, top = left + 1 + int(BLOCK_MAX * draw[2]), bottom + 1 + int(BLOCK_MAX * draw[3])
        for x in range(left, min(right, SIDE - 1)):
            for y in range(bottom, min(top, SIDE - 1)):
                arena.wall[x, y] = 1
                arena.wall[SIDE - 1 - x, SIDE - 1 - y] = 1
    free = SIDE * SIDE - int(arena.wall.sum())
    if not FREE_SHARE_MIN * CELLS <= free <= FREE_SHARE_MAX * CELLS:
        return False
    _fill_tables(arena)
    first = 0
    while not is_free(arena, first):
        first += 1
    reached = 0
    for cell in range(CELLS):
        reached += arena.distance[first, cell] < FAR
    return reached == free


@kernel
def _fill_tables(arena: Record) -> None:
    is_goal, cost = np.zeros(CELLS, np.bool_), np.empty(CELLS, np.int64)
    for here in range(CELLS):
        is_goal[:] = False
        is_goal[here] = is_free(arena, here)
        _fill_ways(arena, is_goal, cost, arena.toward[here])
        for cell in range(CELLS):
            arena.distance[here, cell] = cost[cell]
        x, y = middle(here)
        for cell in range(CELLS):
            to_x, to_y = middle(cell)
            is_goal[cell] = is_free(arena, cell) and not is_clear(arena.wall, x, y, to_x, to_y)
        _fill_ways(arena, is_goal, cost, arena.cover[here])


@kernel
def _fill_ways(arena: Record, is_goal: Array, cost: Array, way: Array) -> None:
    """From every free cell the cost of the nearest goal, and the neighbour that is next."""
    for cell in range(CELLS):
        cost[cell] = 0 if is_goal[cell] else FAR
        way[cell] = HERE
    changed = True
    while changed:
        changed = False
        for cell in range(CELLS):
            if not is_free(arena, cell):
                continue
            x, y = cell // INSIDE + 1, cell % INSIDE + 1
            for k in range(8):
                dx, dy = STEP_X[k], STEP_Y[k]
                if arena.wall[x + dx, y] + arena.wall[x, y + dy] + arena.wall[x + dx, y + dy] > 0:
                    continue
                step = STRAIGHT if dx * dy == 0 else DIAGONAL
                further = cost[cell + dx * INSIDE + dy] + step
                if further < cost[cell]:
                    cost[cell], way[cell] = further, k
                    changed = True


@kernel
def _place_pickups(arena: Record, key: np.uint64) -> bool:
    """Two pickups and their mirror images, far from each other; False if no draw will do."""
    for attempt in range(100):
        stream = np.uint64(1_000_000 + attempt)
        for k in range(2):
            cell = int(CELLS * hash_uniform(key, stream, np.uint64(k)))
            arena.pickup[k], arena.pickup[k + 2] = cell, CELLS - 1 - cell
        good = True
        for i in range(PICKUPS):
            for j in range(i):
                apart = arena.distance[arena.pickup[i], arena.pickup[j]]
                good = good and PICKUP_DISTANCE_MIN <= apart < FAR
        if good:
            return True
    return False
