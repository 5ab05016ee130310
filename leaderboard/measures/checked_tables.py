"""Validation of a policy's probabilities and of its learned reward, from which exact metrics are
computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from il_envs.exact.checks import FloatArray, require_distributions
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.learned_reward import (
    InvalidRewardError,
    LearnedReward,
    TabularReward,
    finite_rewards,
)
from il_envs.learning.policy import ExactPolicy, Policy
from il_envs.world import World

SUM_TOLERANCE = 1e-6
"""Largest deviation from 1 of the sum of a state's probabilities; float32 networks deviate by
about 1e-7."""


class InvalidActionError(ValueError):
    """A policy returned something other than valid actions or probabilities."""


def policy_table(policy: ExactPolicy, model: TabularModel) -> FloatArray:
    """pi_t(a|s) for every state and step of a model with a horizon, float64 [T, S, A].

    A policy that says it is stationary is asked once.

    Raises:
        InvalidActionError: if a row is not a probability distribution.
    """
    assert model.horizon is not None
    states, tables = np.arange(model.states), []
    is_stationary = getattr(policy, "is_stationary", False) is True
    for step in range(1 if is_stationary else model.horizon):
        table = probabilities_of(policy, states, step)
        _check_table(table, model, step)
        tables.append(table / table.sum(1, keepdims=True))
    return np.repeat(tables, model.horizon, 0) if is_stationary else np.stack(tables)


def probabilities_of(policy: ExactPolicy, observation: NDArray[Any], step: int) -> FloatArray:
    """What a policy answers for its probabilities, as numbers.

    Raises:
        InvalidActionError: if they are none.
    """
    answer = policy.action_probabilities(observation, step)
    try:
        return np.asarray(answer, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidActionError(
            f"action_probabilities must return an array of numbers: {error}"
        ) from error


def _check_table(table: FloatArray, model: TabularModel, step: int) -> None:
    shape = (model.states, model.actions)
    if table.shape != shape:
        raise InvalidActionError(
            f"action_probabilities must return the shape {list(shape)}, not {list(table.shape)}"
        )
    try:
        require_distributions("action_probabilities", table, SUM_TOLERANCE, step)
    except ValueError as error:
        raise InvalidActionError(str(error)) from error


def learned_reward(policy: Policy, world: World) -> LearnedReward | None:
    """A policy's attribute `reward`, which may be a LearnedReward or a table [S] or [S, A]; None if
    it has none.

    Raises:
        InvalidRewardError: if it is neither, or a table for another world.
    """
    reward = getattr(policy, "reward", None)
    if reward is None:
        return None
    if not isinstance(reward, TabularReward):
        if isinstance(reward, LearnedReward):
            return reward
        if hasattr(reward, "reward"):
            raise InvalidRewardError(
                f"the policy's reward, a {type(reward).__name__}, has no method tensors"
            )
        reward = TabularReward(finite_rewards(reward))
    reward.check_spaces(world.spaces.observation, world.spaces.action)
    return reward
