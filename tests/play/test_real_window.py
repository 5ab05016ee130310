"""Real key events into a real window, on a virtual X screen; needs Debian's xvfb and xdotool."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TOOLS = ("Xvfb", "xdotool")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {' and '.join(TOOLS)}"
)

GAME = """
import json, sys
from pathlib import Path
from il_envs.play import __main__ as play
from il_envs.play.screens import playing

folder = Path(sys.argv[1])
original = playing.PlayScreen.frame

def frame(screen, seconds):
    following = original(screen, seconds)
    state = screen.game.env.state
    seen = {
        "phase": screen.game.phase, "paused": screen.game.is_paused, "step": screen.game.step,
        "help": screen._keys.is_open, "seed": screen.game.seed,
    }
    for name in ("held", "cell"):
        if name in state.dtype.names:
            seen[name] = state[name].tolist()
    with (folder / "frames.jsonl").open("a") as file:
        file.write(json.dumps(seen) + "\\n")
    return following

playing.PlayScreen.frame = frame
sys.exit(play.main(sys.argv[2:]))
"""

ANOTHER = """
import pygame, time
pygame.display.set_mode((80, 80))
while True:
    pygame.event.pump()
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of a virtual display."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as numbers:
        yield f":{numbers.readline().strip()}"
    server.terminate()
    server.wait()


class Seat:
    """A player with a real keyboard in front of il-play."""

    def __init__(self, display: str, folder: Path, *arguments: str) -> None:
        self.log = folder / "frames.jsonl"
        self.environment = {
            **os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11",
            "SDL_AUDIODRIVER": "dummy", "IL_ENVS_DATA": str(folder),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-c", GAME, str(folder), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def frames(self) -> list[dict]:
        """What each frame was like so far."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def wait(self, what, seconds: float = 60.0) -> dict:
        """The last frame, as soon as it is as wanted."""
        deadline = time.monotonic() + seconds
        while True:
            frames = self.frames()
            if frames and what(frames[-1]):
                return frames[-1]
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, frames[-1:]
            time.sleep(0.02)

    def press(self, *words: str) -> None:
        """Hand commands to xdotool, such as "key", "p"."""
        subprocess.run(["xdotool", *words], env=self.environment, check=True)

    def windows(self) -> set[str]:
        """The windows on the display."""
        found = subprocess.run(
            ["xdotool", "search", "--class", "."],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return set(found.stdout.split())

    def new_window(self, before: set[str]) -> str:
        """The window that has been opened since there were only these."""
        deadline = time.monotonic() + 60.0
        seen: list[str] = []
        while len(seen) < 3 or len(set(seen[-3:])) > 1:  # SDL may open one to try and close it
            assert time.monotonic() < deadline, seen
            new = self.windows() - before
            seen = [*seen, *new] if len(new) == 1 else []
            time.sleep(0.05)
        return seen[-1]

    def close(self) -> tuple[int, str, str]:
        """Its exit code and what it printed; ends it if it is still there."""
        try:
            out, err = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        return self.process.returncode, out, err


def test_keys_of_a_real_keyboard_play_a_chord_pause_help_and_quit(
    display: str, tmp_path: Path
) -> None:
    seat = Seat(display, tmp_path, "Shooter", "--seed", "3")
    try:
        seat.wait(lambda frame: frame["phase"] == "playing")
        seat.press("keydown", "w", "keydown", "space", "keydown", "Left", "keydown", "q")
        held = seat.wait(lambda frame: sum(frame["held"]) == 4)["held"]
        assert [k for k, is_held in enumerate(held) if is_held] == [0, 4, 6, 10]
        seat.press("keyup", "space", "keyup", "q")
        seat.wait(lambda frame: sum(frame["held"]) == 2)
        seat.press("keyup", "w", "keyup", "Left", "key", "p")
        step = seat.wait(lambda frame: frame["paused"])["step"]
        seat.press("key", "h")
        seat.wait(lambda frame: frame["help"])
        seat.press("key", "h", "key", "p")
        seat.wait(lambda frame: not frame["paused"] and frame["step"] > step)
        seat.press("key", "n")
        seat.wait(lambda frame: frame["seed"] == 4)
        seat.press("key", "Escape")
    finally:
        code, out, err = seat.close()
    assert (code, out) == (0, ""), err


def test_taps_of_a_real_keyboard_are_moves(display: str, tmp_path: Path) -> None:
    seat = Seat(display, tmp_path, "FourRoomsStill")
    try:
        seat.wait(lambda frame: frame["phase"] == "playing")
        seat.press("key", "--delay", "40", "Up", "Left", "Down", "Right")
        seat.wait(lambda frame: frame["step"] == 4)
        time.sleep(0.6)
        assert seat.frames()[-1]["step"] == 4
        seat.press("key", "Escape")
    finally:
        code, _, err = seat.close()
    assert code == 0, err


def test_a_window_that_loses_the_keyboard_pauses_and_lets_go(display: str, tmp_path: Path) -> None:
    seat = Seat(display, tmp_path, "Shooter")
    other = None
    try:
        seat.wait(lambda frame: frame["phase"] == "playing")
        own = seat.windows()
        other = subprocess.Popen([sys.executable, "-c", ANOTHER], env=seat.environment)
        another = seat.new_window(own)
        seat.press("windowfocus", *own)
        if seat.wait(lambda frame: frame["step"] > 0)["paused"]:  # it had the keyboard at first
            seat.press("key", "p")
        seat.press("keydown", "w")
        seat.wait(lambda frame: sum(frame["held"]) == 1)
        seat.press("windowfocus", another)
        step = seat.wait(lambda frame: frame["paused"])["step"]
        seat.press("keyup", "w", "windowfocus", *own)
        seat.press("key", "p")
        frame = seat.wait(lambda frame: not frame["paused"] and frame["step"] > step + 2)
        assert sum(frame["held"]) == 0
        seat.press("key", "Escape")
    finally:
        if other is not None:
            other.kill()
            other.wait()
        seat.close()
