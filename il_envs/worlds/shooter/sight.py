"""Lines of sight among walls on a grid of square cells."""

from numba import njit

from il_envs.world import Array

CELL = 1.5  # m
FAR_AWAY = 1e9


@njit
def trace(
    wall: Array, x: float, y: float, dx: float, dy: float, limit: float
) -> tuple[float, bool]:
    """How far a ray goes until it meets a wall, in lengths of (dx, dy), at most `limit`; and
    whether the side that it meets faces along x.

    It walks from cell to cell (Amanatides and Woo, "A fast voxel traversal algorithm for ray
    tracing", Eurographics 1987). The walls must be closed around (x, y).
    """
    column, row = int(x * (1.0 / CELL)), int(y * (1.0 / CELL))
    across_x = CELL / abs(dx) if dx != 0.0 else FAR_AWAY
    across_y = CELL / abs(dy) if dy != 0.0 else FAR_AWAY
    share_x, share_y = x * (1.0 / CELL) - column, y * (1.0 / CELL) - row
    step_x, next_x = -1, share_x * across_x
    if dx > 0.0:
        step_x, next_x = 1, (1.0 - share_x) * across_x
    step_y, next_y = -1, share_y * across_y
    if dy > 0.0:
        step_y, next_y = 1, (1.0 - share_y) * across_y
    while True:
        faces_x = next_x < next_y
        if faces_x:
            gone = next_x
            column += step_x
            next_x += across_x
        else:
            gone = next_y
            row += step_y
            next_y += across_y
        if gone >= limit:
            return limit, faces_x
        if wall[column, row] != 0:
            return gone, faces_x


@njit
def reach(wall: Array, x: float, y: float, dx: float, dy: float, limit: float) -> float:
    """How far a ray goes, as `trace` has it."""
    return trace(wall, x, y, dx, dy, limit)[0]


@njit
def is_clear(wall: Array, x: float, y: float, to_x: float, to_y: float) -> bool:
    """Whether no wall stands between two places."""
    return reach(wall, x, y, to_x - x, to_y - y, 1.0) >= 1.0
