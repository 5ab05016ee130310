"""The commands of `leaderboard round`."""

from collections.abc import Sequence
from pathlib import Path

from il_envs.world import get_world
from leaderboard import UsageError, require_at_least
from leaderboard.profiles import MOST_SEEDS, Profile
from leaderboard.publishing import require_folder, writing_to
from leaderboard.rounds.entering import enter
from leaderboard.rounds.round import make_round, reveal
from leaderboard.rounds.table import round_document
from leaderboard.tables.formats import as_text
from leaderboard.tables.terminal import print_page


def new_round(folder: Path, profile: Profile, worlds: list[str], instances: int) -> None:
    """Make a round, and print what to publish.

    Raises:
        UserError: if there is one already, or it cannot be written.
        UnknownNameError: if there is no such world.
    """
    require_instances(instances)
    require_folder(folder)
    names = list(dict.fromkeys(get_world(name).base for name in worlds))
    with writing_to(folder):
        made = make_round(folder, profile, names, instances)
    print(f"{folder}: a round of {made.suite} in {', '.join(made.worlds)}")
    print(f"commitment, to be published now: {made.commitment}")


def require_instances(instances: int) -> None:
    """Require a number of instances that a round can have.

    Raises:
        UsageError: if it cannot.
    """
    require_at_least("--instances", instances)
    if instances > MOST_SEEDS:
        raise UsageError(f"--instances must be at most {MOST_SEEDS}, not {instances}")


def enter_round(
    folder: Path, origins: Sequence[str], workers: int, settings: Sequence[str]
) -> None:
    """Enter algorithms together, and print the table of the round."""
    enter(folder, origins, workers, settings)
    print_page(as_text(round_document(folder)))


def reveal_round(folder: Path) -> None:
    """End a round.

    Raises:
        UserError: if there is none, or its secret is not known here.
    """
    with writing_to(folder):
        found = reveal(folder)
    assert found.revealed is not None
    print(f"commitment: {found.commitment}")
    print(f"nonce:      {found.revealed.nonce}")
    print(f"secret:     {found.revealed.secret}")
    print(f"terms:      {found.terms}")
    print("the commitment is the SHA-256 of nonce, secret and terms")
    print(f"last line:  {found.head}")
