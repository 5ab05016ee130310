"""Looking at a bundle and running it again, in instances that nobody could know.

What comes of it is a comment for a pull request: whether it can be listed, why not, and its row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import pandas as pd

from il_envs.world import UnknownNameError, get_world
from leaderboard import UserError
from leaderboard.algorithms.contender import Contender
from leaderboard.computing import compute
from leaderboard.describing import find
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.rounds.attempts import read_log
from leaderboard.rounds.entering import enter
from leaderboard.rounds.round import make_round, read_round, reveal
from leaderboard.rounds.table import round_document, summary_of_round
from leaderboard.rounds.verification import verify_round
from leaderboard.runs import read_results
from leaderboard.scores.summary import ALL_WORLDS, summary
from leaderboard.selection import manifest_of
from leaderboard.submitting.bundle import ALGORITHM, Submission, read_bundle
from leaderboard.submitting.signatures import require_signature
from leaderboard.submitting.submit import listed_bundle, require_same_signer
from leaderboard.tables.document import Document, document
from leaderboard.tables.formats import as_markdown

ROUND = "round"
REGISTERED = "registered"
"""Folder of the results in the worlds that everybody knows."""
CARRIED = 0.3
"""Score by which an algorithm may do better in the worlds that everybody knows."""


@dataclass(frozen=True)
class Review:
    """What a review has found.

    Attributes:
        faults: a line for each reason not to list it.
        replaces: the bundle that is listed under its name already.
        tables: of its scores, in its instances and in the registered worlds; none if it did not
            come to that.
    """

    name: str
    faults: tuple[str, ...]
    submission: Submission | None = None
    replaces: Submission | None = None
    tables: tuple[Document, ...] = ()

    @property
    def comment(self) -> str:
        """The comment, in Markdown. What others have written cannot call anybody, link or show
        pictures in it."""
        verdict = "cannot be listed" if self.faults else "can be listed"
        parts = [f"### {self.name} {verdict}", *(f"- {fault}" for fault in self.faults)]
        if self.submission is not None:
            told = self.submission
            whose = told.authors or told.contact
            signed = f"signed with {told.signer}" if told.signer else "unsigned"
            version = f"version {told.code[:12]}"
            parts.append(f"{told.summary}. {whose}, licence {told.licence}, {version}, {signed}.")
        if self.replaces is not None:
            parts.append(
                f"It takes the place of version {self.replaces.code[:12]}, whose contact is "
                f"{self.replaces.contact}."
            )
        titles = ("In instances that nobody could know", "In the registered worlds")
        for title, table in zip(titles, self.tables, strict=False):
            parts += [f"#### {title}", as_markdown(table)]
        text = "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"
        return text.replace("@", "@\N{ZERO WIDTH SPACE}").replace("](", "]\\(").replace("<", "&lt;")


def review(
    bundle: Path,
    out: Path,
    profile: Profile,
    worlds: Sequence[str],
    instances: int,
    workers: int,
    listed: Path | None = None,
) -> Review:
    """Examine a bundle, and train and score it in a round of its own and in registered worlds.

    Args:
        bundle: its folder, by whose name it is listed.
        out: a new folder for the round and the results.
        worlds: names of registered worlds.
        instances: of each world, and training seeds in the registered one.
        listed: folder of the bundles that are listed already; None if there are none.

    Raises:
        UserError: if there are results in `out` already.
        InterruptedRunError: on Ctrl-C.
        OSError: if something cannot be written.
    """
    name = bundle.resolve().name
    before = None
    try:
        before = None if listed is None else listed_bundle(listed / name)
        submission, contender = _examined(bundle)
        if listed is not None:
            require_same_signer(listed / name, before, submission)
    except (UserError, UnknownNameError) as error:
        return Review(name, (str(error).replace(f"{bundle}/", ""),), None, before)
    known = [world for world in map(get_world, worlds) if contender.applies_to(world)]
    if not known:
        return Review(name, (f"it applies to none of {', '.join(worlds)}",), submission, before)
    place = out / ROUND
    make_round(place, profile, [world.name for world in known], instances)
    enter(place, [contender.origin], workers)
    is_sound = verify_round(place, workers=workers)
    reveal(place)
    drawn = summary_of_round(place, read_round(place), read_log(place))
    faults = [] if is_sound else ["`leaderboard verify` has found faults in its results"]
    faults += _failures(drawn)
    if faults:
        return Review(name, tuple(faults), submission, before, (round_document(place),))
    specs = cells_of_run(profile, known, [contender], instances)
    manifest = manifest_of(profile, known, [contender], instances)
    compute(specs, manifest, [contender], out / REGISTERED, workers)
    results = read_results(out / REGISTERED)
    registered = summary(results)
    carried = _carried(drawn, registered[registered["algorithm"] == name])
    tables = (round_document(place), document(results))
    return Review(name, tuple(carried), submission, before, tables)


def _examined(bundle: Path) -> tuple[Submission, Contender]:
    """What a bundle and its algorithm say of themselves.

    Raises:
        UserError, UnknownNameError: if they do not say the same, or it is not signed as it says.
    """
    submission = read_bundle(bundle)
    name = bundle.resolve().name
    if submission.name != name:
        raise UserError(f"it is named {submission.name!r}, and its folder {name!r}")
    require_signature(bundle, submission)
    contender = find(str(bundle / ALGORITHM))
    told = (contender.name, sorted(contender.sources), contender.summary)
    if told != (submission.name, list(submission.sources), submission.summary):
        raise UserError("its algorithm has another name, summary or sources than it says")
    return submission, contender


def _failures(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.itertuples():
        if row.status != "ok" and row.world != ALL_WORLDS:
            yield f"{row.world}: {row.status}: {row.reason}"


def _carried(drawn: pd.DataFrame, registered: pd.DataFrame) -> Iterator[str]:
    """A line for each world in which it does surely better where everybody knows it."""
    known = registered[["world", "score", "low"]]
    both = drawn.merge(known, "inner", "world", suffixes=("", "_known"))
    for row in both[both["world"] != ALL_WORLDS].itertuples():
        is_above = isnan(row.high) or row.high < row.low_known  # one instance has no interval
        if is_above and row.score_known > row.score + CARRIED:
            yield (
                f"{row.world}: its score is {row.score_known:.2f} in the registered world and "
                f"{row.score:.2f} in instances that nobody could know: it may carry along what "
                "solves the registered one"
            )
