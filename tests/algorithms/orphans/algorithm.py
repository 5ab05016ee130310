"""An algorithm that leaves a process behind, in a session of its own and with no parent."""

import subprocess
import sys
import time
from dataclasses import dataclass

from il_envs import Algorithm

MARK, SECONDS = "no mark", 3600.0

LEAVES = """
import subprocess, sys
subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(3600)", sys.argv[1]], start_new_session=True
)
"""


@dataclass(frozen=True)
class Config:
    pass


def train(problem, seed, config):
    subprocess.run([sys.executable, "-c", LEAVES, MARK], check=True)
    print("left one behind", flush=True)
    time.sleep(SECONDS)


algorithm = Algorithm("orphans", "leaves a process behind", frozenset(), Config(), train)
