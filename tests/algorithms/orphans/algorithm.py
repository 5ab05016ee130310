"""An algorithm that leaves processes behind: a sleeper, whose number it writes down."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from il_envs import Algorithm


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(os.environ["ORPHAN_FILE"]).write_text(str(sleeper.pid))
    time.sleep(float(os.environ.get("ORPHAN_SECONDS", "3600")))


algorithm = Algorithm(
    "orphans",
    "An algorithm that leaves processes behind: a sleeper, whose number it writes down.",
    frozenset(),
    Config(),
    train,
)
