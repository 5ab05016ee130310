"""The observation: 36 rays, the state of the body, a few pointers, and the held buttons.

Everything is in the frame of the body and scaled to [-1, 1]. A distance d is given as nearness,
2 m / (2 m + d): 1 at the body, 0.5 at 2 m, and 0 where there is nothing.
"""

from math import sqrt

import numpy as np
from numba import carray

from il_envs.kernel import kernel, stack_floats
from il_envs.views import Array
from il_envs.world import Record
from il_envs.worlds.shooter.arena import (
    AMMUNITION,
    FAR,
    HEALTH,
    HERE,
    INSIDE,
    PICKUPS,
    STEP_X,
    STEP_Y,
    cell_of,
    middle,
)
from il_envs.worlds.shooter.enemies import WAVES, enemies_left
from il_envs.worlds.shooter.player import COOLING_MAX, RELOAD_STEPS, USE_STEPS, eye, pickup_in_reach
from il_envs.worlds.shooter.records import (
    ENEMIES,
    ENEMY_HEALTH,
    ENEMY_RADIUS,
    HEALTH_MAX,
    MAGAZINE,
    MAX_EPISODE_STEPS,
    RESERVE_MAX,
)
from il_envs.worlds.shooter.sight import CELL, FAR_AWAY, first_line, is_clear, step_towards, walk

RAYS = 36  # 10 degrees apart, anticlockwise from straight ahead
WALL_SEEN, ENEMY_SEEN, BULLET_SEEN, PICKUP_SEEN = range(4)
CLASSES = 4
NEAR = 2.0  # m, at which nearness is a half
BULLET_SIZE, PICKUP_SIZE = 0.2, 0.4  # m, radius
SPEED_UNIT = 12.5  # m/s
THREAT_TIME, THREAT_MISS = 1.5, 1.5  # s and m, within which a bullet is a threat

(
    HEALTH_LEVEL, MAGAZINE_LEVEL, RESERVE_LEVEL, RELOAD_LEVEL, SHIELD_LEVEL, DASH_LEVEL, USE_LEVEL,
    AHEAD_SPEED, LEFT_SPEED, COOLING_LEVEL, ENEMIES_LEFT, WAVE_LEVEL, TIME_LEFT, REACH,
    WAY_AHEAD, WAY_LEFT, WAY_NEAR,
    TARGET, TARGET_AHEAD, TARGET_LEFT, TARGET_NEAR, TARGET_SPEED_AHEAD, TARGET_SPEED_LEFT,
    TARGET_HEALTH,
    THREAT_SOON, THREAT_AHEAD, THREAT_LEFT,
    HEALTH_AHEAD, HEALTH_LEFT, HEALTH_NEAR, ROUNDS_AHEAD, ROUNDS_LEFT, ROUNDS_NEAR,
    HELD,
) = range(RAYS * CLASSES, RAYS * CLASSES + 34)  # fmt: skip


def _rays(start: tuple[float, float]) -> tuple[Array, Array]:
    """Directions 10 degrees apart, anticlockwise from the first; computed without trigonometry."""
    cosine, sine = 0.984807753012208, 0.17364817766693033  # of 10 degrees
    points = [start]
    for _ in range(RAYS - 1):
        x, y = points[-1]
        points.append((x * cosine - y * sine, x * sine + y * cosine))
    columns = np.array(points).T
    return columns[0].copy(), columns[1].copy()


RAY_AHEAD, RAY_LEFT = _rays((1.0, 0.0))
EDGE_AHEAD, EDGE_LEFT = _rays((0.9961946980917455, 0.08715574274765817))  # between k and k + 1

BINS = 64  # to a quarter turn


def _sectors() -> Array:
    """The ray nearest to the first direction of each bin of `_quarter_turns`."""
    position = np.arange(4 * BINS) / BINS
    ahead = np.abs(2.0 - position) - 1.0
    left = np.where(position < 2.0, 1.0, -1.0) * (1.0 - np.abs(ahead))
    beyond = EDGE_AHEAD * left[:, None] - EDGE_LEFT * ahead[:, None]  # > 0: to the left of edge k
    inside = (np.roll(beyond, 1, 1) >= 0.0) & (beyond < 0.0)
    return inside.argmax(1)


SECTORS = _sectors()


@kernel
def sector(ahead: float, left: float) -> int:
    """The ray that is within 5 degrees of a direction.

    Bins of |ahead| + |left| = 1, a square instead of the circle, are as good as angles to look the
    ray up, and at most one edge lies in each.
    """
    share = ahead / max(abs(ahead) + abs(left), 1e-9)
    turned = 1.0 - share if left >= 0.0 else 3.0 + share  # 0 ahead, 1 left, 2 behind, 3 right
    ray = SECTORS[min(int(turned * BINS), 4 * BINS - 1)]
    if EDGE_AHEAD[ray] * left - EDGE_LEFT[ray] * ahead >= 0.0:
        ray = ray + 1 if ray + 1 < RAYS else 0
    return ray


@kernel
def nearness(distance: float) -> float:
    """From 1 at no distance to 0 at infinity."""
    return NEAR / (NEAR + max(distance, 0.0))


@kernel
def observe(state: Record, params: Array, out: Array) -> None:
    arena = params[state.arena]
    out[:] = 0.0
    x, y = eye(state, arena)
    _see(state, arena, x, y, out)
    _feel(state, arena, out)
    _aim(state, arena, x, y, out)
    _find_ways(state, arena, out)
    for k in range(out.size - HELD):
        out[HELD + k] = state.held[k]


@kernel
def _see(state: Record, arena: Record, x: float, y: float, out: Array) -> None:
    """The rays: walls along their middle, and what else lies within 5 degrees of them."""
    _see_walls(state, arena, x, y, out)
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        if enemy.health > 0.0:
            _mark(state, enemy.x - x, enemy.y - y, ENEMY_RADIUS, ENEMY_SEEN, out)
    for i in range(state.bullet_count):
        bullet = state.bullets[i]
        _mark(state, bullet.x - x, bullet.y - y, BULLET_SIZE, BULLET_SEEN, out)
    for k in range(PICKUPS):
        if state.pickup_wait[k] == 0:
            to_x, to_y = middle(arena.pickup[k])
            _mark(state, to_x - x, to_y - y, PICKUP_SIZE, PICKUP_SEEN, out)


@kernel
def _see_walls(state: Record, arena: Record, x: float, y: float, out: Array) -> None:
    """As `reach` along each ray, in loops of which LLVM makes lanes of rays, but for the walk."""
    next_x, across_x = carray(stack_floats(RAYS), RAYS), carray(stack_floats(RAYS), RAYS)
    next_y, across_y = carray(stack_floats(RAYS), RAYS), carray(stack_floats(RAYS), RAYS)
    ahead_x, ahead_y = carray(stack_floats(RAYS), RAYS), carray(stack_floats(RAYS), RAYS)
    column, row = int(x * (1.0 / CELL)), int(y * (1.0 / CELL))
    cosine, sine = state.heading_cos, state.heading_sin
    for k in range(RAYS):
        ahead_x[k] = cosine * RAY_AHEAD[k] - sine * RAY_LEFT[k]
        ahead_y[k] = sine * RAY_AHEAD[k] + cosine * RAY_LEFT[k]
        next_x[k], across_x[k] = first_line(x, ahead_x[k], column)
        next_y[k], across_y[k] = first_line(y, ahead_y[k], row)
    gone = ahead_x
    for k in range(RAYS):
        gone[k], _ = walk(
            arena.wall, column, row, step_towards(ahead_x[k]), step_towards(ahead_y[k]),
            next_x[k], next_y[k], across_x[k], across_y[k],
        )  # fmt: skip
    for k in range(RAYS):
        out[CLASSES * k] = nearness(gone[k])


@kernel
def _mark(state: Record, dx: float, dy: float, radius: float, kind: int, out: Array) -> None:
    """Show a disc to the rays whose sectors it reaches into, where no wall is nearer."""
    ahead = state.heading_cos * dx + state.heading_sin * dy
    left = state.heading_cos * dy - state.heading_sin * dx
    near = nearness(sqrt(dx * dx + dy * dy) - radius)
    first = sector(ahead, left)
    _show(out, first, kind, near)
    ray = first
    for _ in range(RAYS // 4):  # to the left, across one edge after another
        if EDGE_LEFT[ray] * ahead - EDGE_AHEAD[ray] * left > radius:
            break
        ray = ray + 1 if ray + 1 < RAYS else 0
        _show(out, ray, kind, near)
    ray = first
    for _ in range(RAYS // 4):
        ray = ray - 1 if ray > 0 else RAYS - 1
        if EDGE_AHEAD[ray] * left - EDGE_LEFT[ray] * ahead > radius:
            break
        _show(out, ray, kind, near)


@kernel
def _show(out: Array, ray: int, kind: int, near: float) -> None:
    place = CLASSES * ray
    if near > out[place + WALL_SEEN] and near > out[place + kind]:
        out[place + kind] = near


@kernel
def _feel(state: Record, arena: Record, out: Array) -> None:
    out[HEALTH_LEVEL] = state.health / HEALTH_MAX
    out[MAGAZINE_LEVEL] = state.magazine / MAGAZINE
    out[RESERVE_LEVEL] = state.reserve / RESERVE_MAX
    out[RELOAD_LEVEL] = state.reloading / RELOAD_STEPS
    out[SHIELD_LEVEL] = state.shield
    out[DASH_LEVEL] = state.dash
    out[USE_LEVEL] = state.using / USE_STEPS
    _turn(state, state.vx / SPEED_UNIT, state.vy / SPEED_UNIT, out, AHEAD_SPEED)
    out[COOLING_LEVEL] = state.cooling / COOLING_MAX
    out[ENEMIES_LEFT] = enemies_left(state) / ENEMIES
    out[WAVE_LEVEL] = state.wave / WAVES
    out[TIME_LEFT] = max(1.0 - state.step / MAX_EPISODE_STEPS, 0.0)
    out[REACH] = pickup_in_reach(state, arena) >= 0


@kernel
def _turn(state: Record, dx: float, dy: float, out: Array, place: int) -> None:
    """Write a vector of the arena in the frame of the body: ahead, then left."""
    out[place] = state.heading_cos * dx + state.heading_sin * dy
    out[place + 1] = state.heading_cos * dy - state.heading_sin * dx


@kernel
def _point(state: Record, dx: float, dy: float, out: Array, place: int) -> None:
    """Write the direction of a vector, in the frame of the body."""
    scale = 1.0 / max(sqrt(dx * dx + dy * dy), 1e-6)
    _turn(state, dx * scale, dy * scale, out, place)


@kernel
def _aim(state: Record, arena: Record, x: float, y: float, out: Array) -> None:
    """The nearest enemy in sight, and the bullet that will be near first."""
    target, least = -1, FAR_AWAY
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        dx, dy = enemy.x - x, enemy.y - y
        square = dx * dx + dy * dy
        if enemy.health > 0.0 and square < least and is_clear(arena.wall, x, y, enemy.x, enemy.y):
            target, least = i, square
    if target >= 0:
        enemy = state.enemies[target]
        out[TARGET] = 1.0
        _point(state, enemy.x - x, enemy.y - y, out, TARGET_AHEAD)
        out[TARGET_NEAR] = nearness(sqrt(least))
        _turn(state, enemy.vx / SPEED_UNIT, enemy.vy / SPEED_UNIT, out, TARGET_SPEED_AHEAD)
        out[TARGET_HEALTH] = enemy.health / ENEMY_HEALTH
    soonest = THREAT_TIME
    for i in range(state.bullet_count):
        bullet = state.bullets[i]
        dx, dy = bullet.x - state.x, bullet.y - state.y
        square = bullet.vx * bullet.vx + bullet.vy * bullet.vy
        time = -(dx * bullet.vx + dy * bullet.vy) / square
        miss_x, miss_y = dx + time * bullet.vx, dy + time * bullet.vy
        if miss_x * miss_x + miss_y * miss_y > THREAT_MISS * THREAT_MISS:
            continue
        if 0.0 < time < soonest and is_clear(arena.wall, state.x, state.y, bullet.x, bullet.y):
            soonest = time
            out[THREAT_SOON] = 1.0 - time / THREAT_TIME
            _turn(state, miss_x / THREAT_MISS, miss_y / THREAT_MISS, out, THREAT_AHEAD)


@kernel
def _find_ways(state: Record, arena: Record, out: Array) -> None:
    """Which way to go to the nearest enemy and to the nearest pickup of either kind."""
    here = cell_of(state.x, state.y)
    goal, least, goal_x, goal_y = -1, FAR, 0.0, 0.0
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        if enemy.health > 0.0:
            cell = cell_of(enemy.x, enemy.y)
            if arena.distance[cell, here] < least:
                goal, least, goal_x, goal_y = cell, arena.distance[cell, here], enemy.x, enemy.y
    if goal >= 0:
        _show_way(state, arena, here, goal, goal_x, goal_y, out, WAY_AHEAD)
    for kind in (HEALTH, AMMUNITION):
        goal, least = -1, FAR
        for k in range(kind, PICKUPS, 2):
            cell = arena.pickup[k]
            if state.pickup_wait[k] == 0 and arena.distance[cell, here] < least:
                goal, least = cell, arena.distance[cell, here]
        if goal >= 0:
            goal_x, goal_y = middle(goal)
            place = HEALTH_AHEAD if kind == HEALTH else ROUNDS_AHEAD
            _show_way(state, arena, here, goal, goal_x, goal_y, out, place)


@kernel
def _show_way(
    state: Record, arena: Record, here: int, goal: int, goal_x: float, goal_y: float, out: Array,
    place: int,
) -> None:  # fmt: skip
    """Point along the shortest way to a goal, and tell how long it is."""
    step = arena.toward[goal, here]
    if step != HERE:
        goal_x, goal_y = middle(here + STEP_X[step] * INSIDE + STEP_Y[step])
    _point(state, goal_x - state.x, goal_y - state.y, out, place)
    out[place + 2] = nearness(arena.distance[goal, here] * (0.5 * CELL))


@kernel
def distance(near: float) -> float:
    """The distance in metres that a nearness stands for; far away where it is 0."""
    return NEAR / max(near, 1e-6) - NEAR
