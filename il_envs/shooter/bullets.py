"""The flight of bullets, and what they hit."""

from numba import njit

from il_envs.shooter.bodies import has_wall, remove
from il_envs.shooter.player import target_radius, wound
from il_envs.shooter.records import ENEMIES, ENEMY_RADIUS, PHYSICS_PERIOD
from il_envs.world import Record

SHOT_RADIUS, BULLET_RADIUS = 0.1, 0.1  # m, of the player's and the enemies' bullets


@njit
def fly_shots(state: Record, arena: Record) -> float:
    """Advance the player's bullets by one substep; returns the damage that they did."""
    dealt = 0.0
    place = 0
    while place < state.shot_count:
        shot = state.shots[place]
        shot.x += shot.vx * PHYSICS_PERIOD
        shot.y += shot.vy * PHYSICS_PERIOD
        enemy = _enemy_at(state, shot.x, shot.y, ENEMY_RADIUS + SHOT_RADIUS)
        if enemy < 0 and not has_wall(arena.wall, shot.x, shot.y):
            place += 1
            continue
        if shot.blast > 0.0:
            for i in range(ENEMIES):
                dx, dy = state.enemies[i].x - shot.x, state.enemies[i].y - shot.y
                if dx * dx + dy * dy < shot.blast * shot.blast:
                    dealt += _hit(state, i, shot.damage)
        elif enemy >= 0:
            dealt += _hit(state, enemy, shot.damage)
        state.shot_count = remove(state.shots, state.shot_count, place)
    return dealt


@njit
def _enemy_at(state: Record, x: float, y: float, radius: float) -> int:
    """The first enemy whose middle is so near, or -1."""
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        dx, dy = enemy.x - x, enemy.y - y
        if enemy.health > 0.0 and dx * dx + dy * dy < radius * radius:
            return i
    return -1


@njit
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


@njit
def fly_bullets(state: Record, arena: Record) -> None:
    """Advance the enemies' bullets by one substep, through other enemies."""
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
