"""How long a cell takes, roughly, as long as none like it has been measured."""

from typing import Any

import gymnasium as gym

from il_envs.learning.algorithm import Algorithm
from il_envs.world import World

START = 2.0
"""s, to begin a process, import, and evaluate: all that many cells do."""
CLONING = 12.0
"""s, to train a network on labels; where it is a table that is trained, nothing."""
STEP_RATE = 16_000.0
"""Steps a second of a learner that acts, its updates included."""


def expected_seconds(steps: int, world: World, algorithm: Algorithm[Any]) -> float:
    """s on one core, for a cell that may take so many environment steps."""
    if "env" in algorithm.sources and "expert" not in algorithm.sources:
        return START + steps / STEP_RATE
    counts = isinstance(world.spaces.observation, gym.spaces.Discrete)
    return START if counts or not algorithm.uses_labels else START + CLONING
