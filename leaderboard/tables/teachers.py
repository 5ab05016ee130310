"""One table of what learners keep of each of several teachers, from a run of each."""

from collections.abc import Mapping

import pandas as pd

from leaderboard.runs import Results
from leaderboard.scores.summary import summary
from leaderboard.tables.columns import NONE, intervals, scores_with_intervals
from leaderboard.tables.page import Table

TEACHER_ROW = "(its teacher)"


def table_by_teacher(runs: Mapping[str, Results]) -> Table:
    """The scores of all algorithms that are no controls, a column for each teacher.

    Args:
        runs: the results of each teacher's run, by its style.
    """
    raw = pd.concat([_scores(results).assign(teacher=style) for style, results in runs.items()])
    shown = (
        raw.assign(written=scores_with_intervals(raw))
        .pivot(index=["world", "algorithm"], columns="teacher", values="written")
        .reindex(raw.set_index(["world", "algorithm"]).index.unique())
        .reindex(columns=list(runs))
        .fillna(NONE)
        .reset_index()[["algorithm", "world", *runs]]
    )
    notes = [
        "Scores by who taught, on the scale of one world: 0 is the uniform random policy, 1 the "
        f"reference expert, whoever teaches. {TEACHER_ROW}: the teacher's own."
    ]
    return Table("teachers", "Scores by teacher", shown, raw, notes)


def _scores(results: Results) -> pd.DataFrame:
    """The rows of a run that are not about chance, the teacher's first."""
    table = summary(results)
    table = table[~table["control"]]
    table = table.assign(interval=intervals(table))
    manifest = results.manifest
    teachers = {
        world: manifest.references(world)[-1 if world in manifest.teachers else 1]
        for world in manifest.worlds
    }
    is_teacher = table["algorithm"] == table["world"].map(teachers)
    table = table.assign(algorithm=table["algorithm"].where(~is_teacher, TEACHER_ROW))
    rows = table[is_teacher | ~table["reference"]]
    order = rows.sort_values("reference", ascending=False, kind="stable")
    return order[["algorithm", "world", "score", "low", "high", "interval", "seeds"]]
