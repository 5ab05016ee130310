"""The child processes of a run, each of which is a scorer, and what they leave."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leaderboard import UserError, tell
from leaderboard.cells import Cell, failed_cell, read_cell, write_cell
from leaderboard.computer import same_arithmetic
from leaderboard.files import read_end, remove
from leaderboard.protocol import CellSpec
from leaderboard.publishing import temporary_folder
from leaderboard.running.child import APART, CANNOT_WRITE, IN_PROCESS
from leaderboard.running.limits import Failure, Watch, how_it_ended
from leaderboard.seals import seal

LOG_KEPT = 2**20  # bytes, of the end of a failed child's log
SPACE = 2**20  # bytes; a disk that has no room for them is full, whatever a child says of it


@dataclass
class Child:
    """A process that computes a cell.

    Attributes:
        temporary: the folder into which it writes.
        in_process: whether the algorithm is in it too, and could write anything there.
    """

    spec: CellSpec
    temporary: Path
    watch: Watch
    in_process: bool

    def cell(self, excess: Failure | None) -> Cell:
        """The cell that it has left when it has ended, or the failed one that stands for it, which
        is written in its place.

        Args:
            excess: the limit that it has exceeded, if any.

        Raises:
            OSError: if the cell cannot be written.
        """
        result = excess or self._result()
        if isinstance(result, Cell):
            cell = result
        else:
            cell = failed_cell(self.spec, *result)
            self._write_anew(cell)
        if cell.is_guarded and not self.in_process:
            try:
                seal(self.temporary, "computed")
            except UserError as error:  # no key: the cell is none the worse
                _tell_once(f"cells are not sealed: {error}")
        return cell

    def _result(self) -> Cell | Failure:
        """The cell that it has written, or why there is none."""
        code = self.watch.process.returncode
        if code or not os.path.lexists(self.temporary / "cell.json"):
            return "crashed", how_it_ended(code)
        if any(path.is_symlink() for path in self.temporary.rglob("*")):
            return "crashed", "the process left a link, whose target may change"
        try:
            cell = read_cell(self.temporary)
        except UserError:
            return "crashed", "the process wrote a cell that cannot be read"
        if cell.spec.model_dump() != self.spec.model_dump():
            return "crashed", "the process wrote the cell of something else"
        return cell

    def _write_anew(self, cell: Cell) -> None:
        """Write a failed cell in place of all that is there, which may fill the disk; the end of
        the log is kept.

        Raises:
            OSError: if it cannot be written, or it could not be because the disk is full.
        """
        log = read_end(self.temporary / "log.txt", LOG_KEPT)
        remove(self.temporary)
        self.temporary.mkdir()
        kept = self.temporary / "log.txt"
        if self.watch.process.returncode == CANNOT_WRITE:
            kept.write_bytes(bytes(SPACE))
        kept.write_bytes(log)
        write_cell(self.temporary, cell)


@cache
def _tell_once(line: str) -> None:
    tell(line)


def start_child(
    spec: CellSpec, results: Path, writer: str, workers: int, in_process: bool
) -> Child:
    """Start the process of a cell.

    Args:
        results: the folder of results.
        writer: who writes into it, as `registered` has it.
        workers: processes at a time.
        in_process: whether the algorithm is to be in it too.
    """
    temporary = temporary_folder(results / spec.folder, writer)
    place = IN_PROCESS if in_process else APART
    arguments = [str(temporary.resolve()), str(os.getpid()), place]
    with (temporary / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "leaderboard.running.child", *arguments],
            env=os.environ | same_arithmetic(),
            stdin=subprocess.PIPE,  # what stands in a command line, other processes can read
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runner alone
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as told:  # it may have ended already
        told.write(spec.model_dump_json().encode())
    return Child(spec, temporary, Watch(process, spec.profile, workers), in_process)
