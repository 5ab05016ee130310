"""Rewards that were learned, as things of their own: to train on, to plan with, to compare."""

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.buttons import chords_of, joint_index
from il_envs.tabular_checks import FloatArray
from il_envs.tabular_model import TabularModel

BLOCK = 2**16  # transitions of a model that are asked about at once


@runtime_checkable
class LearnedReward(Protocol):
    """A reward of single transitions, for batches of them.

    `il_envs.wrappers.vector.RewardWrapper` lets any learner train on it.
    """

    def reward(
        self,
        observation: NDArray[Any],
        action: NDArray[Any],
        next_observation: NDArray[Any],
        ended: NDArray[np.bool_],
    ) -> FloatArray:
        """The reward of each transition.

        Args:
            observation: [rows, ...], before the step.
            action: [rows, ...].
            next_observation: [rows, ...], after it; of an episode's last step the last
                observation, and not the first one of the next episode.
            ended: bool [rows], whether the episode terminated with the step. All that a reward
                gives for having ended belongs to this step. A truncated episode has not ended.

        Returns:
            float64 [rows].
        """
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every number that the reward is made of, by name, to be saved."""
        ...


class TabularReward:
    """A reward that is looked up, for Discrete observations and actions that start at 0.

    Args:
        table: float64 [S], or [S, A] where it depends on the action; the actions of a world of
            buttons are its chords, in the order of `buttons.joint_index`.
    """

    def __init__(self, table: ArrayLike) -> None:
        self.table = np.array(table, np.float64)
        if self.table.ndim not in (1, 2):
            raise ValueError(f"a table must be [S] or [S, A], not {list(self.table.shape)}")

    def reward(
        self,
        observation: NDArray[Any],
        action: NDArray[Any],
        next_observation: NDArray[Any],
        ended: NDArray[np.bool_],
    ) -> FloatArray:
        """The entries of the states and actions, float64 [rows], as in `LearnedReward`."""
        if self.table.ndim == 1:
            return self.table[observation]
        return self.table[observation, joint_index(action) if action.ndim == 2 else action]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The table by its name."""
        return {"table": self.table}


def reward_table(
    reward: LearnedReward, model: TabularModel, action_space: gym.Space[Any]
) -> FloatArray:
    """A reward's expectation over the next state, r(s, a), float64 [S, A]; zero where an action is
    not available. No step of a tabular model terminates.

    Args:
        action_space: the world's; the actions of a model of a world of buttons are its chords.
    """
    chords = chords_of(action_space)
    rows = np.repeat(np.arange(model.transition.shape[0]), np.diff(model.transition.indptr))
    actions, states = np.divmod(rows, model.states)  # row a * S + s
    shown = actions if chords is None else chords[actions]
    values = np.concatenate(
        [
            reward.reward(
                states[block], shown[block], model.transition.indices[block].astype(np.int64),
                np.zeros(states[block].size, np.bool_),
            )
            for block in (slice(i, i + BLOCK) for i in range(0, rows.size, BLOCK))
        ]
    )  # fmt: skip
    table = np.zeros((model.states, model.actions))
    table[states, actions] = values  # a reward of the state and action alone comes back to the bit
    from_there = values - table[states, actions]
    np.add.at(table, (states, actions), from_there * model.transition.data)
    return table
