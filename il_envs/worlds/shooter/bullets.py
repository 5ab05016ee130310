"""The flight of bullets, and what they hit."""

from math import sqrt

from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.world import Record
from il_envs.worlds.shooter.bodies import has_wall, remove
from il_envs.worlds.shooter.player import target_radius, wound
from il_envs.worlds.shooter.records import ENEMIES, ENEMY_RADIUS, PHYSICS_PERIOD
from il_envs.worlds.shooter.sight import is_clear, reach

SHOT_RADIUS, BULLET_RADIUS = 0.1, 0.1  # m, of the player's and the enemies' bullets
HAIR = 1e-6  # of a way, by which a bullet ends before the wall that it meets


@kernel
def fly_shots(state: Record, arena: Record) -> float:
    """Advance the player's bullets by one substep; returns the damage that they did.

    The fastest go a metre in it, so what they hit is told by the way and not by its end.
    """
    dealt = 0.0
    place = 0
    while place < state.shot_count:
        shot = state.shots[place]
        dx, dy = shot.vx * PHYSICS_PERIOD, shot.vy * PHYSICS_PERIOD
        free = _free_share(arena.wall, shot.x, shot.y, dx, dy)
        enemy, share = _first_in_way(state, shot.x, shot.y, dx, dy, free)
        shot.x += share * dx
        shot.y += share * dy
        if enemy < 0 and free == 1.0:
            place += 1
            continue
        if shot.blast > 0.0:
            for i in range(ENEMIES):
                x, y = state.enemies[i].x, state.enemies[i].y
                apart = (x - shot.x) * (x - shot.x) + (y - shot.y) * (y - shot.y)
                if apart < shot.blast * shot.blast and is_clear(arena.wall, shot.x, shot.y, x, y):
                    dealt += _hit(state, i, shot.damage)
        elif enemy >= 0:
            dealt += _hit(state, enemy, shot.damage)
        state.shot_count = remove(state.shots, state.shot_count, place)
    return dealt


@kernel
def _free_share(wall: Array, x: float, y: float, dx: float, dy: float) -> float:
    """The share of a way on which there is no wall, a hair less where it meets one."""
    if has_wall(wall, x, y):
        return 0.0
    free = reach(wall, x, y, dx, dy, 1.0)
    return free if free == 1.0 else max(free - HAIR, 0.0)


@kernel
def _first_in_way(
    state: Record, x: float, y: float, dx: float, dy: float, free: float
) -> tuple[int, float]:
    """The enemy that a bullet meets first, -1 for none, and the share of its way until then."""
    radius, length = ENEMY_RADIUS + SHOT_RADIUS, sqrt(dx * dx + dy * dy)
    first, share = -1, free
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        if enemy.health == 0.0:
            continue
        ahead = ((enemy.x - x) * dx + (enemy.y - y) * dy) / length
        aside = ((enemy.y - y) * dx - (enemy.x - x) * dy) / length
        if aside * aside >= radius * radius:
            continue
        half = sqrt(radius * radius - aside * aside)
        entry = max(ahead - half, 0.0) / length
        if ahead + half > 0.0 and entry < share:
            first, share = i, entry
    return first, share


@kernel
def _hit(state: Record, i: int, damage: float) -> float:
    """Hurt an enemy; returns the health that it lost."""
    enemy = state.enemies[i]
    lost = min(damage, enemy.health)
    if lost > 0.0:
        enemy.health -= lost
        state.hits += 1
        if enemy.health == 0.0:
            state.kills += 1
    return lost


@kernel
def fly_bullets(state: Record, arena: Record) -> None:
    """Advance the enemies' bullets by one substep, through other enemies.

    They go 0.2 m in it, so to look where it ends is enough.
    """
    radius = target_radius(state) + BULLET_RADIUS
    place = 0
    while place < state.bullet_count:
        bullet = state.bullets[place]
        bullet.x += bullet.vx * PHYSICS_PERIOD
        bullet.y += bullet.vy * PHYSICS_PERIOD
        dx, dy = state.x - bullet.x, state.y - bullet.y
        hits = dx * dx + dy * dy < radius * radius
        if hits:
            wound(state, bullet)
        if hits or has_wall(arena.wall, bullet.x, bullet.y):
            state.bullet_count = remove(state.bullets, state.bullet_count, place)
        else:
            place += 1
