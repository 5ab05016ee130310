"""Experts who are no function of the state: what each one does to those who imitate it.

Theory of imitation mostly assumes one expert policy of the state. The experts of DriftCar drive
along one of two lines, and differ in who chooses it: nobody (there is one line), the place, a clock
that no observation shows, or a coin at every step, so that labels of the same state contradict one
another. Each is imitated by cloning with one mode, with a window of observations, and with several
modes, and by DAgger.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from il_envs.learning.metering import Budget
from il_envs.learning.policy import ExpertPolicy, Policy
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import run_episodes
from il_envs.world import get_world
from leaderboard.protocol import EVALUATION_SEED
from leaderboard.statistics import CONFIDENCE, student_interval
from leaderboard.studies.resumed import Row, resume
from leaderboard.submission import load

WORLD = "DriftCar"
STYLES = ("scripted", "bimodal", "non-markov", "inconsistent")
ALGORITHMS = ("bc", "bc-window", "bc-mixture", "bc-cvae", "dagger")
LABELS, STEPS, SEEDS = 8_000, 200_000, 5
EPISODES = 32
"""Held-out episodes behind each return."""
EXPERT = "expert"


class ExpertRow(Row):
    """The expert, or an algorithm that learned from it with one training seed."""

    keys = ("style", "who", "seed")
    style: str
    who: str
    seed: int
    mean_return: float
    survival: float
    steps: int


def write_experts(folder: Path) -> tuple[Path, pd.DataFrame]:
    """Write `experts.csv`, a row for each training seed; returns its path and the table.

    Rows that are in it already are not computed again.

    Raises:
        OSError: if it cannot be written.
        UserError: if it is there and is no such table.
    """
    path = folder / "experts.csv"
    jobs = [
        [(style, who, seed)]
        for seed, style, who in product(range(SEEDS), STYLES, (EXPERT, *ALGORITHMS))
        if who != EXPERT or seed == 0
    ]
    return path, table(resume(path, ExpertRow, jobs, lambda keys: [row_of(*keys[0])]))


def row_of(style: str, who: str, seed: int) -> ExpertRow:
    """The row of the expert, or of an algorithm that has learned from it."""
    world, steps = get_world(WORLD), 0
    learned: Policy | None = None
    if who != EXPERT:
        algorithm = load(who).algorithm
        problem = Problem(world, algorithm.sources, Budget(LABELS, STEPS), seed, style)
        learned = algorithm.train(problem, seed, algorithm.config)
        steps = problem.meter.steps
    episodes = run_episodes(
        world,
        "held_out",
        lambda env: ExpertPolicy(env, style) if learned is None else learned,
        range(EVALUATION_SEED, EVALUATION_SEED + EPISODES),
        keep_observations=False,
    )
    total = float(np.mean([episode.total_reward for episode in episodes]))
    survival = float(np.mean([not episode.terminated for episode in episodes]))
    return ExpertRow(
        style=style, who=who, seed=seed, mean_return=total, survival=survival, steps=steps
    )


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each expert and each algorithm that learned from it: the return as a share of the
    expert's own, with the interval over training seeds, the survival, and the steps driven."""
    lines = []
    for style, who in product(STYLES, (EXPERT, *ALGORITHMS)):
        own = rows[(rows["style"] == style) & (rows["who"] == who)]
        expert = rows[(rows["style"] == style) & (rows["who"] == EXPERT)]
        shares = own["mean_return"].to_numpy(float) / float(expert["mean_return"].mean())
        lines.append((style, who, *_shown(shares), own["survival"].mean(), own["steps"].mean()))
    names = ["expert", "who", "share of its return", f"{CONFIDENCE:.0%}", "survival", "steps"]
    return pd.DataFrame(lines, columns=names)


def _shown(values: Sequence[float]) -> tuple[float, str]:
    interval = student_interval(values)
    return interval.mean, "" if len(values) < 2 else f"[{interval.low:.2f}, {interval.high:.2f}]"
