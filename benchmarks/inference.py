"""What it takes to infer what a player wants, in each world that offers it.

For one episode of the expert, cut short after 10, 30 and all its moves: processor time of an
inference (ms, the median of 5), and by how much its reward misses the exact optimum's, as a share
of the largest entry. Then the share of il-play's frames that are later than 25 ms while keys are
tapped 6 times a second, without and with inference; one is due every 16.7 ms.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import numpy as np
import pygame

from benchmarks.frames import processor
from benchmarks.play import Stopwatch
from il_envs.play import inference
from il_envs.play.app import run
from il_envs.play.game import Game
from il_envs.play.inference import Moves, offers_inference
from il_envs.play.level import FULL
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.world import WORLDS, World, get_world

REPEATS = 5
FRAMES_BETWEEN_TAPS = 10
WARM_UP = 3.0  # s, in which the process starts
LATE = 25.0  # ms


def time_and_miss(world: World, moves: int) -> tuple[float, float]:
    """Processor time of an inference from so many moves, ms, and the error of its reward."""
    states, actions = world.truth.reference().sample(1, 0)
    shown = [Moves(0, states[0, : moves + 1].tolist(), actions[0, :moves].tolist())]
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        found = inference.infer(world, "training", shown).reward
        times.append(1e3 * (time.process_time() - begin))
    with patch.object(inference, "PRECISION", 1e-6):
        exact = inference.infer(world, "training", shown).reward
    return float(np.median(times)), float(np.abs(found - exact).max() / np.abs(exact).max())


def late_frames(world: World, infers: bool, seconds: float, folder: Path) -> float:
    """The share of late frames while keys are tapped."""
    window, clock = Window(), Stopwatch()
    game = Game(world, "training", 1, FULL)
    screen = PlayScreen(game, window, Sounds(is_muted=True), folder, lambda: None)
    if infers:
        screen.inference.show_next()
    random, keys = np.random.default_rng(0), world.views.keys
    end = time.perf_counter() + WARM_UP + seconds

    def events() -> Iterable[pygame.event.Event]:
        if game.phase == "over":
            game.begin(game.seed + 1)
        pygame.event.pump()
        if time.perf_counter() > end:
            return [pygame.event.Event(pygame.QUIT)]
        if len(clock.starts) % FRAMES_BETWEEN_TAPS:
            return []
        key = pygame.key.key_code(keys[random.integers(len(keys))].key)
        return [pygame.event.Event(kind, key=key) for kind in (pygame.KEYDOWN, pygame.KEYUP)]

    run(screen, window, events, clock)
    window.close()
    starts = np.array(clock.starts)
    times = 1e3 * np.diff(starts)[starts[1:] > starts[0] + WARM_UP]
    return float((times > LATE).mean())


def main() -> None:
    """Print a line for each world."""
    parser = argparse.ArgumentParser(description=__doc__)
    offers = [world.name for world in WORLDS.values() if offers_inference(world)]
    parser.add_argument("worlds", nargs="*", default=offers)
    parser.add_argument("--seconds", type=float, default=10.0, help="of frames, for each world")
    options = parser.parse_args()
    print(f"{processor()}, SDL driver {os.environ['SDL_VIDEODRIVER']}")
    print(f"{'world':20} {'moves: ms, missed by':>50} {'late without':>13} {'late with':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.worlds:
            world = get_world(name)
            costs = ""
            for moves in sorted({10, min(30, world.dynamics.max_episode_steps),
                                 world.dynamics.max_episode_steps}):  # fmt: skip
                milliseconds, miss = time_and_miss(world, moves)
                costs += f" {moves:4}: {milliseconds:4.0f} {miss:5.1%}"
            late = [late_frames(world, on, options.seconds, Path(folder)) for on in (False, True)]
            print(f"{name:20} {costs:>50} {late[0]:13.1%} {late[1]:10.1%}", flush=True)


if __name__ == "__main__":
    main()
