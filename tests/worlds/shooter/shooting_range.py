"""What the tests of the shooter share: arenas to order, players placed in them, and plain sight."""

from functools import cache

import numpy as np

from il_envs import ExpertPolicy, WorldEnv, WorldVectorEnv
from il_envs.worlds.shooter import arena, enemies
from il_envs.worlds.shooter.sight import CELL

PLACE = 12.75  # m, x and y of a cell's middle near the middle of the arena
WALL_X = arena.SIZE - CELL  # m, where the outer wall faces that the player looks at
CORNER = 1.5 * CELL  # m, x and y of the middle of the first cell
HEADING = np.exp(0.7j)  # of no significance
NEVER = 10**6  # steps


@cache
def arena_with(*cells):
    """Parameters of one arena in which only these cells are wall, each (column, row) from 0 to 15.

    The pickups lie in its corners.
    """
    params = np.zeros(1, arena.PARAMS)
    wall = params[0]["wall"]
    wall[:] = 1
    wall[1:-1, 1:-1] = 0
    for column, row in cells:
        wall[column + 1, row + 1] = 1
    arena._fill_tables(params[0])
    params[0]["pickup"] = 0, 15, 240, 255
    params.flags.writeable = False
    return params


def stand(params=None, name="Shooter20", **fields):
    """An environment in which the player stands at `PLACE`, looks along x, and is alone for good.

    Args:
        params: of its arena, which is empty if none are given.
        fields: of the State record, to set.
    """
    env = WorldEnv(name)
    env._params = arena_with() if params is None else params
    env.reset(seed=0)
    state = env.states[0]
    place = {"x": PLACE, "y": PLACE, "heading_cos": 1.0, "heading_sin": 0.0, "pause": NEVER}
    for field, value in (place | fields).items():
        state[field] = value
    state["enemies"]["health"] = 0.0
    return env


def turned(**fields):
    """A player that looks along `HEADING`, in an empty arena."""
    return stand(heading_cos=HEADING.real, heading_sin=HEADING.imag, **fields)


def press(env, *buttons, steps=1):
    """Hold these buttons alone for some steps; returns the sum of the rewards."""
    action = np.zeros(env.action_space.n, np.int8)
    action[list(buttons)] = 1
    return sum(env.step(action)[1] for _ in range(steps))


def add_enemy(env, x, y, **fields):
    """Place one more enemy; unless told otherwise it reloads for ever. Returns its record."""
    state = env.states[0]
    enemy = state["enemies"][np.flatnonzero(state["enemies"]["health"] == 0.0)[0]]
    still = {"vx": 0.0, "vy": 0.0, "health": 60.0, "alert": 0, "rounds": 0, "wait": NEVER}
    for field, value in (still | {"x": x, "y": y, "side": 1.0} | fields).items():
        enemy[field] = value
    return enemy


def add_bullet(env, x, y, vx, vy):
    """Add one bullet of an enemy."""
    state = env.states[0]
    state["bullets"][state["bullet_count"]] = x, y, vx, vy, enemies.BULLET_DAMAGE, 0.0
    state["bullet_count"] += 1


def first_wall(wall, x, y, dx, dy):
    """How far a ray goes until it enters a cell of wall, in lengths of (dx, dy).

    By brute force: the ray is cut with every square there is.
    """
    low = np.argwhere(wall) * CELL
    with np.errstate(divide="ignore"):
        sides = [(line - (x, y)) / (dx, dy) for line in (low, low + CELL)]
    enters = np.minimum(*sides).max(axis=1)
    leaves = np.maximum(*sides).min(axis=1)
    return enters[(enters < leaves) & (leaves > 0.0)].min()


def sees(wall, x, y, to_x, to_y):
    """True if no wall stands between two places."""
    return first_wall(wall, x, y, to_x - x, to_y - y) >= 1.0


def played(name, steps, rows=16, chance=0.25, seed=0):
    """States and actions of play, in turn: the expert's, with some of its chords replaced.

    A replaced chord is random and held for ten steps, so that the player gets about.

    Yields:
        The environment before each step, and the actions that are taken next, int8 [rows, K].
    """
    env = WorldVectorEnv(name, rows)
    env.reset(seed=seed)
    expert, random = ExpertPolicy(env), np.random.default_rng(seed)
    for step in range(steps):
        if step % 10 == 0:
            chords = random.integers(0, 2, (rows, env.single_action_space.n), np.int8)
            is_random = random.random(rows) < chance
        actions, _ = expert.predict()
        actions[is_random] = chords[is_random]
        yield env, actions
        env.step(actions)


def living(state):
    """The enemies that are there."""
    return state["enemies"][state["enemies"]["health"] > 0.0]


def flying(state, bullets, count):
    """The bullets that are in the air: `shots` or `bullets`, as many as the count says."""
    return state[bullets][: state[count]]


def speed(body):
    """Speed of a body, in m/s."""
    return np.hypot(body["vx"], body["vy"])


def cell_at(body):
    """The number of the cell in which a body is."""
    return arena.cell_of(float(body["x"]), float(body["y"]))
