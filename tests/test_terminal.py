"""The standard streams of the commands."""

import os
import subprocess
import sys

import pytest

COMMANDS = {
    "leaderboard": ["-m", "leaderboard", "list"],
    "il-play": ["-m", "il_envs.play", "--help"],
    "il-recordings": ["-m", "il_envs.play.commands.recordings", "--help"],
}
PRINTS_MUCH = """
from il_envs.terminal import terminal

@terminal()
def main():
    for _ in range(100_000):
        print("a line of a long table")
main()
"""


@pytest.mark.parametrize(
    "arguments", [*COMMANDS.values(), ["-c", PRINTS_MUCH]], ids=[*COMMANDS, "long"]
)
def test_a_reader_that_goes_away_ends_a_command_without_a_word(arguments):
    buffered = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        ended = subprocess.run(
            [sys.executable, *arguments],
            env=buffered,
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert ended.stderr == b""
