"""The first-person view: a ray-cast picture of any size, the same bits on every machine.

Each column of pixels is one ray into a horizontal field of view of 90 degrees; walls and floor are
drawn along it, and what moves stands before them as flat shapes, the nearest last.
"""

import numpy as np

from il_envs.kernel import kernel
from il_envs.views import Array
from il_envs.world import Record
from il_envs.worlds.shooter import sprites
from il_envs.worlds.shooter.arena import HEALTH, PICKUPS, middle
from il_envs.worlds.shooter.pad import FIRE, RELOAD
from il_envs.worlds.shooter.player import ARSENAL, RELOAD_STEPS, eye, weapon_in_hand
from il_envs.worlds.shooter.records import ENEMIES, ENEMY_HEALTH, HEALTH_MAX, MAGAZINE, RESERVE_MAX
from il_envs.worlds.shooter.sight import CELL, trace
from il_envs.worlds.shooter.sprites import EYE_HEIGHT, NEAREST, light_at, mix, put, tint

WALL_HEIGHT = 2.6  # m
TRIM = 0.06  # m, half the width of the glowing lines on walls and floor

Colour = sprites.Colour
WALL_FACES: tuple[Colour, Colour] = ((44.0, 48.0, 84.0), (34.0, 38.0, 68.0))  # by direction
WALL_TRIM: Colour = (60.0, 220.0, 255.0)
FLOOR: Colour = (18.0, 18.0, 30.0)
FLOOR_TRIM: Colour = (58.0, 46.0, 110.0)
SKY: Colour = (5.0, 6.0, 15.0)
HAZE: Colour = (38.0, 20.0, 66.0)  # of the sky at the horizon
GLOW_FALL = 14.0  # 1/m², of the glow beside the lines on walls
HEALTH_BAR: Colour = (84.0, 240.0, 130.0)
ROUNDS_BAR: Colour = (250.0, 214.0, 70.0)
RESERVE_BAR: Colour = (190.0, 130.0, 40.0)
SHIELD_BAR: Colour = (90.0, 150.0, 255.0)
DASH_BAR: Colour = (220.0, 120.0, 255.0)
GUN: Colour = (70.0, 78.0, 100.0)
GUN_TRIM = WALL_TRIM
FLASH: Colour = (255.0, 244.0, 200.0)
PAIN: Colour = (230.0, 20.0, 30.0)


@kernel
def paint(state: Record, params: Array, out: Array) -> None:
    """Fill a picture, uint8 [height, width, 3]."""
    arena = params[state.arena]
    x, y = eye(state, arena)
    depth = np.empty(out.shape[1])
    _paint_walls(state, arena, x, y, depth, out)
    _paint_sprites(state, arena, x, y, depth, out)
    _paint_gun(state, out)
    _paint_bars(state, out)


@kernel
def _paint_walls(
    state: Record, arena: Record, x: float, y: float, depth: Array, out: Array
) -> None:
    """Walls, floor and sky; fills in how far the wall is in each column (m)."""
    height, width = out.shape[0], out.shape[1]
    horizon, focus = 0.5 * height, 0.5 * width
    cosine, sine = state.heading_cos, state.heading_sin
    for column in range(width):
        side = 1.0 - (column + 0.5) / focus  # left of the heading, at a distance of 1
        dx, dy = cosine - side * sine, sine + side * cosine
        z, faces_x = trace(arena.wall, x, y, dx, dy)
        z = max(z, NEAREST)
        depth[column] = z
        light = light_at(z)
        along = (y + z * dy if faces_x else x + z * dx) * (1.0 / CELL)
        along = (along - int(along)) * CELL
        is_seam = along < TRIM or along > CELL - TRIM
        top = horizon - (WALL_HEIGHT - EYE_HEIGHT) * focus / z
        bottom = horizon + EYE_HEIGHT * focus / z
        metre = z / focus  # m, in a pixel of this wall
        trim = max(TRIM, 0.6 * metre)
        face = WALL_FACES[0] if faces_x else WALL_FACES[1]
        for row in range(height):
            middle_row = row + 0.5
            if middle_row < top:
                share = middle_row / horizon
                mix(out, row, column, SKY, 1.0, HAZE, share * share * share)
            elif middle_row < bottom:
                edge = min(middle_row - top, bottom - middle_row) * metre
                if edge < trim:
                    put(out, row, column, WALL_TRIM, light)
                else:
                    glow = 0.42 / (1.0 + GLOW_FALL * edge * edge)
                    glow += 0.22 if is_seam else 0.0
                    mix(out, row, column, face, 1.15 * light, WALL_TRIM, glow * light)
            else:
                away = EYE_HEIGHT * focus / (middle_row - horizon)
                floor_x, floor_y = (x + away * dx) * (1.0 / CELL), (y + away * dy) * (1.0 / CELL)
                near_x = abs(floor_x - int(floor_x + 0.5)) * CELL
                near_y = abs(floor_y - int(floor_y + 0.5)) * CELL
                here = light_at(away)
                if near_x < TRIM or near_y < TRIM:
                    put(out, row, column, FLOOR_TRIM, 1.5 * here)
                else:
                    gap = z - away
                    glow = 0.35 / (1.0 + GLOW_FALL * gap * gap)
                    mix(out, row, column, FLOOR, 1.5 * here, WALL_TRIM, glow * light)
    pain = min(state.damage_taken * 0.014, 0.42)
    if pain > 0.0:
        for row in range(height):
            for column in range(width):
                tint(out, row, column, PAIN, pain)


@kernel
def _paint_sprites(
    state: Record, arena: Record, x: float, y: float, depth: Array, out: Array
) -> None:
    """Collect what moves and stands before the eye, and paint it from far to near."""
    place = np.empty((sprites.MOST, 2))  # ahead and left, m
    kind = np.empty(sprites.MOST, np.int64)
    share = np.empty(sprites.MOST)  # of its health, for an enemy
    count = 0
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        if enemy.health > 0.0:
            share[count] = enemy.health / ENEMY_HEALTH
            count = _collect(state, enemy.x - x, enemy.y - y, sprites.ENEMY, place, kind, count)
    for i in range(state.bullet_count):
        bullet = state.bullets[i]
        count = _collect(state, bullet.x - x, bullet.y - y, sprites.BULLET, place, kind, count)
    for i in range(state.shot_count):
        shot = state.shots[i]
        count = _collect(state, shot.x - x, shot.y - y, sprites.SHOT, place, kind, count)
    for k in range(PICKUPS):
        if state.pickup_wait[k] == 0:
            to_x, to_y = middle(arena.pickup[k])
            box = sprites.HEALTH_BOX if k % 2 == HEALTH else sprites.ROUNDS_BOX
            count = _collect(state, to_x - x, to_y - y, box, place, kind, count)
    for _ in range(count):
        farthest = 0
        for i in range(count):
            if place[i, 0] > place[farthest, 0]:
                farthest = i
        sprites.paint(
            place[farthest, 0], place[farthest, 1], kind[farthest], share[farthest], depth, out
        )
        place[farthest, 0] = -1.0  # done


@kernel
def _collect(
    state: Record, dx: float, dy: float, what: int, place: Array, kind: Array, count: int
) -> int:
    """Add a sprite unless it is behind the eye; returns how many there are then."""
    ahead = state.heading_cos * dx + state.heading_sin * dy
    if ahead < NEAREST:
        return count
    place[count, 0] = ahead
    place[count, 1] = state.heading_cos * dy - state.heading_sin * dx
    kind[count] = what
    return count + 1


@kernel
def _is_firing(state: Record) -> bool:
    """Whether a round left in the last step, for then the weapon has its whole wait before it.

    The first gun has no wait: with an empty magazine it may or may not have fired its last round.
    """
    wait = ARSENAL[weapon_in_hand(state)][4]
    has_fired = state.cooling == wait and (wait > 0 or state.magazine > 0)
    return state.held[FIRE] and not state.held[RELOAD] and has_fired


@kernel
def _paint_gun(state: Record, out: Array) -> None:
    """The gun at the bottom, its flash while it fires, and the shield before it."""
    height, width = out.shape[0], out.shape[1]
    unit = height / 120.0
    middle_column, top = 0.5 * width, height - 34.0 * unit
    first = max(int(middle_column - 22.0 * unit), 0)
    last = min(int(middle_column + 22.0 * unit), width)
    is_firing = _is_firing(state)
    drop = 14.0 * unit if state.held[RELOAD] else 0.0
    for row in range(int(top - 22.0 * unit), height - int(9.0 * unit)):
        for column in range(first, last):
            across = abs(column + 0.5 - middle_column) / unit
            down = (row + 0.5 - top - drop) / unit
            half = 2.6 + 0.24 * down
            if down > 0.0 and across < half:
                if across > half - 0.9 or down < 1.0:
                    put(out, row, column, GUN_TRIM, 0.75)
                elif across < 0.25 * half:
                    put(out, row, column, GUN, 1.4)
                else:
                    put(out, row, column, GUN, 0.7)
            elif is_firing:
                up = down + 3.0
                flash = 1.3 - (across * across + up * up) * 0.008 - 0.16 * across * abs(up)
                if flash > 0.0:
                    tint(out, row, column, FLASH, min(flash, 1.0))
    if state.shielded:
        for row in range(height):
            for column in range(width):
                dx, dy = (column + 0.5) / width - 0.5, (row + 0.5) / height - 0.5
                edge = 2.0 * (dx * dx + dy * dy)  # 1 in the corners
                tint(out, row, column, SHIELD_BAR, 0.08 + 0.7 * edge * edge)


@kernel
def _paint_bars(state: Record, out: Array) -> None:
    """Health on the left, rounds on the right, and the energies beneath."""
    _paint_bar(out, 0, 0, state.health / HEALTH_MAX, HEALTH_BAR)
    _paint_bar(out, 1, 0, state.magazine / MAGAZINE, ROUNDS_BAR)
    _paint_bar(out, 0, 1, state.shield, SHIELD_BAR)
    _paint_bar(out, 1, 1, state.reserve / RESERVE_MAX, RESERVE_BAR)
    _paint_bar(out, 0, 2, state.dash, DASH_BAR)
    _paint_bar(out, 1, 2, state.reloading / RELOAD_STEPS, FLASH)


@kernel
def _paint_bar(out: Array, column: int, row: int, share: float, colour: Colour) -> None:
    height, width = out.shape[0], out.shape[1]
    unit = max(height // 120, 1)
    top = height - (9 - 3 * row) * unit
    left, right = column * width // 2 + 2 * unit, (column + 1) * width // 2 - 2 * unit
    for k in range(left, right):
        light = 1.0 if k - left < share * (right - left) else 0.15
        for line in range(top, top + 2 * unit):
            put(out, line, k, colour, light)
