"""The official results, as pages quote them."""

from functools import cache
from pathlib import Path

import pandas as pd

from leaderboard.rounds.attempts import read_log
from leaderboard.rounds.round import is_round, read_round
from leaderboard.rounds.table import entries_of, summary_of_round
from leaderboard.tables.columns import scores_with_intervals

OFFICIAL = Path(__file__).parents[2] / "leaderboard" / "results" / "official"
NONE_YET = "There are no official results here yet."


@cache
def official_rows(world: str) -> pd.DataFrame | None:
    """The rows of the round of a world, best first, controls included; None if there is none. The
    column `told` has the score with its interval, or why there is none."""
    place = OFFICIAL / world
    if not is_round(place):
        return None
    found, log = read_round(place), read_log(place)
    rows = summary_of_round(found, log, entries_of(place, found, log))
    why = rows["status"] + ": " + rows["reason"]
    return rows.assign(told=scores_with_intervals(rows).where(rows["status"] == "ok", why))
