"""The support of demonstrations: which states are near to a demonstrated one.

A learner that leaves the expert's path comes to states for which it has seen no action. They are
found by the distance to the nearest demonstrated state, the out-of-distribution detector of Sun et
al. 2022, "Out-of-distribution detection with deep nearest neighbors", with k = 1, on normalised
observations instead of a network's features.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.learning.demonstrations import Demonstrations
from il_envs.world import World, get_world

QUANTILE = 0.99
"""Share of the demonstrated states that is in the support of the other episodes: about one fresh
state of the expert in a hundred is outside."""
MOST_STATES = 4_000
"""Number of demonstrated states that are kept; of more, evenly spaced ones are."""
LEAST_DEVIATION = 1e-6
"""Standard deviation below which an entry counts as constant; it is shifted, but not scaled."""
BLOCK = 1_000  # observations that are compared with all demonstrated states at once


class Support:
    """The support of demonstrations, by the distance to the nearest demonstrated state.

    Observations of a Box are normalised entry by entry, by mean and standard deviation of the
    demonstrated ones; their distance is Euclidean. The threshold is the 99th percentile of the
    distances of demonstrated states to those of all *other* episodes, because states of the same
    episode are neighbours in time and say nothing about fresh ones.

    Numbered states are either the same or not: their distance is 0 or 1 and the threshold 0, so a
    state is in the support if it was demonstrated.

    Attributes:
        threshold: the largest distance within the support, in standard deviations.

    Raises:
        ValueError: if observations are pictures, or a Box and there is only one episode.
    """

    def __init__(self, demonstrations: Demonstrations) -> None:
        world = get_world(demonstrations.world)
        if not has_support(world):
            raise ValueError(
                f"observations of {world.name} are pictures, and near pixels are no near states"
            )
        episodes = demonstrations.episodes
        states = np.concatenate([episode.observations for episode in episodes])
        self._is_numbered = isinstance(world.spaces.observation, gym.spaces.Discrete)
        if self._is_numbered:
            self._states, self.threshold = np.unique(states), 0.0
            return
        if len(episodes) < 2:
            raise ValueError(
                f"one demonstrated episode of {world.name}: how far its states are from those of "
                "other episodes takes at least two"
            )
        index = np.repeat(np.arange(len(episodes)), [len(e.observations) for e in episodes])
        kept = evenly_spaced(len(states), MOST_STATES)
        states, index = _flat(states[kept]), index[kept]
        self._mean, deviation = states.mean(0), states.std(0)
        self._scale = np.where(deviation > LEAST_DEVIATION, deviation, 1.0)
        self._states = (states - self._mean) / self._scale
        apart = [
            _nearest(self._states[index == i], self._states[index != i]) for i in np.unique(index)
        ]
        self.threshold = float(np.quantile(np.concatenate(apart), QUANTILE))

    def distances(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """The distance of each observation, [rows, ...], to the nearest demonstrated state, float64
        [rows].

        Raises:
            ValueError: if observations have another size than those demonstrated.
        """
        if self._is_numbered:
            return (~np.isin(observations, self._states)).astype(np.float64)
        rows = _flat(observations)
        if rows.shape[1] != len(self._mean):
            raise ValueError(
                f"observations of {rows.shape[1]} entries; those demonstrated have "
                f"{len(self._mean)}"
            )
        return _nearest((rows - self._mean) / self._scale, self._states)

    def contains(self, observations: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each observation, [rows, ...], is in the support, bool [rows]."""
        return self.distances(observations) <= self.threshold


def has_support(world: World) -> bool:
    """False if a world's observations are pictures, whose pixels tell little about distance."""
    space = world.spaces.observation
    return not (len(space.shape or ()) == 3 and space.dtype == np.uint8)


def evenly_spaced(count: int, most: int) -> NDArray[np.int64]:
    """Ascending numbers from 0 to count - 1: all of them, or `most` that are evenly spaced."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def _flat(observations: NDArray[Any]) -> NDArray[np.float64]:
    size = int(np.prod(np.shape(observations)[1:]))
    return np.asarray(observations, np.float64).reshape(-1, size)


def _nearest(rows: NDArray[np.float64], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance of each row, [rows, size], to the nearest state, float64 [rows].

    Products of matrices find the nearest state sooner than a tree does in many dimensions; its
    distance is then computed anew, since the square |a|^2 - 2 ab + |b|^2 is not exact near 0.
    """
    squares = np.square(states).sum(1)
    distances = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        nearest = (squares - 2.0 * block @ states.T).argmin(1)  # less the square of the row itself
        distances[start : start + BLOCK] = np.linalg.norm(block - states[nearest], axis=1)
    return distances
