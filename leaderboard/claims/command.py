"""The command `leaderboard claims`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from il_envs.world import UnknownNameError
from leaderboard import UsageError, require_at_least, tell
from leaderboard.claims.claim import Claim, Outcome, outcomes
from leaderboard.claims.committed import committed
from leaderboard.claims.page import FORMATS, WIDTH, as_html, as_json, as_markdown
from leaderboard.claims.running import compute
from leaderboard.claims.twelve import CLAIMS
from leaderboard.publishing import require_folder, writing_to


def show_claims(
    names: Sequence[str], folder: Path, runs: bool, workers: int, format_name: str
) -> None:
    """Print the claims, measured from a folder of the profile's results; if there is none, as they
    are committed.

    Args:
        names: of the claims; none for all.
        runs: whether to compute the cells that are missing first, and to write the page, the table
            and the numbers of what is printed beside them.

    Raises:
        UsageError, UnknownNameError: on a wrong argument.
        UserError: if results are damaged or cannot be written, or on Ctrl-C.
    """
    if format_name not in FORMATS:
        raise UsageError(f"--format must be one of {', '.join(FORMATS)}, not {format_name!r}")
    require_at_least("--workers", workers)
    require_folder(folder)
    claims = claims_named(names)
    if runs:
        with writing_to(folder):
            compute(dict.fromkeys(run for claim in claims for run in claim.runs), folder, workers)
    if runs or folder.is_dir():
        measured = outcomes(claims, folder)
    else:
        measured = [outcome for outcome in committed() if outcome.claim in claims]
        tell(f"there is no {folder}: these are the committed numbers; --run measures them anew")
    if runs:
        _write(measured, folder)
    page = FORMATS[format_name](measured)
    if isinstance(page, str):
        sys.stdout.write(page)
    else:
        Console(width=WIDTH, highlight=False).print(page)
    if not runs and any(result.missing for outcome in measured for result in outcome.results):
        tell("some results are missing; --run computes them, and says first how long it takes")


def claims_named(names: Sequence[str]) -> list[Claim]:
    """The claims with these names, in their own order; all if none is named.

    Raises:
        UnknownNameError: if there is no such claim.
    """
    known = [claim.name for claim in CLAIMS]
    for name in names:
        if name not in known:
            raise UnknownNameError("claim", name, known)
    return [claim for claim in CLAIMS if not names or claim.name in names]


def _write(measured: Sequence[Outcome], folder: Path) -> None:
    """Write claims.html, claims.md and claims.json.

    Raises:
        UserError: if one cannot be written.
    """
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, page in (("html", as_html), ("md", as_markdown), ("json", as_json)):
            (folder / f"claims.{suffix}").write_text(page(measured), encoding="utf-8")
