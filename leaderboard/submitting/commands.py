"""The commands for bundles."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from il_envs.world import get_world
from leaderboard import UserError, require_at_least
from leaderboard.check import check_aloud
from leaderboard.profiles import Profile
from leaderboard.publishing import require_folder, writing_to
from leaderboard.rounds.commands import require_instances
from leaderboard.submitting.pulling import LISTED, keep_results, pull
from leaderboard.submitting.review import REGISTERED, ROUND, review
from leaderboard.submitting.submit import (
    described,
    listed_bundle,
    require_same_signer,
    write_bundle,
)

COMMENT = "comment.md"


def submit(origin: str, told: dict[str, str], key: Path | None, out: Path) -> None:
    """Check an algorithm and write its bundle; then say how it is handed in.

    Args:
        told: as in `described`.
        key: OpenSSH's private key with which it is signed.
        out: folder of bundles.

    Raises:
        UserError, UnknownNameError: on a mistake of the user's, or if the check fails.
    """
    require_folder(out)
    submission = described(origin, told, key)
    folder = out / submission.name
    require_same_signer(folder, listed_bundle(folder), submission)
    lines, failures = check_aloud(origin)
    if failures:
        raise UserError(f"{origin} fails in {failures} of {len(lines)} worlds; nothing was written")
    submission = submission.model_copy(update={"checked": tuple(lines)})
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        write_bundle(folder, origin, submission, key)
    files = ", ".join(sorted(submission.files))
    print(f"{folder}: version {submission.code[:12]} of {submission.name}: {files}")
    print("in a clone of the repository, this hands it in:")
    name, place = submission.name, shlex.quote(str(folder))
    print(
        f"  git switch --create submit-{name} && git add {place} && "
        f"git commit --message 'Submit {name}' && gh pr create --fill"
    )


def review_bundle(
    bundle: Path,
    out: Path,
    profile: Profile,
    worlds: Sequence[str],
    instances: int,
    workers: int,
    listed: Path | None,
    kept: Path | None,
) -> bool:
    """Review a bundle, and write and print the comment, `comment.md`.

    Args:
        kept: folder in which its results are kept under its name, if it can be listed; None if
            they are not.

    Returns:
        True if it can be listed.

    Raises:
        UserError: on a mistake of the user's.
    """
    require_instances(instances)
    require_at_least("--workers", workers)
    for folder in (out, *([] if kept is None else [kept])):
        require_folder(folder)
    if listed is not None and not listed.is_dir():
        raise UserError(f"--listed {listed}: no such folder")
    if not bundle.is_dir():
        raise UserError(f"{bundle}: no such folder; a bundle is one of {LISTED}")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; a review has a folder of its own")
    if kept is not None and (kept / bundle.resolve().name).exists():
        raise UserError(f"{kept / bundle.resolve().name}: there are results already; remove them")
    with writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        bases = list(dict.fromkeys(get_world(name).base for name in worlds))
        found = review(bundle, out, profile, bases, instances, workers, listed)
        (out / COMMENT).write_text(found.comment, "utf-8")
        if kept is not None and not found.faults:
            for part in (ROUND, REGISTERED):
                keep_results(out / part, kept / found.name / part)
    print(found.comment)
    return not found.faults


def pull_listed(name: str, repository: str, out: Path | None) -> None:
    """Fetch a listed algorithm, and say how it is run.

    Raises:
        UserError, UnknownNameError: as `pull`.
    """
    place = (Path(name) if out is None else out).resolve()
    if not name or not place.name:
        raise UserError(f"{place}: must be a new folder; --out names one")
    results = place.with_name(f"{place.name}-results")
    with writing_to(place.parent):
        submission = pull(name, repository, place, results)
    signed = f"signed with {submission.signer}" if submission.signer else "not signed"
    version, licence = submission.code[:12], submission.licence
    print(f"{place}: version {version} of {name}, {signed}; licence: {licence}")
    print(f"  leaderboard run --algorithms {shlex.quote(f'{place}/')}")
    if results.exists():
        print(f"its results, with its policies: {results}")
        print(f"  leaderboard table {shlex.quote(f'{results}/{REGISTERED}')}")
