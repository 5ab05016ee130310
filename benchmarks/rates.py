"""`make bench`: speeds as ratios against yardsticks measured in the same run.

Ours and the yardstick take turns, and the median of the ratios over the rounds is reported, since
machines are noisy. Nothing here passes or fails.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import gymnasium as gym
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from torch import nn

import il_envs
from baselines import adversarial, mail
from baselines.bc import BCConfig, fit
from baselines.networks import NetworkPolicy
from baselines.reward_learning import PPOConfig
from il_envs.stable_baselines import GymnasiumVecEnv

ROUNDS = 7
SINGLE_STEPS = 30_000
VECTOR_ROWS = 1024
VECTOR_STEPS = 400
UPDATES = 600
ROLLOUT_STEPS = 8


def single_rate(env_id: str) -> Callable[[], float]:
    """Steps a second of `gym.make`, random actions drawn beforehand, resets included."""
    env = gym.make(env_id)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(1000)]

    def measure() -> float:
        start = time.perf_counter()
        for step in range(SINGLE_STEPS):
            _, _, terminated, truncated, _ = env.step(actions[step % 1000])
            if terminated or truncated:
                env.reset()
        return SINGLE_STEPS / (time.perf_counter() - start)

    return measure


def vector_rate(env_id: str) -> Callable[[], float]:
    """Steps a second of `gym.make_vec`, all rows together, autoreset and observations included."""
    env = gym.make_vec(env_id, VECTOR_ROWS, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(20)]

    def measure() -> float:
        start = time.perf_counter()
        for step in range(VECTOR_STEPS):
            env.step(actions[step % 20])
        return VECTOR_STEPS * VECTOR_ROWS / (time.perf_counter() - start)

    return measure


def cloning_rates() -> tuple[Callable[[], float], Callable[[], float]]:
    """Samples a second of BC's training, and of a bare loop with the same network and batch."""
    demonstrations = il_envs.collect("DriftCar", 20_000, seed=0)
    observations, actions = demonstrations.observations, demonstrations.actions
    space = il_envs.get_world("DriftCar").spaces
    config = BCConfig()
    held_out = np.arange(len(actions)) >= 18_000

    def ours() -> float:
        policy = NetworkPolicy(space.observation, space.action, config.hidden_sizes, seed=0)
        policy.encoder.fit(observations)
        start = time.perf_counter()
        fit(policy, observations, actions, held_out, config, UPDATES, seed=0)
        return UPDATES * config.batch_size / (time.perf_counter() - start)

    inputs, targets = torch.tensor(observations), torch.tensor(actions)

    def bare() -> float:
        hidden = config.hidden_sizes
        network = nn.Sequential(
            nn.Linear(inputs.shape[1], hidden[0]), nn.ReLU(),
            nn.Linear(hidden[0], hidden[1]), nn.ReLU(), nn.Linear(hidden[1], targets.shape[1]),
        )  # fmt: skip
        optimiser = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
        start = time.perf_counter()
        for _ in range(UPDATES):
            rows = torch.randint(18_000, (config.batch_size,))
            loss = nn.functional.mse_loss(network(inputs[rows]), targets[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return UPDATES * config.batch_size / (time.perf_counter() - start)

    return ours, bare


def a2c_rate(env: VecEnv, rollouts: int) -> Callable[[], float]:
    """Steps a second of A2C in Stable-Baselines3, its networks and optimiser the default ones."""
    model = A2C("MlpPolicy", env, n_steps=ROLLOUT_STEPS, seed=0, device="cpu")
    model.set_logger(Logger(None, []))
    steps = rollouts * env.num_envs * ROLLOUT_STEPS

    def measure() -> float:
        start = time.perf_counter()
        model.learn(steps)
        return steps / (time.perf_counter() - start)

    return measure


def bridge_rates() -> tuple[Callable[[], float], Callable[[], float]]:
    """Steps a second of A2C, our rows as one batch and one by one."""
    rows, name = 128, "DriftCar"
    vector = il_envs.WorldVectorEnv(name, rows, autoreset_mode="SameStep")
    single = DummyVecEnv([lambda: Monitor(il_envs.WorldEnv(name))] * rows)
    return a2c_rate(GymnasiumVecEnv(vector), 20), a2c_rate(single, 20)


def mail_rates() -> tuple[Callable[[], float], Callable[[], float]]:
    """Steps a second of MAIL in Shooter, demonstrations included, and of A2C with as many rows."""
    world, config = il_envs.get_world("Shooter"), mail.algorithm.config
    budget = il_envs.Budget(labels=20_000, steps=100_000)

    def ours() -> float:
        problem = il_envs.Problem(world, mail.algorithm.sources, budget, seed=0)
        start = time.perf_counter()
        mail.train(problem, 0, config)
        return budget.steps / (time.perf_counter() - start)

    env = il_envs.WorldVectorEnv(world.name, config.num_envs, autoreset_mode="SameStep")
    return ours, a2c_rate(GymnasiumVecEnv(env), 100)


def mail_networks_rate() -> Callable[[], float]:
    """Steps a second if MAIL in Shooter were its networks alone: no environment, no demonstrations
    and no library around them."""
    world, config = il_envs.get_world("Shooter"), mail.algorithm.config
    inputs, buttons = world.spaces.observation.shape[0], world.spaces.action.n
    rows, rollouts = config.num_envs * config.rollout_steps, 100

    def network(outputs: int) -> nn.Sequential:
        sizes, layers = [inputs, *config.hidden_sizes], []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Tanh()]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))

    actor, critic = network(buttons), network(1)
    weights = [*actor.parameters(), *critic.parameters()]
    optimiser = torch.optim.Adam(weights, config.learning_rate, fused=True)
    observations, actions = torch.randn(rows, inputs), torch.randint(2, (rows, buttons)).float()
    returns = torch.zeros(rows, 1)

    def update() -> None:
        with torch.no_grad():
            for step in observations.split(config.num_envs):
                torch.bernoulli(torch.sigmoid(actor(step)))
                critic(step)
        loss = nn.functional.mse_loss(critic(observations), returns)
        for _ in ("live data", "demonstrations"):
            logits = actor(observations)
            loss = loss + nn.functional.binary_cross_entropy_with_logits(logits, actions)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, config.max_grad_norm)
        optimiser.step()

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(rollouts):
            update()
        return rollouts * rows / (time.perf_counter() - start)

    return measure


def ppo_rate(env: VecEnv, settings: PPOConfig, steps: int) -> float:
    """Steps a second of Stable-Baselines3's PPO, its networks the default ones."""
    model = PPO(
        "MlpPolicy", env, learning_rate=settings.learning_rate, n_steps=settings.rollout_steps,
        batch_size=settings.batch_size, n_epochs=settings.epochs,
        ent_coef=settings.entropy_coefficient, policy_kwargs={"optimizer_kwargs": {"fused": True}},
        seed=0, device="cpu",
    )  # fmt: skip
    model.set_logger(Logger(None, []))
    start = time.perf_counter()
    model.learn(steps)
    return steps / (time.perf_counter() - start)


def gail_rates() -> tuple[Callable[[], float], Callable[[], float]]:
    """Steps a second of GAIL in DriftCar, and of Stable-Baselines3's PPO alone, set alike."""
    world, config = il_envs.get_world("DriftCar"), adversarial.algorithm.config
    ppo = config.ppo
    budget = il_envs.Budget(labels=8_000, steps=8 * ppo.num_envs * ppo.rollout_steps)

    def ours() -> float:
        problem = il_envs.Problem(world, adversarial.algorithm.sources, budget, seed=0)
        start = time.perf_counter()
        adversarial.train(problem, 0, config)
        return budget.steps / (time.perf_counter() - start)

    env = il_envs.WorldVectorEnv(world.name, ppo.num_envs, autoreset_mode="SameStep")

    return ours, lambda: ppo_rate(GymnasiumVecEnv(env), ppo, budget.steps)


def start_seconds(cache: str) -> float:
    """Seconds from starting Python to the end of the first step."""
    code = (
        "import gymnasium as gym, il_envs; env = gym.make('il_envs/DriftCar-v0'); "
        "env.reset(seed=0); env.step(env.action_space.sample())"
    )
    start = time.perf_counter()
    environment = os.environ | {"IL_ENVS_CACHE": cache, "NUMBA_CACHE_DIR": cache}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return time.perf_counter() - start


def compare(
    table: Table, what: str, unit: str, ours: Callable[[], float], yardstick: Callable[[], float],
    name: str,
) -> None:  # fmt: skip
    """Measure the two in turn, after a round that is not counted, and add a row to the table."""
    ours(), yardstick()
    pairs = np.array([(ours(), yardstick()) for _ in range(ROUNDS)])
    ratios = pairs[:, 0] / pairs[:, 1]
    ours_median, yardstick_median = np.median(pairs, axis=0)
    table.add_row(
        what,
        f"{ours_median:,.0f} {unit}",
        f"{yardstick_median:,.0f} {unit} ({name})",
        f"{np.median(ratios):.2f}",
        f"{ratios.min():.2f} ... {ratios.max():.2f}",
    )


def main() -> None:
    """Measure everything and print one table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for both sides
    table = Table("what", "ours", "yardstick", "ratio (median)", "range")
    families = {world.dynamics.step: world for world in reversed(il_envs.WORLDS.values())}
    for world in reversed(families.values()):  # the first one of each kernel
        sides: list[Any] = [single_rate(world.id), single_rate("CartPole-v1")]
        compare(table, f"{world.name}, gym.make", "steps/s", *sides, "CartPole-v1")
        sides = [vector_rate(world.id), vector_rate("CartPole-v1")]
        label = f"{world.name}, gym.make_vec, {VECTOR_ROWS} rows"
        compare(table, label, "steps/s", *sides, "CartPole-v1")
    sides = [single_rate("il_envs/ShooterPixels-v0"), single_rate("CartPole-v1")]
    compare(table, "ShooterPixels, gym.make", "pictures/s", *sides, "CartPole-v1")
    compare(table, "BC training", "samples/s", *cloning_rates(), "bare PyTorch loop")
    label = "A2C on DriftCar, 128 rows"
    compare(table, label, "steps/s", *bridge_rates(), "DummyVecEnv")
    ours, a2c = mail_rates()
    compare(table, "MAIL on Shooter", "steps/s", ours, a2c, "A2C, same rows")
    compare(table, "", "steps/s", ours, mail_networks_rate(), "its networks alone")
    compare(table, "GAIL on DriftCar", "steps/s", *gail_rates(), "PPO alone, set alike")
    with tempfile.TemporaryDirectory() as cache:
        cold = start_seconds(cache)
        warm = np.median([start_seconds(cache) for _ in range(ROUNDS)])
    table.add_row("import to first step, warm cache", f"{warm:.2f} s", "", "", "")
    table.add_row("import to first step, cold cache", f"{cold:.1f} s", "", "", "")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
