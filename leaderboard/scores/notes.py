"""Sentences under a table on how sure its numbers are."""

from collections import Counter
from collections.abc import Iterator

from leaderboard.runs import Manifest, Results
from leaderboard.scores.statistics import CONFIDENCE

RANK_NOTE = (
    "Rank: those that a row may have, by the differences between all algorithms in its world on "
    f"the same episodes, Holm-corrected; with {CONFIDENCE:.0%} confidence every order that is "
    "claimed there is true. Two rows that share a letter cannot be told apart."
)

TIER_NOTE = (
    "Tier: what was checked, here or by a computer of the official results. Claimed: nothing. "
    "Replayed: the actions were taken in the world and have these returns, which cannot tell a "
    "learner from the expert. Verified: trained and scored there in instances that nobody knew. "
    "Re-trained: training again has given the same. Costs of training are as the run has told them."
)

PLACES = {
    "namespaces": "in processes of their own, behind bubblewrap",
    "landlock": "in processes of their own, behind Landlock",
    "process": "in processes of their own, with no guard",
    "": "in the process of their scorer",
}
"""Where an algorithm was, by the strongest guard of its cell."""


def interval_note(manifest: Manifest) -> str:
    """What the interval of a score covers."""
    sampled = (
        f"Interval: {CONFIDENCE:.0%}, over training seeds and episodes: what would be scored on "
        "average with new seeds on new episodes"
    )
    exact = (
        f"Interval: {CONFIDENCE:.0%}, over training seeds: what would be scored on average with "
        "new seeds; returns are exact"
    )
    kinds = {world in manifest.exact_worlds for world in manifest.worlds}
    if kinds == {False, True} or manifest.cost_worlds:
        return f"{sampled} (over both); over seeds alone where returns are exact."
    return f"{exact}." if kinds == {True} else f"{sampled}."


def computer_notes(results: Results) -> Iterator[str]:
    """A line for each computer that cells were computed on, with what their numbers depend on."""
    known = [str(cell.computer) for cell in results.cells if cell.computer and cell.status == "ok"]
    for computer, cells in Counter(known).items():
        of = "" if cells == len(known) else f" ({cells} of {len(known)} cells)"
        yield f"Computed on {computer}{of}."


def guard_notes(results: Results) -> Iterator[str]:
    """A line on where the algorithms of cells were; none if no learner has finished."""
    learners = [cell for cell in results.cells if cell.status == "ok" and cell.is_learner]
    places = Counter(PLACES[cell.guards[-1] if cell.guards else ""] for cell in learners)
    told = [
        place if count == len(learners) else f"{place} ({count} of {len(learners)} cells)"
        for place, count in places.most_common()
    ]
    if told:
        yield f"Algorithms were {'; '.join(told)}."
