"""The reference rows of every table, and which worlds are exact.

In an exact world a policy can be evaluated without sampling, so the reference is the soft-optimal
policy itself, from which the world's expert samples its actions. Elsewhere it is the expert, on the
same evaluation episodes as all algorithms.
"""

import gymnasium as gym

from il_envs.buttons import action_count
from il_envs.exact.checks import FloatArray
from il_envs.exact.evaluation import hard_optimal, uniform_policy
from il_envs.exact.soft_optimal import SoftOptimal
from il_envs.world import World

EMPIRICAL_REFERENCES = ("random", "expert")
EXACT_REFERENCES = ("random", "soft-optimal", "optimal")
"""In both tuples the first row defines score 0, and the second score 1."""

REFERENCES = tuple(dict.fromkeys(EMPIRICAL_REFERENCES + EXACT_REFERENCES))
"""Names that no algorithm may take."""


def exact_reference(world: World) -> SoftOptimal | None:
    """The soft-optimal policy of a tabular, undiscounted world; None in any other world.

    The model's actions are those of a Discrete space, or all chords of a space of buttons.
    """
    if world.truth.reference is None:
        return None
    if not isinstance(world.spaces.observation, gym.spaces.Discrete):
        return None
    reference = world.truth.reference()
    if not isinstance(reference, SoftOptimal) or reference.backup != "causal":
        return None
    if reference.model.actions != action_count(world.spaces.action):
        return None
    if reference.model.horizon is None or reference.model.discount != 1.0:
        return None  # the metrics are undiscounted
    return reference


def required_reference(world: World) -> SoftOptimal:
    """The soft-optimal policy of a world that is known to be exact.

    Raises:
        ValueError: if it is not.
    """
    reference = exact_reference(world)
    if reference is None:
        raise ValueError(f"{world.name} has no exact reference, so nothing is exact in it")
    return reference


def reference_table(reference: SoftOptimal, name: str) -> FloatArray:
    """The table of a reference row in an exact world, pi(a|s) [S, A] or pi_t(a|s) [T, S, A]."""
    model = reference.model
    if name == "random":
        return uniform_policy(model.available)
    return reference.policy if name == "soft-optimal" else hard_optimal(model).policy
