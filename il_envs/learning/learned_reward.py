"""Rewards that were learned, as things of their own: to train on, to plan with, to compare."""

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike, NDArray

from il_envs.buttons import action_count, chords_of, joint_index
from il_envs.exact.checks import FloatArray
from il_envs.exact.tabular_model import TabularModel

BLOCK = 2**16  # transitions of a model that are asked about at once
LARGEST = 1e100
"""What no reward is, so that sums and squares of rewards are numbers."""


class InvalidRewardError(ValueError):
    """A learned reward answered with something that is no rewards."""


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

    Raises:
        InvalidRewardError: if it has another number of dimensions.
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
        """Make sure that this is a table for someone who observes and acts in such spaces.

        Raises:
            InvalidRewardError: if it is not.
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
        """The table by its name."""
        return {"table": self.table}


def rewards_of(
    reward: LearnedReward,
    observation: NDArray[Any],
    action: NDArray[Any],
    next_observation: NDArray[Any],
    ended: NDArray[np.bool_],
) -> FloatArray:
    """What a learned reward answers, float64 [rows], checked; the arguments are those of
    `LearnedReward.reward`, which gets copies: whatever it does to them changes nothing.

    Raises:
        InvalidRewardError: if the answer is no array of so many finite numbers.
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
    """Rewards as float64, copied.

    Raises:
        InvalidRewardError: if they are no array of finite numbers.
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
        action_space: the world's; the actions of a model of a world of buttons are its chords.

    Raises:
        InvalidRewardError: if the reward's answers are no rewards, or it is a table of another
            shape.
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
    table[states, actions] = values  # a reward of the state and action alone comes back to the bit
    from_there = values - table[states, actions]
    np.add.at(table, (states, actions), from_there * model.transition.data)
    return table
