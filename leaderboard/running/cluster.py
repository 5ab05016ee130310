"""Cells on the machines of a Ray cluster, each computed there as it is here, by a child process
with the same limits, whose folder comes back as it was written.

Ray says which machine computes what, and starts what was lost with a machine again on another;
nothing is tried once more on top of that.
"""

import io
import logging
import os
import socket
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from il_envs.extras import require
from il_envs.learning.installed import installed_algorithms
from il_envs.world import get_world
from leaderboard import UsageError, UserError
from leaderboard.algorithms.submission import code_of, files_of
from leaderboard.cells import Cell, read_cell, write_cell
from leaderboard.files import remove
from leaderboard.keys import world_key
from leaderboard.protocol import CellSpec
from leaderboard.publishing import temporary_folder
from leaderboard.running.children import POLL_PERIOD, Children, compile_kernels, seal_computed
from leaderboard.seals import SEALS
from leaderboard.texts import one_line

LOCAL = "local"
"""The address of a cluster that is started for a run, on this machine, and ends with it."""
PATIENCE = 10.0  # s, for a machine to answer


class Cluster:
    """The machines of a Ray cluster, a cell for each of their processors.

    Args:
        address: HOST:PORT, or LOCAL, as `require_cluster` has found it.
        results: the folder of results.
        writer: who writes into it, as `registered` has it.

    Raises:
        UserError: if there is no cluster at that address.
    """

    def __init__(self, address: str, results: Path, writer: str) -> None:
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # nobody else may use what runs code
        import ray

        self._ray: Any = ray
        self._results, self._writer = results, writer
        self._running: dict[Any, CellSpec] = {}
        self._files: dict[str, Any] = {}
        own: dict[str, Any] = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **own if address == LOCAL else {},
            )
        except Exception as error:  # of many kinds
            raise UserError(f"--cluster {address}: {one_line(str(error))}") from error
        self._compute = ray.remote(num_cpus=1)(compute_cell)

    @property
    def room(self) -> int:
        """How many more cells may start."""
        processors = int(self._ray.cluster_resources().get("CPU", 0))
        return max(0, processors - len(self._running))

    def start(self, spec: CellSpec) -> None:
        """Hand a cell to the cluster."""
        if spec.origin not in self._files:
            files = {} if _is_everywhere(spec) else files_of(Path(spec.origin))
            contents = {name: path.read_bytes() for name, path in files.items()}
            self._files[spec.origin] = self._ray.put(contents)
        told = spec.model_dump_json()
        self._running[self._compute.remote(told, self._files[spec.origin])] = spec

    def ended(self) -> Iterator[tuple[Path, Cell]]:
        """The cells that have ended, each in a temporary folder.

        Raises:
            UserError: if a machine has another version of something, or the cluster has lost a
                cell.
            OSError: if one cannot be written.
        """
        running = list(self._running)
        ready, _ = self._ray.wait(running, num_returns=len(running), timeout=0)
        for each in ready:
            spec = self._running.pop(each)
            temporary = temporary_folder(self._results / spec.folder, self._writer)
            try:
                unpack(self._ray.get(each), temporary)
            except self._ray.exceptions.RayTaskError as error:
                remove(temporary)
                raise UserError(f"{spec.title}: {one_line(str(error.cause))}") from error
            except self._ray.exceptions.RayError as error:
                remove(temporary)
                raise UserError(
                    f"{spec.title}: lost by the cluster: {one_line(str(error))}"
                ) from error
            cell = read_cell(temporary)
            seal_computed(temporary, cell)
            yield temporary, cell

    def stop(self) -> None:
        """End what still runs, and leave the cluster."""
        for each in self._running:
            with suppress(Exception):  # it may have ended
                self._ray.cancel(each, force=True)
        self._ray.shutdown()


def compute_cell(told: str, files: Mapping[str, bytes]) -> bytes:
    """Compute a cell on a machine of a cluster.

    Args:
        told: the cell, as JSON.
        files: those of an algorithm's folder; none for one that is installed.

    Returns:
        Its folder, as an archive.

    Raises:
        UserError: if this machine has another version of what the cell depends on.
    """
    spec = CellSpec.model_validate_json(told)
    with tempfile.TemporaryDirectory(prefix="il-envs-") as scratch:
        origin = spec.origin
        if files:
            origin = str(Path(scratch) / "algorithm")
            for name, content in files.items():
                path = Path(origin) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        _require_same(spec, origin)
        compile_kernels({spec.world})
        here = spec.model_copy(update={"origin": origin})
        pool = Children(Path(scratch) / "results", "cluster", 1, in_process=False)
        try:
            pool.start(here)
            while not (ended := list(pool.ended())):
                time.sleep(POLL_PERIOD)
        finally:
            pool.stop()
        ((temporary, cell),) = ended
        (temporary / SEALS).unlink(missing_ok=True)  # of this machine, which others ignore
        write_cell(temporary, cell.model_copy(update={"spec": spec}))
        return pack(temporary)


def pack(folder: Path) -> bytes:
    """The files of a folder as an archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, ".")
    return packed.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write what an archive holds into a folder, and nothing elsewhere.

    Raises:
        OSError: if it cannot be written.
    """
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")


def require_cluster(address: str) -> None:
    """Require Ray, and that somebody listens there; Ray itself would try for minutes.

    Raises:
        ModuleNotFoundError: if Ray is not installed.
        UserError: if nobody does.
    """
    require("cluster", "ray")
    if address == LOCAL:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 2**16 - 1:
        raise UsageError(f"--cluster must be {LOCAL} or HOST:PORT, not {address!r}")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, UnicodeError) as error:  # the latter of a name that is too long
        why = getattr(error, "strerror", None) or error
        raise UserError(f"--cluster {address}: {why}") from error


def _is_everywhere(spec: CellSpec) -> bool:
    """True if a cell needs no algorithm, or one that is installed."""
    return not spec.origin or spec.origin in installed_algorithms()


def _require_same(spec: CellSpec, origin: str) -> None:
    """Require that a cell comes out here as it would where it was planned.

    Raises:
        UserError: if not.
    """
    here = {"suite": version("il-envs"), **world_key(get_world(spec.world))}
    if spec.origin:
        here["code"] = code_of(origin, spec.algorithm)
    different = [name for name, value in here.items() if spec.key.get(name) != value]
    if different:
        raise UserError(
            f"{socket.gethostname()} has another version of {', '.join(different)}, under Python "
            f"{sys.version.split()[0]}; install the same everywhere"
        )
