"""A problem whose other side is a thread of the same process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from il_envs import Problem
from il_envs.remote.channel import Channel, Message
from il_envs.remote.client import RemoteProblem
from il_envs.remote.contents import Terms
from il_envs.remote.numbering import Numbering
from il_envs.remote.server import ProblemServer

MOST = 2**30  # bytes of a message's arrays


@contextmanager
def channels(most: int = MOST) -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a connection."""
    near, far = socket.socketpair()
    with near, far:
        yield Channel(near, most), Channel(far, most)


@contextmanager
def remote(problem: Problem) -> Iterator[RemoteProblem]:
    """The same problem, from afar."""
    with channels() as (near, far):
        numbering = Numbering.of(problem._world)
        near.send(Terms(numbering.nameplate, problem.sources, problem.budget).message())
        server = threading.Thread(target=ProblemServer(problem, near, numbering).serve, daemon=True)
        server.start()
        try:
            yield RemoteProblem(Terms.of(far.receive()), far)
        finally:
            far.send(Message("finished"))
            server.join()
