"""How the error of one action grows: open loop, and where the expert reacts to it."""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from il_envs.engine.spaces import action_bounds
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.policy import ExpertPolicy
from leaderboard.profiles import EVALUATION_SEED

EPISODES = 32
"""Held-out episodes in which errors are made."""
MOMENTS = range(50, 121, 5)
"""Steps of an episode at which an error is made."""
SIZE = 1e-3
"""Size of the error in each entry of the action, as a share of its range; so small that growth does
not depend on it."""
STEPS = 20
"""Steps for which an error is followed."""


class Growths(NamedTuple):
    """Sizes of errors in the steps after them, 1 at first; float64 [errors, STEPS + 1]."""

    open_loop: NDArray[np.float64]
    reacting: NDArray[np.float64]


def error_growths(world: str, style: str, sideslip: float = 0.0) -> Growths:
    """How errors grow in the episodes of an expert.

    The expert acts, and a copy of its world makes a small error in one action. Afterwards the copy
    executes the actions of the one that did not err or, where it reacts, what the expert does in
    the copy's own state. An error's size is the distance between their observations, each entry in
    units of its standard deviation.

    Args:
        world, style: of the expert.
        sideslip: rad; only errors made while the car slides at least so much count. 0 in worlds
            without this measure.
    """
    env = WorldVectorEnv(world, EPISODES, "held_out", AutoresetMode.DISABLED)
    _, info = env.reset(seed=list(range(EVALUATION_SEED, EVALUATION_SEED + EPISODES)))
    expert, parts = ExpertPolicy(env, style), []
    for step in range(max(MOMENTS) + 1):
        if step in MOMENTS:
            slides = np.abs(info.get("sideslip", np.zeros(EPISODES))) >= sideslip
            parts.append([_growth(env, style, react)[slides] for react in (False, True)])
        _, _, _, _, info = env.step(expert.predict()[0])
    return Growths(*map(np.concatenate, zip(*parts, strict=True)))


def _growth(env: WorldVectorEnv, style: str, react: bool) -> NDArray[np.float64]:
    """The growth of an error that is made now, float64 [rows, STEPS + 1]."""
    right, wrong = deepcopy(env), deepcopy(env)
    expert, its_copy = ExpertPolicy(right, style), ExpertPolicy(wrong, style)
    low, high = action_bounds(env.single_action_space)
    scale = np.maximum(env.observe().std(0), 1e-6)
    action, _ = expert.predict()
    inwards = np.where(action < 0.5 * (low + high), 1.0, -1.0)  # so that it stays within bounds
    reaction, distances = action + SIZE * (high - low) * inwards, []
    for _ in range(STEPS + 1):
        seen, *_ = right.step(action)
        other, *_ = wrong.step(reaction)
        distances.append(np.linalg.norm((other - seen) / scale, axis=1))
        action, _ = expert.predict()
        reaction = its_copy.predict()[0] if react else action
    return np.stack(distances, 1) / distances[0][:, None]


def doubling_steps(growth: NDArray[np.float64]) -> float:
    """Steps in which the median error doubles, over the last half of the time; negative if it
    shrinks.

    Args:
        growth: float64 [errors, STEPS + 1].
    """
    median = np.median(growth, 0)
    return float((STEPS - STEPS // 2) / np.log2(median[-1] / median[STEPS // 2]))
