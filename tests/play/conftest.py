"""The command il-play, as the tests of playing call it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from il_envs.play import __main__ as play


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


IlPlay = Callable[..., Outcome]


@pytest.fixture
def il_play(capsys: pytest.CaptureFixture[str]) -> IlPlay:
    """Call the command with these arguments."""

    def call(*arguments: str) -> Outcome:
        try:
            code = play.main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return Outcome(code, *capsys.readouterr())

    return call
