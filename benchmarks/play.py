"""Frame times of il-play: a window of 1280 x 720 on one core, every world driven by its expert.

The frame time is from one picture shown to the next. A frame is due every 16.7 ms; "work" is what
it takes without waiting for that. Under SDL's dummy driver, unless SDL_VIDEODRIVER says otherwise.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import numpy as np
import pygame

from benchmarks.frames import processor
from il_envs.play.app import run
from il_envs.play.game import Game
from il_envs.play.level import FULL
from il_envs.play.pilots import ExpertPilot
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import FrameClock, Window
from il_envs.world import World, get_world

WARM_UP = 1.0  # s, in which pictures fill their caches


class Stopwatch(FrameClock):
    """A clock that notes when each frame began to wait, and when the next one began."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.starts: list[float] = []

    def tick(self) -> float:
        self.waits.append(time.perf_counter())
        elapsed = super().tick()
        self.starts.append(time.perf_counter())
        return elapsed


def frame_times(world: World, seconds: float, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frame times and work of the frames of so many seconds, ms."""
    window, clock, sounds = Window(), Stopwatch(), Sounds()
    sounds.open()
    game = Game(world, "training", 1, FULL)
    game.watch(ExpertPilot(game.env))
    game.countdown = 0.0
    end = time.perf_counter() + WARM_UP + seconds

    def events() -> Iterable[pygame.event.Event]:
        if game.phase == "over":
            game.begin(game.seed + 1)
            game.countdown = 0.0
        pygame.event.pump()
        return [pygame.event.Event(pygame.QUIT)] if time.perf_counter() > end else []

    run(PlayScreen(game, window, sounds, folder, lambda: None), window, events, clock)
    sounds.close()
    window.close()
    starts, waits = np.array(clock.starts), np.array(clock.waits)
    late = starts[1:] > starts[0] + WARM_UP
    return 1e3 * np.diff(starts)[late], 1e3 * (waits[1:] - starts[:-1])[late]


def main() -> None:
    """Print the distribution for each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worlds", nargs="*", default=["DriftCar", "Shooter"])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each world")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{processor()}, one core, SDL driver {os.environ['SDL_VIDEODRIVER']}")
    print(f"{'world':14} {'frames':>7} {'ms median':>10} {'p90':>6} {'p99':>6} {'max':>6} "
          f"{'work median':>12} {'p99':>6}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name in options.worlds:
            times, work = frame_times(get_world(name), options.seconds, Path(folder))
            print(
                f"{name:14} {times.size:7} {np.median(times):10.1f} "
                f"{np.percentile(times, 90):6.1f} {np.percentile(times, 99):6.1f} "
                f"{times.max():6.1f} {np.median(work):12.1f} {np.percentile(work, 99):6.1f}"
            )


if __name__ == "__main__":
    main()
