"""`make bench-peers`: adversarial imitation against the library `imitation`, on a world of neither.

Both play GAIL in 32 pendulums of Gymnasium, 256 steps a rollout, with Stable-Baselines3's PPO set
alike (minibatches of 1,024, ten epochs), from the same demonstrations and on the same core, in
turns. `imitation` pins old releases of what we need, so it runs in a virtual environment of its
own, whose Python is the only argument. Nothing here passes or fails.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and for both sides

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from rich.console import Console
from rich.table import Table

from baselines import adversarial
from benchmarks.exact import Yardstick
from benchmarks.rates import ppo_rate
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.rollout import Episode
from il_envs.stable_baselines import GymnasiumVecEnv

ENV_ID = "Pendulum-v1"
EPISODES = 40
EPISODE_STEPS = 200
ROUNDS = 5
PPO_SETTINGS = adversarial.algorithm.config.ppo
STEPS = 4 * PPO_SETTINGS.num_envs * PPO_SETTINGS.rollout_steps
THEIR_UPDATES = (2, 8, 16)
"""Minibatches of `imitation`'s discriminator in each round: its default, the number in its
documentation, and ours."""


def pendulums(num_envs: int) -> gym.vector.VectorEnv[Any, Any, Any]:
    """Gymnasium's own vector environment."""
    modes = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gym.make_vec(ENV_ID, num_envs, vectorization_mode="sync", vector_kwargs=modes)


def demonstrations() -> Demonstrations:
    """Whole episodes of random actions: how fast somebody learns does not depend on what is shown.

    An episode of a pendulum ends with its time, never before.
    """
    env = pendulums(EPISODES)
    env.action_space.seed(0)
    observations, actions = [env.reset(seed=0)[0]], []
    for _ in range(EPISODE_STEPS):
        actions.append(env.action_space.sample())
        observation, *_, info = env.step(actions[-1])
        observations.append(observation)
    observations[-1] = np.stack(list(info["final_obs"]))
    rows, moves = np.stack(observations, 1), np.stack(actions, 1)  # [episodes, steps, ...]
    episodes = [
        Episode(seed, rows[seed], moves[seed], np.zeros(EPISODE_STEPS), {}, False, "")
        for seed in range(EPISODES)
    ]
    return Demonstrations(ENV_ID, "training", "random", tuple(episodes))


class PendulumProblem:
    """What GAIL asks of a `Problem`, in a world that is not ours."""

    def __init__(self, shown: Demonstrations) -> None:
        self.demonstrations = lambda: shown
        self.env = pendulums
        self.observation_space = pendulums(1).single_observation_space
        self.action_space = pendulums(1).single_action_space
        self.max_episode_steps = EPISODE_STEPS
        self.steps_left = STEPS


def gail_rate(shown: Demonstrations) -> float:
    """Steps a second of ours."""
    problem: Any = PendulumProblem(shown)
    start = time.perf_counter()
    adversarial.train(problem, 0, adversarial.algorithm.config)
    return STEPS / (time.perf_counter() - start)


def main() -> None:
    """Measure everything and print one table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for both sides
    shown = demonstrations()
    with tempfile.TemporaryDirectory() as folder:
        yardstick = Yardstick(sys.argv[1], Path(folder))
        versions = yardstick.ask("versions")["versions"]
        path = f"{folder}/demonstrations.npz"
        following = np.concatenate([episode.observations[1:] for episode in shown.episodes])
        ends = np.arange(1, len(shown) + 1) % EPISODE_STEPS == 0
        np.savez(path, obs=shown.observations, acts=shown.actions, next_obs=following, dones=ends)
        runs: dict[str, Callable[[], float]] = {
            "ours: GAIL": lambda: gail_rate(shown),
            "ours: PPO alone": lambda: ppo_rate(
                GymnasiumVecEnv(pendulums(PPO_SETTINGS.num_envs)), PPO_SETTINGS, STEPS
            ),
            "imitation: PPO alone": lambda: STEPS / yardstick.ask("ppo", steps=STEPS)["seconds"],
        }
        for updates in THEIR_UPDATES:
            task = partial(yardstick.ask, "gail", demonstrations=path, steps=STEPS, updates=updates)
            label = f"imitation: GAIL, {updates} updates a rollout"
            runs[label] = lambda task=task: STEPS / task()["seconds"]
        rates = np.array([[run() for run in runs.values()] for _ in range(ROUNDS + 1)])[1:]
        yardstick.close()
    table = Table("32 pendulums", "steps/s (median)", "ours is so many times as fast", "range")
    for name, theirs in zip(runs, rates.T, strict=True):
        ratios = rates[:, 0] / theirs
        spread = f"{ratios.min():.2f} ... {ratios.max():.2f}"
        table.add_row(name, f"{np.median(theirs):,.0f}", f"{np.median(ratios):.2f}", spread)
    Console(width=130).print(table, f"Yardstick: {versions}.", sep="\n")


if __name__ == "__main__":
    main()
