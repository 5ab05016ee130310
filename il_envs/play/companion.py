"""The expert's episode from the start of the player's, for its score and for its ghost."""

from typing import Any

import numpy as np

from il_envs.engine.single import WorldEnv
from il_envs.play.pilots import ExpertPilot
from il_envs.world import Split, States, World


class Companion:
    """An expert that goes along: as far as the player has come, and on to its end when asked.

    Attributes:
        total: the return of its episode so far.
        steps: taken in it.
        is_over: whether it has ended.
    """

    def __init__(self, world: World, split: Split) -> None:
        self._env = WorldEnv(world.name, split)
        self._expert = ExpertPilot(self._env)
        self._states = np.zeros(world.dynamics.max_episode_steps + 1, world.dynamics.state)

    def begin(self, seed: int, options: dict[str, Any]) -> None:
        """Start an episode, as `reset(seed=seed, options=options)` does."""
        self._observation, _ = self._env.reset(seed=seed, options=options)
        self._expert.begin()
        self._states[0] = self._env.state
        self.steps = 0
        self.total = 0.0
        self.is_over = False

    def go_on(self, step: int) -> None:
        """Act up to this step of the episode, or to its end."""
        while self.steps < step and not self.is_over:
            action = self._expert.decide(self._observation)
            self._observation, reward, terminated, truncated, _ = self._env.step(action)
            self.total += reward
            self.is_over = terminated or truncated
            self.steps += 1
            self._states[self.steps] = self._env.state

    def history(self, step: int) -> States:
        """Its states up to a step, or to its end if that was before, [n]."""
        return self._states[: min(step, self.steps) + 1]
