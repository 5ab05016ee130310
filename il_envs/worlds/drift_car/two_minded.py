"""Experts of two minds: they drive well along either of two lines, and differ in who chooses.

On the left line they drive at the reference speed, on the right one more slowly, so that both
commands tell the two apart. The choice is never an observation. It is made

- `bimodal`: for each stretch of the track, by a hash. What it does is a function of the state, and
  in what a learner observes of that state either line may be meant.
- `non-markov`: by a clock in its memory, which runs for a random number of steps. The actions in a
  state depend on how the expert came to it.
- `inconsistent`: by a coin in each step. The labels of the same state contradict one another; their
  mean is a good action.
"""

import numpy as np

from il_envs.kernel import kernel
from il_envs.random import hash_uniform
from il_envs.views import Array
from il_envs.world import Expert, Record
from il_envs.worlds.drift_car.expert import follow

LINE = 1.2  # m, from the centreline to either line
SLOWER = 0.9  # of the reference speed, on the right line
STRETCH = 80.0  # m of centreline, for which the bimodal expert chooses
CLOCK_MIN, CLOCK_MAX = 50, 100  # steps, for which the non-Markov expert chooses
CHOICE_STREAM = np.uint64(0x2123D)  # apart from the draws of the world itself


@kernel
def chance(state: Record, index: int) -> float:
    """The `index`-th uniform number of these experts in this episode."""
    return hash_uniform(state.key ^ CHOICE_STREAM, state.episode, np.uint64(index))


@kernel
def follow_either(left: bool, state: Record, params: Array, action: Array) -> None:
    line, share = (LINE, 1.0) if left else (-LINE, SLOWER)
    follow(state, params[state.track], line, share, action)


@kernel
def bimodal(state: Record, params: Array, memory: Array, action: Array) -> None:
    stretch = max(int(state.distance / STRETCH), 0)
    follow_either(chance(state, stretch) < 0.5, state, params, action)


@kernel
def non_markov(state: Record, params: Array, memory: Array, action: Array) -> None:
    """Its memory is whether it means the left line, and the steps for which it still does."""
    if memory[1] == 0.0:
        memory[0] = 1.0 if chance(state, 2 * state.step) < 0.5 else 0.0
        memory[1] = CLOCK_MIN + int((CLOCK_MAX - CLOCK_MIN + 1) * chance(state, 2 * state.step + 1))
    memory[1] -= 1.0
    follow_either(memory[0] != 0.0, state, params, action)


@kernel
def inconsistent(state: Record, params: Array, memory: Array, action: Array) -> None:
    follow_either(chance(state, state.step) < 0.5, state, params, action)


EXPERTS = {
    "bimodal": Expert(bimodal, "either of two lines, by a coin for each stretch of the track"),
    "non-markov": Expert(non_markov, "either of two lines, by a hidden clock", memory_size=2),
    "inconsistent": Expert(inconsistent, "either of two lines, by a coin in each step"),
}
