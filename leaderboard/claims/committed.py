"""The claims as they were last measured: the numbers that are committed with the package."""

import json
from math import isnan, nan
from pathlib import Path
from typing import Any

from leaderboard import UserError
from leaderboard.claims.claim import Measured, Outcome, Result
from leaderboard.claims.twelve import CLAIMS
from leaderboard.scores.statistics import Interval

COMMITTED = Path(__file__).parents[1] / "results" / "claims.json"
"""What `leaderboard claims --format json` has printed."""


def committed() -> list[Outcome]:
    """All claims with the committed numbers; verdicts follow from them and from today's gates.

    Raises:
        UserError: if the file that holds them is missing or damaged.
    """
    try:
        return _told(json.loads(COMMITTED.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{COMMITTED}: {error.strerror}; --run measures the claims anew") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{COMMITTED}: damaged; --run measures the claims anew") from error


def _told(content: dict[str, Any]) -> list[Outcome]:
    told = {claim["name"]: claim for claim in content["claims"]}
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
    value, low, high = (
        nan if numbers[name] is None else float(numbers[name]) for name in ("value", "low", "high")
    )
    if not (low <= value <= high or isnan(low + value + high)):
        raise ValueError(f"{value} is not from {low} to {high}")
    return Measured(Interval(value, low, high), numbers["over"])
