"""A loop over rows in several threads, each with a piece of the rows."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RowThreads:
    """Threads that share the rows of a batch among them.

    Args:
        count: number of threads, the calling one included.
        rows: of the batch; there are no more threads than rows.
    """

    def __init__(self, count: int, rows: int) -> None:
        bounds = np.linspace(0, rows, min(count, rows) + 1).astype(int).tolist()
        self._pieces = [slice(*ends) for ends in pairwise(bounds)]
        self._pool: ThreadPoolExecutor | None = None
        self._process: int | None = None  # that the threads of the pool are in

    def run(
        self, loop: Callable[..., Any], shared: Sequence[Any], arrays: Sequence[NDArray[Any]]
    ) -> None:
        """Call a loop that releases the interpreter's lock: `loop(*shared, *arrays)`, where each
        thread is given its piece of the arrays [rows, ...]."""
        if len(self._pieces) == 1:
            loop(*shared, *arrays)
            return
        if self._pool is None or self._process != os.getpid():  # a fork takes no threads along
            self._pool, self._process = ThreadPoolExecutor(len(self._pieces) - 1), os.getpid()
        first, *others = ([array[piece] for array in arrays] for piece in self._pieces)
        running = [self._pool.submit(loop, *shared, *piece) for piece in others]
        loop(*shared, *first)
        for future in running:
            future.result()
