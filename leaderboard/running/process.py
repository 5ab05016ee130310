"""The process of an algorithm, as the scorer starts, asks and ends it."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from il_envs.remote.channel import Channel, ClosedError, Message
from il_envs.remote.contents import Terms
from leaderboard.cells import Guard
from leaderboard.running.limits import how_it_ended, no_descendants_left
from leaderboard.running.sandbox import guarded

PATIENCE = 5.0  # s, for a process to end whose work is over
STANDARD_OUTPUT = 1
PIECE = 2**16  # bytes


class CrashedError(Exception):
    """The algorithm's process has ended before its work was over; the message says how."""


@dataclass(frozen=True)
class Worker:
    """What works for the scorer: the process of an algorithm.

    Attributes:
        channel: to it.
        guards: what keeps it from what it has not been given; none if it is in this process.
    """

    channel: Channel
    guards: tuple[Guard, ...]


@contextmanager
def algorithm_process(
    task: Message, terms: Sequence[Terms], most: int, patience: float | None = None
) -> Iterator[Worker]:
    """Start the process of an algorithm, which is told its task, and end it and all that it has
    started.

    Args:
        terms: of its problem, or of several.
        most: bytes of a message's arrays.
        patience: seconds within which each message comes; None for any number.

    Raises:
        CrashedError: if it ends before its work is over, or lets one wait.
    """
    near, far = socket.socketpair()
    command = [sys.executable, "-m", "leaderboard.running.algorithm", str(far.fileno())]
    place = guarded(command, task.fields["origin"])
    with near, far, place as (behind, variables, guards), no_descendants_left():
        process = subprocess.Popen(
            behind,
            env=variables,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # whose name, unlike that of a log, tells nothing
            stderr=subprocess.STDOUT,
        )
        far.close()  # so that the connection ends with the process
        copying = threading.Thread(target=_copy_output, args=[process], daemon=True)
        copying.start()
        try:
            near.settimeout(patience)
            yield _told(Channel(near, most), task, terms, guards)
        except ClosedError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise CrashedError(f"the process took more than {patience:g} s") from error
            raise CrashedError(_how_it_ended(process)) from error
        finally:
            near.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            process.wait()
            copying.join(PATIENCE)  # what it has started may hold the pipe


def _copy_output(process: "subprocess.Popen[bytes]") -> None:
    """Write what a process prints to where this one prints, until it has ended."""
    assert process.stdout is not None
    with process.stdout as printed:
        while part := os.read(printed.fileno(), PIECE):
            with contextlib.suppress(OSError):  # the disk is full, as the scorer will notice
                os.write(STANDARD_OUTPUT, part)


@contextmanager
def algorithm_thread(task: Message, terms: Sequence[Terms], most: int) -> Iterator[Worker]:
    """The same in a thread of this process, for debugging: nothing keeps it from anything."""
    from leaderboard.running.algorithm import run  # which imports what learners need

    near, far = socket.socketpair()
    thread = threading.Thread(target=run, args=[Channel(far, most)], daemon=True)
    with near, far:
        thread.start()
        try:
            yield _told(Channel(near, most), task, terms, ())
        finally:
            near.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def _told(
    channel: Channel, task: Message, terms: Sequence[Terms], guards: tuple[Guard, ...]
) -> Worker:
    channel.send(task)
    for each in terms:
        channel.send(each.message())
    return Worker(channel, guards)


def _how_it_ended(process: "subprocess.Popen[bytes]") -> str:
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return "the process closed its connection before the cell was finished"
    return how_it_ended(code if code <= 128 else 128 - code)  # as bubblewrap tells of a signal
