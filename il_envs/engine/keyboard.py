"""A world's keys as a table of actions, for generic players such as Gymnasium's."""

import warnings
from itertools import combinations
from math import comb
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.engine.spaces import action_bounds
from il_envs.views import PlayKey
from il_envs.world import World

MOST_COMBINATIONS = 5_000


def keys_to_action(world: World) -> dict[tuple[int, ...], Any]:
    """The action for each set of keys that are held together, by their sorted pygame codes.

    A key moves its entry to its full value at once. With no key an axis is at zero and a button is
    released; a Discrete world has no action for that, and its keys do not combine. With more than
    12 keys the size of the sets is limited so that there are at most 5,000 of them.
    """
    import pygame

    with warnings.catch_warnings():
        # Names of keys have the same codes whether or not there is a display yet.
        warnings.filterwarnings("ignore", r"pygame\.init\(\) has not been called")
        codes = {pygame.key.key_code(key.key): key for key in world.views.keys}
    if isinstance(world.spaces.action, gym.spaces.Discrete):
        return {(code,): int(key.value) for code, key in codes.items()}
    sizes = range(len(codes) + 1)
    together = [size for size in sizes if _combinations(len(codes), size) <= MOST_COMBINATIONS]
    return {
        held: _action(world, [codes[code] for code in held])
        for size in together
        for held in combinations(sorted(codes), size)
    }


def _combinations(keys: int, most: int) -> int:
    """The number of combinations of at most `most` of `keys` keys."""
    return sum(comb(keys, size) for size in range(most + 1))


def _action(world: World, held: list[PlayKey]) -> NDArray[Any]:
    low, high = action_bounds(world.spaces.action)
    entries = np.zeros(low.size)
    for key in held:
        entries[key.entry] += key.value
    return entries.clip(low, high).astype(world.spaces.action.dtype)
