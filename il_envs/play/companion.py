"""The expert's episode from the start of the player's, for its score and for its ghost."""

import numpy as np

from il_envs.engine.single import WorldEnv
from il_envs.play.pilots import ExpertPilot
from il_envs.views import States
from il_envs.world import Split, World


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

    def begin(self, state: np.void) -> None:
        """Start an episode at a state."""
        self._env.state = state
        self._expert.begin()
        self._states[0] = state
        self.steps = 0
        self.total = 0.0
        self.is_over = False

    def go_on(self, step: int) -> None:
        """Act up to this step of the episode, or to its end."""
        while self.steps < step and not self.is_over:
            action = self._expert.decide(None)
            _, reward, terminated, truncated, _ = self._env.step(action)
            self.total += reward
            self.is_over = terminated or truncated
            self.steps += 1
            self._states[self.steps] = self._env.state

    def history(self, step: int) -> States:
        """Its states up to a step, or to its end if that was before, [n]."""
        return self._states[: min(step, self.steps) + 1]
