"""Imitation-learning environments with scripted experts, metered access and exact references.

>>> import gymnasium as gym, il_envs
>>> env = gym.make("il_envs/DriftCar-v0")
"""

from importlib.metadata import entry_points

from il_envs import drift_car as drift_car
from il_envs import grid as grid
from il_envs import shooter as shooter
from il_envs.concurrency import (
    concurrency_references,
    independent_soft_optimal,
    one_button_model,
)
from il_envs.demonstrations import Demonstrations, collect
from il_envs.drift_car import lane_keeping as lane_keeping
from il_envs.drift_car import misspecified as misspecified
from il_envs.evaluation import Evaluation, evaluate, hard_optimal, policy_from_occupancy
from il_envs.gym_env import WorldEnv
from il_envs.learned_reward import LearnedReward, TabularReward, reward_table
from il_envs.learning_curve import LearningCurve, LearningCurveRecorder
from il_envs.linear_gaussian import LinearQuadraticModel
from il_envs.linear_quadratic import linear_quadratic_soft_optimal
from il_envs.policy import ExactPolicy, ExpertPolicy, Policy, RandomPolicy, TabularPolicy
from il_envs.problem import (
    Algorithm,
    Budget,
    BudgetExceededError,
    Meter,
    Problem,
    Source,
    TrainingWarning,
    UndeclaredSourceError,
)
from il_envs.reward_distance import epic_distance, starc_distance
from il_envs.rollout import Episode, replay, run_episodes
from il_envs.soft_optimal import SoftOptimal, soft_optimal
from il_envs.tabular_model import TabularModel
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
    "Evaluation",
    "ExactPolicy",
    "Expert",
    "ExpertPolicy",
    "LearnedReward",
    "LearningCurve",
    "LearningCurveRecorder",
    "LinearQuadraticModel",
    "Meter",
    "PlayKey",
    "Policy",
    "Problem",
    "RandomPolicy",
    "SoftOptimal",
    "Source",
    "TabularModel",
    "TabularPolicy",
    "TabularReward",
    "TrainingWarning",
    "UndeclaredSourceError",
    "World",
    "WorldEnv",
    "WorldVectorEnv",
    "collect",
    "concurrency_references",
    "epic_distance",
    "evaluate",
    "get_world",
    "hard_optimal",
    "independent_soft_optimal",
    "linear_quadratic_soft_optimal",
    "one_button_model",
    "policy_from_occupancy",
    "register",
    "replay",
    "reward_table",
    "run_episodes",
    "soft_optimal",
    "starc_distance",
    "state_hash",
]

for _plugin in entry_points(group="il_envs.worlds"):
    _plugin.load()  # a third party's module, which registers its worlds
