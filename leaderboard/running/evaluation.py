"""The evaluation of a cell: its episodes, and what is measured beside them."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from il_envs.buttons import chords_of
from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.checks import FloatArray
from il_envs.exact.linear_quadratic import LinearQuadraticSoftOptimal
from il_envs.learning.policy import (
    ExactPolicy,
    ExpertPolicy,
    LinearPolicy,
    Policy,
    RandomPolicy,
    TabularPolicy,
)
from il_envs.learning.rollout import Episode, run_episodes
from il_envs.learning.support import has_support
from il_envs.world import World
from leaderboard.cells import Acting, table_bytes
from leaderboard.measures.checked import CheckedPolicy
from leaderboard.measures.checked_tables import learned_reward, policy_table
from leaderboard.measures.exact import exact_metrics
from leaderboard.measures.exact_linear import (
    controlled_returns,
    estimated_metrics,
    linear_control,
    row_metrics,
)
from leaderboard.measures.exact_linear import metrics as linear_metrics
from leaderboard.measures.references import (
    box_of,
    linear_reference,
    reference_control,
    reference_table,
    tabular_reference,
)
from leaderboard.measures.support import outside_support
from leaderboard.profiles import EVALUATION_SEED
from leaderboard.protocol import CellSpec
from leaderboard.reward_maps import reward_map, tables_of
from leaderboard.running.learned import RemotePolicy
from leaderboard.running.outcome import Outcome, saved


def evaluate_reference(spec: CellSpec, world: World, outcome: Outcome) -> None:
    make_policy = reference_policy(world, spec.algorithm, spec.training_seed, spec.style)
    start = time.perf_counter()
    outcome.episodes = _evaluation_episodes(make_policy, spec, world)
    outcome.acts = "scripted" if spec.style or spec.algorithm == "expert" else "drawn"
    if not spec.profile.is_tuning:
        _measure_reference(spec, world, outcome)
    outcome.evaluation_seconds = time.perf_counter() - start


def _measure_reference(spec: CellSpec, world: World, outcome: Outcome) -> None:
    outcome.outside_support = outside_support(world, outcome.episodes)
    reference, linear = tabular_reference(world), linear_reference(world)
    if linear is not None:
        outcome.controlled = controlled_returns(linear, outcome.episodes).tolist()
    if spec.style:
        return  # nothing else is known of an expert but its episodes
    if reference is not None:
        table = reference_table(reference, spec.algorithm)
        outcome.exact = exact_metrics(world, table, None)
        outcome.acts = acting(table)
    elif linear is not None:
        outcome.exact = row_metrics(linear, spec.algorithm, box_of(world))
        outcome.acts = "deterministic" if spec.algorithm == "optimal" else "drawn"


def reference_policy(
    world: World, name: str, seed: int, style: str = ""
) -> Callable[[WorldVectorEnv], Policy]:
    """A function that makes the policy of a reference row, given the environment in which it acts;
    an expert is bound to it.

    Args:
        style: that of the expert whose row it is; empty for any other row.
    """
    if style:
        return lambda env: ExpertPolicy(env, style)
    reference, linear = tabular_reference(world), linear_reference(world)
    control = None if linear is None else reference_control(linear, name)
    if control is not None:
        return lambda env: LinearPolicy(control, world.spaces.action, seed)
    if reference is not None:
        table = reference_table(reference, name)
        return lambda env: TabularPolicy(table, seed, chords_of(world.spaces.action))
    if name == "random":
        return lambda env: RandomPolicy(world.spaces.action, seed)
    return lambda env: ExpertPolicy(env, world.reference_style)


def measure_trained(
    learned: RemotePolicy, spec: CellSpec, world: World, outcome: Outcome
) -> FloatArray | None:
    """Measure what only the process that has trained can tell: the learned reward and, in an exact
    world, the policy's table [T, S, A], which is returned and is then all that is scored."""
    reward = None if spec.profile.is_tuning else learned_reward(learned, world)
    if reward is not None:
        outcome.reward, outcome.reward_map = saved(reward), reward_map(world, reward)
    reference = tabular_reference(world)
    if reference is None or not isinstance(learned, ExactPolicy):
        return None
    return policy_table(learned, reference.model)


def evaluate_table(table: FloatArray, spec: CellSpec, world: World, outcome: Outcome) -> None:
    """Evaluate a policy in an exact world by its table, from which its actions are drawn too."""
    start = time.perf_counter()
    policy = TabularPolicy(table, _acting_seed(spec), chords_of(world.spaces.action))
    episodes = _evaluation_episodes(lambda env: policy, spec, world)
    if not spec.profile.is_tuning:
        outcome.exact = exact_metrics(world, table, tables_of(outcome.reward_map))
        outcome.acts, outcome.table = acting(table), table_bytes(table)
        outcome.outside_support = outside_support(world, episodes)
    outcome.episodes = episodes
    outcome.evaluation_seconds = time.perf_counter() - start


def evaluate_learner(policy: RemotePolicy, spec: CellSpec, world: World, outcome: Outcome) -> None:
    """Let a policy act, and measure what it does."""
    checked = CheckedPolicy(policy, world)
    start = time.perf_counter()
    policy.seed(_acting_seed(spec))
    episodes = _evaluation_episodes(lambda env: checked, spec, world)
    if not spec.profile.is_tuning:
        _measure_learner(policy, episodes, spec, world, outcome)
    outcome.episodes = episodes  # set last: a policy that has failed has none
    outcome.evaluation_seconds = time.perf_counter() - start


def _acting_seed(spec: CellSpec) -> int:
    """The seed from which a policy draws its actions."""
    return EVALUATION_SEED + spec.seed


def _measure_learner(
    policy: RemotePolicy, episodes: list[Episode], spec: CellSpec, world: World, outcome: Outcome
) -> None:
    """The metrics of a learner that need more than its episodes."""
    checked = CheckedPolicy(policy, world)
    modes = _evaluation_episodes(lambda env: checked, spec, world, deterministic=True)
    if [mode.state_hash for mode in modes] == [drawn.state_hash for drawn in episodes]:
        outcome.acts = "deterministic"
    else:
        outcome.acts, outcome.mode_episodes = "drawn", modes
    linear = linear_reference(world)
    if linear is not None:
        _measure_linear(policy, linear, world, episodes, outcome)
    outcome.outside_support = outside_support(world, episodes)


def _measure_linear(
    policy: Policy,
    reference: LinearQuadraticSoftOptimal,
    world: World,
    episodes: Sequence[Episode],
    outcome: Outcome,
) -> None:
    """The metrics of a learner in a linear-quadratic world, exact if its policy is linear."""
    outcome.controlled = controlled_returns(reference, episodes).tolist()
    if outcome.mode_episodes:
        outcome.controlled_modes = controlled_returns(reference, outcome.mode_episodes).tolist()
    control = linear_control(policy, reference, box_of(world))
    if control is not None:
        outcome.exact = linear_metrics(reference, control)
    else:
        modes = outcome.controlled_modes or outcome.controlled
        outcome.exact = estimated_metrics(reference, policy, episodes, float(np.mean(modes)))


def acting(table: FloatArray) -> Acting:
    """How a policy with that table acts, [S, A] or [T, S, A]."""
    return "deterministic" if (table.max(-1) == 1.0).all() else "drawn"


def _evaluation_episodes(
    make_policy: Callable[[WorldVectorEnv], Policy],
    spec: CellSpec,
    world: World,
    deterministic: bool = False,
) -> list[Episode]:
    """Run the evaluation episodes, with draws of the policy unless its most likely actions are
    asked for."""
    return run_episodes(
        world,
        spec.profile.evaluation_split,
        make_policy,
        spec.profile.evaluation_seeds,
        deterministic=deterministic,
        keep_observations=has_support(world),
    )
