"""What the shooter's player should see: an observation from the State, with trigonometry.

Written anew from the description of the world, in float64 and by brute force; places are complex
numbers, x + i y in the arena and ahead + i left in the frame of the body.
"""

import numpy as np

from il_envs.worlds.shooter.arena import FAR, HERE, INSIDE, STEP_X, STEP_Y, cell_of, middle
from il_envs.worlds.shooter.sight import CELL
from tests.worlds.shooter.shooting_range import first_wall, flying, living, sees

RADII = {"enemy": 0.5, "bullet": 0.2, "pickup": 0.4}  # m


def place(body):
    return complex(body["x"], body["y"])


def velocity(body):
    return complex(body["vx"], body["vy"])


def nearness(distance):
    return 2.0 / (2.0 + max(distance, 0.0))


def observation(state, row, pad):
    """The observation that `state` should give in the arena `row`, float64 [177 + pad]."""
    heading = complex(state["heading_cos"], state["heading_sin"])
    eye = _eye(state, row, heading)
    pickups = [
        (k, complex(*middle(cell)))
        for k, cell in enumerate(row["pickup"].tolist())
        if state["pickup_wait"][k] == 0
    ]
    way, target = _enemies(state, row, heading, eye)
    return np.concatenate([
        _rays(state, row, heading, eye, pickups),
        _body(state, heading, pickups),
        way,
        target,
        _threat(state, row, heading),
        *(_nearest(state, row, heading, pickups[:], kind) for kind in (0, 1)),
        state["held"][:pad],
    ])  # fmt: skip


def _eye(state, row, heading):
    lean = 0.5 * (int(state["held"][12]) - int(state["held"][13]))
    eye = place(state) + lean * 1j * heading
    is_wall = row["wall"][int(eye.real / CELL), int(eye.imag / CELL)]
    return place(state) if is_wall else eye


def _rays(state, row, heading, eye, pickups):
    """Nearness of a wall, an enemy, a bullet and a pickup for each of 36 rays, [144]."""
    discs = {
        "enemy": [place(enemy) for enemy in living(state)],
        "bullet": [place(bullet) for bullet in flying(state, "bullets", "bullet_count")],
        "pickup": [pickup for _, pickup in pickups],
    }
    rays = np.zeros((36, 4))
    for k in range(36):
        ray = heading * np.exp(1j * np.radians(10 * k))
        rays[k, 0] = nearness(first_wall(row["wall"], eye.real, eye.imag, ray.real, ray.imag))
        for column, (kind, places) in enumerate(discs.items(), start=1):
            for middle_of_disc in places:
                offset = middle_of_disc - eye
                radius, distance = RADII[kind], abs(offset)
                gap = abs(np.degrees(np.angle(offset / ray))) - 5.0  # to the edge of its sector
                near = nearness(distance - radius)
                reaches = gap <= np.degrees(np.arcsin(min(radius / distance, 1.0)))
                if reaches and near > rays[k, 0]:
                    rays[k, column] = max(rays[k, column], near)
    return rays.ravel()


def _body(state, heading, pickups):
    """Entries 144 to 157."""
    speed = velocity(state) / heading / 12.5
    in_reach = any(abs(pickup - place(state)) < 1.0 for _, pickup in pickups)
    return [
        state["health"] / 100.0, state["magazine"] / 40.0, state["reserve"] / 160.0,
        state["reloading"] / 20.0, state["shield"], state["dash"], state["using"] / 8.0,
        speed.real, speed.imag, state["cooling"] / 30.0, living(state).size / 6.0,
        state["wave"] / 8.0, 1.0 - state["step"] / 1200.0, in_reach,
    ]  # fmt: skip


def _enemies(state, row, heading, eye):
    """Entries 158 to 160 and 161 to 167: the nearest enemy by way, and the nearest in sight."""
    way, target = np.zeros(3), np.zeros(7)
    ways = [(_distance(row, state, place(enemy)), place(enemy)) for enemy in living(state)]
    if ways:
        way = _way(row, state, heading, min(ways, key=lambda pair: pair[0])[1])
    in_sight = [
        enemy for enemy in living(state)
        if sees(row["wall"], eye.real, eye.imag, enemy["x"], enemy["y"])
    ]  # fmt: skip
    if in_sight:
        enemy = min(in_sight, key=lambda enemy: abs(place(enemy) - eye))
        offset, motion = (place(enemy) - eye) / heading, velocity(enemy) / heading / 12.5
        direction = offset / abs(offset)
        target = [
            1.0, direction.real, direction.imag, nearness(abs(offset)), motion.real, motion.imag,
            enemy["health"] / 60.0,
        ]  # fmt: skip
    return way, target


def _threat(state, row, heading):
    """Entries 168 to 170: the bullet that will be near first."""
    soonest, threat = 1.5, np.zeros(3)
    for bullet in flying(state, "bullets", "bullet_count"):
        offset, motion = place(bullet) - place(state), velocity(bullet)
        time = -(offset * motion.conjugate()).real / abs(motion) ** 2
        miss = offset + time * motion
        is_seen = sees(row["wall"], state["x"], state["y"], bullet["x"], bullet["y"])
        if abs(miss) <= 1.5 and 0.0 < time < soonest and is_seen:
            soonest, miss = time, miss / heading / 1.5
            threat = [1.0 - time / 1.5, miss.real, miss.imag]
    return threat


def _nearest(state, row, heading, pickups, kind):
    """Entries 171 to 173 or 174 to 176: the way to the nearest pickup of a kind."""
    ways = [(_distance(row, state, pickup), pickup) for k, pickup in pickups if k % 2 == kind]
    if not ways or min(ways, key=lambda pair: pair[0])[0] == FAR:
        return np.zeros(3)
    return _way(row, state, heading, min(ways, key=lambda pair: pair[0])[1])


def _cell(place):
    return cell_of(place.real, place.imag)


def _distance(row, state, goal):
    """The length of the way to a goal, in half cells."""
    return int(row["distance"][_cell(goal), _cell(place(state))])


def _way(row, state, heading, goal):
    """Where the way to a goal leads at first, and how near it is."""
    here = _cell(place(state))
    step = row["toward"][_cell(goal), here]
    next_place = (
        goal if step == HERE else complex(*middle(here + STEP_X[step] * INSIDE + STEP_Y[step]))
    )
    direction = (next_place - place(state)) / heading
    direction /= abs(direction)
    return [direction.real, direction.imag, nearness(_distance(row, state, goal) * 0.75)]
