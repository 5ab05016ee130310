"""Sentences under a table on how sure its numbers are."""

from leaderboard.cells import Manifest
from leaderboard.statistics import CONFIDENCE

RANK_NOTE = (
    "Rank: all that can be, by the differences between all algorithms in a world on the same "
    f"episodes, Holm-corrected, so that {CONFIDENCE:.0%} of tables make no false claim; two that "
    "share a letter cannot be told apart."
)


def interval_note(manifest: Manifest) -> str:
    """What the interval of a score covers."""
    start = f"Interval: covers in {CONFIDENCE:.0%} of runs what would be scored on average"
    sampled = f"{start} with any training seeds on any episodes, not just with and on these"
    exact = f"{start} with any training seeds, not just with these; returns are exact"
    kinds = {world in manifest.exact_worlds for world in manifest.worlds}
    if kinds == {False, True}:
        return f"{sampled}; over seeds alone where returns are exact."
    return f"{exact}." if kinds == {True} else f"{sampled}."
