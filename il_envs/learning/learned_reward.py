"""Learned rewards as objects: to train on, to plan with, and to compare."""

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.buttons import action_count, chords_of, joint_index
from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel

BLOCK = 2**16  # transitions of a model that are evaluated at once
LARGEST = 1e100
"""Bound on the size of rewards, so that their sums and squares do not overflow."""


class InvalidRewardError(ValueError):
    """A learned reward returned something other than an array of finite rewards."""


@runtime_checkable
class LearnedReward(Protocol):
    """A reward function of transitions, evaluated in batches.

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
            next_observation: [rows, ...], after the step; at an episode's last step its final
                observation, not the first one of the next episode.
            ended: bool [rows], True if the episode terminated with the step. Any reward for the
                time after termination is paid in this step. A truncated episode has not ended.

        Returns:
            float64 [rows].
        """
        ...

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All parameters of the reward by name, to be saved: arrays of its own shapes, a number's
        is []."""
        ...


class TabularReward:
    """A reward given as a table, for Discrete observations and actions that start at 0.

    Args:
        table: float64 [S], or [S, A] if it depends on the action; the actions of a world of buttons
            are its chords, in the order of `buttons.joint_index`.

    Raises:
        InvalidRewardError: if the table has another number of dimensions.
    """

    def __init__(self, table: ArrayLike) -> None:
        self.table = np.array(table, np.float64)
        if self.table.ndim not in (1, 2):
            raise InvalidRewardError(
                f"a table of rewards must be [S] or [S, A], not {list(self.table.shape)}"
            )

    def __repr__(self) -> str:
        return f"<TabularReward {list(self.table.shape)}>"

    def check_spaces(self, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Check that the table fits these observation and action spaces.

        Raises:
            InvalidRewardError: if it does not.
        """
        if not isinstance(observation_space, gym.spaces.Discrete) or observation_space.start != 0:
            raise InvalidRewardError(
                "a table of rewards is for observations that are numbers of states, not for "
                f"{observation_space}"
            )
        states, actions = int(observation_space.n), action_count(action_space)
        shapes = [[states]] if actions is None else [[states], [states, actions]]
        found = list(self.table.shape)
        if found not in shapes:
            must = " or ".join(map(str, shapes))
            raise InvalidRewardError(f"a table of rewards must have the shape {must}, not {found}")

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
        """The table, [S] or [S, A], by its name."""
        return {"table": self.table}


def rewards_of(
    reward: LearnedReward,
    observation: NDArray[Any],
    action: NDArray[Any],
    next_observation: NDArray[Any],
    ended: NDArray[np.bool_],
) -> FloatArray:
    """The rewards of transitions, float64 [rows], checked; the arguments are those of
    `LearnedReward.reward`, which is given copies, so that it cannot change the originals.

    Raises:
        InvalidRewardError: if the reward does not return one finite number for each row.
    """
    asked = (np.array(each) for each in (observation, action, next_observation, ended))
    answer = finite_rewards(reward.reward(*asked))
    if answer.shape != (len(observation),):
        raise InvalidRewardError(
            f"a reward must answer with the shape [{len(observation)}], a number for each "
            f"transition, not {list(answer.shape)}"
        )
    return answer


def finite_rewards(answer: object) -> FloatArray:
    """Rewards as a float64 copy.

    Raises:
        InvalidRewardError: if they are not an array of finite numbers.
    """
    try:
        numbers = np.asarray(answer)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged; torch, with a gradient
        raise InvalidRewardError(
            f"a reward must answer with an array of numbers: {error}"
        ) from error
    if numbers.dtype.kind not in "biuf":
        raise InvalidRewardError(
            f"a reward must answer with an array of numbers, not of dtype {numbers.dtype}"
        )
    rewards = numbers.astype(np.float64)
    if not (np.abs(rewards) < LARGEST).all():
        raise InvalidRewardError(
            f"a reward has entries that are not finite, or not below {LARGEST:g} in size"
        )
    return rewards


def reward_table(
    reward: LearnedReward, model: TabularModel, action_space: gym.Space[Any]
) -> FloatArray:
    """A reward's expectation over the next state, r(s, a), float64 [S, A]; zero where an action is
    not available. No step of a tabular model terminates.

    Args:
        action_space: the world's action space; in a world of buttons the model's actions are its
            chords.

    Raises:
        InvalidRewardError: if the reward does not return finite numbers, or it is a table of
            another shape.
    """
    if isinstance(reward, TabularReward):
        reward.check_spaces(gym.spaces.Discrete(model.states), action_space)
    chords = chords_of(action_space)
    rows = np.repeat(np.arange(model.transition.shape[0]), np.diff(model.transition.indptr))
    actions, states = np.divmod(rows, model.states)  # row a * S + s
    shown = actions if chords is None else chords[actions]
    following = model.transition.indices.astype(np.int64)
    ended = np.zeros(rows.size, np.bool_)
    values = np.concatenate(
        [
            rewards_of(reward, states[block], shown[block], following[block], ended[block])
            for block in (slice(i, i + BLOCK) for i in range(0, rows.size, BLOCK))
        ]
    )
    table = np.zeros((model.states, model.actions))
    table[states, actions] = values  # exact if the reward does not depend on the next state
    from_there = values - table[states, actions]
    np.add.at(table, (states, actions), from_there * model.transition.data)
    return table
