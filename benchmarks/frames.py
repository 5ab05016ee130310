"""`make bench-frames`: how long a picture takes when worlds are drawn 60 times a second.

Between two steps the expert's next state is drawn several times, at growing shares of the way to
it, as a game does. The first second of an episode is left out: fonts, tracks and arenas are made
in it. Times are of one process without a screen; scaling to a window comes on top.
"""

import os
import platform
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import il_envs
from il_envs.drawing.canvas import Canvas
from il_envs.world import World

RATE = 60  # pictures a second
STEPS = 300  # at most, of an episode
FRAME = 1000.0 / RATE  # ms


def frame_times(world: World, view: int) -> NDArray[np.float64]:
    """The milliseconds of each picture of an episode of the expert, from its second second on."""
    env = il_envs.WorldEnv(world.name)
    env.reset(seed=1)
    canvas = Canvas(world, env.params)
    canvas.view = world.views.pictures[view]
    canvas.begin(env.state)
    expert, memory, times = il_envs.ExpertPolicy(env), None, []
    draws = max(round(RATE * world.dynamics.control_period), 1)
    for _ in range(STEPS):
        actions, memory = expert.predict(state=memory)
        _, _, terminated, truncated, _ = env.step(actions[0])
        for share in np.arange(draws) / draws:
            start = time.perf_counter()
            canvas.draw(env.state, float(share))
            times.append(1000.0 * (time.perf_counter() - start))
        canvas.add(env.state)
        if terminated or truncated:
            break
    return np.array(times[RATE:])


def processor() -> str:
    """The name of the processor."""
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure every view of every world and print one table."""
    table = Table(
        "world", "view", "pictures", "median (ms)", "99 % (ms)", "longest (ms)", "over a frame",
        title=f"{processor()}; a frame has {FRAME:.1f} ms",
    )  # fmt: skip
    for world in il_envs.WORLDS.values():
        for view in range(len(world.views.pictures)):
            times = frame_times(world, view)
            table.add_row(
                world.name,
                str(view),
                str(times.size),
                f"{np.median(times):.1f}",
                f"{np.quantile(times, 0.99):.1f}",
                f"{times.max():.1f}",
                f"{(times > FRAME).mean():.1%}",
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
