"""An algorithm that tries to get hold of what it has not been given, in one of many ways.

Each way returns something true if it has worked.
"""

import contextlib
import gc
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import il_envs
from il_envs import Algorithm, BudgetExceededError, Problem, RandomPolicy


@dataclass(frozen=True)
class Config:
    """Settings."""

    way: str = ""
    """Name of the way."""
    port: int = 1
    """Where somebody outside listens."""
    note: str = "note"
    """Name of what one training leaves for another."""


def environment_by_frames(problem: Problem, config: Config) -> Any:
    """The problem that counts, on the stack of any thread."""
    for frame in sys._current_frames().values():
        while frame is not None:
            for value in list(frame.f_locals.values()):
                held = [value, *getattr(value, "__dict__", {}).values()]
                if any("_next_env_seed" in getattr(each, "__dict__", {}) for each in held):
                    return True
            frame = frame.f_back
    return False


def states_by_garbage(problem: Problem, config: Config) -> Any:
    """The true states of the environment."""
    kind = il_envs.WorldVectorEnv
    return [each.states for each in gc.get_objects() if isinstance(each, kind)]


def expert_by_garbage(problem: Problem, config: Config) -> Any:
    """The expert, who is not declared."""
    kind = il_envs.ExpertPolicy
    return [each.predict() for each in gc.get_objects() if isinstance(each, kind)]


def environment_by_registry(problem: Problem, config: Config) -> Any:
    """An environment that tells rewards, and that nobody counts."""
    return gym.make("il_envs/DriftCar-v0")


def own_problem(problem: Problem, config: Config) -> Any:
    """A problem with all sources."""
    world = il_envs.get_world("DriftCar")
    own = Problem(world, frozenset({"expert", "env", "reward"}), problem.budget, 0)
    return own.env(2, reward=True)


def code_of_the_world(problem: Problem, config: Config) -> Any:
    """The dynamics and the expert, as a module."""
    from il_envs.worlds.drift_car import dynamics

    return dynamics


def file_of_the_world(problem: Problem, config: Config) -> Any:
    """The same, as a text."""
    places = (Path(il_envs.__file__).parent / "worlds").rglob("*.py")
    return [place for place in places if "friction" in place.read_text()]


def kernels_of_the_world(problem: Problem, config: Config) -> Any:
    """The same, compiled."""
    from il_envs.engine.cache import cache_folder

    return list(cache_folder().rglob("*.nbc"))


def edited_meter(problem: Problem, config: Config) -> Any:
    """More steps than the budget has."""
    env = problem.env(100)
    env.reset()
    for _ in range(10):
        env.step(np.zeros((100, 2), np.float32))
        for counted in [each for each in gc.get_objects() if type(each).__name__ == "Ledger"]:
            counted.meter.steps = 0
    return True


def folder_of_the_cell(problem: Problem, config: Config) -> Any:
    """The place where the result is written, by the arguments or by the log."""
    places = [*sys.argv, os.path.dirname(os.readlink("/proc/self/fd/1"))]
    for place in map(Path, places):
        if (place / "log.txt").exists():
            (place / "cheated").touch()
            (place / "cheated").unlink()
            return True
    return False


def name_of_the_cell(problem: Problem, config: Config) -> Any:
    """What it is called where its output goes, which in a round says which instance it is."""
    return any("seed_" in os.readlink(f"/proc/self/fd/{number}") for number in (1, 2))


def scorer_by_processes(problem: Problem, config: Config) -> Any:
    """The memory of the process that scores."""
    for place in Path("/proc").glob("[0-9]*"):
        if b"leaderboard.running.child" in (place / "cmdline").read_bytes():
            with (place / "mem").open("r+b"):
                return True
    return False


def environment_variables(problem: Problem, config: Config) -> Any:
    """What the user keeps there."""
    return os.environ.get("SECRET_OF_THE_USER")


def files_of_the_user(problem: Problem, config: Config) -> Any:
    """What the user keeps at home, and in the repository."""
    root = Path(il_envs.__file__).parents[1]
    return (root / "README.md").exists() and (root / "README.md").read_text()


def network(problem: Problem, config: Config) -> Any:
    """Somebody outside who may know better."""
    with socket.create_connection(("127.0.0.1", config.port), 5.0):
        return True


def patched_scoring(problem: Problem, config: Config) -> Any:
    """What scores, if it is here."""
    return "leaderboard.running.evaluation" in sys.modules


def note_for_another(problem: Problem, config: Config) -> Any:
    """Demonstrations that another training has left, where this one leaves its own."""
    places = (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"), Path.home())
    notes = [place / config.note for place in places]
    found = [note for note in notes if note.exists()]
    for note in notes:
        with contextlib.suppress(OSError):
            note.write_text("labels")
    return found


WAYS: dict[str, Callable[[Problem, Config], Any]] = {
    way.__name__: way
    for way in (
        environment_by_frames, states_by_garbage, expert_by_garbage, environment_by_registry,
        own_problem, code_of_the_world, file_of_the_world, kernels_of_the_world, edited_meter,
        folder_of_the_cell, name_of_the_cell, scorer_by_processes, environment_variables,
        files_of_the_user, network, patched_scoring, note_for_another,
    )
}  # fmt: skip


def train(problem: Problem, seed: int, config: Config) -> RandomPolicy:
    """Learn nothing."""
    problem.demonstrations(10)
    env = problem.env(2)
    env.reset()
    env.step(np.zeros((2, 2), np.float32))
    for name in config.way.split("+"):
        try:
            got = WAYS[name](problem, config)
        except (BudgetExceededError, ImportError, LookupError, OSError, gym.error.Error) as error:
            print(name, repr(error))
            continue
        if got:
            print(f"{name} has worked", flush=True)
    return RandomPolicy(problem.action_space, seed)


algorithm = Algorithm("cheat", "", frozenset({"demonstrations", "env"}), Config(), train)
