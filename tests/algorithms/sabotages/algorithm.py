"""An algorithm that spoils what its process has to leave behind, in one of several ways."""

import gc
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from il_envs import Algorithm

WAY = "fifo"


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    (spec,) = (each for each in gc.get_objects() if type(each).__name__ == "CellSpec")
    folder = Path(sys.argv[1])
    cell = folder / "cell.json"
    if WAY == "fifo":
        os.mkfifo(cell)
    elif WAY == "large":
        with cell.open("wb") as file:
            file.truncate(3 * 2**30)
    elif WAY == "link":
        cell.symlink_to("/etc/hostname")
    elif WAY == "another":
        other = spec.model_copy(update={"seed": spec.seed + 1}).model_dump(mode="json")
        cell.write_text(json.dumps({"spec": other, "status": "error", "reason": ""}))
    elif WAY == "closed":
        os.umask(0o777)
        (folder / "within" / "within").mkdir(parents=True)
    elif WAY == "full":
        os._exit(74)
    os._exit(0)


algorithm = Algorithm("sabotages", "spoils its cell", frozenset(), Config(), train)
