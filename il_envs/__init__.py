"""Imitation-learning environments with scripted experts, metered access and exact references.

>>> import gymnasium as gym, il_envs
>>> env = gym.make("il_envs/DriftCar-v0")
"""

from importlib.metadata import entry_points

from il_envs import drift_car as drift_car
from il_envs.demonstrations import Demonstrations, collect
from il_envs.gym_env import WorldEnv
from il_envs.policy import ExpertPolicy, Policy, RandomPolicy
from il_envs.problem import (
    Algorithm,
    Budget,
    BudgetExceededError,
    Meter,
    Problem,
    Source,
    UndeclaredSourceError,
)
from il_envs.rollout import Episode, replay, run_episodes
from il_envs.vector_env import WorldVectorEnv
from il_envs.world import (
    WORLDS,
    ErrorMeasure,
    Expert,
    PlayKey,
    World,
    get_world,
    register,
    state_hash,
)

__all__ = [
    "WORLDS",
    "Algorithm",
    "Budget",
    "BudgetExceededError",
    "Demonstrations",
    "Episode",
    "ErrorMeasure",
    "Expert",
    "ExpertPolicy",
    "Meter",
    "PlayKey",
    "Policy",
    "Problem",
    "RandomPolicy",
    "Source",
    "UndeclaredSourceError",
    "World",
    "WorldEnv",
    "WorldVectorEnv",
    "collect",
    "get_world",
    "register",
    "replay",
    "run_episodes",
    "state_hash",
]

for _plugin in entry_points(group="il_envs.worlds"):
    _plugin.load()  # a third party's module, which registers its worlds
