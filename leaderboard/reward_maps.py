"""Maps of a learned reward over the states of its world, to be drawn beside the true reward.

A learned reward exists only in the process that learned it, so the child process evaluates it and
stores the values. In an exact world they are the tables of the reward. Elsewhere states of an
expert's episode are moved over the two coordinates of the world's probe, and the rewards are those
of the expert's step from each.
"""

from pathlib import Path

import numpy as np

from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.checks import FloatArray
from il_envs.learning.learned_reward import LearnedReward, rewards_of
from il_envs.learning.policy import ExpertPolicy
from il_envs.views import Probe, States
from il_envs.world import World, get_world
from leaderboard import UserError
from leaderboard.cells import ANEW, read_reward_map
from leaderboard.measures.exact import RewardTables, reward_tables
from leaderboard.measures.references import required_reference, tabular_reference
from leaderboard.profiles import EVALUATION_SEED

RewardMap = dict[str, FloatArray]

REFERENCE_STATES = 32
"""Number of states taken from the expert's episode, equally spaced in time."""


def reward_map(world: World, reward: LearnedReward) -> RewardMap:
    """The arrays of a reward map by name, for the cell's folder; empty if the world is neither
    exact nor has a probe."""
    if tabular_reference(world) is not None:
        tables = reward_tables(world, reward)
        return {"own": tables.own} | (
            {} if tables.transfer is None else {"transfer": tables.transfer}
        )
    return {} if world.views.probe is None else probed(world, world.views.probe, reward)


def kept_reward_map(folder: Path, world: World) -> RewardMap:
    """The reward map in a cell's folder, checked; empty for a policy without a learned reward.

    Raises:
        UserError: if it is damaged.
    """
    kept = read_reward_map(folder)
    if kept and not _fits(kept, world):
        raise UserError(
            f"{folder / 'reward_map.npz'}: damaged: it does not hold what is kept of a reward in "
            f"{world.name}; {ANEW}"
        )
    return kept


def _fits(kept: RewardMap, world: World) -> bool:
    """True if all arrays have the names and shapes of `reward_map`, and are finite."""
    if any(array.dtype != np.float64 or not np.isfinite(array).all() for array in kept.values()):
        return False
    shapes = {name: array.shape for name, array in kept.items()}
    if tabular_reference(world) is None:
        surface = shapes.get("true", ())
        return len(surface) == 2 and shapes == {
            "first": surface[:1],
            "second": surface[1:],
            "true": surface,
            "learned": surface,
            "visited": (REFERENCE_STATES, 2),
        }
    transfer = {} if world.truth.transfer is None else {"transfer": get_world(world.truth.transfer)}
    exact = {"own": world} | transfer
    models = {name: required_reference(there).model for name, there in exact.items()}
    return shapes == {name: (model.states, model.actions) for name, model in models.items()}


def tables_of(kept: RewardMap) -> RewardTables | None:
    """The tables of a reward map; None if it has none."""
    return RewardTables(kept["own"], kept.get("transfer")) if "own" in kept else None


def probed(world: World, probe: Probe, reward: LearnedReward) -> RewardMap:
    """A reward map over the two coordinates of a probe.

    It holds the true and the learned reward of the expert's step from each placed state, float64
    [n, m], means over the reference states; the n and m values of the two coordinates; and the
    coordinates of the reference states themselves, [REFERENCE_STATES, 2].
    """
    reference = reference_states(world)
    grid = np.meshgrid(*probe.values, indexing="ij")
    states = np.repeat(reference, grid[0].size)
    probe.place(states, *(np.tile(values.ravel(), reference.size) for values in grid))
    env = WorldVectorEnv(world.name, states.size, "held_out", "Disabled")
    env.states = states
    before = env.observe()
    actions, _ = ExpertPolicy(env).predict()
    after, true, terminated, _, _ = env.step(actions)
    learned = rewards_of(reward, before, actions, after, terminated)
    shape = (reference.size, *grid[0].shape)
    return {
        "first": probe.values[0],
        "second": probe.values[1],
        "visited": np.stack(probe.read(reference), -1),
        "true": true.reshape(shape).mean(0),
        "learned": learned.reshape(shape).mean(0),
    }


def reference_states(world: World) -> States:
    """States of the expert's first held-out episode, `REFERENCE_STATES` of them."""
    env = WorldVectorEnv(world.name, 1, "held_out", "Disabled")
    expert = ExpertPolicy(env)
    env.reset(seed=EVALUATION_SEED)
    memory, visited, ended = None, [], False
    while not ended:
        visited.append(env.states.copy())
        actions, memory = expert.predict(state=memory)
        _, _, terminated, truncated, _ = env.step(actions)
        ended = bool(terminated[0] or truncated[0])
    places = np.linspace(0, len(visited) - 1, REFERENCE_STATES).round().astype(np.int64)
    return np.concatenate([visited[place] for place in places])
