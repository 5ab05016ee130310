"""The scripted expert: the habits of a human player, as thresholds on the observation.

It is a function of the observation alone, so it can be learned from demonstrations. Where it would
waver it keeps holding the current button, which is part of the observation too.
"""

from math import sqrt

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Expert, Record
from il_envs.worlds.shooter import view
from il_envs.worlds.shooter.pad import (
    ALTERNATE_FIRE,
    BACK,
    CROUCH,
    DASH,
    FIRE,
    FORWARD,
    FULL_PAD,
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
)
from il_envs.worlds.shooter.player import ARSENAL, DASH_COST, RIFLE, SHIELD_COST, SHOTGUN, SMG
from il_envs.worlds.shooter.records import MAGAZINE

AIMED = 0.9979  # cosine of half a step's turn: nearer it cannot aim
HIT_RADIUS = 0.55  # m, of an enemy, a little less than what a bullet hits
FIRE_RANGE = 14.0  # m
FIGHT_NEAREST, FIGHT_FARTHEST = 4.0, 7.0  # m, between which it neither comes closer nor backs off
GO_SINE = 0.38  # a direction's share of an axis, from which the axis' button is pressed
STRAIGHT_COSINE = 0.8  # of the way ahead, from which it sprints
HURT, SHORT, HEALTHY, STOCKED = 0.45, 0.3, 0.8, 0.7  # shares of health and of reserve rounds
HEALTH_IS_NEAR = 0.25  # nearness of health for which it breaks off a fight
RELOAD_BELOW = 0.6  # share of the magazine under which it reloads when no one is in sight
LEFT_RAY, RIGHT_RAY = view.RAYS // 4, 3 * view.RAYS // 4
WALL_IS_NEAR = 0.7  # nearness of a wall to one side, at which it circles the other way
DODGE_SOON, BLOCK_SOON = 0.6, 0.85  # of a threat, from which it dodges and blocks
BLOCK_MISS = 0.45  # of a threat, within which it would hit
DASH_HEALTH = 0.7  # share of health under which it dashes out of a threat's way
SHOTGUN_RANGE, RIFLE_RANGE = 4.0, 9.0  # m, below and above which it takes them

SLIP = 0.04  # chance that the noisy expert gets a button wrong in a step
SLIP_STREAM = np.uint64(0x5117)  # apart from the draws of the world itself
LAG = 4  # steps, 0.2 s, a person's reaction time


@kernel
def decide(seen: Array, action: Array) -> None:
    """Choose the buttons for an observation."""
    action[:] = 0
    held = seen[view.HELD :]
    has_target = seen[view.TARGET] > 0.5
    is_hurt = seen[view.HEALTH_LEVEL] < HURT and seen[view.HEALTH_NEAR] > 0.0
    is_short = seen[view.RESERVE_LEVEL] < SHORT and seen[view.ROUNDS_NEAR] > 0.0
    distance = view.distance(seen[view.TARGET_NEAR])
    goal = view.WAY_AHEAD
    if is_hurt and (not has_target or seen[view.HEALTH_NEAR] > HEALTH_IS_NEAR):
        goal = view.HEALTH_AHEAD
    elif is_short and not has_target:
        goal = view.ROUNDS_AHEAD
    weapon = SMG
    if has_target and action.size == FULL_PAD:
        weapon = _weapon(seen, distance)
    if has_target:
        ahead, left = _lead(seen, distance, ARSENAL[weapon][1])
    else:
        ahead, left = seen[goal], seen[goal + 1]
    if ahead < AIMED:
        action[TURN_LEFT if left > 0.0 else TURN_RIGHT] = 1
    if has_target and seen[view.MAGAZINE_LEVEL] > 0.0 and distance < FIRE_RANGE:
        action[FIRE] = ahead > 0.0 and abs(left) * max(distance, HIT_RADIUS) < HIT_RADIUS
    if action[FIRE] == 0:
        action[RELOAD] = _wants_reload(seen, has_target, held[RELOAD] > 0.5)
    if has_target and goal == view.WAY_AHEAD:
        _fight(seen, held, distance, action)
    else:
        _walk(seen[goal], seen[goal + 1], has_target, action)
    _defend(seen, held, action)
    if action.size == FULL_PAD:
        _use_full_pad(seen, has_target, weapon, action)
    wants = seen[view.HEALTH_LEVEL] < HEALTHY or seen[view.RESERVE_LEVEL] < STOCKED
    action[USE] = seen[view.REACH] > 0.5 and wants


@kernel
def _rounds(seen: Array) -> int:
    """In the magazine."""
    return int(seen[view.MAGAZINE_LEVEL] * MAGAZINE + 0.5)


@kernel
def _weapon(seen: Array, distance: float) -> int:
    """The weapon for the distance, if there are rounds for it."""
    weapon = SMG
    if distance < SHOTGUN_RANGE:
        weapon = SHOTGUN
    elif distance > RIFLE_RANGE:
        weapon = RIFLE
    return weapon if _rounds(seen) >= ARSENAL[weapon][3] else SMG


@kernel
def _lead(seen: Array, distance: float, speed: float) -> tuple[float, float]:
    """The direction to shoot in: where the target will be when a bullet of that speed, in m/s,
    gets there."""
    time = distance / speed * view.SPEED_UNIT
    ahead = distance * seen[view.TARGET_AHEAD] + time * seen[view.TARGET_SPEED_AHEAD]
    left = distance * seen[view.TARGET_LEFT] + time * seen[view.TARGET_SPEED_LEFT]
    scale = 1.0 / max(sqrt(ahead * ahead + left * left), 1e-6)
    return ahead * scale, left * scale


@kernel
def _wants_reload(seen: Array, has_target: bool, is_reloading: bool) -> bool:
    magazine = seen[view.MAGAZINE_LEVEL]
    if seen[view.RESERVE_LEVEL] == 0.0 or magazine == 1.0:
        return False
    return magazine == 0.0 or is_reloading or (not has_target and magazine < RELOAD_BELOW)


@kernel
def _walk(ahead: float, left: float, has_target: bool, action: Array) -> None:
    """Go in a direction, without waiting for the turn."""
    action[FORWARD] = ahead > GO_SINE
    action[BACK] = ahead < -GO_SINE
    action[STRAFE_LEFT] = left > GO_SINE
    action[STRAFE_RIGHT] = left < -GO_SINE
    action[SPRINT] = ahead > STRAIGHT_COSINE and not has_target


@kernel
def _fight(seen: Array, held: Array, distance: float, action: Array) -> None:
    """Keep the distance, circle, and step out of the way of bullets."""
    action[FORWARD] = distance > FIGHT_FARTHEST
    action[BACK] = distance < FIGHT_NEAREST
    goes_left = held[STRAFE_LEFT] > 0.5
    if held[STRAFE_LEFT] == held[STRAFE_RIGHT]:
        goes_left = seen[view.TARGET_SPEED_LEFT] > 0.0
    if seen[view.THREAT_SOON] > DODGE_SOON:
        goes_left = seen[view.THREAT_LEFT] < 0.0
    if goes_left and seen[view.CLASSES * LEFT_RAY] > WALL_IS_NEAR:
        goes_left = False
    elif not goes_left and seen[view.CLASSES * RIGHT_RAY] > WALL_IS_NEAR:
        goes_left = True
    action[STRAFE_LEFT if goes_left else STRAFE_RIGHT] = 1


@kernel
def _defend(seen: Array, held: Array, action: Array) -> None:
    """Raise the shield against a bullet that will hit, and dash away when it hurts."""
    ahead, left = seen[view.THREAT_AHEAD], seen[view.THREAT_LEFT]
    hits = ahead * ahead + left * left < BLOCK_MISS * BLOCK_MISS
    threat = seen[view.THREAT_SOON]
    action[SHIELD] = threat > BLOCK_SOON and hits and seen[view.SHIELD_LEVEL] > SHIELD_COST
    is_dashing = held[DASH] > 0.5 and seen[view.DASH_LEVEL] > DASH_COST
    starts = threat > DODGE_SOON and seen[view.DASH_LEVEL] == 1.0
    action[DASH] = is_dashing or (starts and seen[view.HEALTH_LEVEL] < DASH_HEALTH)


@kernel
def _use_full_pad(seen: Array, has_target: bool, weapon: int, action: Array) -> None:
    """Hold the weapon, with both barrels if there are rounds for them; peek round corners, duck
    when the shield is down."""
    if has_target:
        action[WEAPON_2] = weapon == SHOTGUN
        action[WEAPON_3] = weapon == RIFLE
        action[ALTERNATE_FIRE] = weapon == SMG and action[FIRE] != 0 and _rounds(seen) >= 2
    else:
        action[LEAN_LEFT] = seen[view.WAY_LEFT] > GO_SINE
        action[LEAN_RIGHT] = seen[view.WAY_LEFT] < -GO_SINE
    is_open = action[SHIELD] == 0 and seen[view.SHIELD_LEVEL] < SHIELD_COST
    action[CROUCH] = is_open and seen[view.THREAT_SOON] > BLOCK_SOON


@kernel
def scripted(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The expert itself."""
    seen = np.empty(view.HELD + action.size, np.float32)
    view.observe(state, params, seen)
    decide(seen, action)


@kernel
def slip(state: Record, action: Array) -> None:
    """Get each button wrong with a small chance, which depends on the state alone."""
    for k in range(action.size):
        index = np.uint64(action.size * state.step + k)
        if hash_uniform(state.key ^ SLIP_STREAM, state.episode, index) < SLIP:
            action[k] = 1 - action[k]


@kernel
def noisy(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The expert with slips: now and then a button is pressed, or let go, by mistake."""
    scripted(state, params, memory, action)
    slip(state, action)


@kernel
def lagged(state: Record, params: Array, memory: Array, action: Array) -> None:
    """The expert with a reaction time: all but its turns it decided `LAG` steps ago.

    Late turns would swing past every target. Its memory is the decisions that it has not yet acted
    on, each a chord as a binary number.
    """
    scripted(state, params, memory, action)
    chord = 0
    for k in range(action.size):
        chord |= int(action[k]) << k
    late = int(memory[0])
    for k in range(action.size):
        if k != TURN_LEFT and k != TURN_RIGHT:
            action[k] = (late >> k) & 1
    memory[:-1] = memory[1:]
    memory[LAG - 1] = chord


EXPERTS = {
    "scripted": Expert(scripted, "a function of what Shooter shows alone; the reference"),
    "noisy": Expert(noisy, f"with slips: each button is wrong in {SLIP:.0%} of the steps"),
    "lagged": Expert(lagged, f"reacts {LAG} steps late, but for its turns", memory_size=LAG),
}
