"""The official results, as pages quote them."""

from functools import cache
from pathlib import Path

import pandas as pd

from leaderboard.rounds.attempts import read_log
from leaderboard.rounds.round import is_round, read_round
from leaderboard.rounds.table import summary_of_round

OFFICIAL = Path(__file__).parents[2] / "leaderboard" / "results" / "official"
NONE_YET = "There are no official results here yet."


@cache
def official_rows(world: str) -> pd.DataFrame | None:
    """The rows of a world's round, best first, controls included; None if there is none."""
    place = OFFICIAL / world
    if not is_round(place):
        return None
    return summary_of_round(place, read_round(place), read_log(place))


def score_in_words(row: object) -> str:
    """A score with its interval, or why there is none."""
    if row.status != "ok":  # type: ignore[attr-defined]
        return f"{row.status}: {row.reason}"  # type: ignore[attr-defined]
    return f"{row.score:.3f} [{row.low:.3f}, {row.high:.3f}]"  # type: ignore[attr-defined]
