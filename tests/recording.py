"""Recordings for tests: an expert plays as if it were a person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from il_envs import ExpertPolicy, WorldEnv, get_world
from il_envs.learning.recorder import Recorder
from il_envs.world import Split


def record(
    name: str,
    world: str,
    seed: int,
    steps: int | None = None,
    split: Split = "training",
    player: str = "Anna",
    details: Callable[[int], dict[str, Any]] = lambda step: {},
    gentle_start: bool = False,
) -> Path:
    """Record an episode, cut short after `steps`; `details(step)` gives further arguments of
    `Recorder.add`. Returns the path of its file."""
    recorder = Recorder(name, get_world(world), split, player)
    env = WorldEnv(world, split)
    env.reset(seed=seed, options={"gentle_start": True} if gentle_start else None)
    recorder.begin(seed, gentle_start)
    expert, memory, ended = ExpertPolicy(env), None, False
    while not ended and len(recorder) != steps:
        actions, memory = expert.predict(state=memory)
        _, reward, terminated, truncated, _ = env.step(actions[0])
        step = len(recorder)
        told = {"time": 0.04 * (step + 1), **details(step)}
        recorder.add(actions[0], reward, env.state, **told)
        ended = terminated or truncated
    path = recorder.finish(terminated)
    assert path is not None
    return path
