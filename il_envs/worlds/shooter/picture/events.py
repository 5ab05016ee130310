"""Recent events of an episode, inferred from its states alone.

A state records neither where a bullet ended nor when an enemy fell; two consecutive states show it.
Places are complex, in metres.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.views import States
from il_envs.worlds.shooter.arena import SIDE
from il_envs.worlds.shooter.picture.camera import Numbers, Points
from il_envs.worlds.shooter.records import (
    CONTROL_PERIOD,
    ENEMY_RADIUS,
    PHYSICS_PERIOD,
    PLAYER_RADIUS,
    STATE,
    SUBSTEPS,
)
from il_envs.worlds.shooter.sight import CELL

Bullets = NDArray[np.void]
End = tuple[complex, complex, float, bool]
SAME = 0.02  # m, within which a bullet is where it was to be
TOUCH = 0.25  # m, beyond a body's radius, where a bullet ended at it


@dataclass(frozen=True)
class Ended:
    """A bullet that hit something."""

    age: int  # steps ago
    place: complex
    velocity: complex  # m/s, it had
    blast: float  # m, 0 for none
    in_body: bool  # whether it hit a body, not a wall


@dataclass(frozen=True)
class Change:
    """Something that happened to an enemy or a pickup."""

    age: int  # steps ago
    place: complex
    number: int  # of the enemy or pickup


def places(bodies: Bullets) -> Points:
    """Positions of bodies, [n], m."""
    return bodies["x"] + 1j * bodies["y"]


def velocities(bodies: Bullets) -> Points:
    """Velocities of bodies, [n], m/s."""
    return bodies["vx"] + 1j * bodies["vy"]


def bullets_of(state: np.void, own: bool) -> Bullets:
    """The bullets in flight, [n]: the player's own, or the enemies'."""
    count, kind = ("shot_count", "shots") if own else ("bullet_count", "bullets")
    bullets: Bullets = state[kind][: state[count]]
    return bullets


def _apart(before: np.void, after: np.void, own: bool, share: float) -> NDArray[np.bool_]:
    """True where a bullet after a step is not one that flew before it, bool [before, after]."""
    bullets = bullets_of(before, own)
    expected = places(bullets) + share * CONTROL_PERIOD * velocities(bullets)
    return np.abs(expected[:, None] - places(bullets_of(after, own))) > SAME


def ages(history: States, own: bool, share: float) -> Numbers:
    """How much of the last step each bullet in flight has flown, [n]: all that has passed of it,
    if it was fired in it, and else as much as a whole step."""
    if len(history) < 2:
        return np.ones(len(bullets_of(history[-1], own)))
    is_new = _apart(history[-2], history[-1], own, share).all(axis=0)
    return np.where(is_new, share, 1.0)


def ended(
    history: States, wall: NDArray[Any], own: bool, steps: int, share: float = 1.0
) -> Iterator[Ended]:
    """The bullets that ended in the last steps, the oldest first.

    Args:
        own: whether to follow the player's bullets; otherwise the enemies'.
        share: how much of the last step has passed.
    """
    recent = history[-steps - 1 :]
    for k in range(len(recent) - 1):
        before, after = recent[k], recent[k + 1]
        age = len(recent) - 2 - k
        if not len(bullets_of(before, own)):
            continue
        if k == len(recent) - 2 and share < 1.0:
            ends = _ended_in(before, after, wall, own, share)
        else:
            ends = _ended_in_step(before.tobytes(), after.tobytes(), wall.tobytes(), own)
        for place, velocity, blast, in_body in ends:
            yield Ended(age, place, velocity, blast, in_body)


@lru_cache(maxsize=256)
def _ended_in_step(before: bytes, after: bytes, wall: bytes, own: bool) -> list[End]:
    """The same for a whole step, given the bytes of its states and of the walls."""
    first, second = (np.frombuffer(state, STATE)[0] for state in (before, after))
    return _ended_in(first, second, np.frombuffer(wall, np.uint8).reshape(SIDE, SIDE), own, 1.0)


def _ended_in(
    before: np.void, after: np.void, wall: NDArray[Any], own: bool, share: float
) -> list[End]:
    """The bullets that ended in a step: the place, the velocity they had, their blast, and whether
    they hit a body."""
    bullets = bullets_of(before, own)
    gone = _apart(before, after, own, share).all(axis=1)
    enemies = before["enemies"][before["enemies"]["health"] > 0.0]
    bodies, radius = places(enemies), ENEMY_RADIUS + TOUCH
    if not own:
        bodies, radius = np.array([after["x"] + 1j * after["y"]]), PLAYER_RADIUS + TOUCH
    ends = []
    for bullet in bullets[gone]:
        place, velocity = complex(places(bullet)), complex(velocities(bullet))
        place, in_body = _end(place, velocity, wall, bodies, radius)
        ends.append((place, velocity, float(bullet["blast"]), in_body))
    return ends


def _end(
    place: complex, velocity: complex, wall: NDArray[Any], bodies: Points, radius: float
) -> tuple[complex, bool]:
    """The place where a bullet ended within a step, and whether that was at a body."""
    for _ in range(SUBSTEPS):
        onward = place + velocity * PHYSICS_PERIOD
        if (np.abs(bodies - onward) < radius).any():
            return onward, True
        if wall[int(onward.real / CELL), int(onward.imag / CELL)]:
            return place, False
        place = onward
    return place, True


def deaths(history: States) -> list[Change]:
    """The enemies that fell."""
    health = history["enemies"]["health"]
    return _changes(history, (health[:-1] > 0.0) & (health[1:] == 0.0))


def hits(history: States) -> list[Change]:
    """The hits that enemies survived."""
    health = history["enemies"]["health"]
    return _changes(history, (health[1:] < health[:-1]) & (health[1:] > 0.0))


def arrivals(history: States) -> list[Change]:
    """The enemies of new waves, where they are now."""
    health = history["enemies"]["health"]
    return _changes(history, (health[:-1] == 0.0) & (health[1:] > 0.0), -1)


def _changes(history: States, happened: NDArray[np.bool_], when: int | None = None) -> list[Change]:
    """A change for each True of [n - 1, enemies]; its place is read from the state `when`."""
    step, number = np.nonzero(happened)
    enemies = history["enemies"]
    where = enemies[step if when is None else np.full(step.size, len(history) + when), number]
    ago = len(history) - 2 - step
    return [
        Change(int(age), complex(place), int(enemy))
        for age, place, enemy in zip(ago, places(where), number, strict=True)
    ]
