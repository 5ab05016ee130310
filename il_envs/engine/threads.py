"""A loop over rows in several threads, each with a piece of the rows."""

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
        self._pool = ThreadPoolExecutor(len(self._pieces) - 1) if len(self._pieces) > 1 else None

    def run(
        self, loop: Callable[..., Any], shared: Sequence[Any], arrays: Sequence[NDArray[Any]]
    ) -> None:
        """Call a loop that releases the interpreter's lock: `loop(*shared, *arrays)`, where each
        thread is given its piece of the arrays [rows, ...]."""
        if self._pool is None:
            loop(*shared, *arrays)
            return
        first, *others = ([array[piece] for array in arrays] for piece in self._pieces)
        running = [self._pool.submit(loop, *shared, *piece) for piece in others]
        loop(*shared, *first)
        for future in running:
            future.result()
