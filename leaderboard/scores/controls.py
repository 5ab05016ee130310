"""Learners that do not score above one of their controls, and so may have learned nothing."""

from math import isnan

from leaderboard.runs import Results
from leaderboard.scores.crossed import Estimate, crossed_difference
from leaderboard.scores.rows import Row, crossed_scores_of, headline_row, scale_of
from leaderboard.scores.statistics import CONFIDENCE
from leaderboard.texts import count_of


def control_notes(results: Results) -> list[str]:
    """A line for each learner and control of which the learner is not significantly better: the
    interval of the difference of scores, or with one training seed the difference itself, is not
    above 0."""
    notes = []
    for world in results.manifest.worlds:
        for name, worlds in results.manifest.algorithms.items():
            for control in results.manifest.declaration(name).controls:
                if world in worlds and world in results.manifest.algorithms.get(control, ()):
                    rows = [headline_row(results, row, world) for row in (name, control)]
                    notes += _note(results, *rows)
    return notes


def _note(results: Results, learner: Row, control: Row) -> list[str]:
    scale = scale_of(results, learner.world)
    if learner.fault or control.fault or scale is None:
        return []
    scores = [crossed_scores_of(row, scale) for row in (learner, control)]
    difference = crossed_difference(*scores)
    if _is_above_zero(difference):
        return []
    verdict = "cannot be told from" if difference.mean > 0.0 else "is not above"
    means = " against ".join(f"{values.mean():.3f}" for values in scores)
    interval = ""
    if not isnan(difference.low):
        interval = (
            f" with {count_of(results.manifest.seeds, 'training seed')}: the difference's "
            f"{CONFIDENCE:.0%} interval is [{difference.low:.3f}, {difference.high:.3f}]"
        )
    return [
        f"{learner.world}: {learner.algorithm} ({means}) {verdict} its control "
        f"{control.algorithm}{interval}."
    ]


def _is_above_zero(difference: Estimate) -> bool:
    return bool(difference.mean > 0.0 if isnan(difference.low) else difference.low > 0.0)
