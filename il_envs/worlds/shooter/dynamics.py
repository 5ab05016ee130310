"""The fight: what happens when an episode begins, and in each step of it.

Decisions are taken at 20 Hz and physics runs at 60 Hz. Bodies are round against bullets and square
against walls; headings are unit vectors, turned by a rational rotation.
"""

from math import sqrt

from il_envs.kernel import kernel
from il_envs.random import integer, uniform
from il_envs.views import Array
from il_envs.world import Record
from il_envs.worlds.shooter import player
from il_envs.worlds.shooter.arena import CELLS, is_free, middle
from il_envs.worlds.shooter.bodies import slide
from il_envs.worlds.shooter.bullets import fly_bullets, fly_shots
from il_envs.worlds.shooter.enemies import WAVES, decide, enemies_left, spawn_wave
from il_envs.worlds.shooter.pad import FULL_PAD
from il_envs.worlds.shooter.records import (
    BULLETS,
    CONTROL_PERIOD,
    ENEMIES,
    ENEMY_HEALTH,
    ENEMY_RADIUS,
    HEALTH_MAX,
    MAGAZINE,
    PHYSICS_PERIOD,
    PLAYER_RADIUS,
    RESERVE_MAX,
    SUBSTEPS,
)

WAVE_PAUSE = 20  # steps, between two waves

MEASURES = ("kills", "wave", "health", "accuracy", "is_success")


@kernel
def reset(state: Record, params: Array) -> None:
    state.arena = integer(state, params.size)
    arena = params[state.arena]
    cell = integer(state, CELLS)
    while not is_free(arena, cell):
        cell = integer(state, CELLS)
    state.x, state.y = middle(cell)
    state.vx, state.vy = 0.0, 0.0
    cosine, sine = 0.0, 0.0
    while not 0.01 < cosine * cosine + sine * sine < 1.0:
        cosine, sine = uniform(state, -1.0, 1.0), uniform(state, -1.0, 1.0)
    scale = 1.0 / sqrt(cosine * cosine + sine * sine)
    state.heading_cos, state.heading_sin = cosine * scale, sine * scale
    state.health, state.shield, state.dash = HEALTH_MAX, 1.0, 1.0
    state.magazine, state.reserve = MAGAZINE, RESERVE_MAX
    state.reloading, state.using, state.cooling, state.shielded, state.dashing = 0, 0, 0, 0, 0
    state.wave, state.pause, state.kills, state.fired, state.hits = 0, 0, 0, 0, 0
    state.damage_taken = 0.0
    state.held[:] = 0
    state.pickup_wait[:] = 0
    state.shot_count, state.bullet_count = 0, 0
    _forget_bodies(state)
    spawn_wave(state, arena)


@kernel
def _forget_bodies(state: Record) -> None:
    """Or the bits of an episode would tell of the one before."""
    for k in range(BULLETS):
        for bullet in (state.shots[k], state.bullets[k]):
            bullet.x, bullet.y, bullet.vx, bullet.vy = 0.0, 0.0, 0.0, 0.0
            bullet.damage, bullet.blast = 0.0, 0.0
    for i in range(ENEMIES):
        enemy = state.enemies[i]
        enemy.x, enemy.y, enemy.vx, enemy.vy, enemy.health = 0.0, 0.0, 0.0, 0.0, 0.0
        enemy.alert, enemy.rounds, enemy.wait, enemy.side = 0, 0, 0, 0.0


@kernel
def step(state: Record, action: Array, params: Array) -> tuple[float, bool]:
    """Advance by one decision; returns the reward and whether the episode terminated.

    Bullets leave along the heading before the turn, so that the player hits what it sees.
    """
    arena = params[state.arena]
    for k in range(FULL_PAD):
        state.held[k] = action[k] if k < action.size else 0
    state.damage_taken = 0.0
    player.act(state, arena)
    player.choose_velocity(state)
    decide(state, arena)
    dealt, before_x, before_y = 0.0, state.x, state.y
    for _ in range(SUBSTEPS):
        player.turn(state)
        slide(
            arena.wall, state, state.vx * PHYSICS_PERIOD, state.vy * PHYSICS_PERIOD, PLAYER_RADIUS
        )
        for i in range(ENEMIES):
            enemy = state.enemies[i]
            if enemy.health > 0.0:
                dx, dy = enemy.vx * PHYSICS_PERIOD, enemy.vy * PHYSICS_PERIOD
                slide(arena.wall, enemy, dx, dy, ENEMY_RADIUS)
        dealt += fly_shots(state, arena)
        fly_bullets(state, arena)
    state.vx = (state.x - before_x) * (1.0 / CONTROL_PERIOD)
    state.vy = (state.y - before_y) * (1.0 / CONTROL_PERIOD)
    cleared = _call_wave(state, arena)
    return dealt / ENEMY_HEALTH, cleared or state.health == 0.0


@kernel
def _call_wave(state: Record, arena: Record) -> bool:
    """Call the next wave a while after the last enemy has fallen; whether there is none left."""
    if enemies_left(state) > 0:
        return False
    if state.pause == 0:
        state.wave += 1
        state.pause = WAVE_PAUSE
        return state.wave == WAVES
    state.pause -= 1
    if state.pause == 0:
        spawn_wave(state, arena)
    return False


@kernel
def measure(state: Record, params: Array, out: Array) -> None:
    out[0] = state.kills
    out[1] = state.wave
    out[2] = state.health
    out[3] = state.hits / max(state.fired, 1)
    out[4] = state.wave == WAVES and state.health > 0.0
