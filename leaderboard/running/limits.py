"""Limits on what the processes of a cell use, and their end.

Time is the processor's, so that a cell has as much of it on a busy machine as on an idle one; the
clock limits only what waits.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from leaderboard.cells import Status
from leaderboard.profiles import Profile

Failure = tuple[Status, str]
"""The status and the reason of a cell that has failed."""

CLOCK_FACTOR = 4.0
"""Seconds by the clock for each second of processor time, if every worker has a processor."""
PERIOD = 0.5  # s, between two readings, which cost milliseconds
PATIENCE = 10.0  # s, for processes to end
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Watch:
    """A child process and the limits that hold for it and its descendants.

    Attributes:
        process: the child, which leads a session.
        profile: its limits of processor time and of memory.
        workers: children that run at a time and share the processors.
    """

    process: "subprocess.Popen[bytes]"
    profile: Profile
    workers: int
    _started: float = field(default_factory=time.monotonic)
    _next_reading: float = 0.0  # s, of time.monotonic

    @property
    def clock_limit(self) -> float:
        """Limit by the clock, in seconds."""
        share = max(1.0, self.workers / (os.cpu_count() or 1))
        return CLOCK_FACTOR * share * self.profile.time_limit

    def excess(self) -> Failure | None:
        """The status and the reason of a cell that exceeds a limit; None if it exceeds none."""
        now = time.monotonic()
        if now < self._next_reading or self.process.poll() is not None:
            return None
        self._next_reading = now + PERIOD
        seconds, memory = used_by(self.process.pid)
        if seconds > self.profile.time_limit:
            return "timeout", f"used more than {self.profile.time_limit:g} s of processor time"
        if now - self._started > self.clock_limit:
            return "timeout", f"took more than {self.clock_limit:g} s"
        if memory > self.profile.memory_limit:
            limit = self.profile.memory_limit / 2**20
            return "memory", f"used more than {limit:.0f} MiB of memory"
        return None

    def kill(self) -> None:
        """End everything the child started, and then the child itself, while which lives nothing of
        it is lost from sight."""
        end_descendants(self.process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def how_it_ended(code: int) -> str:
    """How a process has ended before its work was over, by its exit code, negative for a signal."""
    if code < 0:
        return f"was killed by signal {-code} ({signal.strsignal(-code)})"
    return f"the process ended itself with exit code {code} before the cell was finished"


def become_subreaper() -> None:
    """Let this process adopt those of its descendants that lose their parent, so that none leaves
    its family. Systems other than Linux cannot."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextmanager
def no_descendants_left() -> Iterator[None]:
    """End what this process, or any that it has started, starts meanwhile."""
    before = frozenset(_descendants(None))
    try:
        yield
    finally:
        end_descendants(None, before)


def end_descendants(
    process_id: int | None, spared: frozenset[psutil.Process] = frozenset()
) -> None:
    """End all descendants of a process, and what these start meanwhile.

    Args:
        process_id: None for this process.
        spared: descendants that stay.
    """
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        found = frozenset(_descendants(process_id)) - spared
        members = [member for member in found if _is_running(member)]
        if not members:
            return
        for signal_number in (signal.SIGSTOP, signal.SIGKILL):  # none starts another meanwhile
            for member in members:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(signal_number)
        psutil.wait_procs(members, PERIOD)


def _descendants(process_id: int | None) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process_id).children(recursive=True)
    return []


def _is_running(member: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return member.status() != psutil.STATUS_ZOMBIE
    return False


def used_by(process_id: int) -> tuple[float, int]:
    """Processor time in seconds and resident memory in bytes of a process and all its descendants,
    those that have ended included in the time."""
    seconds, memory = 0.0, 0
    for member in _family(process_id):
        with contextlib.suppress(psutil.NoSuchProcess), member.oneshot():
            times = member.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
            memory += member.memory_info().rss
    return seconds, memory


def _family(process_id: int) -> list[psutil.Process]:
    """A process and all its descendants; empty if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(process_id), *_descendants(process_id)]
    return []
