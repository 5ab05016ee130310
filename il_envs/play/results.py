"""Results of episodes, beside the expert's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One finished episode: the returns of who acted and of the expert from the same start.

    `expert_total` is None in a world without an expert, and until the expert's episode has ended.
    """

    seed: int
    total: float
    expert_total: float | None

    @property
    def ratio(self) -> float | None:
        """The share of the expert's return; None unless both are positive.

        For negative returns a smaller share would be better, and for a return of 0 there is none.
        """
        if self.expert_total is None or self.total <= 0.0 or self.expert_total <= 0.0:
            return None
        return self.total / self.expert_total

    @property
    def difference(self) -> float | None:
        """The return minus the expert's."""
        return None if self.expert_total is None else self.total - self.expert_total
