"""Windows of observations and chunks of actions, as arrays and as spaces."""

from dataclasses import dataclass, replace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.rollout import Episode


@dataclass(frozen=True)
class Framing:
    """A window of the last observations, and a chunk of the next actions.

    A window holds the observations of one episode, the oldest first; at the episode's start the
    first one is repeated. A chunk holds actions in the order in which they are executed. Both are
    concatenated along the only axis of their space, and one of length 1 is the element itself.

    Args:
        observation_space, action_space: of a single observation and a single action.
        window: observations in a window.
        chunk: actions in a chunk.

    Raises:
        TypeError: if observations or actions of that kind cannot be concatenated.
    """

    observation_space: gym.Space[Any]
    action_space: gym.Space[Any]
    window: int
    chunk: int

    def __post_init__(self) -> None:
        observation, action = self.observation_space, self.action_space
        if self.window > 1 and not _is_flat(observation, gym.spaces.Box):
            raise TypeError(
                f"a window of {self.window} observations needs observations that are a Box of one "
                f"dimension, not {observation}"
            )
        if self.chunk > 1 and not _is_flat(action, gym.spaces.Box, gym.spaces.MultiBinary):
            raise TypeError(
                f"a chunk of {self.chunk} actions needs actions that are a Box of one dimension or "
                f"buttons, not {action}"
            )

    @property
    def window_space(self) -> gym.Space[Any]:
        """The space of windows."""
        return _repeated(self.observation_space, self.window)

    @property
    def chunk_space(self) -> gym.Space[Any]:
        """The space of chunks."""
        return _repeated(self.action_space, self.chunk)

    def first(self, observations: NDArray[Any]) -> NDArray[Any]:
        """What has been seen in episodes that begin, [rows, window, ...].

        Args:
            observations: the first ones, [rows, ...].
        """
        return np.stack([observations] * self.window, 1)

    def following(self, seen: NDArray[Any], observations: NDArray[Any]) -> NDArray[Any]:
        """What has been seen after one more observation [rows, ...], [rows, window, ...]."""
        return np.concatenate([seen[:, 1:], observations[:, None]], 1)

    def windows(self, seen: NDArray[Any]) -> NDArray[Any]:
        """Elements of the space of windows, [rows, ...], of what has been seen."""
        return _concatenated(seen, self.observation_space.shape or ())

    def chunks(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Elements of the space of chunks, [rows, ...], of actions [rows, chunk, ...]."""
        return _concatenated(actions, self.action_space.shape or ())

    def actions(self, chunks: NDArray[Any]) -> NDArray[Any]:
        """The actions of chunks, [rows, chunk, ...]."""
        return chunks.reshape(len(chunks), self.chunk, *(self.action_space.shape or ()))

    def demonstrations(self, shown: Demonstrations) -> Demonstrations:
        """Demonstrations of somebody who decides once in a chunk, and sees windows.

        Every step of an episode at which a whole chunk of actions follows becomes one decision. One
        who decides at step k decides again at k + chunk, so an episode becomes as many as a chunk
        has actions, of which the first begins with step 0, the second with step 1, and so on. The
        last chunk - 1 steps begin no decision: what the expert would have done after the end is
        not known.

        Raises:
            ValueError: if no episode is as long as a chunk.
        """
        episodes = [part for episode in shown.episodes for part in self._decisions(episode)]
        if not episodes:
            longest = max(map(len, shown.episodes))
            raise ValueError(
                f"no demonstrated episode of {shown.world} is as long as a chunk of {self.chunk} "
                f"actions; the longest has {longest}"
            )
        return replace(shown, episodes=tuple(episodes))

    def _decisions(self, episode: Episode) -> list[Episode]:
        """The episodes of decisions of an episode, none if it is shorter than a chunk."""
        size, steps = self.chunk, len(episode)
        observations = [episode.observations[:1]] * (self.window - 1) + [episode.observations]
        windows = self.windows(_stretches(np.concatenate(observations), self.window))
        chunks = self.chunks(_stretches(episode.actions, size))
        rewards = _stretches(episode.rewards, size).sum(1)
        parts = []
        for first in range(min(size, len(chunks))):
            at = np.arange(first, steps + 1, size)  # the decisions, and the step after the last one
            parts.append(
                replace(
                    episode,
                    observations=windows[at],
                    actions=chunks[at[:-1]],
                    rewards=rewards[at[:-1]],
                    measures={name: values[at] for name, values in episode.measures.items()},
                    terminated=episode.terminated and bool(at[-1] == steps),
                    decisions=len(at) - 1,
                )
            )
        return parts


def _is_flat(space: gym.Space[Any], *kinds: type[gym.Space[Any]]) -> bool:
    return isinstance(space, kinds) and len(space.shape or ()) == 1


def _repeated(space: gym.Space[Any], times: int) -> gym.Space[Any]:
    """The space of elements of a space, concatenated."""
    if times == 1:
        return space
    if isinstance(space, gym.spaces.Box):
        low, high = (np.tile(bound, times) for bound in (space.low, space.high))
        return gym.spaces.Box(low, high, dtype=space.dtype.type)
    return gym.spaces.MultiBinary(times * gym.spaces.flatdim(space))


def _concatenated(rows: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Rows [rows, times, *shape] as elements of a repeated space, [rows, ...]."""
    times = rows.shape[1]
    return rows[:, 0] if times == 1 else rows.reshape(len(rows), times * shape[0])


def _stretches(rows: NDArray[Any], length: int) -> NDArray[Any]:
    """All stretches of consecutive rows, [rows - length + 1, length, ...]; none if there are fewer
    rows."""
    count = max(len(rows) - length + 1, 0)
    return np.stack([rows[k : k + count] for k in range(length)], 1)
