"""The reward of a policy that comes with one, checked before anything believes it."""

from il_envs.learning.learned_reward import (
    InvalidRewardError,
    LearnedReward,
    TabularReward,
    finite_rewards,
)
from il_envs.learning.policy import Policy
from il_envs.world import World


def learned_reward(policy: Policy, world: World) -> LearnedReward | None:
    """The attribute `reward` of a policy: a LearnedReward, or the table of one, [S] or [S, A].

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
