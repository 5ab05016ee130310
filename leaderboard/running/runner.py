"""Computing the missing cells, each in a child process with limits on time and memory.

Whatever an algorithm does in its process, the run goes on and the cell says what happened. The
folders of finished cells are the only state: the same command, run again, computes the missing
ones.
"""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event

from il_envs.engine.kernels import batch_kernels, expert_kernels
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import Cell, read_cell
from leaderboard.files import remove
from leaderboard.protocol import CellSpec
from leaderboard.publishing import locked, publish, registered, remove_leftovers
from leaderboard.running.children import Child, start_child
from leaderboard.running.progress import Progress

POLL_PERIOD = 0.05  # s, between two checks whether a child has ended


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
        start = partial(
            start_child, results=results, writer=writer, workers=workers, in_process=in_process
        )
        _run(waiting, start, results, workers, progress, done, interrupt.event)
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
    start: Callable[[CellSpec], Child],
    results: Path,
    workers: int,
    progress: Progress,
    done: list[Cell],
    interrupted: Event,
) -> None:
    """Compute cells until all are done or the run is interrupted."""
    progress.begin(len(waiting))
    queue = iter(waiting)
    running: list[Child] = []
    try:
        while len(done) < len(waiting):
            for spec in islice(queue, workers - len(running)):
                progress.started(spec)
                running.append(start(spec))
            if interrupted.wait(POLL_PERIOD):
                return
            progress.waiting()
            for child in list(running):
                excess = child.watch.excess()
                if excess is None and child.watch.process.poll() is None:
                    continue
                child.watch.kill()
                cell = child.cell(excess)
                _publish(child, results)
                running.remove(child)
                done.append(cell)
                progress.finished(cell)
    finally:
        for child in running:
            child.watch.kill()
            remove(child.temporary)


def _publish(child: Child, results: Path) -> None:
    """Move what a child has left to its place, unless another run has been faster."""
    with locked(results):
        if is_finished(child.spec, results):
            remove(child.temporary)
        else:
            publish(child.temporary, results, child.spec.folder)
