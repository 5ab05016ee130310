"""Looking at a bundle and running it again, in instances that nobody could know.

What comes of it is a comment for a pull request: whether it can be listed, why not, and its row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import pandas as pd

from il_envs.world import WORLDS, UnknownNameError, get_world
from leaderboard import UserError
from leaderboard.algorithms.contender import Contender
from leaderboard.computing import compute
from leaderboard.describing import find
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.rounds.attempts import Entered, read_log
from leaderboard.rounds.entering import enter
from leaderboard.rounds.round import make_round, read_round, reveal
from leaderboard.rounds.table import entries_of, round_document, summary_of_round
from leaderboard.rounds.verification import verify_round
from leaderboard.running.runner import InterruptedRunError
from leaderboard.running.sandbox import require_guard
from leaderboard.runs import read_results
from leaderboard.scores.summary import ALL_WORLDS, summary
from leaderboard.selection import manifest_of
from leaderboard.submitting.bundle import ALGORITHM, Submission, read_bundle
from leaderboard.submitting.signatures import require_signature
from leaderboard.submitting.submit import listed_bundle, require_name, require_same_signer
from leaderboard.tables.document import Document, document
from leaderboard.tables.formats import as_markdown
from leaderboard.verification.command import verify_results

ROUND = "round"
REGISTERED = "registered"
"""Folder of the results in the worlds that everybody knows."""
CARRIED = 0.3
"""Score by which an algorithm may do better in the worlds that everybody knows."""
UNSOUND = "`leaderboard verify` has found faults in its results"


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
        """The comment, in Markdown. What others have written is code in it, which cannot call
        anybody, link or show pictures."""
        verdict = "cannot be listed" if self.faults else "can be listed"
        parts = [f"### {self.name} {verdict}", *(f"- {as_code(fault)}" for fault in self.faults)]
        if self.submission is not None:
            told = self.submission
            signed = f"signed with {as_code(told.signer)}" if told.signer else "unsigned"
            parts.append(
                f"{as_code(told.summary)}, by {as_code(told.authors or told.contact)}, licence "
                f"{as_code(told.licence)}, version {told.code[:12]}, {signed}."
            )
        if self.replaces is not None:
            parts.append(
                f"It takes the place of version {self.replaces.code[:12]}, whose contact is "
                f"{as_code(self.replaces.contact)}."
            )
        titles = ("In instances that nobody could know", "In the registered worlds")
        for title, table in zip(titles, self.tables, strict=False):
            parts += [f"#### {title}", inert(as_markdown(table))]
        return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


def inert(text: str) -> str:
    """A table in Markdown whose cells, as the reason of a failure, call nobody and link nowhere."""
    for part in ("@", "#", "www", ":/"):
        text = text.replace(part, f"{part[0]}\N{ZERO WIDTH SPACE}{part[1:]}")
    return text.replace("](", "]\\(")


def as_code(text: str) -> str:
    """A line of others as a piece of code in Markdown, whatever is in it."""
    return f"`{' '.join(text.replace('`', chr(39)).split()) or ' '}`"


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
        worlds: names of registered worlds; if it applies to none of them, it is run in the first
            one to which it applies.
        instances: of each world, and training seeds in the registered one.
        listed: folder of the bundles that are listed already; None if there are none.

    Raises:
        UserError: if there are results in `out` already, or nothing here would keep a stranger's
            code from anything.
        InterruptedRunError: on Ctrl-C.
        OSError: if something cannot be written.
    """
    name = bundle.resolve().name
    require_guard(str(bundle / ALGORITHM))
    found = Review(name, ())
    try:
        if listed is not None:
            found = replace(found, replaces=listed_bundle(listed / name))
            require_name(listed, name)
        submission, contender = _examined(bundle)
        found = replace(found, submission=submission)
        if listed is not None:
            require_same_signer(listed / name, found.replaces, submission)
        known = [world for world in map(get_world, worlds) if contender.applies_to(world)]
        known = known or [w for w in WORLDS.values() if contender.applies_to(w)][:1]
        if not known:
            raise UserError("it applies to no world")
        place = out / ROUND
        make_round(place, profile, [world.name for world in known], instances)
        entered = enter(place, [contender.origin], workers)
        _require_trained_as_told(submission, entered.algorithms)
    except InterruptedRunError:
        raise
    except (UserError, UnknownNameError) as error:
        return replace(found, faults=(str(error).replace(f"{bundle}/", ""),))
    faults = [] if verify_round(place, workers=workers) else [UNSOUND]
    reveal(place)
    revealed, log = read_round(place), read_log(place)
    drawn = summary_of_round(revealed, log, entries_of(place, revealed, log))
    faults += _failures(drawn)
    found = replace(found, faults=tuple(faults), tables=(round_document(place),))
    if faults:
        return found
    specs = cells_of_run(profile, known, [contender], instances)
    manifest = manifest_of(profile, known, [contender], instances)
    compute(specs, manifest, [contender], out / REGISTERED, workers)
    results = read_results(out / REGISTERED)
    registered = summary(results)
    own = registered[registered["algorithm"] == name]
    faults = [] if verify_results(out / REGISTERED) else [UNSOUND]
    faults += [*_failures(own), *_carried(drawn, own)]
    return replace(found, faults=tuple(faults), tables=(*found.tables, document(results)))


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


def _require_trained_as_told(submission: Submission, entered: Sequence[Entered]) -> None:
    """Require that what was trained is what the bundle says: code can tell where it is, and say one
    thing when it is read and another when it is trained.

    Raises:
        UserError: if it is not.
    """
    (found,) = entered
    if found.is_control:
        raise UserError("it calls itself a control")
    told = (submission.name, submission.sources, submission.summary)
    if told != (found.name, found.sources, found.summary):
        raise UserError(
            f"it says that it is {submission.name} and uses {', '.join(submission.sources)}; "
            f"trained, that it is {found.name} and uses {', '.join(found.sources)}"
        )


def _failures(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.itertuples():
        if row.status != "ok" and row.world != ALL_WORLDS:
            yield f"{row.world}: {row.status}: {row.reason}"


def _carried(drawn: pd.DataFrame, registered: pd.DataFrame) -> Iterator[str]:
    """A line for each world in which it does better where everybody knows it, in all training seeds
    than in most instances: a few good instances do not hide the others, as they do in a mean."""
    known = registered[["world", "scores"]]
    both = drawn.merge(known, "inner", "world", suffixes=("", "_known"))
    for row in both[both["world"] != ALL_WORLDS].itertuples():
        there, here = min(row.scores_known), median(row.scores)
        if there > here + CARRIED:
            yield (
                f"{row.world}: its score is {there:.2f} or more in the registered world, and "
                f"{here:.2f} or less in half of the instances that nobody could know: it may carry "
                "along what solves the registered one"
            )
