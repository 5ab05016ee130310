"""The other side of the batches of `make bench-peers`: CartPole in the suites of others.

Reads the name of a suite a line, with a number of rows and of steps, and answers each with the
seconds that the steps took, actions drawn beforehand where the suite allows it.
"""

import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import envpool
import gymnasium as gym
import gymnax
import jax
import numpy as np

ENV_ID = "CartPole-v1"
Run = Callable[[int], None]


def gymnasium_run(rows: int) -> Run:
    """Gymnasium's own vector CartPole, in NumPy."""
    env = gym.make_vec(ENV_ID, rows, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    return _stepping(env, [env.action_space.sample() for _ in range(20)])


def envpool_run(rows: int) -> Run:
    """EnvPool, in C++, with one thread."""
    env = envpool.make(ENV_ID, env_type="gymnasium", num_envs=rows, num_threads=1)
    env.reset()
    random = np.random.default_rng(0)
    return _stepping(env, [random.integers(2, size=rows, dtype=np.int32) for _ in range(20)])


def gymnax_run(rows: int) -> Run:
    """Gymnax, in JAX: all steps in one compiled scan, which draws the actions as well."""
    env, params = gymnax.make(ENV_ID)
    step = jax.vmap(env.step, (0, 0, 0, None))

    def one_step(carry, key):  # type: ignore[no-untyped-def]
        _, state = carry
        keys = jax.random.split(key, rows)
        actions = jax.random.randint(key, (rows,), 0, 2)
        observation, state, *outcome, _ = step(keys, state, actions, params)
        return (observation, state), outcome

    @jax.jit
    def scan(carry, keys):  # type: ignore[no-untyped-def]
        return jax.lax.scan(one_step, carry, keys)

    start = jax.random.split(jax.random.key(0), rows)
    carry = jax.vmap(env.reset, (0, None))(start, params)

    def run(steps: int) -> None:
        jax.block_until_ready(scan(carry, jax.random.split(jax.random.key(1), steps)))

    return run


def _stepping(env, actions) -> Run:  # type: ignore[no-untyped-def]
    def run(steps: int) -> None:
        for step in range(steps):
            env.step(actions[step % len(actions)])

    return run


RUNS = {"gymnasium": gymnasium_run, "envpool": envpool_run, "gymnax": gymnax_run}


def main() -> None:
    """Answer until the input ends."""
    runs: dict[tuple[str, int], Run] = {}
    for line in sys.stdin:
        name, rows, steps = line.split()
        if (name, int(rows)) not in runs:
            runs[name, int(rows)] = RUNS[name](int(rows))
            runs[name, int(rows)](int(steps))  # compiles
        start = time.perf_counter()
        runs[name, int(rows)](int(steps))
        print(time.perf_counter() - start, version(name), flush=True)


if __name__ == "__main__":
    main()
