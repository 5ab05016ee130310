"""Imitation-learning environments with scripted experts, metered access and exact references.

>>> import gymnasium as gym, il_envs
>>> env = gym.make("il_envs/DriftCar-v0")
"""

import os

from il_envs.engine.single import WorldEnv
from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.button_references import (
    concurrency_references,
    independent_soft_optimal,
    one_button_model,
)
from il_envs.exact.evaluation import Evaluation, evaluate, hard_optimal, policy_from_occupancy
from il_envs.exact.linear_gaussian import LinearQuadraticModel
from il_envs.exact.linear_quadratic import linear_quadratic_soft_optimal
from il_envs.exact.reward_distance import epic_distance, starc_distance
from il_envs.exact.soft_optimal import SoftOptimal, soft_optimal
from il_envs.exact.tabular_model import TabularModel
from il_envs.learning.algorithm import Algorithm, TrainingWarning
from il_envs.learning.chunks_and_windows import with_chunks_and_windows
from il_envs.learning.demonstrations import Demonstrations, collect
from il_envs.learning.labelling import Labeller, SessionEndedError
from il_envs.learning.learned_reward import LearnedReward, TabularReward, reward_table
from il_envs.learning.learning_curve import LearningCurve, LearningCurveRecorder
from il_envs.learning.metering import (
    Budget,
    BudgetExceededError,
    Meter,
    Source,
    UndeclaredSourceError,
)
from il_envs.learning.policy import (
    ChordPolicy,
    ExactPolicy,
    ExpertPolicy,
    GaussianPolicy,
    LinearPolicy,
    Policy,
    RandomPolicy,
    TabularPolicy,
)
from il_envs.learning.problem import Observer, Problem
from il_envs.learning.rollout import Episode, replay, run_episodes
from il_envs.learning.support import Support
from il_envs.learning.tuning import tunable, tunable_choice, tuned
from il_envs.plugins import load_plugins
from il_envs.views import ErrorMeasure, Plan, PlayKey, Probe, View, Views
from il_envs.world import (
    WORLDS,
    Dynamics,
    ExactReference,
    Expert,
    Spaces,
    Truth,
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
    "ChordPolicy",
    "Demonstrations",
    "Dynamics",
    "Episode",
    "ErrorMeasure",
    "Evaluation",
    "ExactPolicy",
    "ExactReference",
    "Expert",
    "ExpertPolicy",
    "GaussianPolicy",
    "Labeller",
    "LearnedReward",
    "LearningCurve",
    "LearningCurveRecorder",
    "LinearPolicy",
    "LinearQuadraticModel",
    "Meter",
    "Observer",
    "Plan",
    "PlayKey",
    "Policy",
    "Probe",
    "Problem",
    "RandomPolicy",
    "SessionEndedError",
    "SoftOptimal",
    "Source",
    "Spaces",
    "Support",
    "TabularModel",
    "TabularPolicy",
    "TabularReward",
    "TrainingWarning",
    "Truth",
    "UndeclaredSourceError",
    "View",
    "Views",
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
    "tunable",
    "tunable_choice",
    "tuned",
    "with_chunks_and_windows",
]

if os.environ.get("IL_ENVS_WORLDS") != "none":  # which an algorithm that is scored must not have
    from il_envs.worlds import drift_car as drift_car
    from il_envs.worlds import grid as grid
    from il_envs.worlds import lane_keeping as lane_keeping
    from il_envs.worlds import misspecified as misspecified
    from il_envs.worlds import shooter as shooter

    load_plugins("il_envs.worlds")
