"""One table of what algorithms score in each of several worlds."""

from collections.abc import Sequence

import pandas as pd

from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.tables.columns import NONE, intervals, names, number
from leaderboard.tables.page import Table


def table_by_world(tables: Sequence[Table]) -> Table:
    """The scores of all algorithms and controls, a column for each world.

    Args:
        tables: those of runs or rounds; the ones without scores are left out.
    """
    raw = pd.concat([table.raw for table in tables if "reference" in table.raw])
    raw = raw[(raw["world"] != ALL_WORLDS) & ~raw["reference"].astype(bool)]
    written = pd.Series(intervals(raw), index=raw.index)
    scores = raw["score"].map(number) + (" " + written).where(written != NONE, "")
    told = raw.assign(algorithm=names(raw), told=scores.where(raw["score"].notna(), raw["status"]))
    worlds = list(dict.fromkeys(raw["world"]))
    shown = (
        told.pivot(index="algorithm", columns="world", values="told")
        .reindex(index=told["algorithm"].unique(), columns=worlds)
        .fillna(NONE)
        .reset_index()
    )
    return Table("worlds", "Scores by world", shown, raw, [])
