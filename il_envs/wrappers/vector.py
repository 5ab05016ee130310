"""Wrappers of vector environments: numbered actions (see `il_envs.wrappers`), learned rewards."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from il_envs.buttons import (
    Chords,
    buttons_of,
    joint_chords,
    picked_chords,
    single_button_chords,
)
from il_envs.learning.learned_reward import LearnedReward, TabularReward, rewards_of

VectorEnv = gym.vector.VectorEnv[Any, Any, NDArray[Any]]


class NumberedChords(gym.vector.VectorActionWrapper):
    """Numbered actions that are rows of a table of chords, int8 [chords, K]."""

    def __init__(self, env: VectorEnv, chords: Chords) -> None:
        super().__init__(env)
        self.chords = chords
        self.single_action_space = gym.spaces.Discrete(len(chords))
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: Any) -> Chords:
        """The buttons to press, int8 [num_envs, K].

        Raises:
            ValueError: if an action is not in the space.
        """
        return picked_chords(actions, self.chords, (self.num_envs,))


class SingleButton(NumberedChords):
    """One button at a time: Discrete(K + 1), where 0 is none and k is button k - 1.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, single_button_chords(buttons_of(env.single_action_space)))


class JointButtons(NumberedChords):
    """Every chord is an action: Discrete(2^K), where bit k of the number is button k.

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
        ValueError: if there are more than `il_envs.buttons.JOINT_BUTTONS_MAX` buttons.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, joint_chords(buttons_of(env.single_action_space)))


class MultiDiscreteButtons(gym.vector.VectorActionWrapper):
    """Every button is an action of two, released or pressed: MultiDiscrete([2, ..., 2]).

    Raises:
        TypeError: if the environment's actions are not MultiBinary(K).
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        buttons = buttons_of(env.single_action_space)
        self.single_action_space = gym.spaces.MultiDiscrete([2] * buttons)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def actions(self, actions: Any) -> Any:
        """The buttons to press, as they are."""
        return actions


class RewardWrapper(gym.vector.VectorWrapper):
    """Replaces the environment's reward by a learned one, so that any learner can train on it.

    Where a step only resets a row, or the row stands still, its reward is 0.

    Args:
        env: a vector environment with any autoreset mode, such as that of a `Problem`. Wrappers
            that change the action space, as `SingleButton` does, must be outside this one, because
            the reward is a function of the world's own actions.
        reward: the learned reward.

    Raises:
        InvalidRewardError: if the reward is a table for other spaces; by `step`, if the reward does
            not return one finite number for each row.
    """

    def __init__(self, env: VectorEnv, reward: LearnedReward) -> None:
        super().__init__(env)
        if isinstance(reward, TabularReward):
            reward.check_spaces(env.single_observation_space, env.single_action_space)
        self.learned_reward = reward
        self._same_step = env.metadata.get("autoreset_mode") is AutoresetMode.SAME_STEP
        self._observations: Any = None
        self._has_ended = np.zeros(env.num_envs, np.bool_)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> Any:
        """As that of the environment, whose first observations the reward will need."""
        observations, info = self.env.reset(seed=seed, options=options)
        self._observations = np.array(observations)  # the environment may overwrite its own
        self._has_ended &= ~np.asarray((options or {}).get("reset_mask", True))
        return observations, info

    def step(self, actions: Any) -> Any:
        """As that of the environment, with the learned rewards, float64 [rows]."""
        observations, _, terminated, truncated, info = self.env.step(actions)
        ends = terminated | truncated
        following = observations
        if self._same_step and ends.any():
            following = observations.copy()
            following[ends] = np.stack(info["final_obs"][ends])  # Gymnasium's own: of objects
        rewards = rewards_of(
            self.learned_reward, self._observations, actions, following, terminated
        )
        if not self._same_step:
            rewards = np.where(self._has_ended, 0.0, rewards)
            mode = self.env.metadata.get("autoreset_mode")
            self._has_ended = ends | (self._has_ended & (mode is AutoresetMode.DISABLED))
        self._observations = np.array(observations)
        return observations, rewards, terminated, truncated, info
