"""Counting the gradient steps of a training, whoever takes them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Updates:
    """How many steps the optimisers of torch have taken; None if that is not known."""

    count: int | None = 0


@contextmanager
def counted_updates() -> Iterator[Updates]:
    """Count the steps of all torch optimisers of this process, Stable-Baselines3's included.

    Torch is not imported for it: a training that imports torch only while it runs is not counted. A
    planner, a table or a solver of SciPy's has no such steps, and 0 of them.
    """
    updates = Updates()
    if "torch" not in sys.modules:
        yield updates
        if "torch" in sys.modules:
            updates.count = None
        return
    from torch.optim.optimizer import register_optimizer_step_post_hook

    def count(*_: Any) -> None:
        assert updates.count is not None
        updates.count += 1

    hook = register_optimizer_step_post_hook(count)
    try:
        yield updates
    finally:
        hook.remove()
