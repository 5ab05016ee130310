"""Preparing worlds for play in another process: compiling, a picture, the score of the expert.

Numba compiles under a lock that would stop the frames of a window, so `Preparation` runs this
module as a command, `python -m il_envs.play.preparing WORLD ...`, which prints a line of JSON for
each stage of each world. What it makes is kept in the cache folder, as a card for each world.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal

import numpy as np

from il_envs.engine.cache import cache_folder
from il_envs.engine.fingerprint import fingerprint
from il_envs.engine.kernels import are_compiled
from il_envs.world import World, get_world

if TYPE_CHECKING:
    from il_envs.engine.single import WorldEnv
    from il_envs.play.pilots import ExpertPilot

Stage = Literal["waiting", "compiling", "compiling the expert", "looking", "ready", "failed"]
PICTURE = (216, 135)  # pixels, of a card's picture
LOOK_AFTER = 60  # steps of the expert, after which the picture is taken
SCORE_EPISODES = 8  # of the expert, whose mean return the card shows


@dataclass(frozen=True)
class Card:
    """What the title screen shows of a world."""

    picture: Path
    expert: float | None  # mean return; None without an expert


def card_of(world: World) -> Card | None:
    """The kept card of a world; None if it has none, or is not compiled."""
    path = _path(world)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        expert = None if kept["expert"] is None else float(kept["expert"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not path.with_suffix(".png").exists() or not are_compiled(world):
        return None
    return Card(path.with_suffix(".png"), expert)


def _path(world: World) -> Path:
    name = f"{world.name}-{version('il-envs')}-{fingerprint(world.dynamics.kernels)[:12]}.json"
    return cache_folder() / "cards" / name


@dataclass(frozen=True)
class Progress:
    """How far the preparation of a world has come."""

    stage: Stage
    began: float  # time.monotonic() when the stage began
    reason: str = ""  # why it failed


class Preparation:
    """Prepares worlds one after another in a child process.

    Args:
        worlds: the worlds to prepare, in this order; those with a card are ready at once.
    """

    def __init__(self, worlds: Iterable[World]) -> None:
        self._progress = {world.name: Progress("waiting", time.monotonic()) for world in worlds}
        for name in self._progress:
            if card_of(get_world(name)) is not None:
                self._progress[name] = Progress("ready", time.monotonic())
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._start()

    def of(self, world: World) -> Progress:
        """How far a world is."""
        self._read()
        return self._progress[world.name]

    def prefer(self, world: World) -> None:
        """Prepare a world before the others that wait, and at once."""
        self._read()
        if self._progress[world.name].stage != "waiting":
            return
        rest = self._progress
        self._progress = {world.name: rest.pop(world.name), **rest}
        self._stop()
        self._start()

    def close(self) -> None:
        """End the child process."""
        self._stop()

    def _start(self) -> None:
        """Start a process for the worlds that are not ready."""
        wanted = [name for name, p in self._progress.items() if p.stage not in ("ready", "failed")]
        for name in wanted:
            self._progress[name] = Progress("waiting", time.monotonic())
        if not wanted:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "il_envs.play.preparing", *wanted],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"},
        )
        self._lines = SimpleQueue()
        Thread(target=_pass_on, args=(self._process, self._lines), daemon=True).start()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _read(self) -> None:
        """Take in what the process has printed, and whether it has died."""
        while True:
            try:
                line = self._lines.get_nowait()
            except Empty:
                return
            if line is None:
                self._give_up("its preparation ended before it was done")
                return
            told = json.loads(line)
            self._progress[told["world"]] = Progress(
                told["stage"], time.monotonic(), told["reason"]
            )

    def _give_up(self, reason: str) -> None:
        for name, progress in self._progress.items():
            if progress.stage not in ("ready", "failed"):
                self._progress[name] = Progress("failed", time.monotonic(), reason)


def _pass_on(process: "subprocess.Popen[str]", lines: "SimpleQueue[str | None]") -> None:
    """Put the lines that a process prints into a queue, and None at their end."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def prepare(world: World) -> None:
    """Compile a world and its expert, take its picture and its expert's score."""
    from pkgutil import resolve_name

    import pygame

    from il_envs.drawing.canvas import Canvas
    from il_envs.engine.single import WorldEnv
    from il_envs.engine.spaces import zero_rows
    from il_envs.play.pilots import ExpertPilot

    _tell(world.name, "compiling")
    env = WorldEnv(world.name)
    expert = None
    if world.experts:
        _tell(world.name, "compiling the expert")
        expert = ExpertPilot(env)
    observation, _ = env.reset(seed=1)
    if world.views.assist is not None:
        action = zero_rows(world.spaces.action)
        resolve_name(world.views.assist)(env.state, env.params, action)
    _tell(world.name, "looking")
    canvas = Canvas(world, env.params)
    canvas.shows_expert = False
    canvas.begin(env.state)
    steps = min(LOOK_AFTER, world.dynamics.max_episode_steps // 3) if expert is not None else 0
    for _ in range(steps):
        assert expert is not None
        observation, _, terminated, truncated, _ = env.step(expert.decide(observation))
        if terminated or truncated:
            break
        canvas.add(env.state)
    canvas.draw()
    score = None if expert is None else _mean_return(env, expert)
    path = _path(world)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture, temporary = path.with_suffix(".png"), path.with_suffix(".part.png")
    pygame.image.save(pygame.transform.smoothscale(canvas.surface, PICTURE), temporary)
    temporary.replace(picture)
    temporary.write_text(json.dumps({"expert": score}), encoding="utf-8")
    temporary.replace(path)  # last: it says that the card is there
    _tell(world.name, "ready")


def _mean_return(env: "WorldEnv", pilot: "ExpertPilot") -> float:
    """Of the episodes of the first seeds, one after another: no loops over rows are compiled."""
    returns = []
    for seed in range(SCORE_EPISODES):
        observation, _ = env.reset(seed=seed)
        pilot.begin()
        total, has_ended = 0.0, False
        while not has_ended:
            observation, reward, terminated, truncated, _ = env.step(pilot.decide(observation))
            total += reward
            has_ended = terminated or truncated
        returns.append(total)
    return float(np.mean(returns))


def _tell(world: str, stage: Stage, reason: str = "") -> None:
    print(json.dumps({"world": world, "stage": stage, "reason": reason}), flush=True)


def main(names: Sequence[str]) -> None:
    """Prepare the worlds of these names; one that fails is reported, and the next one follows."""
    for name in names:
        try:
            prepare(get_world(name))
        except Exception as error:
            _tell(name, "failed", f"{type(error).__name__}: {error}".splitlines()[0])


if __name__ == "__main__":
    main(sys.argv[1:])
