"""One table of what algorithms score in each of several worlds."""

from collections.abc import Sequence

import pandas as pd

from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.tables.columns import NONE, names, scores_with_intervals
from leaderboard.tables.page import Table


def table_by_world(tables: Sequence[Table]) -> pd.DataFrame:
    """The scores of all algorithms and controls, a column for each world.

    Args:
        tables: those of runs or rounds; the ones without scores are left out.
    """
    raw = pd.concat([table.raw for table in tables if "reference" in table.raw])
    raw = raw[(raw["world"] != ALL_WORLDS) & ~raw["reference"].astype(bool)]
    scores = scores_with_intervals(raw).where(raw["score"].notna(), raw["status"])
    told = raw.assign(algorithm=names(raw), told=scores)
    return (
        told.pivot(index="algorithm", columns="world", values="told")
        .reindex(index=told["algorithm"].unique(), columns=told["world"].unique())
        .fillna(NONE)
        .reset_index()
    )
