"""The commands of the studies."""

from collections.abc import Callable
from pathlib import Path

from leaderboard.publishing import writing_to
from leaderboard.studies.findings import Finding


def show_theory(folder: Path) -> bool:
    """Draw the figures of theory; returns True if every number agrees with theory.

    Raises:
        UserError: if they cannot be written.
    """
    from leaderboard.studies.theory import write_theory  # matplotlib takes a second

    return _show(write_theory, folder)


def show_misspecified(folder: Path) -> bool:
    """Search for the optimum of DriftCarMisspecified; returns True if every number is as expected.

    Raises:
        UserError: if the picture cannot be written.
    """
    from leaderboard.studies.misspecified import write_misspecified  # matplotlib takes a second

    return _show(write_misspecified, folder)


def show_chunks(folder: Path) -> bool:
    """Learn with chunks of actions; returns True if every number is as in theory.

    Raises:
        UserError: if table or picture cannot be written.
    """
    from leaderboard.studies.chunks import write_chunks  # matplotlib takes a second

    return _show(write_chunks, folder)


def _show(write: Callable[[Path], tuple[list[Path], list[Finding]]], folder: Path) -> bool:
    with writing_to(folder):
        paths, findings = write(folder)
    for finding in findings:
        print(finding)
    print(f"wrote {' and '.join(map(str, paths))}")
    return all(finding.holds for finding in findings)


def show_power() -> None:
    """Print how often simulated boards tell algorithms apart."""
    from leaderboard.studies.power import DESCRIPTION, power_table

    print(power_table().to_string(index=False, float_format="{:.2f}".format))
    print(DESCRIPTION)


def show_surpassing(folder: Path) -> None:
    """Learn from experts that often err, and print which learners surpass them.

    Raises:
        UserError: if the table cannot be written.
    """
    from leaderboard.studies.surpassing import write_surpassing

    with writing_to(folder):
        table = write_surpassing(folder)
    print(table.to_string(index=False, float_format="{:.2f}".format))
