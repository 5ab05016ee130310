"""The share of visited states that are outside the support of the expert's demonstrations."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from il_envs.learning.demonstrations import collect
from il_envs.learning.rollout import Episode
from il_envs.learning.support import Support, evenly_spaced, has_support
from il_envs.world import World, get_world

TRANSITIONS = 8_000
"""Transitions of the reference expert on training episodes, whose support is meant."""
SUPPORT_SEED = 800_000_000
"""Seed of the first of these episodes."""
MOST_VISITED = 4_000
"""Number of visited states that are looked at; of more, evenly spaced ones are."""


@cache
def expert_support(world_name: str) -> Support | None:
    """The support of the reference expert's demonstrations; None in a world without an expert and
    in one whose observations are pictures."""
    world = get_world(world_name)
    if not world.experts or not has_support(world):
        return None
    return Support(collect(world.name, TRANSITIONS, SUPPORT_SEED, world.reference_style))


def outside_support(world: World, episodes: Sequence[Episode]) -> float | None:
    """Share of the states visited in episodes, final ones included, that are outside the expert's
    support; None where that is not defined."""
    support = expert_support(world.name)
    if support is None:
        return None
    visited = np.concatenate([episode.observations for episode in episodes])
    inside = support.contains(visited[evenly_spaced(len(visited), MOST_VISITED)])
    return float(1.0 - inside.mean())
