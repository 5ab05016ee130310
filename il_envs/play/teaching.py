"""What a lesson teaches: DAgger with a person as its expert, from a policy that was learned before.

Both ways use the bundled algorithm `hg-dagger`, found through its entry point. It trains on the
demonstrations that the policy was cloned from and on what the person does: in a takeover what the
person drives, in labelling what the person holds while the learner drives.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import gymnasium as gym
import numpy as np

from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.installed import find_algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.policy import Policy
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import run_episodes
from il_envs.learning.stored_policy import StoredPolicy, keep_policy
from il_envs.play.lesson import Lesson
from il_envs.play.overlay import Row
from il_envs.world import World

Mode = Literal["takeover", "label"]
ALGORITHM = "hg-dagger"
SPEED = 0.25  # of the game at which a person teaches, unless another one is chosen
REACTION = 0.2  # s of real time, that a person takes from seeing to doing
STEPS = 10_000_000  # of the environment; the labels end a lesson long before
TRIALS = range(900_500_000, 900_500_016)  # seeds of held-out episodes, before and after a lesson


@dataclass(frozen=True)
class Plan:
    """How a lesson is given.

    Attributes:
        stored: the policy that it begins with.
        mode: whether the person takes over or labels.
        labels: the most labels of the person's.
        rounds: trainings, the last one included.
        label_shift: steps by which the person is late; None to estimate it from what is done.
    """

    stored: StoredPolicy
    mode: Mode
    labels: int
    rounds: int
    label_shift: int | None


def usual_shift(world: World, speed: float) -> int | None:
    """Steps by which a person is late at a speed of the game; None where labels tell it.

    Labels tell it where actions are buttons. On axes they do not: what is seen follows from what
    was done a moment ago, so every lag explains the labels about as well as the next. There it is
    a person's reaction, and a step until the keys have moved the axis.
    """
    if not isinstance(world.spaces.action, gym.spaces.Box):
        return None
    return round(REACTION * speed / world.dynamics.control_period + 1.0)


def learn(plan: Plan, lesson: Lesson) -> Policy:
    """Learn from the person; what a lesson's thread does.

    Raises:
        NotInstalledError: if the algorithm is not installed.
        ValueError: if the demonstrations that the policy was cloned from are not there any more.
    """
    stored, algorithm = plan.stored, find_algorithm(ALGORITHM)
    total = stored.labels + plan.labels
    config = replace(
        algorithm.config,
        mixing="takeover" if plan.mode == "takeover" else "first",
        rounds=plan.rounds,
        num_envs=1,
        label_share=1.0,
        label_shift=plan.label_shift,
        demonstrated_share=stored.labels / total,
    )
    recorded = None
    if stored.demonstrations:
        recorded = Demonstrations.from_recording(stored.demonstrations, person_only=True)
    problem = Problem(
        stored.world,
        algorithm.sources,
        Budget(labels=total, steps=STEPS),
        stored.seed,
        recorded=recorded,
        labeller=lesson,
        initial_policy=stored.policy,
        observer=lesson.observe,
    )
    return algorithm.train(problem, stored.seed, config)


def finish(plan: Plan, lesson: Lesson, folder: Path) -> list[Row]:
    """Try what was learned, and keep it in a new folder; returns rows that say what came of it.

    Raises:
        StoredPolicyError: if it cannot be kept.
        ModuleNotFoundError: without the package safetensors.
    """
    if lesson.policy is None or not lesson.labels:
        return [("nothing is kept", "nothing was taught")]
    stored = plan.stored
    learned = replace(
        stored, policy=lesson.policy, algorithm=ALGORITHM, labels=stored.labels + lesson.labels
    )
    before, after = trial(stored.world, stored.policy), trial(stored.world, learned.policy)
    keep_policy(folder, learned)
    return [
        ("return before", f"{before:.1f}"),
        ("return now", f"{after:.1f}"),
        ("kept in", str(folder)),
    ]


def trial(world: World, policy: Policy) -> float:
    """The mean return of a policy over 16 held-out episodes, by its draws, as it is scored."""
    episodes = run_episodes(
        world, "held_out", lambda env: policy, TRIALS, deterministic=False, keep_observations=False
    )
    return float(np.mean([episode.total_reward for episode in episodes]))
