"""Computing the missing cells, each in a child process with limits on time and memory.

Whatever an algorithm does in its process, the run goes on and the cell says what happened. The
folders of finished cells are the only state: the same command, run again, computes the missing
ones.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event

from il_envs.engine.kernels import batch_kernels, expert_kernels
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import Cell, failed_cell, read_cell, write_cell
from leaderboard.computer import same_arithmetic
from leaderboard.files import read_end, remove
from leaderboard.protocol import CellSpec
from leaderboard.publishing import (
    locked,
    publish,
    registered,
    remove_leftovers,
    temporary_folder,
)
from leaderboard.running.child import APART, CANNOT_WRITE, IN_PROCESS
from leaderboard.running.limits import Failure, Watch
from leaderboard.running.progress import Progress
from leaderboard.seals import seal

POLL_PERIOD = 0.05  # s, between two checks whether a child has ended
LOG_KEPT = 2**20  # bytes, of the end of a failed child's log
SPACE = 2**20  # bytes; a disk that has no room for them is full, whatever a child says of it


class InterruptedRunError(UserError):
    """The user pressed Ctrl-C, or something asked the run to end.

    Args:
        message: what there is by then.
        signal_number: of the signal.
    """

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number  # as shells have it


@dataclass
class Running:
    """A cell that is being computed."""

    spec: CellSpec
    temporary: Path
    watch: Watch


def run_cells(
    specs: Iterable[CellSpec],
    results: Path,
    workers: int,
    progress: Progress,
    in_process: bool = False,
) -> list[Cell]:
    """Compute every cell that has no finished folder under its key, `workers` at a time.

    Args:
        in_process: whether an algorithm is in the process of its scorer, for debugging.

    Returns:
        The cells that this call computed.

    Raises:
        InterruptedRunError: on SIGINT (Ctrl-C) and SIGTERM, after the children are ended; what was
            finished stays.
        OSError: if results cannot be written; what was finished stays.
    """
    remove_leftovers(results)
    waiting = unfinished(specs, results)
    compile_kernels({spec.world for spec in waiting})
    done: list[Cell] = []
    with registered(results) as writer, progress, _noticed_interrupt() as interrupt:
        _run(waiting, results, writer, workers, progress, done, interrupt.event, in_process)
    if interrupt.event.is_set():
        raise InterruptedRunError(
            f"interrupted; {len(done)} of {len(waiting)} cells are finished and kept",
            interrupt.signal_number,
        )
    return done


@dataclass
class _Interrupt:
    """Whether a signal has asked the run to end, and which."""

    event: Event
    signal_number: int = 0

    def notice(self, number: int, frame: object) -> None:
        self.signal_number = number
        self.event.set()


@contextlib.contextmanager
def _noticed_interrupt() -> Iterator[_Interrupt]:
    """What SIGINT and SIGTERM set. A KeyboardInterrupt instead could be raised between the start of
    a child and its registration, and the child would be left running."""
    interrupt = _Interrupt(Event())
    before = {
        number: signal.signal(number, interrupt.notice)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_finished(spec: CellSpec, results: Path) -> bool:
    """True if the cell exists and has the same key.

    Raises:
        UserError: if its file is damaged, or it is of another algorithm of the same name.
    """
    folder = results / spec.folder
    if not (folder / "cell.json").exists():
        return False
    found = read_cell(folder).spec
    if found.origin != spec.origin and found.key.get("code") != spec.key["code"]:
        raise UserError(
            f"{folder} is of the algorithm {spec.algorithm} of {found.origin}, not of "
            f"{spec.origin}; choose another --out, or give one of them another name"
        )
    return found.key == spec.key


def unfinished(specs: Iterable[CellSpec], results: Path) -> list[CellSpec]:
    """The cells that are still to be computed.

    Raises:
        UserError: as `is_finished`.
    """
    return [spec for spec in specs if not is_finished(spec, results)]


def compile_kernels(worlds: Iterable[str]) -> None:
    """Fill the kernel cache once, so that the children do not all compile the same kernels."""
    for name in sorted(worlds):
        world = get_world(name)
        batch_kernels(world)
        expert_kernels(world, world.reference_style)


def _run(
    waiting: list[CellSpec],
    results: Path,
    writer: str,
    workers: int,
    progress: Progress,
    done: list[Cell],
    interrupted: Event,
    in_process: bool,
) -> None:
    """Compute cells until all are done or the run is interrupted."""
    progress.begin(len(waiting))
    queue = iter(waiting)
    running: list[Running] = []
    try:
        while len(done) < len(waiting):
            for spec in islice(queue, workers - len(running)):
                progress.started(spec)
                running.append(_start(spec, results, writer, workers, in_process))
            if interrupted.wait(POLL_PERIOD):
                return
            progress.waiting()
            for child in list(running):
                excess = child.watch.excess()
                if excess is None and child.watch.process.poll() is None:
                    continue
                child.watch.kill()
                cell = _finish(child, excess, results)
                running.remove(child)
                done.append(cell)
                progress.finished(cell)
    finally:
        for child in running:
            child.watch.kill()
            remove(child.temporary)


def _start(spec: CellSpec, results: Path, writer: str, workers: int, in_process: bool) -> Running:
    temporary = temporary_folder(results / spec.folder, writer)
    place = IN_PROCESS if in_process else APART
    arguments = [spec.model_dump_json(), str(temporary.resolve()), str(os.getpid()), place]
    with (temporary / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "leaderboard.running.child", *arguments],
            env=os.environ | same_arithmetic(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runner alone
        )
    return Running(spec, temporary, Watch(process, spec.profile, workers))


def _finish(child: Running, excess: Failure | None, results: Path) -> Cell:
    """Publish the child's cell, or the failed cell that stands for it, unless another run has been
    faster.

    Raises:
        OSError: if it cannot be written.
    """
    result = excess or _result(child)
    if isinstance(result, Cell):
        cell = result
    else:
        cell = failed_cell(child.spec, *result)
        _write_anew(child, cell)
    if cell.is_guarded:  # else an algorithm could have written anything
        seal(child.temporary, "computed")
    with locked(results):
        if is_finished(child.spec, results):
            remove(child.temporary)
        else:
            publish(child.temporary, results, child.spec.folder)
    return cell


def _result(child: Running) -> Cell | Failure:
    """The cell that an ended child has written, or why there is none."""
    code = child.watch.process.returncode
    if code < 0:
        return "crashed", f"was killed by signal {-code} ({signal.strsignal(-code)})"
    if code > 0 or not os.path.lexists(child.temporary / "cell.json"):
        early = "before the cell was finished"
        return "crashed", f"the process ended itself with exit code {code} {early}"
    if any(path.is_symlink() for path in child.temporary.rglob("*")):
        return "crashed", "the process left a link, whose target may change"
    try:
        cell = read_cell(child.temporary)
    except UserError:
        return "crashed", "the process wrote a cell that cannot be read"
    if cell.spec.model_dump() != child.spec.model_dump():
        return "crashed", "the process wrote the cell of something else"
    return cell


def _write_anew(child: Running, cell: Cell) -> None:
    """Write a failed cell in place of all that its child has left, which may fill the disk; the end
    of its log is kept.

    Raises:
        OSError: if it cannot be written, or the child could not write because the disk is full.
    """
    log = read_end(child.temporary / "log.txt", LOG_KEPT)
    remove(child.temporary)
    child.temporary.mkdir()
    kept = child.temporary / "log.txt"
    if child.watch.process.returncode == CANNOT_WRITE:
        kept.write_bytes(bytes(SPACE))
    kept.write_bytes(log)
    write_cell(child.temporary, cell)
