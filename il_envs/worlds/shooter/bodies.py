"""How bodies move among walls, and bullets through the air."""

from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.world import Record
from il_envs.worlds.shooter.sight import CELL

SKIN = 0.01  # m, by which a body is narrower than it is long, so that it slides along walls


@kernel
def has_wall(wall: Array, x: float, y: float) -> bool:
    return wall[int(x * (1.0 / CELL)), int(y * (1.0 / CELL))] != 0


@kernel
def slide(wall: Array, body: Record, dx: float, dy: float, radius: float) -> None:
    """Move a body, along x and then along y, as far as walls let it."""
    narrow = radius - SKIN
    if dx != 0.0:
        ahead = radius if dx > 0.0 else -radius
        x = body.x + dx
        edge = x + ahead
        if has_wall(wall, edge, body.y - narrow) or has_wall(wall, edge, body.y + narrow):
            line = int(edge * (1.0 / CELL)) + (0 if dx > 0.0 else 1)
            x = line * CELL - ahead
        body.x = x
    if dy != 0.0:
        ahead = radius if dy > 0.0 else -radius
        y = body.y + dy
        edge = y + ahead
        if has_wall(wall, body.x - narrow, edge) or has_wall(wall, body.x + narrow, edge):
            line = int(edge * (1.0 / CELL)) + (0 if dy > 0.0 else 1)
            y = line * CELL - ahead
        body.y = y


@kernel
def launch(
    bullets: Array, count: int, x: float, y: float, vx: float, vy: float, damage: float,
    blast: float,
) -> int:  # fmt: skip
    """Add a bullet, if there is a place left; returns how many there are then."""
    if count == bullets.size:
        return count
    bullet = bullets[count]
    bullet.x, bullet.y, bullet.vx, bullet.vy = x, y, vx, vy
    bullet.damage, bullet.blast = damage, blast
    return count + 1


@kernel
def remove(bullets: Array, count: int, place: int) -> int:
    """Take a bullet out; the last one gets its place. Returns how many are left."""
    bullets[place] = bullets[count - 1]
    return count - 1
