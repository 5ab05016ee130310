"""Computing the missing cells, each in a child process with limits on time and memory.

Whatever an algorithm does in its process, the run goes on and the cell says what happened. The
folders of finished cells are the only state: the same command, run again, computes the missing
ones.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event

import psutil
from pydantic import ValidationError

from il_envs.engine.kernels import batch_kernels, expert_kernels
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import Cell, failed_cell, read_cell, write_cell
from leaderboard.computer import same_arithmetic
from leaderboard.protocol import CellSpec
from leaderboard.publishing import (
    locked,
    publish,
    registered,
    remove_leftovers,
    temporary_folder,
)
from leaderboard.running.child import CANNOT_WRITE
from leaderboard.running.progress import Progress

POLL_PERIOD = 0.05  # s, between two checks whether a child has ended
MEMORY_PERIOD = 0.5  # s, between two checks of its memory, which cost milliseconds


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
    folder: Path
    temporary: Path
    process: "subprocess.Popen[bytes]"
    deadline: float  # s, of time.monotonic
    next_weighing: float = 0.0  # s, of time.monotonic


def run_cells(
    specs: Iterable[CellSpec],
    results: Path,
    workers: int,
    progress: Progress,
) -> list[Cell]:
    """Compute every cell that has no finished folder under its key, `workers` at a time.

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
        _run(waiting, results, writer, workers, progress, done, interrupt.event)
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
        UserError: if its file is damaged.
    """
    folder = results / spec.folder
    return (folder / "cell.json").exists() and read_cell(folder).spec.key == spec.key


def unfinished(specs: Iterable[CellSpec], results: Path) -> list[CellSpec]:
    """The cells that are still to be computed.

    Raises:
        UserError: if a cell's file is damaged.
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
) -> None:
    """Compute cells until all are done or the run is interrupted."""
    progress.begin(len(waiting))
    queue = iter(waiting)
    running: list[Running] = []
    try:
        while len(done) < len(waiting):
            for spec in islice(queue, workers - len(running)):
                progress.started(spec)
                running.append(_start(spec, results, writer))
            if interrupted.wait(POLL_PERIOD):
                return
            progress.waiting()
            for child in list(running):
                failure = _over_limit(child)
                if failure is None and child.process.poll() is None:
                    continue
                _kill(child.process)
                cell = _finish(child, failure, results)
                running.remove(child)
                done.append(cell)
                progress.finished(cell)
    finally:
        for child in running:
            _kill(child.process)
            shutil.rmtree(child.temporary, ignore_errors=True)


def _start(spec: CellSpec, results: Path, writer: str) -> Running:
    folder = results / spec.folder
    temporary = temporary_folder(folder, writer)
    arguments = [spec.model_dump_json(), str(temporary.resolve()), str(os.getpid())]
    with (temporary / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "leaderboard.running.child", *arguments],
            env=os.environ | same_arithmetic(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runner alone
        )
    deadline = time.monotonic() + spec.profile.time_limit
    return Running(spec, folder, temporary, process, deadline)


def _over_limit(child: Running) -> Cell | None:
    """The failed cell of a child that exceeds a limit; None if it exceeds none."""
    profile = child.spec.profile
    now = time.monotonic()
    if child.process.poll() is not None:
        return None
    if now > child.deadline:
        reason = f"took more than {profile.time_limit:g} s"
        return failed_cell(child.spec, "timeout", reason)
    if now < child.next_weighing:
        return None
    child.next_weighing = now + MEMORY_PERIOD
    if resident_memory(child.process.pid) > profile.memory_limit:
        reason = f"used more than {profile.memory_limit / 2**20:.0f} MiB of memory"
        return failed_cell(child.spec, "memory", reason)
    return None


def resident_memory(process_id: int) -> int:
    """Resident memory of a process and all its descendants, in bytes."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(process_id)
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += member.memory_info().rss
    return total


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a child and everything it started, whether or not it still runs itself."""
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _finish(child: Running, failure: Cell | None, results: Path) -> Cell:
    """Publish the child's cell, or the failed cell that stands for it, unless another run has been
    faster.

    Raises:
        OSError: if it cannot be written.
    """
    code = child.process.returncode
    cell = None
    if failure is None and code == CANNOT_WRITE:
        raise OSError(_last_line(child.temporary / "log.txt"))
    if failure is None and code == 0:
        cell = _written_cell(child.temporary)
    if cell is None:
        cell = failure or failed_cell(child.spec, "crashed", _describe_exit(code))
        write_cell(child.temporary, cell)
    with locked(results):
        if is_finished(child.spec, results):
            shutil.rmtree(child.temporary, ignore_errors=True)
        else:
            publish(child.temporary, child.folder)
    return cell


def _written_cell(folder: Path) -> Cell | None:
    try:
        return Cell.model_validate_json((folder / "cell.json").read_bytes())
    except (OSError, ValidationError):
        return None


def _describe_exit(code: int) -> str:
    if code < 0:
        return f"was killed by signal {-code} ({signal.strsignal(-code)})"
    return f"the process ended itself with exit code {code} before the cell was finished"


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "no space for a log"
