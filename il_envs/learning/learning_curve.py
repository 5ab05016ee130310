"""Learning curves: returns of the episodes of a training run against environment steps.

The leaderboard gives the problem a recorder, to which the problem's environments report. An
algorithm need not know of the recorder, and cannot get undeclared rewards from it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 100
"""Number of bins, of equal width, that divide the budget of steps."""


def bin_ends(budget: int) -> NDArray[np.float64]:
    """Environment steps at the end of each bin, float64 [BINS]."""
    return budget * np.arange(1, BINS + 1) / BINS


@dataclass(frozen=True)
class LearningCurve:
    """The returns of the episodes of one training run, binned by the step at which each ended.

    An episode belongs to the first bin that ends at or after its last step. Steps are counted over
    all rows of all environments of the problem. Episodes that were cut off, by a reset or by the
    end of training, have no return and are not counted.

    The first bins are biased towards short episodes: before num_envs * max_episode_steps steps,
    some of the long episodes that began with them are still running.

    Attributes:
        budget: the budget of environment steps, which the bins divide.
        episodes: int [BINS], how many episodes ended in each bin.
        total_rewards: float [BINS], the sum of their returns, undiscounted.
    """

    budget: int
    episodes: tuple[int, ...]
    total_rewards: tuple[float, ...]

    @property
    def mean_returns(self) -> NDArray[np.float64]:
        """Mean return of the episodes of each bin, float64 [BINS]; a bin without episodes has the
        value of the last bin before it that has some, and NaN if there is none."""
        episodes, means = np.array(self.episodes), np.full(BINS, np.nan)
        some = episodes > 0
        np.divide(self.total_rewards, episodes, where=some, out=means)
        return means[np.maximum.accumulate(np.where(some, np.arange(BINS), 0))]


class LearningCurveRecorder:
    """Accumulates the returns of the episodes of one training run as they end.

    Args:
        budget: environment steps that the run may take.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._episodes = np.zeros(BINS, np.int64)
        self._total_rewards = np.zeros(BINS)

    def record(self, steps: int, returns: NDArray[np.float64]) -> None:
        """Record episodes that have just ended.

        Args:
            steps: environment steps so far, the current ones included; from 1 to the budget.
            returns: returns of the episodes, float64 [episodes].
        """
        place = (steps * BINS - 1) // self._budget
        self._episodes[place] += len(returns)
        self._total_rewards[place] += returns.sum()

    def curve(self) -> LearningCurve:
        """The learning curve so far."""
        episodes, total_rewards = self._episodes.tolist(), self._total_rewards.tolist()
        return LearningCurve(self._budget, tuple(episodes), tuple(total_rewards))
