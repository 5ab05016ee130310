"""The enemies: they hunt the player along shortest ways, circle and shoot, and reload in cover."""

from math import sqrt

from il_envs.kernel import kernel
from il_envs.random import integer, uniform
from il_envs.world import Record
from il_envs.worlds.shooter.arena import (
    CELLS,
    HERE,
    INSIDE,
    STEP_X,
    STEP_Y,
    cell_of,
    is_free,
    middle,
)
from il_envs.worlds.shooter.bodies import launch
from il_envs.worlds.shooter.records import ENEMIES, ENEMY_HEALTH, ENEMY_RADIUS
from il_envs.worlds.shooter.sight import is_clear

WAVES = 8
FIRST_WAVE = 3  # enemies; each wave has one more, up to `ENEMIES`
SPAWN_DISTANCE_MIN = 12  # half cells of way to the player

HUNT_SPEED, CIRCLE_SPEED, COVER_SPEED = 2.6, 2.0, 3.0  # m/s
FIRE_RANGE, CIRCLE_RADIUS = 10.0, 6.0  # m
ALERT = 8  # steps of seeing the player before the first shot
BURST, BURST_WAIT, RELOAD_WAIT = 4, 5, 26  # rounds, and steps
TURN_CHANCE = 0.03  # a step, of circling the other way
APART = 1.2  # m, enemies keep this distance from one another
SPEED_MAX = 4.0  # m/s

BULLET_SPEED = 11.0  # m/s
BULLET_DAMAGE = 20.0
MUZZLE = 0.5  # m, from its middle
SPREAD = 0.05  # of the aim, tangent of its greatest angle


@kernel
def wave_size(wave: int) -> int:
    return min(FIRST_WAVE + wave, ENEMIES)


@kernel
def spawn_wave(state: Record, arena: Record) -> None:
    """Put the next wave's enemies on free cells, away from the player."""
    here = cell_of(state.x, state.y)
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        enemy.health = 0.0
        if i >= wave_size(state.wave):
            continue
        enemy.x, enemy.y = middle(_spawn_cell(state, arena, here, i))
        enemy.vx, enemy.vy = 0.0, 0.0
        enemy.health = ENEMY_HEALTH
        enemy.alert, enemy.rounds, enemy.wait = 0, BURST, 0
        enemy.side = 1.0 if uniform(state, 0.0, 1.0) < 0.5 else -1.0


@kernel
def _spawn_cell(state: Record, arena: Record, here: int, others: int) -> int:
    """A free cell away from the player's, on which none of the enemies before stands."""
    while True:
        cell = integer(state, CELLS)
        is_good = is_free(arena, cell) and arena.distance[here, cell] >= SPAWN_DISTANCE_MIN
        for j in range(others):
            is_good = is_good and cell != cell_of(state.enemies[j].x, state.enemies[j].y)
        if is_good:
            return cell


@kernel
def enemies_left(state: Record) -> int:
    count = 0
    for i in range(ENEMIES):
        count += state.enemies[i].health > 0.0
    return count


@kernel
def decide(state: Record, arena: Record) -> None:
    """Every enemy chooses its velocity for the next step, and may shoot."""
    here = cell_of(state.x, state.y)
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        if enemy.health <= 0.0:
            continue
        dx, dy = state.x - enemy.x, state.y - enemy.y
        distance = max(sqrt(dx * dx + dy * dy), ENEMY_RADIUS)
        sees = is_clear(arena.wall, enemy.x, enemy.y, state.x, state.y)
        enemy.alert = enemy.alert + 1 if sees else 0
        if enemy.wait > 0:
            enemy.wait -= 1
        cell = cell_of(enemy.x, enemy.y)
        if enemy.rounds == 0:
            if enemy.wait == 0:
                enemy.rounds = BURST
            _walk(enemy, cell, arena.cover[here, cell], COVER_SPEED)
        elif sees and distance < FIRE_RANGE:
            _circle(state, enemy, dx / distance, dy / distance, distance)
            if enemy.alert >= ALERT and enemy.wait == 0:
                _shoot(state, enemy, dx, dy, distance)
        else:
            _walk(enemy, cell, arena.toward[here, cell], HUNT_SPEED)
        _keep_apart(state, i)


@kernel
def _walk(enemy: Record, cell: int, step: int, speed: float) -> None:
    """Head for the middle of a neighbour cell, or stand still."""
    enemy.vx, enemy.vy = 0.0, 0.0
    if step == HERE:
        return
    x, y = middle(cell + STEP_X[step] * INSIDE + STEP_Y[step])
    dx, dy = x - enemy.x, y - enemy.y
    scale = speed / max(sqrt(dx * dx + dy * dy), 1e-6)
    enemy.vx, enemy.vy = dx * scale, dy * scale


@kernel
def _circle(state: Record, enemy: Record, ux: float, uy: float, distance: float) -> None:
    """Move around the player, in or out towards the radius of the circle."""
    if uniform(state, 0.0, 1.0) < TURN_CHANCE:
        enemy.side = -enemy.side
    inward = min(max(0.5 * (distance - CIRCLE_RADIUS), -1.0), 1.0)
    vx, vy = -enemy.side * uy + inward * ux, enemy.side * ux + inward * uy
    scale = CIRCLE_SPEED / sqrt(1.0 + inward * inward)
    enemy.vx, enemy.vy = vx * scale, vy * scale


@kernel
def _shoot(state: Record, enemy: Record, dx: float, dy: float, distance: float) -> None:
    """Fire where the player may be, leading its motion by anything from nothing to all."""
    lead = uniform(state, 0.0, distance / BULLET_SPEED)
    aim_x, aim_y = dx + lead * state.vx, dy + lead * state.vy
    error = uniform(state, -SPREAD, SPREAD)
    aim_x, aim_y = aim_x - error * aim_y, aim_y + error * aim_x
    scale = 1.0 / max(sqrt(aim_x * aim_x + aim_y * aim_y), 1e-6)
    ux, uy = aim_x * scale, aim_y * scale
    state.bullet_count = launch(
        state.bullets, state.bullet_count, enemy.x + MUZZLE * ux, enemy.y + MUZZLE * uy,
        BULLET_SPEED * ux, BULLET_SPEED * uy, BULLET_DAMAGE, 0.0,
    )  # fmt: skip
    enemy.rounds -= 1
    enemy.wait = BURST_WAIT if enemy.rounds > 0 else RELOAD_WAIT


@kernel
def _keep_apart(state: Record, i: int) -> None:
    """Drift away from the enemies that are too near."""
    enemy = state.enemies[i]
    for j in range(ENEMIES):
        other = state.enemies[j]
        if j == i or other.health <= 0.0:
            continue
        dx, dy = enemy.x - other.x, enemy.y - other.y
        square = dx * dx + dy * dy
        if square < APART * APART:
            push = HUNT_SPEED * (1.0 - sqrt(square) / APART) / max(sqrt(square), 0.1)
            enemy.vx += push * dx
            enemy.vy += push * dy
    speed = sqrt(enemy.vx * enemy.vx + enemy.vy * enemy.vy)
    if speed > SPEED_MAX:
        enemy.vx *= SPEED_MAX / speed
        enemy.vy *= SPEED_MAX / speed
