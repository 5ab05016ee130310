"""The claims as they were last measured: the numbers that are committed with the package."""

import json
from math import nan
from pathlib import Path
from typing import Any

from leaderboard.claims.claim import Measured, Outcome, Result
from leaderboard.claims.twelve import CLAIMS
from leaderboard.scores.statistics import Interval

COMMITTED = Path(__file__).parents[1] / "results" / "claims.json"
"""What `leaderboard claims --format json` has printed."""


def committed() -> list[Outcome]:
    """All claims with the committed numbers; verdicts follow from them and from today's gates."""
    told = {
        claim["name"]: claim
        for claim in json.loads(COMMITTED.read_text(encoding="utf-8"))["claims"]
    }
    return [
        Outcome(
            claim,
            tuple(
                Result(comparison, _measured(numbers), numbers["note"])
                for comparison, numbers in zip(
                    claim.comparisons, told[claim.name]["comparisons"], strict=True
                )
            ),
        )
        for claim in CLAIMS
    ]


def _measured(numbers: dict[str, Any]) -> Measured | None:
    """A comparison's number; None if it had not been computed."""
    if not numbers["over"]:
        return None
    ends = (nan if numbers[n] is None else float(numbers[n]) for n in ("value", "low", "high"))
    return Measured(Interval(*ends), numbers["over"])
