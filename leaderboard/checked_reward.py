"""A learned reward, checked before anything believes it."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from il_envs.learned_reward import LearnedReward, TabularReward
from il_envs.policy import Policy
from il_envs.tabular_checks import FloatArray
from il_envs.world import World
from leaderboard.checked import InvalidActionError
from leaderboard.references import action_count


class CheckedReward:
    """A learned reward whose every answer is checked."""

    def __init__(self, reward: LearnedReward) -> None:
        self._reward = reward

    def reward(
        self,
        observation: NDArray[Any],
        action: NDArray[Any],
        next_observation: NDArray[Any],
        ended: NDArray[np.bool_],
    ) -> FloatArray:
        """The reward of each transition, float64 [rows].

        Raises:
            InvalidActionError: if the answer is no array of so many finite numbers.
        """
        answer = _numbers(self._reward.reward(observation, action, next_observation, ended))
        if answer.shape != (len(observation),):
            raise InvalidActionError(
                f"the policy's reward must answer with the shape [{len(observation)}], a number "
                f"for each transition, not {list(answer.shape)}"
            )
        return _finite(answer)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What the reward is made of."""
        return self._reward.tensors()


def learned_reward(policy: Policy, world: World) -> CheckedReward | None:
    """The attribute `reward` of a policy that comes with one: a LearnedReward, or the table of one,
    [S] or [S, A].

    Raises:
        InvalidActionError: if it is neither.
    """
    reward = getattr(policy, "reward", None)
    if reward is None:
        return None
    if isinstance(reward, LearnedReward):
        return CheckedReward(reward)
    return CheckedReward(TabularReward(_table(reward, world)))


def _table(reward: object, world: World) -> FloatArray:
    table, states = _numbers(reward), world.observation_space
    if not isinstance(states, gym.spaces.Discrete) or states.start != 0:
        raise InvalidActionError(
            f"the policy's reward must be a LearnedReward in {world.name}; a table is for "
            "observations that are numbers of states"
        )
    shapes = [(int(states.n),), (int(states.n), action_count(world.action_space))]
    if table.shape not in shapes:
        raise InvalidActionError(
            f"the policy's reward must have the shape {list(shapes[0])} or {list(shapes[1])}, "
            f"not {list(table.shape)}"
        )
    return _finite(table)


def _numbers(answer: object) -> FloatArray:
    try:
        return np.array(answer, np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: torch, with a gradient
        raise InvalidActionError(f"the policy's reward is no array of numbers: {error}") from error


def _finite(numbers: FloatArray) -> FloatArray:
    if not np.isfinite(numbers).all():
        raise InvalidActionError("the policy's reward has entries that are not finite")
    return numbers
