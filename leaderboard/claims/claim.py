"""What a claim is, and when it holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isinf
from pathlib import Path
from typing import Literal

from leaderboard.scores.statistics import Interval

Verdict = Literal["holds", "fails", "not shown"]

RULE = (
    "A comparison holds if its whole interval is within the gate, and fails if the whole interval "
    "is outside; otherwise nothing is shown. A claim of several comparisons holds if all of them "
    "hold, and fails if one of them fails."
)


def number(value: float) -> str:
    """A number with three decimals below 1, and two above; infinity as its sign."""
    if isinf(value):
        return "∞" if value > 0.0 else "-∞"
    text = f"{value:.3f}" if abs(value) < 1.0 else f"{value:.2f}"
    return text.removeprefix("-") if float(text) == 0.0 else text


class MissingResultsError(Exception):
    """Results from which a claim is measured do not exist; the message says which, in one line."""


@dataclass(frozen=True)
class Gate:
    """The numbers with which a claim is true, from `low` to `high`, both included."""

    low: float = -inf
    high: float = inf

    def verdict(self, interval: Interval) -> Verdict:
        """What an interval shows; one without ends, NaN, shows nothing."""
        if self.low <= interval.low and interval.high <= self.high:
            return "holds"
        if interval.high < self.low or interval.low > self.high:
            return "fails"
        return "not shown"

    def __str__(self) -> str:
        if self.high == inf:
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if self.low == -inf else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Measured:
    """A number behind a claim.

    Attributes:
        interval: 95%; of a number that is computed exactly, the number itself at both ends.
        over: what varies in it: "seeds", "seeds and episodes"; "exact" if nothing does.
        note: other numbers that belong beside it; may be empty.
    """

    interval: Interval
    over: str
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """One planned comparison.

    Attributes:
        what: the number that is compared.
        published: that number where the claim was made, or what was said of it.
        gate: the numbers with which the claim is true here.
        measure: gives the number, from the folder of the profile's results. It raises
            `MissingResultsError`.
    """

    what: str
    published: str
    gate: Gate
    measure: Callable[[Path], Measured]


@dataclass(frozen=True)
class Claim:
    """A published claim.

    Attributes:
        name: its name on the command line.
        method: the method that it is about.
        statement: the claim, in one line.
        source: where it was made.
        meaning: what it means, in two sentences.
        runs: names of the runs of the profile whose cells it is measured from; none if it is
            computed exactly.
    """

    name: str
    method: str
    statement: str
    source: str
    meaning: str
    comparisons: tuple[Comparison, ...]
    runs: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that computes what is missing, and prints the claim."""
        return f"leaderboard claims --only {self.name}{' --run' if self.runs else ''}"


@dataclass(frozen=True)
class Result:
    """A comparison, with its number; None where results are missing, and `missing` says which."""

    comparison: Comparison
    measured: Measured | None
    missing: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the number shows."""
        if self.measured is None:
            return "not shown"
        return self.comparison.gate.verdict(self.measured.interval)


@dataclass(frozen=True)
class Outcome:
    """A claim, and the result of each of its comparisons."""

    claim: Claim
    results: tuple[Result, ...]

    @property
    def verdict(self) -> Verdict:
        """What the results show together."""
        verdicts = {result.verdict for result in self.results}
        if verdicts == {"holds"}:
            return "holds"
        return "fails" if "fails" in verdicts else "not shown"


def outcomes(claims: Sequence[Claim], folder: Path) -> list[Outcome]:
    """Measure claims from a folder of the profile's results; nothing is trained.

    Raises:
        UserError: if a file of results is damaged.
    """
    return [
        Outcome(claim, tuple(_result(comparison, folder) for comparison in claim.comparisons))
        for claim in claims
    ]


def _result(comparison: Comparison, folder: Path) -> Result:
    try:
        return Result(comparison, comparison.measure(folder))
    except MissingResultsError as error:
        return Result(comparison, None, str(error))
