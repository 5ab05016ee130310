"""The child processes of a run, each of which is a scorer, and what they leave."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from il_envs.engine.kernels import batch_kernels, expert_kernels
from il_envs.world import get_world
from leaderboard import UserError, tell
from leaderboard.cells import Cell, failed_cell, read_cell, write_cell
from leaderboard.computer import same_arithmetic, same_code
from leaderboard.files import read_end, remove
from leaderboard.protocol import CellSpec
from leaderboard.publishing import temporary_folder
from leaderboard.running.child import APART, CANNOT_WRITE, IN_PROCESS
from leaderboard.running.limits import Failure, Watch, how_it_ended
from leaderboard.seals import seal

POLL_PERIOD = 0.05  # s, between two checks whether a child has ended
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
        if not self.in_process:
            seal_computed(self.temporary, cell)
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


def seal_computed(folder: Path, cell: Cell) -> None:
    """Seal a cell that was computed here, or on a machine that is trusted as this one is, if its
    algorithm was behind a guard that hides the key."""
    if not cell.is_guarded:
        return
    try:
        seal(folder, "computed")
    except UserError as error:  # no key: the cell is none the worse
        _tell_once(f"cells are not sealed: {error}")


@cache
def _tell_once(line: str) -> None:
    tell(line)


class Children:
    """The processes of a run on this machine, one for each cell.

    Args:
        results: the folder of results.
        writer: who writes into it, as `registered` has it.
        workers: processes at a time.
        in_process: whether algorithms are in them too.
    """

    def __init__(self, results: Path, writer: str, workers: int, in_process: bool) -> None:
        self._results, self._writer = results, writer
        self._workers, self._in_process = workers, in_process
        self._running: list[Child] = []

    @property
    def room(self) -> int:
        """How many more cells may start."""
        return self._workers - len(self._running)

    def start(self, spec: CellSpec) -> None:
        """Start the process of a cell."""
        self._running.append(
            start_child(spec, self._results, self._writer, self._workers, self._in_process)
        )

    def ended(self) -> Iterator[tuple[Path, Cell]]:
        """The cells whose processes have ended or exceed a limit, each in a temporary folder.

        Raises:
            OSError: if one cannot be written.
        """
        for child in list(self._running):
            excess = child.watch.excess()
            if excess is None and child.watch.process.poll() is None:
                continue
            child.watch.kill()
            cell = child.cell(excess)
            yield child.temporary, cell
            self._running.remove(child)

    def stop(self) -> None:
        """End all of them, and remove what they have written."""
        for child in self._running:
            child.watch.kill()
            remove(child.temporary)


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
            env=os.environ | same_arithmetic() | same_code(),
            stdin=subprocess.PIPE,  # what stands in a command line, other processes can read
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runner alone
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as told:  # it may have ended already
        told.write(spec.model_dump_json().encode())
    return Child(spec, temporary, Watch(process, spec.profile, workers), in_process)


def compile_kernels(worlds: Iterable[str]) -> None:
    """Fill the kernel cache once, so that the children do not all compile the same kernels."""
    for name in sorted(worlds):
        world = get_world(name)
        batch_kernels(world)
        expert_kernels(world, world.reference_style)
