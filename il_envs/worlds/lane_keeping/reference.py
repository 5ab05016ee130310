"""The exact solution of the two bends."""

from functools import cache

import numpy as np

from il_envs.exact.linear_gaussian import LinearQuadraticModel
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal, linear_quadratic_soft_optimal
from il_envs.worlds.lane_keeping import dynamics


@cache
def reference(name: str = "LaneKeeping") -> LinearQuadraticSoftOptimal:
    """The causal soft-optimal policy at temperature 1, which `scripted` follows, and its model."""
    bend = dynamics.BENDS[name][0]
    return linear_quadratic_soft_optimal(
        LinearQuadraticModel(
            transition=dynamics.TRANSITION,
            control=dynamics.CONTROL,
            noise=bend["gust"] @ bend["gust"].T,
            state_cost=np.diag(dynamics.STATE_COST),
            action_cost=np.diag(dynamics.ACTION_COST),
            initial_mean=bend["start_mean"],
            initial_covariance=np.diag(bend["start_deviation"] ** 2),
            horizon=dynamics.MAX_EPISODE_STEPS,
            final_cost=dynamics.FINAL_COST,
        )
    )
