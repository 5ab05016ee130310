"""The process of an algorithm, as the scorer starts, asks and ends it."""

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from il_envs.remote.channel import Channel, ClosedError, Message
from il_envs.remote.contents import Terms
from leaderboard.running.learned import FailedError
from leaderboard.running.sandbox import guarded

PATIENCE = 5.0  # s, for a process to end whose work is over


class CrashedError(Exception):
    """The algorithm's process has ended before its work was over; the message says how."""


@contextmanager
def algorithm_process(task: Message, terms: Terms, memory: int) -> Iterator[Channel]:
    """Start the process of an algorithm, which is told its task, and end it in the end.

    Args:
        memory: the cell's limit, in bytes; no message is larger.

    Raises:
        CrashedError: if it ends before its work is over.
    """
    near, far = socket.socketpair()
    command = [sys.executable, "-m", "leaderboard.running.algorithm", str(far.fileno())]
    with near, far, tempfile.TemporaryDirectory(prefix="il-envs-") as scratch:
        guarded_command, variables, _ = guarded(command, task.fields["origin"], Path(scratch))
        process = subprocess.Popen(
            guarded_command,
            env=variables,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
        )
        far.close()  # so that the other end is closed when the process ends
        channel = Channel(near, memory)
        try:
            channel.send(task)
            channel.send(terms.message())
            yield channel
        except FailedError:
            raise
        except ClosedError as error:
            raise CrashedError(_how_it_ended(process)) from error
        finally:
            near.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            process.wait()


def _how_it_ended(process: "subprocess.Popen[bytes]") -> str:
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return "the process closed its connection before the cell was finished"
    if code < 0:
        return f"was killed by signal {-code} ({signal.strsignal(-code)})"
    return f"the process ended itself with exit code {code} before the cell was finished"
