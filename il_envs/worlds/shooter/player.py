"""What the player's buttons do."""

from math import sqrt

from il_envs.kernel import kernel
from il_envs.random import SQRT_HALF, uniform
from il_envs.world import Record
from il_envs.worlds.shooter.arena import HEALTH, PICKUPS, middle
from il_envs.worlds.shooter.bodies import has_wall, launch
from il_envs.worlds.shooter.pad import (
    ALTERNATE_FIRE,
    BACK,
    CROUCH,
    DASH,
    FIRE,
    FORWARD,
    LEAN_LEFT,
    LEAN_RIGHT,
    RELOAD,
    SHIELD,
    SPRINT,
    STRAFE_LEFT,
    STRAFE_RIGHT,
    TURN_LEFT,
    TURN_RIGHT,
    USE,
    WEAPON_2,
    WEAPON_3,
    WEAPON_4,
)
from il_envs.worlds.shooter.records import HEALTH_MAX, MAGAZINE, PLAYER_RADIUS, RESERVE_MAX

RUN_SPEED = 4.0  # m/s
SPRINT_FACTOR, SHIELD_FACTOR, CROUCH_FACTOR = 1.5, 0.5, 0.5  # of the speed
DASH_SPEED = 12.0  # m/s
DASH_COST, DASH_GAIN = 0.25, 0.0125  # of its energy, a step
SHIELD_COST, SHIELD_GAIN = 0.04, 0.01
ROUNDING = 1e-9  # of an energy, which is a sum of many costs and gains
SHIELD_LEAK = 0.1  # of the damage of bullets from the front, while the shield is up
CROUCH_RADIUS = 0.25  # m, against bullets
LEAN = 0.5  # m, of eye and muzzle to the side
TURN_HALF_TANGENT = 0.0218  # of a substep's turn: 2.5 degrees, which makes 150 degrees/s
TURN_COSINE = (1.0 - TURN_HALF_TANGENT**2) / (1.0 + TURN_HALF_TANGENT**2)
TURN_SINE = 2.0 * TURN_HALF_TANGENT / (1.0 + TURN_HALF_TANGENT**2)

RELOAD_STEPS = 20
USE_STEPS, USE_REACH = 8, 1.0  # m
PICKUP_WAIT = 300  # steps until a taken one is there again
PICKUP_HEALTH, PICKUP_ROUNDS = 50.0, 80

MUZZLE = 0.4  # m, before the eye
SECOND_BARREL = 0.3  # m, to the left of the first
SPRINT_SPREAD = 0.15  # tangent of the greatest angle by which a sprinter's shot goes astray
SHOTGUN_PELLETS, SHOTGUN_SPREAD = 5, 0.06  # tangent of the angle between pellets

SMG, SHOTGUN, RIFLE, LAUNCHER = range(4)
#    damage, m/s, blast radius (m), rounds, steps until the next shot
ARSENAL = (
    (6.0, 30.0, 0.0, 1, 0),
    (14.0, 25.0, 0.0, 4, 10),
    (60.0, 60.0, 0.0, 4, 16),
    (60.0, 16.0, 2.5, 8, 30),
)
COOLING_MAX = 30  # steps, of any weapon


@kernel
def act(state: Record, arena: Record) -> None:
    """Everything but moving: shoot, reload, use, and the energies of shield and dash."""
    held = state.held
    if state.cooling > 0:
        state.cooling -= 1
    if held[RELOAD]:
        _reload(state)
    elif held[FIRE] and state.cooling == 0:
        _fire(state, arena)
    for k in range(PICKUPS):
        if state.pickup_wait[k] > 0:
            state.pickup_wait[k] -= 1
    place = pickup_in_reach(state, arena)
    if place < 0:
        state.using = 0
    elif held[USE]:
        state.using += 1
        if state.using == USE_STEPS:
            _take(state, place)
    state.shielded = held[SHIELD] and state.shield >= SHIELD_COST - ROUNDING
    state.shield = _share(state.shield + (-SHIELD_COST if state.shielded else SHIELD_GAIN))
    state.dashing = held[DASH] and state.dash >= DASH_COST - ROUNDING
    state.dash = _share(state.dash + (-DASH_COST if state.dashing else DASH_GAIN))


@kernel
def _share(energy: float) -> float:
    return min(max(energy, 0.0), 1.0)


@kernel
def _reload(state: Record) -> None:
    if state.magazine == MAGAZINE or state.reserve == 0:
        return
    state.reloading += 1
    if state.reloading == RELOAD_STEPS:
        rounds = min(MAGAZINE - state.magazine, state.reserve)
        state.magazine += rounds
        state.reserve -= rounds
        state.reloading = 0


@kernel
def weapon_in_hand(state: Record) -> int:
    """The weapon whose button is held; the first one if there is none."""
    if state.held[WEAPON_2]:
        return SHOTGUN
    if state.held[WEAPON_3]:
        return RIFLE
    return LAUNCHER if state.held[WEAPON_4] else SMG


@kernel
def _fire(state: Record, arena: Record) -> None:
    weapon = weapon_in_hand(state)
    _, _, _, rounds, cooling = ARSENAL[weapon]
    barrels = 2 if state.held[ALTERNATE_FIRE] else 1
    if state.magazine < rounds * barrels:
        return
    state.magazine -= rounds * barrels
    state.fired += rounds * barrels
    state.cooling = cooling
    astray = 0.0
    if state.held[SPRINT]:
        astray = uniform(state, -SPRINT_SPREAD, SPRINT_SPREAD)
    pellets = SHOTGUN_PELLETS if weapon == SHOTGUN else 1
    for barrel in range(barrels):
        for pellet in range(pellets):
            tangent = astray + SHOTGUN_SPREAD * (pellet - (pellets - 1) // 2)
            _shoot(state, arena, weapon, tangent, SECOND_BARREL * barrel)


@kernel
def _shoot(state: Record, arena: Record, weapon: int, tangent: float, aside: float) -> None:
    """Launch one bullet, at an angle to the heading and from so far aside, positive to the left."""
    damage, speed, blast, _, _ = ARSENAL[weapon]
    cosine, sine = state.heading_cos, state.heading_sin
    scale = 1.0 / sqrt(1.0 + tangent * tangent)
    ux, uy = (cosine - tangent * sine) * scale, (sine + tangent * cosine) * scale
    x, y = eye(state, arena)
    state.shot_count = launch(
        state.shots, state.shot_count,
        x + MUZZLE * cosine - aside * sine, y + MUZZLE * sine + aside * cosine,
        speed * ux, speed * uy, damage, blast,
    )  # fmt: skip


@kernel
def eye(state: Record, arena: Record) -> tuple[float, float]:
    """Where the player looks and shoots from: to the side of the body while it leans."""
    lean = LEAN * (float(state.held[LEAN_LEFT]) - float(state.held[LEAN_RIGHT]))
    x, y = state.x - lean * state.heading_sin, state.y + lean * state.heading_cos
    if has_wall(arena.wall, x, y):
        return state.x, state.y
    return x, y


@kernel
def pickup_in_reach(state: Record, arena: Record) -> int:
    """The pickup that use would take, -1 if there is none."""
    for k in range(PICKUPS):
        x, y = middle(arena.pickup[k])
        dx, dy = x - state.x, y - state.y
        if state.pickup_wait[k] == 0 and dx * dx + dy * dy < USE_REACH * USE_REACH:
            return k
    return -1


@kernel
def _take(state: Record, place: int) -> None:
    state.using = 0
    state.pickup_wait[place] = PICKUP_WAIT
    if place % 2 == HEALTH:
        state.health = min(state.health + PICKUP_HEALTH, HEALTH_MAX)
    else:
        state.reserve = min(state.reserve + PICKUP_ROUNDS, RESERVE_MAX)


@kernel
def choose_velocity(state: Record) -> None:
    """The velocity that the buttons ask for, in the frame of the arena."""
    held = state.held
    ahead = float(held[FORWARD]) - float(held[BACK])
    left = float(held[STRAFE_LEFT]) - float(held[STRAFE_RIGHT])
    speed = RUN_SPEED
    if held[SPRINT] and ahead > 0.0:
        speed *= SPRINT_FACTOR
    if state.shielded:
        speed *= SHIELD_FACTOR
    if held[CROUCH]:
        speed *= CROUCH_FACTOR
    if state.dashing:
        speed = DASH_SPEED
        ahead = 1.0 if ahead == 0.0 and left == 0.0 else ahead
    if ahead != 0.0 and left != 0.0:
        speed *= SQRT_HALF
    cosine, sine = state.heading_cos, state.heading_sin
    state.vx = speed * (ahead * cosine - left * sine)
    state.vy = speed * (ahead * sine + left * cosine)


@kernel
def turn(state: Record) -> None:
    """Turn by what one substep allows, if either button is held alone."""
    side = float(state.held[TURN_LEFT]) - float(state.held[TURN_RIGHT])
    if side == 0.0:
        return
    cosine, sine = state.heading_cos, state.heading_sin
    swing = side * TURN_SINE
    cosine, sine = cosine * TURN_COSINE - sine * swing, sine * TURN_COSINE + cosine * swing
    scale = 1.0 / sqrt(cosine * cosine + sine * sine)
    state.heading_cos, state.heading_sin = cosine * scale, sine * scale


@kernel
def wound(state: Record, bullet: Record) -> None:
    """Take a bullet's damage; the shield stops most of it if it comes from the front."""
    damage = bullet.damage
    from_front = bullet.vx * state.heading_cos + bullet.vy * state.heading_sin < 0.0
    if state.shielded and from_front:
        damage *= SHIELD_LEAK
    state.health = max(state.health - damage, 0.0)
    state.damage_taken += damage


@kernel
def target_radius(state: Record) -> float:
    """Of the player, for bullets, in metres."""
    return CROUCH_RADIUS if state.held[CROUCH] else PLAYER_RADIUS
