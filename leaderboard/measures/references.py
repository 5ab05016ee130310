"""The reference rows of every table, and which worlds are exact.

In an exact world, tabular or linear-quadratic, policies can be evaluated without sampling, so the
reference is the soft-optimal policy itself, from which the world's expert samples its actions.
Elsewhere it is the expert, on the same evaluation episodes as all algorithms.
"""

import gymnasium as gym
import numpy as np

from il_envs.buttons import action_count
from il_envs.exact.checks import FloatArray
from il_envs.exact.evaluation import hard_optimal, uniform_policy
from il_envs.exact.linear_gaussian import LinearGaussianPolicy
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal
from il_envs.exact.soft_optimal import SoftOptimal
from il_envs.world import World

EMPIRICAL_REFERENCES = ("random", "expert")
EXACT_REFERENCES = ("random", "soft-optimal", "optimal")
"""In both tuples the first row defines score 0, and the second score 1."""

TEACHER = "expert-"
"""Of the name of the row of a scripted expert that teaches instead of the reference; its style
follows."""

REFERENCES = tuple(dict.fromkeys(EMPIRICAL_REFERENCES + EXACT_REFERENCES))
"""Names that no algorithm may take."""


Reference = SoftOptimal | LinearQuadraticSoftOptimal
"""The exact references, of the protocol `il_envs.world.ExactReference`."""


def exact_reference(world: World) -> Reference | None:
    """The soft-optimal policy of a world that is tabular or linear-quadratic; None in any other."""
    return tabular_reference(world) or linear_reference(world)


def linear_reference(world: World) -> LinearQuadraticSoftOptimal | None:
    """The soft-optimal policy of a linear-quadratic world whose state is observed; None in any
    other world."""
    reference = None if world.truth.reference is None else world.truth.reference()
    if not isinstance(reference, LinearQuadraticSoftOptimal) or reference.backup != "causal":
        return None
    _, states, actions = reference.model.control.shape
    if not isinstance(world.spaces.action, gym.spaces.Box):
        return None
    shapes = world.spaces.observation.shape, world.spaces.action.shape
    return reference if shapes == ((states,), (actions,)) else None


def box_of(world: World) -> gym.spaces.Box:
    """The action space of a linear-quadratic world."""
    space = world.spaces.action
    assert isinstance(space, gym.spaces.Box)  # as `linear_reference` has it
    return space


def tabular_reference(world: World) -> SoftOptimal | None:
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
    """The soft-optimal policy of a world that is known to be tabular.

    Raises:
        ValueError: if it is not.
    """
    reference = tabular_reference(world)
    if reference is None:
        raise ValueError(f"{world.name} has no tabular reference, so it has no tables")
    return reference


def reference_table(reference: SoftOptimal, name: str) -> FloatArray:
    """The table of a reference row in a tabular world, pi(a|s) [S, A] or pi_t(a|s) [T, S, A]."""
    model = reference.model
    if name == "random":
        return uniform_policy(model.available)
    return reference.policy if name == "soft-optimal" else hard_optimal(model).policy


def reference_control(
    reference: LinearQuadraticSoftOptimal, name: str
) -> LinearGaussianPolicy | None:
    """The policy of a reference row in a linear-quadratic world; None for the uniform one."""
    if name == "random":
        return None
    return reference.policy if name == "soft-optimal" else reference.optimal.policy


def is_of_costs(world: World) -> bool:
    """True if returns are minus costs, which nothing pays back: those of a linear-quadratic world
    whose costs are nowhere negative."""
    reference = linear_reference(world)
    if reference is None:
        return False
    model = reference.model
    costs = (*model.state_cost, *model.action_cost, model.final_cost)
    return all(np.linalg.eigvalsh(cost).min() >= 0.0 for cost in costs)
