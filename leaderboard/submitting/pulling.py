"""Fetching a listed algorithm from a repository, with its results and its policies."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from il_envs.learning.stored_policy import TENSORS
from il_envs.world import UnknownNameError
from leaderboard import UserError
from leaderboard.cells import MODE_TRACES, REWARD_MAP, TABLE, TRACES
from leaderboard.files import copy_files
from leaderboard.rounds.entering import SUBMISSION
from leaderboard.seals import SEALS
from leaderboard.submitting.bundle import ALGORITHM, DESCRIPTION, Submission, read_bundle
from leaderboard.submitting.signatures import require_signature
from leaderboard.texts import one_line

LISTED = Path("leaderboard", "submissions")
"""Where a repository has its bundles."""
MOST_BYTES = 2**30
"""Of what is kept of results."""
RESULTS = Path("leaderboard", "results", "submissions")
"""Where it has what has come of them, each in a folder of its name."""
FILES = (
    "round.json", "attempts.jsonl", "run.json", "cell.json", SEALS, TENSORS, "reward.safetensors",
    TRACES, MODE_TRACES, TABLE, REWARD_MAP,
)  # fmt: skip
"""What is kept of results, and of those of a round the algorithm that was trained."""


def keep_results(folder: Path, place: Path) -> None:
    """Copy what is kept of results, and nothing else that may lie there.

    Raises:
        UserError: if there is something else already, or a link, or too much.
        OSError: if it cannot be written.
    """
    if place.exists():
        raise UserError(f"{place} is there already; remove it first")
    kept, total = {}, 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink():
            raise UserError(f"{path}: is a link, which may lead anywhere")
        if not path.is_file() or not (path.name in FILES or SUBMISSION in name.parts):
            continue
        if any(part.startswith((".", "__pycache__")) for part in name.parts):
            continue
        kept[str(name)], total = path, total + path.stat().st_size
    if total > MOST_BYTES:
        raise UserError(f"{folder}: {total / 2**20:.0f} MiB; at most {MOST_BYTES // 2**20}")
    copy_files(kept, place)


def pull(name: str, repository: str, place: Path, results: Path) -> Submission:
    """Copy a listed algorithm into a new folder, after its files and its signature were checked,
    and its results into another one, if the repository has them.

    Args:
        repository: a folder that holds a repository, or an address that git understands.

    Raises:
        UnknownNameError: if nothing is listed there by that name.
        UserError: if the place is taken, the repository cannot be fetched, or the bundle will not
            do.
        OSError: if it cannot be written.
    """
    for taken in (place, results):
        if taken.exists():
            raise UserError(f"{taken} is there already; --out names another place")
    with _checkout(repository) as root:
        names = sorted(path.parent.name for path in (root / LISTED).glob(f"*/{DESCRIPTION}"))
        if name not in names:
            raise UnknownNameError("submission", name, names)
        submission = read_bundle(root / LISTED / name)
        if submission.name != name:
            raise UserError(f"{LISTED / name}: calls itself {submission.name!r}")
        require_signature(root / LISTED / name, submission)
        packed = root / LISTED / name / ALGORITHM
        # And nothing else that may lie there.
        copy_files({file: packed / file for file in submission.files}, place)
        if (root / RESULTS / name).is_dir():
            keep_results(root / RESULTS / name, results)
    return submission


@contextmanager
def _checkout(repository: str) -> Iterator[Path]:
    """The folder of a repository, which is fetched if it is elsewhere.

    Raises:
        UserError: if it cannot be.
    """
    if Path(repository).is_dir():
        yield Path(repository)
        return
    with tempfile.TemporaryDirectory(prefix="il-envs-") as scratch:
        command = ["git", "clone", "--quiet", "--depth", "1", "--", repository, scratch]
        try:
            subprocess.run(command, capture_output=True, check=True)
        except FileNotFoundError as error:
            raise UserError("git is not here, which fetches repositories") from error
        except subprocess.CalledProcessError as error:
            told = one_line(error.stderr.decode(errors="replace"))
            raise UserError(f"{repository}: neither a folder nor fetched: {told}") from error
        yield Path(scratch)
