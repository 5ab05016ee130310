"""The command il-play, as the tests of playing call it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from il_envs.play import __main__ as play
from il_envs.play.window import Window


class Outcome(NamedTuple):
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


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Window]:
    """A window of il-play, whose player has no files yet."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))
    window = Window()
    yield window
    window.close()
