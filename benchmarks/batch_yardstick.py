"""The other side of the batches of `make bench-peers`: CartPole in the suites of others.

Reads one JSON object a line and answers each with one JSON line, actions drawn beforehand where the
suite allows it.

    {"task": "envpool" or "gymnax", "rows": ..., "steps": ...} -> {"seconds": ...}
"""

import json
import sys
import time
from collections.abc import Callable

import envpool
import gymnax
import jax
import numpy as np

ENV_ID = "CartPole-v1"
Run = Callable[[int], None]


def envpool_run(rows: int) -> Run:
    """EnvPool, in C++, with one thread."""
    env = envpool.make(ENV_ID, env_type="gymnasium", num_envs=rows, num_threads=1)
    env.reset()
    random = np.random.default_rng(0)
    actions = [random.integers(2, size=rows, dtype=np.int32) for _ in range(20)]

    def run(steps: int) -> None:
        for step in range(steps):
            env.step(actions[step % len(actions)])

    return run


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


RUNS = {"envpool": envpool_run, "gymnax": gymnax_run}


def main() -> None:
    """Answer until the input ends."""
    runs: dict[str, Run] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name, steps = request["task"], request["steps"]
        if name not in runs:
            runs[name] = RUNS[name](request["rows"])
            runs[name](steps)  # compiles
        start = time.perf_counter()
        runs[name](steps)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
