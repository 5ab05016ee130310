"""Making the official results: `python -m leaderboard.official.making`, or `make official`.

Every bundled algorithm, and every control, is trained and scored in every world to which it
applies: in a round of each world, all of them together, and so in the same instances. A round is
made, entered, verified and revealed before the next one begins; whatever was finished stays, and
the same command goes on.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from il_envs.learning.installed import installed_algorithms
from il_envs.world import WORLDS, UnknownNameError, get_world
from leaderboard import UserError, require_at_least, tell
from leaderboard.describing import find_all
from leaderboard.official.evidence import set_apart
from leaderboard.profiles import PROFILES
from leaderboard.publishing import writing_to
from leaderboard.rounds.attempts import read_log
from leaderboard.rounds.entering import enter, submission_of
from leaderboard.rounds.round import is_round, kept_of, make_round, read_round, reveal
from leaderboard.rounds.verification import verify_round
from leaderboard.running.runner import InterruptedRunError
from leaderboard.seals import official_scorers, public_key

OFFICIAL = Path("leaderboard", "results", "official")
EVIDENCE = Path("release", "evidence")
INSTANCES = 10


def make_official(folder: Path, worlds: Sequence[str], evidence: Path, workers: int) -> None:
    """Make the rounds that are missing or not finished.

    Args:
        folder: of the official results, with a round of each world.
        worlds: names of registered worlds.
        evidence: folder of the archives of what cells were scored from.
        workers: cells at a time.

    Raises:
        UserError: if a round is not of this computer, results are not as they say, or something
            cannot be written.
        InterruptedRunError: on Ctrl-C; what was finished stays.
    """
    if public_key() not in official_scorers():
        tell(f"seals of this computer count elsewhere once scorers.txt has {public_key()}")
    for world in worlds:
        place = folder / world
        if not is_round(place) or read_round(place).revealed is None:
            _make(place, world, workers)
        set_apart(place, evidence)
        tell(f"{world}: finished")


def _make(place: Path, world: str, workers: int) -> None:
    """Make a round, or go on with it, to its end.

    Raises:
        UserError: as `make_official`, or if it was begun with other code.
    """
    if not is_round(place):
        with writing_to(place):
            made = make_round(place, PROFILES["official"], [world], INSTANCES)
        tell(f"{world}: commitment {made.commitment}")
    kept = kept_of(read_round(place))
    if kept is None or not kept.is_over:  # else it was stopped just before its secret was written
        names = list(installed_algorithms())
        if log := read_log(place):
            now = {submission_of(None, each.code, each.config) for each in find_all(names)}
            if not {entered.submission for entered in log[0].algorithms} <= now:
                changed = "begun with algorithms that have changed since; remove it"
                raise UserError(f"{place}: {changed}")
        enter(place, names, workers)
    if not verify_round(place, workers=workers):
        raise UserError(f"{place}: not as it says, see above")
    with writing_to(place):
        reveal(place)


def main() -> None:
    """Make the official results that are missing."""
    parser = argparse.ArgumentParser(prog="leaderboard.official.making", description=main.__doc__)
    parser.add_argument("world", nargs="*", help="registered worlds; all of them by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="cells at a time")
    arguments = parser.parse_args()
    try:
        worlds = [get_world(name).base for name in arguments.world or WORLDS]
        require_at_least("--workers", arguments.workers)
        make_official(OFFICIAL, worlds, EVIDENCE, arguments.workers)
    except InterruptedRunError as error:
        print("interrupted; the same command goes on", file=sys.stderr)
        sys.exit(error.exit_code)
    except (UserError, UnknownNameError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
