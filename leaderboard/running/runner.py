"""Computing the missing cells, each in a child process with limits on time and memory, here or on
the machines of a cluster.

Whatever an algorithm does in its process, the run goes on and the cell says what happened. The
folders of finished cells are the only state: the same command, run again, computes the missing
ones.
"""

import contextlib
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Protocol

from leaderboard import UserError
from leaderboard.cells import Cell, read_cell
from leaderboard.files import remove
from leaderboard.protocol import CellSpec
from leaderboard.publishing import locked, publish, registered, remove_leftovers
from leaderboard.running.children import POLL_PERIOD, Children, compile_kernels
from leaderboard.running.cluster import Cluster
from leaderboard.running.progress import Progress


class Pool(Protocol):
    """Where cells are computed."""

    @property
    def room(self) -> int:
        """How many more cells may start."""

    def start(self, spec: CellSpec) -> None:
        """Start a cell."""

    def ended(self) -> Iterator[tuple[Path, Cell]]:
        """The cells that have ended since, each in a temporary folder."""

    def stop(self) -> None:
        """End what still runs, and remove what is left of it."""


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


def run_cells(
    specs: Iterable[CellSpec],
    results: Path,
    workers: int,
    progress: Progress,
    in_process: bool = False,
    cluster: str = "",
) -> list[Cell]:
    """Compute every cell that has no finished folder under its key.

    Args:
        workers: cells at a time, on this machine.
        in_process: whether an algorithm is in the process of its scorer, for debugging.
        cluster: address of a Ray cluster, as `Cluster` has it, on which they are computed instead.

    Returns:
        The cells that this call computed.

    Raises:
        InterruptedRunError: on SIGINT (Ctrl-C) and SIGTERM, after the children are ended; what was
            finished stays.
        UserError: if there is no such cluster, or it loses a cell; what was finished stays.
        OSError: if results cannot be written; what was finished stays.
    """
    remove_leftovers(results)
    waiting = unfinished(specs, results)
    compile_kernels({spec.world for spec in waiting})
    done: list[Cell] = []
    with registered(results) as writer:
        pool: Pool = Children(results, writer, workers, in_process)
        if cluster and waiting:
            pool = Cluster(cluster, results, writer)
        with progress, _noticed_interrupt() as interrupt:
            _run(waiting, pool, results, progress, done, interrupt.event)
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


def _run(
    waiting: list[CellSpec],
    pool: Pool,
    results: Path,
    progress: Progress,
    done: list[Cell],
    interrupted: Event,
) -> None:
    """Compute cells until all are done or the run is interrupted."""
    progress.begin(len(waiting))
    queue = iter(waiting)
    try:
        while len(done) < len(waiting):
            for spec in islice(queue, pool.room):
                progress.started(spec)
                pool.start(spec)
            if interrupted.wait(POLL_PERIOD):
                return
            progress.waiting()
            for temporary, cell in pool.ended():
                _publish(temporary, cell.spec, results)
                done.append(cell)
                progress.finished(cell)
    finally:
        pool.stop()


def _publish(temporary: Path, spec: CellSpec, results: Path) -> None:
    """Move a written cell to its place, unless another run has been faster."""
    with locked(results):
        if is_finished(spec, results):
            remove(temporary)
        else:
            publish(temporary, results, spec.folder)
