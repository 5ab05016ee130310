"""`make bench-processes`: what it costs that an algorithm is not in the process that scores it.

Cells are computed by the command line, with the algorithm in a process of its own behind the guard
that there is, and in the scorer's own process, in turns and one at a time. Nothing here passes or
fails.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from leaderboard.computer import this_computer

PAIRS = 3
CELLS = {
    "bc": ("DriftCar", 2_000, 1_000),
    "dagger": ("DriftCar", 2_000, 100_000),
    "gail": ("DriftCar", 2_000, 100_000),
    "mail": ("Shooter", 2_000, 300_000),
}
"""World, labels and environment steps of each algorithm."""


@dataclass(frozen=True)
class Taken:
    """Seconds of a cell.

    Attributes:
        training: from the first request to the policy.
        rest: processes that start and end, imports, and all else but the evaluation.
    """

    training: float
    rest: float


def taken(algorithm: str, options: list[str]) -> Taken:
    """Compute the cell of an algorithm in a new folder."""
    world, labels, steps = CELLS[algorithm]
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable, "-m", "leaderboard", "run", "--profile", "smoke", "--worlds", world,
            "--algorithms", algorithm, "--labels", str(labels), "--steps", str(steps),
            "--seeds", "1", "--workers", "1", "--no-controls", "--out", out, *options,
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        (path,) = Path(out).glob(f"{world}/{algorithm}/*/*/cell.json")
        cell = json.loads(path.read_text())
    told = next(line for line in ran.stderr.splitlines() if f" {algorithm} labels=" in line)
    seconds = float(told.partition("ok in ")[2].split()[0])
    return Taken(
        cell["train_seconds"], seconds - cell["train_seconds"] - cell["evaluation_seconds"]
    )


def main() -> None:
    """Measure and print."""
    console = Console()
    table = Table("", "training (s)", "in one process", "ratio", "the rest (s)", "in one process")
    for algorithm in CELLS:
        apart, together = [], []
        for pair in range(PAIRS):
            for kept, options in ((apart, []), (together, ["--in-process"]))[:: (-1) ** pair]:
                kept.append(taken(algorithm, list(options)))
        trainings = [median(each.training for each in kept) for kept in (apart, together)]
        rests = [median(each.rest for each in kept) for kept in (apart, together)]
        table.add_row(
            algorithm,
            *(f"{seconds:.1f}" for seconds in trainings),
            f"{median(a.training / t.training for a, t in zip(apart, together, strict=True)):.2f}",
            *(f"{seconds:.0f}" for seconds in rests),
        )
    console.print(table)
    console.print(f"Medians of {PAIRS}, in turns, on {this_computer()}.")


if __name__ == "__main__":
    main()
