"""The sources of a problem, their budget, and the ledger in which their use is written down."""

from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from il_envs.learning.learning_curve import LearningCurveRecorder

Source = Literal["demonstrations", "expert", "env", "reward", "model"]
SOURCES: tuple[Source, ...] = get_args(Source)


class UndeclaredSourceError(PermissionError):
    """An algorithm used a source that it has not declared."""


class BudgetExceededError(RuntimeError):
    """An algorithm asked for more than the problem allows."""


@dataclass
class Meter:
    """What an algorithm has used."""

    demonstrations: int = 0  # state-action pairs
    expert_labels: int = 0  # states that the interactive expert labelled
    steps: int = 0  # environment steps, over all rows
    reward_reads: int = 0  # steps whose reward was revealed, in an environment or a demonstration
    model_reads: int = 0

    @property
    def labels(self) -> int:
        """Number of expert actions, demonstrated or queried."""
        return self.demonstrations + self.expert_labels

    def as_dict(self) -> dict[str, int]:
        """The five counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class Budget:
    """The most that an algorithm may use."""

    labels: int  # expert actions, demonstrated and queried together
    steps: int  # environment steps, over all rows


@dataclass
class Ledger:
    """What a problem grants, and what has been used of it.

    Attributes:
        sources: the sources that the algorithm declares it uses.
        recorder: receives the return of every training episode.
    """

    sources: frozenset[Source]
    budget: Budget
    recorder: LearningCurveRecorder | None = None
    meter: Meter = field(default_factory=Meter)

    @property
    def labels_left(self) -> int:
        """The number of expert actions left in the budget."""
        return self.budget.labels - self.meter.labels

    def require(self, source: Source) -> None:
        """Check that a source is declared.

        Raises:
            UndeclaredSourceError: if it is not.
        """
        if source not in self.sources:
            raise UndeclaredSourceError(
                f"this algorithm uses the source {source!r} but does not declare it; "
                f"declare it in Algorithm(..., sources={sorted({*self.sources, source})})"
            )

    def require_labels(self, labels: int) -> None:
        """Check that there are as many expert actions left.

        Raises:
            BudgetExceededError: if there are not.
        """
        if labels > self.labels_left:
            raise BudgetExceededError(
                f"{labels} expert labels asked for, {self.labels_left} of {self.budget.labels} left"
            )

    def require_steps(self, steps: int) -> None:
        """Check that there are as many environment steps left.

        Raises:
            BudgetExceededError: if there are not.
        """
        if self.meter.steps + steps > self.budget.steps:
            raise BudgetExceededError(
                f"the budget of {self.budget.steps} environment steps is spent"
            )

    def spend_steps(self, steps: int, reward: bool) -> None:
        """Count environment steps, and as many rewards read if they are revealed."""
        self.meter.steps += steps
        self.meter.reward_reads += steps if reward else 0

    def record_episodes(self, returns: NDArray[np.float64]) -> None:
        """Record the returns of training episodes that have just ended, float64 [episodes]."""
        if self.recorder is not None and returns.size:
            self.recorder.record(self.meter.steps, returns)
