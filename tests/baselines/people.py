"""Simulated people: a scripted expert with late and unsteady hands, as a `Labeller`."""

from collections import deque

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs import ExpertPolicy, World, WorldVectorEnv


class Person:
    """One who does what the scripted expert would have done some steps ago, with noise.

    Args:
        lag: whole steps by which it is late.
        noise: deviation of the noise on commands, or how often a button is wrong.
    """

    def __init__(self, world: World, lag: int, noise: float, seed: int) -> None:
        self._mind = WorldVectorEnv(world.name, 1)
        self._expert = ExpertPolicy(self._mind)
        self._space = world.spaces.action
        self._lag = lag
        self._noise = noise
        self._random = np.random.default_rng(seed)
        self._wanted: deque[NDArray] = deque(maxlen=lag + 1)

    def label(self, states, params, rows, proposed=None):
        """What the hands do now."""
        if states["step"][0] == 0:
            self._wanted.clear()
        self._mind.states = states
        self._wanted.append(self._expert.predict()[0])
        late = self._wanted[0]
        if isinstance(self._space, gym.spaces.Box):
            shaken = late + self._noise * self._random.standard_normal(late.shape)
            return np.clip(shaken, self._space.low, self._space.high).astype(late.dtype)
        wrong = self._random.random(late.shape) < self._noise
        return np.where(wrong, 1 - late, late).astype(late.dtype)


class Instructor(Person):
    """A person in DriftCar who takes the wheel when the car goes astray, or when the learner steers
    otherwise for a while, and lets go when both have been well for a second.

    What it sees, too, it sees late.
    """

    ASTRAY, STEADY = 1.5, 0.75  # m from the centreline
    WRONG, RIGHT = 0.25, 0.2  # difference in steering, of the wheel's half range
    PATIENCE = 10  # steps for which all must be well
    MEMORY = 0.8  # of the mean difference, from step to step

    def __init__(self, world: World, lag: int, noise: float, seed: int) -> None:
        super().__init__(world, lag, noise, seed)
        self._at_wheel = False
        self._well = 0
        self._difference = 0.0
        self._sights: deque[tuple[float, float]] = deque(maxlen=lag + 1)
        self.interventions = 0

    def intervene(self, states, params, proposed):
        actions = self.label(states, params, np.ones(1, np.bool_))
        if states["step"][0] == 0:
            self._sights.clear()
            self._at_wheel, self._difference = False, 0.0
        wanted = self._wanted[-1]
        self._sights.append((abs(states["lateral"][0]), abs(wanted - proposed)[0, 0]))
        astray, difference = self._sights[0]
        self._difference += (1.0 - self.MEMORY) * (difference - self._difference)
        if not self._at_wheel:
            if astray > self.ASTRAY or self._difference > self.WRONG:
                self._at_wheel, self._well = True, 0
                self.interventions += 1
        else:
            well = astray < self.STEADY and self._difference < self.RIGHT
            self._well = self._well + 1 if well else 0
            self._at_wheel = self._well < self.PATIENCE
        return actions, np.array([self._at_wheel])
