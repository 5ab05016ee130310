"""Numbers of the theory, and whether they are where it says."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Finding:
    """A number, and what theory says of it."""

    what: str
    value: float
    low: float = -inf
    high: float = inf

    @property
    def holds(self) -> bool:
        """Whether the number is where it must be."""
        return self.low <= self.value <= self.high

    def __str__(self) -> str:
        text = f"{self.what}: {self.value:.6g}"
        if (self.low, self.high) == (-inf, inf):
            return text
        verdict = "as" if self.holds else "NOT as"
        return f"{text}, {verdict} in theory from {self.low:g} to {self.high:g}"
