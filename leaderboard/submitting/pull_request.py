"""Reviewing a pull request: `python -m leaderboard.submitting.pull_request REF [--out DIR]`.

Of the pull request only the bundles are taken that it adds or changes, as the files that git keeps:
attributes and links of a stranger's could make something else of them. What reviews them is the
code of the branch that is checked out. There is a comment in any case, `DIR/comment.md`.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from leaderboard import UserError
from leaderboard.algorithms.contender import NAME
from leaderboard.files import remove
from leaderboard.profiles import PROFILES
from leaderboard.publishing import writing_to
from leaderboard.submitting.bundle import MOST_BYTES
from leaderboard.submitting.commands import COMMENT, review_bundle
from leaderboard.submitting.pulling import LISTED
from leaderboard.submitting.review import as_code

PROFILE = PROFILES["smoke"]
INSTANCES = 5
FILE_MODES = ("100644", "100755")


def review_pull_request(
    ref: str, out: Path, worlds: Sequence[str], instances: int, workers: int
) -> bool:
    """Review every bundle that a branch adds or changes, and write one comment for all of them.

    Args:
        ref: the branch, of the repository in the current folder.
        out: folder of all that comes of it; what it held is removed.
        worlds: as in `review_bundle`, as are instances and workers.

    Returns:
        True if all of them can be listed.

    Raises:
        UserError: if there is no such branch, or something cannot be written.
        InterruptedRunError: on Ctrl-C.
    """
    with writing_to(out):
        remove(out)
        names = changed(ref)
        parts, well = [], True
        for name in names:
            can_be_listed, told = _reviewed(ref, name, out, worlds, instances, workers)
            parts.append(told)
            well &= can_be_listed
        out.mkdir(parents=True, exist_ok=True)
        text = "\n".join(parts) or "No bundle is added or changed.\n"
        (out / COMMENT).write_text(text, encoding="utf-8")
    return well


def changed(ref: str) -> list[str]:
    """The names of folders and files among the bundles in which a branch changes anything, since it
    left the one that is checked out; a renamed one counts under both names.

    Raises:
        UserError: if there is no such branch.
    """
    arguments = ["diff", "--name-only", "--no-renames", "-z", f"HEAD...{ref}", "--", str(LISTED)]
    paths = [PurePosixPath(os.fsdecode(path)) for path in _git(arguments).split(b"\0") if path]
    place = len(LISTED.parts)
    return sorted({path.parts[place] for path in paths if path.name != "README.md"})


def _reviewed(
    ref: str, name: str, out: Path, worlds: Sequence[str], instances: int, workers: int
) -> tuple[bool, str]:
    """Whether a bundle can be listed, and the comment on it."""
    if re.fullmatch(NAME, name) is None:
        return False, f"### {as_code(name)} is no name\n\nLetters, digits and . _ - are allowed.\n"
    bundle = out / "handed-in" / name
    try:
        if not taken(ref, name, bundle):
            return False, f"### {name} is removed\n\nThat is for people to decide.\n"
        place = out / "reviews" / name
        can_be_listed = review_bundle(
            bundle, place, PROFILE, list(worlds), instances, workers, LISTED, None
        )
        return can_be_listed, (place / COMMENT).read_text(encoding="utf-8")
    except UserError as error:
        return False, f"### {name} cannot be listed\n\n- {as_code(str(error))}\n"


def taken(ref: str, name: str, place: Path) -> bool:
    """Write the files of a branch's bundle as git keeps them; returns whether there are any.

    Raises:
        UserError: if it has links, or files that are too large or lead elsewhere.
    """
    listed = _git(["ls-tree", "-r", "-z", "-l", ref, "--", f"{LISTED.as_posix()}/{name}/"])
    total = 0
    for entry in (line for line in listed.split(b"\0") if line):
        about, _, path = entry.partition(b"\t")
        mode, _, blob, size = about.decode().split()
        within = PurePosixPath(os.fsdecode(path)).relative_to(LISTED / name)
        if mode not in FILE_MODES or ".." in within.parts:
            raise UserError(f"{within} is a link, or no file")
        total += int(size)
        if total > 2 * MOST_BYTES:
            raise UserError("it is too large")
        (place / within).parent.mkdir(parents=True, exist_ok=True)
        (place / within).write_bytes(_git(["cat-file", "blob", blob]))
    return total > 0


def _git(arguments: Sequence[str]) -> bytes:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", b"") or str(error).encode()
        raise UserError(f"git {arguments[0]}: {why.decode(errors='replace').strip()}") from error


def main() -> None:
    """Review the bundles that a branch adds or changes; ends with 1 if one cannot be listed."""
    parser = argparse.ArgumentParser(prog=".ci/review", description=main.__doc__)
    parser.add_argument("ref", help="a branch")
    parser.add_argument("--out", type=Path, default=Path("results", "review"), help="a folder")
    parser.add_argument("--worlds", default=",".join(PROFILE.worlds), help="names, with commas")
    parser.add_argument("--instances", type=int, default=INSTANCES, help="of each world")
    told = parser.parse_args()
    try:
        worlds, workers = told.worlds.split(","), os.cpu_count() or 1
        if not review_pull_request(told.ref, told.out, worlds, told.instances, workers):
            sys.exit(1)
    except UserError as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
