"""Learning curves: what the episodes of a training run returned, by the steps taken so far.

The harness hands a recorder to the problem, and the problem's environments report to it. An
algorithm need not know of it, and cannot ask it for rewards that it has not declared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 100
"""Of equal width, over the budget of steps."""


def bin_ends(budget: int) -> NDArray[np.float64]:
    """Environment steps at the end of each bin, float64 [BINS]."""
    return budget * np.arange(1, BINS + 1) / BINS


@dataclass(frozen=True)
class LearningCurve:
    """The returns of the episodes of one training run, binned by the step each one ended at.

    An episode belongs to the first bin that ends no earlier than it does. Steps are the problem's,
    over all rows of all its environments. Episodes that were cut off, by a reset or by the end of
    training, have no return and are not counted.

    The first bins are biased: until every row could have finished its longest episode, at
    num_envs * max_episode_steps steps, more of the short episodes have ended than of the long ones
    that began with them.

    Attributes:
        budget: environment steps that the bins divide.
        episodes: int [BINS], how many episodes ended in each bin.
        total_rewards: float [BINS], the sum of their returns, undiscounted.
    """

    budget: int
    episodes: tuple[int, ...]
    total_rewards: tuple[float, ...]

    @property
    def mean_returns(self) -> NDArray[np.float64]:
        """Mean return of the episodes of each bin, float64 [BINS]; where none ended, that of the
        last bin before in which some did, and NaN where there is no such bin."""
        episodes, means = np.array(self.episodes), np.full(BINS, np.nan)
        some = episodes > 0
        np.divide(self.total_rewards, episodes, where=some, out=means)
        return means[np.maximum.accumulate(np.where(some, np.arange(BINS), 0))]


class LearningCurveRecorder:
    """Sums up the episodes of one training run as they end.

    Args:
        budget: environment steps that the run may take.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._episodes = np.zeros(BINS, np.int64)
        self._total_rewards = np.zeros(BINS)

    def record(self, steps: int, returns: NDArray[np.float64]) -> None:
        """Episodes have ended.

        Args:
            steps: taken so far, from 1 to the budget, the ones in which they ended included.
            returns: float64 [episodes].
        """
        place = (steps * BINS - 1) // self._budget
        self._episodes[place] += len(returns)
        self._total_rewards[place] += returns.sum()

    def curve(self) -> LearningCurve:
        """What has been recorded so far."""
        episodes, total_rewards = self._episodes.tolist(), self._total_rewards.tolist()
        return LearningCurve(self._budget, tuple(episodes), tuple(total_rewards))
