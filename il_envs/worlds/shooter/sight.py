"""Lines of sight among walls on a grid of square cells."""

from il_envs.kernel import kernel
from il_envs.views import Array

CELL = 1.5  # m
FAR_AWAY = 1e9


@kernel
def first_line(place: float, direction: float, cell: int) -> tuple[float, float]:
    """For one axis, how far a ray goes to the first line between cells, and from line to line."""
    across = CELL / abs(direction) if direction != 0.0 else FAR_AWAY
    share = place * (1.0 / CELL) - cell
    return (1.0 - share if direction > 0.0 else share) * across, across


@kernel
def step_towards(direction: float) -> int:
    """1 or -1; computed, since which one it is cannot be foretold, as branches would be."""
    return 2 * int(direction > 0.0) - 1


@kernel
def walk(
    wall: Array, column: int, row: int, step_x: int, step_y: int, next_x: float, next_y: float,
    across_x: float, across_y: float,
) -> tuple[float, bool]:  # fmt: skip
    """How far a ray goes to a wall, and whether the side of it that it meets faces along x.

    It walks from cell to cell (Amanatides and Woo, "A fast voxel traversal algorithm for ray
    tracing", Eurographics 1987). The walls must be closed around its first cell.
    """
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
        if wall[column, row] != 0:
            return gone, faces_x


@kernel
def trace(wall: Array, x: float, y: float, dx: float, dy: float) -> tuple[float, bool]:
    """How far a ray goes to a wall, in lengths of (dx, dy), and whether that faces along x."""
    column, row = int(x * (1.0 / CELL)), int(y * (1.0 / CELL))
    next_x, across_x = first_line(x, dx, column)
    next_y, across_y = first_line(y, dy, row)
    step_x, step_y = step_towards(dx), step_towards(dy)
    return walk(wall, column, row, step_x, step_y, next_x, next_y, across_x, across_y)


@kernel
def reach(wall: Array, x: float, y: float, dx: float, dy: float, limit: float) -> float:
    """How far a ray goes to a wall, in lengths of (dx, dy), at most `limit`."""
    return min(trace(wall, x, y, dx, dy)[0], limit)


@kernel
def is_clear(wall: Array, x: float, y: float, to_x: float, to_y: float) -> bool:
    """Whether no wall stands between two places."""
    return reach(wall, x, y, to_x - x, to_y - y, 1.0) >= 1.0
