"""CliffChain: a ledge along an abyss, where one wrong step costs the rest of the episode.

What it tests: compounding error in its purest form (Ross and Bagnell 2010, theorem 2.1). On the
ledge `walk` goes one cell on, and `step off` leads into the abyss, where each step costs 1 whatever
the action. A policy that errs with probability e in each step has the expected return -(T -
sum_{h=1}^T (1 - e)^h), which is about -e T^2 / 2. In a variant with recovery, `walk` climbs back
from the abyss with a given probability, and the cost is about proportional to e T instead.

Observation, Discrete(42): the cell; 0 to 20 the ledge from left to right, 21 to 41 the abyss below.
Action, Discrete(2): 0 walk, 1 step off. Reward: -1 for stepping off and for each step in the abyss.
An episode starts at the left end and takes 20 steps.
"""

import numpy as np
from scipy import sparse

from il_envs.exact.tabular_model import TabularModel
from il_envs.worlds.grid import tiles
from il_envs.worlds.grid.register import Grid, register_grid

HORIZON = 20
WALK, STEP_OFF = 0, 1
TEMPERATURE = 0.1


def cliff_chain(horizon: int, recovery: float = 0.0) -> TabularModel:
    """The model with 2 (horizon + 1) states, ledge first.

    Args:
        horizon: T.
        recovery: probability that `walk` climbs back from the abyss; 0 is the cliff.
    """
    cells = horizon + 1
    ledge, abyss = np.arange(cells), np.arange(cells, 2 * cells)
    ahead = np.minimum(ledge + 1, cells - 1)
    walk = sparse.lil_array((2 * cells, 2 * cells))
    walk[ledge, ahead] = 1.0
    walk[abyss, abyss] = 1.0 - recovery
    walk[abyss, ledge] = recovery
    step_off = sparse.lil_array((2 * cells, 2 * cells))
    step_off[ledge, abyss] = 1.0
    step_off[abyss, abyss] = 1.0
    reward = np.zeros((2 * cells, 2))
    reward[ledge, STEP_OFF] = -1.0
    reward[abyss] = -1.0
    initial = np.zeros(2 * cells)
    initial[0] = 1.0
    return TabularModel([walk, step_off], reward, initial, horizon, features=np.eye(2 * cells))


def _make() -> Grid:
    cells = HORIZON + 1
    looks = np.repeat([tiles.FLOOR, tiles.ABYSS], cells)
    return Grid(cliff_chain(HORIZON), (2, cells), looks, TEMPERATURE)


cliff_chain_world = register_grid(
    "CliffChain",
    __doc__,
    (2, HORIZON + 1),
    HORIZON,
    _make,
    actions=("walk", "step off"),
    keys=("right", "down"),
    goal="walk on, never step off",
)
