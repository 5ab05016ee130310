"""What a cell has measured, from its traces and tables."""

from math import isclose
from pathlib import Path

import safetensors.numpy
from safetensors import SafetensorError

from il_envs.exact.linear_gaussian import LinearGaussianPolicy
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal
from il_envs.learning.policy import TabularPolicy
from il_envs.learning.stored_policy import TENSORS
from il_envs.world import get_world
from leaderboard import UserError
from leaderboard.cells import ANEW, Cell, read_table
from leaderboard.measures.checked_tables import policy_table
from leaderboard.measures.exact import ExactMetrics, exact_metrics
from leaderboard.measures.exact_linear import controlled_returns, metrics, row_metrics
from leaderboard.measures.references import (
    box_of,
    linear_reference,
    reference_table,
    tabular_reference,
)
from leaderboard.measures.support import expert_support, outside_support
from leaderboard.reward_maps import kept_reward_map, tables_of
from leaderboard.traces import replayed_episodes

TOLERANCE = 1e-9
"""Relative difference that is allowed for an exact metric computed on another processor."""
SHARE_TOLERANCE = 1e-3
"""Difference that is allowed for a share of states: one that is as far from the demonstrations as
the threshold may be on its other side on another processor."""
NEGLIGIBLE = 1e-12
"""Absolute difference that is allowed, for metrics that are 0 up to rounding."""


def verify_support(results: Path, cell: Cell) -> list[str]:
    """A line if the share of states outside the expert's support is another one when the traces of
    a cell are replayed; none if they do not replay, which `verify_episodes` tells."""
    recorded = cell.outside_support
    if recorded is None and expert_support(cell.spec.world) is None:
        return []
    try:
        episodes = replayed_episodes(results, cell, keep_observations=True)
    except UserError:
        return []
    again = outside_support(get_world(cell.spec.world), episodes)
    if again is not None and recorded is not None and abs(again - recorded) <= SHARE_TOLERANCE:
        return []
    told = f"the share outside the support is {recorded}, computed anew it is {again}"
    return [f"{cell.spec.title}: {told}"]


def verify_controlled_returns(results: Path, cell: Cell) -> list[str]:
    """A line for each episode whose controlled return is another one when its traces are replayed;
    none if they do not replay, which `verify_episodes` tells."""
    reference = linear_reference(get_world(cell.spec.world))
    if reference is None:
        return []
    try:
        episodes = replayed_episodes(results, cell, keep_observations=True)
    except UserError:
        return []
    again = controlled_returns(reference, episodes)
    return [
        f"{cell.spec.title}, episode {i}: its controlled return is {row.controlled_return}, "
        f"computed anew it is {value}"
        for i, (row, value) in enumerate(zip(cell.episodes, again, strict=True))
        if not agree(row.controlled_return, float(value))
    ]


def verify_metrics(results: Path, cell: Cell) -> list[str] | None:
    """Recompute the exact metrics of a cell.

    Returns:
        A line for each metric that does not agree; None if there is nothing to compute them from,
        because the cell has no exact metrics or no table.

    Raises:
        UserError: if the table is damaged.
    """
    again = None if cell.exact is None else _metrics(results / cell.spec.folder, cell)
    if cell.exact is None or again is None:
        return None
    computed = again.numbers
    return [
        f"{cell.spec.title}: {name} is {recorded}, computed anew it is {computed[name]}"
        for name, recorded in cell.exact.numbers.items()
        if not agree(recorded, computed[name])
    ]


def _metrics(folder: Path, cell: Cell) -> ExactMetrics | None:
    """The exact metrics of a reference row, or of the table in a folder; None if there is none."""
    world = get_world(cell.spec.world)
    linear = linear_reference(world)
    if linear is not None:
        return _linear_metrics(folder, cell, linear)
    reference = tabular_reference(world)
    if reference is None:
        return None
    if cell.spec.labels is None:
        table = reference_table(reference, cell.spec.algorithm)
        return exact_metrics(world, table, None)
    kept = read_table(folder)
    if kept is None:
        return None
    rewards = tables_of(kept_reward_map(folder, world))
    try:
        table = policy_table(TabularPolicy(kept, 0), reference.model)
        return exact_metrics(world, table, rewards)
    except (ValueError, IndexError) as error:
        raise UserError(f"{folder}: its table is damaged: {error}; {ANEW}") from error


def _linear_metrics(
    folder: Path, cell: Cell, reference: LinearQuadraticSoftOptimal
) -> ExactMetrics | None:
    """Those of a linear policy, if the folder has one."""
    space = box_of(get_world(cell.spec.world))
    if cell.spec.labels is None:
        return row_metrics(reference, cell.spec.algorithm, space)
    path = folder / TENSORS
    if not cell.is_exact or not path.exists():
        return None
    try:
        tensors = safetensors.numpy.load_file(path)
        if not {"gain", "covariance", "offset"} <= tensors.keys():
            return None
        control = LinearGaussianPolicy(*(tensors[n] for n in ("gain", "covariance", "offset")))
        return metrics(reference, control)
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{path}: damaged: {error}; {ANEW}") from error


def agree(recorded: float | None, computed: float | None) -> bool:
    """True if an exact metric is the same up to rounding."""
    if recorded is None or computed is None:
        return recorded is computed
    return isclose(recorded, computed, rel_tol=TOLERANCE, abs_tol=NEGLIGIBLE)
