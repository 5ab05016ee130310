"""Rough estimates of how long a cell takes, for use until a similar one has been measured."""

import gymnasium as gym

from il_envs.world import World
from leaderboard.algorithms.contender import Contender

START = 2.0
"""Seconds to start a process, import, and evaluate, which is all that many cells do."""
CLONING = 12.0
"""Seconds to train a network on labels; a table takes no time."""
STEP_RATE = 16_000.0
"""Environment steps per second of a learner that acts, its updates included."""


def expected_seconds(steps: int, world: World, contender: Contender) -> float:
    """Seconds on one core for a cell that may take `steps` environment steps."""
    if "env" in contender.sources and "expert" not in contender.sources:
        return START + steps / STEP_RATE
    counts = isinstance(world.spaces.observation, gym.spaces.Discrete)
    return START if counts or not contender.uses_labels else START + CLONING
