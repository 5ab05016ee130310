"""Demonstrations as Minari datasets."""

import os
import shutil
from math import prod
from pathlib import Path

import numpy as np

from il_envs.extras import require
from il_envs.learning.demonstrations import Demonstrations, collect
from il_envs.world import get_world

LARGEST = 2**27
"""Bytes of observations beyond which a world's demonstrations are not released: pictures, which
`collect` gives to anybody."""


def dataset_name(shown: Demonstrations) -> str:
    """The name of a dataset of these demonstrations."""
    return f"{get_world(shown.world).namespace}/{shown.world}/{shown.style}-v0"


def write_demonstrations(folder: Path, name: str, transitions: int) -> Demonstrations | None:
    """Write what training seed 0 learns from in a world; None if that would be too large.

    Args:
        folder: that of all datasets.
        name: of the world.

    Raises:
        ModuleNotFoundError: without the extra `il-envs[minari]`.
        OSError: if it cannot be written.
    """
    require("minari", "minari")
    space = get_world(name).spaces.observation
    if transitions * prod(space.shape or ()) * np.dtype(space.dtype).itemsize > LARGEST:
        return None
    shown = collect(name, transitions, seed=0)
    before = os.environ.get("MINARI_DATASETS_PATH")
    os.environ["MINARI_DATASETS_PATH"] = str(folder.resolve())
    try:
        shutil.rmtree(folder / dataset_name(shown), ignore_errors=True)
        shown.save(dataset_name(shown))
    finally:
        os.environ.pop("MINARI_DATASETS_PATH")
        os.environ.update({} if before is None else {"MINARI_DATASETS_PATH": before})
    return shown
