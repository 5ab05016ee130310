"""Surpassing the demonstrator: the main reason to learn rewards.

The demonstrator is an expert that often errs. A learner that imitates its actions errs as often,
while a learner that infers its reward can surpass it. In an exact world the return of a policy is
computed exactly, and so is the return of the optimal policy for its learned reward.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il_envs.exact.evaluation import evaluate, hard_optimal
from il_envs.learning.installed import find_algorithm
from il_envs.learning.metering import Budget
from il_envs.learning.policy import ExactPolicy, ExpertPolicy, Policy
from il_envs.learning.problem import Problem
from il_envs.learning.rollout import run_episodes
from il_envs.world import World, get_world
from leaderboard import tell
from leaderboard.measures.checked_tables import learned_reward, policy_table
from leaderboard.measures.exact import reward_tables
from leaderboard.measures.references import tabular_reference
from leaderboard.profiles import EVALUATION_SEED
from leaderboard.scores.statistics import CONFIDENCE, Interval, difference_interval

LABELS = 8_000
EPISODES = 32
"""Held-out episodes for returns that are not exact."""
PRIOR_DEVIATION = 0.5
"""Standard deviation of the prior on reward weights, in nats, for all methods that have one. With a
wider prior a rarely visited cell can be estimated to be worth more than the goal."""
DEMONSTRATIONS = 1_000
"""Episodes over which the demonstrator's own return is averaged."""


@dataclass(frozen=True)
class Study:
    """One world, and an expert that often errs there."""

    world: str
    style: str
    algorithms: tuple[str, ...]
    steps: int
    seeds: int


STUDIES = (
    Study("FourRooms", "hot", ("bc", "dagger", "maxent", "gcl-exact", "gcl", "airl"), 500_000, 3),
    Study("Macrocells", "hot", ("bc", "dagger", "maxent", "gcl-exact"), 500_000, 3),
    Study("DriftCar", "noisy", ("bc", "dagger", "gcl", "airl"), 1_000_000, 3),
)

COLUMNS = ("algorithm", "world", "who acts", "return", f"above the demonstrator, {CONFIDENCE:.0%}")


def surpassing(studies: Sequence[Study]) -> pd.DataFrame:
    """A row for each policy, and for the optimal policy of each learned reward, best first in each
    world.

    Columns: `COLUMNS`, whose last one is the interval of the difference, over training seeds and
    over the demonstrator's episodes.
    """
    rows = []
    for study in studies:
        world = get_world(study.world)
        demonstrator = demonstrator_returns(world, study)
        rows.append(_row(study, f"demonstrator ({study.style})", "expert", demonstrator, None))
        for name in study.algorithms:
            tell(f"{world.name}: {name}, {study.seeds} training seeds")
            returns = np.array([learned_returns(world, study, name, s) for s in range(study.seeds)])
            for who, values in zip(("policy", "reward, optimised anew"), returns.T, strict=True):
                if not np.isnan(values).any():
                    rows.append(_row(study, name, who, values, demonstrator))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["world", "return"], ascending=[True, False], ignore_index=True)


def write_surpassing(folder: Path) -> pd.DataFrame:
    """Compute the table, and write it as `surpassing.csv` after each world.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame()
    for study in STUDIES:
        frame = pd.concat([frame, surpassing([study])], ignore_index=True)
        frame.to_csv(folder / "surpassing.csv", index=False)
    return frame


def demonstrator_returns(world: World, study: Study) -> NDArray[np.float64]:
    """Returns of held-out episodes of the demonstrator, float64 [episodes]."""
    seeds = range(EVALUATION_SEED, EVALUATION_SEED + DEMONSTRATIONS)
    episodes = run_episodes(
        world,
        "held_out",
        lambda env: ExpertPolicy(env, study.style),
        seeds if tabular_reference(world) is not None else seeds[:EPISODES],
        keep_observations=False,
    )
    return np.array([episode.total_reward for episode in episodes])


def learned_returns(world: World, study: Study, name: str, seed: int) -> tuple[float, float]:
    """True returns of the policy that an algorithm learned, and of the optimal policy for its
    learned reward; the latter is NaN if there is no reward or it cannot be planned for."""
    algorithm = find_algorithm(name)
    config = algorithm.config
    if hasattr(config, "prior_deviation"):
        config = replace(config, prior_deviation=PRIOR_DEVIATION)
    budget = Budget(LABELS, study.steps)
    problem = Problem(world, algorithm.sources, budget, seed, study.style)
    policy = algorithm.train(problem, seed, config)
    reference = tabular_reference(world)
    if reference is None:
        return _sampled_return(world, policy), nan
    assert isinstance(policy, ExactPolicy)  # every tabular learner gives its probabilities
    own = evaluate(reference.model, policy_table(policy, reference.model)).expected_return
    reward = learned_reward(policy, world)
    if reward is None:
        return own, nan
    learned = reference.model.with_reward(reward_tables(world, reward).own)
    return own, evaluate(reference.model, hard_optimal(learned).policy).expected_return


def _sampled_return(world: World, policy: Policy) -> float:
    seeds = range(EVALUATION_SEED, EVALUATION_SEED + EPISODES)
    episodes = run_episodes(
        world, "held_out", lambda env: policy, seeds, deterministic=False, keep_observations=False
    )
    return float(np.mean([episode.total_reward for episode in episodes]))


def _row(
    study: Study,
    name: str,
    who: str,
    returns: NDArray[np.float64],
    demonstrator: NDArray[np.float64] | None,
) -> tuple[str, str, str, float, str]:
    above = ""
    if demonstrator is not None:
        above = _shown(difference_interval(returns, demonstrator))
    return name, study.world, who, float(returns.mean()), above


def _shown(interval: Interval) -> str:
    return f"{interval.mean:+.2f} [{interval.low:.2f}, {interval.high:.2f}]"
