"""What a board can tell: simulated boards whose truth is known."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from leaderboard.scores.crossed import Floats, crossed_difference
from leaderboard.scores.ranking import all_differences, holm
from leaderboard.scores.statistics import CONFIDENCE

ALGORITHMS, EPISODES = 12, 32
STEP = 2.0
"""True difference of neighbours on a board, in standard deviations over training seeds."""
BOARDS = 400
SEEDS = (5, 10, 20)

DESCRIPTION = (
    f"Chance that two algorithms are told apart whose true scores are {STEP:g} standard deviations "
    f"over training seeds apart, on {EPISODES} episodes. A board has {ALGORITHMS} algorithms, each "
    "that much above the next, and is Holm-corrected."
)


@dataclass(frozen=True)
class Noise:
    """Standard deviations of the random effects in a score.

    Attributes:
        seed: of a training seed, float, or [algorithms].
        shared_seed: share of its variance that all algorithms with this seed have in common.
        shared_episode: of an episode, for all algorithms alike.
        episode: of an episode, for one algorithm and all of its seeds.
        rest: of one seed on one episode.
        shape: distribution of the effects: normal, uniform, heavy (Student's t with 5 degrees of
            freedom) or skewed (exponential).
    """

    seed: ArrayLike = 1.0
    shared_seed: float = 0.0
    shared_episode: float = 3.0
    episode: float = 0.5
    rest: float = 0.5
    shape: str = "normal"


def simulated_scores(
    random: np.random.Generator,
    boards: int,
    seeds: int,
    noise: Noise,
    algorithms: int = ALGORITHMS,
    episodes: int = EPISODES,
) -> Floats:
    """Scores of algorithms that are all equal, with a mean of 0, float [boards, algorithms, seeds,
    episodes]."""

    def draw(*size: int) -> Floats:
        if noise.shape == "uniform":
            return random.uniform(-sqrt(3.0), sqrt(3.0), size)
        if noise.shape == "heavy":
            return random.standard_t(5.0, size) / sqrt(5.0 / 3.0)
        if noise.shape == "skewed":
            return random.exponential(size=size) - 1.0
        return random.normal(size=size)

    deviations = np.broadcast_to(noise.seed, algorithms)[:, None, None]
    own = sqrt(1.0 - noise.shared_seed) * draw(boards, algorithms, seeds, 1)
    return (
        deviations * (own + sqrt(noise.shared_seed) * draw(boards, 1, seeds, 1))
        + noise.shared_episode * draw(boards, 1, 1, episodes)
        + noise.episode * draw(boards, algorithms, 1, episodes)
        + noise.rest * draw(boards, algorithms, seeds, episodes)
    )


def power_of_a_comparison(seeds: int, noise: Noise, boards: int = 10 * BOARDS) -> float:
    """The chance that one planned comparison tells two algorithms apart that differ by STEP."""
    scores = simulated_scores(np.random.default_rng(seeds), boards, seeds, noise, algorithms=2)
    difference = crossed_difference(scores[:, 0] + STEP, scores[:, 1])
    return float((difference.low > 0.0).mean())


def power_of_a_board(seeds: int, noise: Noise, boards: int = BOARDS) -> tuple[float, float]:
    """The shares of the neighbours, and of all pairs, that a board tells apart whose algorithms are
    STEP apart from each other."""
    scores = simulated_scores(np.random.default_rng(seeds), boards, seeds, noise)
    truth = -STEP * np.arange(ALGORITHMS)
    differences = all_differences([scores + truth[:, None, None]])
    told = (holm(differences.p_value) <= 1.0 - CONFIDENCE) & (differences.mean > 0.0)
    first, second = np.triu_indices(ALGORITHMS, 1)
    return float(told[:, second - first == 1].mean()), float(told.mean())


def power_table() -> pd.DataFrame:
    """The power of a planned comparison and of a whole board, for each number of seeds."""
    noise = Noise()
    rows = [(n, power_of_a_comparison(n, noise), *power_of_a_board(n, noise)) for n in SEEDS]
    return pd.DataFrame(
        rows, columns=["seeds", "one comparison", "neighbours on a board", "all pairs on a board"]
    )
