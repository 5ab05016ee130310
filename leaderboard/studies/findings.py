"""Numbers that theory predicts, and whether they agree with it."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Finding:
    """A number, and the range that theory predicts for it."""

    what: str
    value: float
    low: float = -inf
    high: float = inf

    @property
    def holds(self) -> bool:
        """True if the number is in the predicted range."""
        return self.low <= self.value <= self.high

    def __str__(self) -> str:
        text = f"{self.what}: {self.value:.6g}"
        if (self.low, self.high) == (-inf, inf):
            return text
        verdict = "as" if self.holds else "NOT as"
        return f"{text}, {verdict} in theory from {self.low:g} to {self.high:g}"
