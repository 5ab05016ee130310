"""What was learned can be loaded again: every installed algorithm restores its policies."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from baselines import bc, dagger, mail
from il_envs import Budget, Problem, TabularPolicy, WorldVectorEnv, get_world
from il_envs.learning.installed import find_algorithm, installed_algorithms
from leaderboard.measures.checked import tensors_of

INSTALLED = {name: find_algorithm(name) for name in installed_algorithms()}
INSTALLED |= {algorithm.name: algorithm for algorithm in (dagger.algorithm, dagger.takeover)}
TINY = {
    "updates": 8, "updates_per_round": 4, "rounds": 2, "iterations": 3, "num_envs": 2,
    "rollout_steps": 16, "batch_size": 32, "epochs": 1, "expert_batch_size": 32,
    "cloning_updates": 8, "critic_steps": 64,
}  # fmt: skip
"""Settings of whatever name an algorithm has, so small that training takes no time."""
PLACES = ("DriftCar", "RiskyBridge", "Shooter")
BUDGET = Budget(400, 4_200)  # no less than a rollout of two environments of PPO's takes


def tiny(config: Any) -> Any:
    """The same settings with small numbers, those of nested settings included."""
    changes = {}
    for field in fields(config):
        value = getattr(config, field.name)
        changes[field.name] = tiny(value) if is_dataclass(value) else value
        if value and field.name in TINY:  # 0 says that it has none of them
            changes[field.name] = TINY[field.name]
    return replace(config, **changes)


def restored(algorithm, world, policy, config):
    """The policy, made anew from its tensors as a file has them."""
    tensors = tensors_of(policy)
    return algorithm.restore(
        world, {name: tensors[name].copy() for name in sorted(tensors)}, config
    )


def assert_acts_alike(world, policy, again):
    """Bitwise the same deterministic actions over an episode's first steps, with memory."""
    env = WorldVectorEnv(world.name, 4, "held_out")
    observation, _ = env.reset(seed=3)
    memories, start = [None, None], np.ones(4, np.bool_)
    for _ in range(30):
        actions = []
        for i, each in enumerate((policy, again)):
            action, memories[i] = each.predict(observation, memories[i], start, True)
            actions.append(action)
        np.testing.assert_array_equal(*actions)
        assert actions[0].dtype == actions[1].dtype
        observation, _, terminated, truncated, _ = env.step(actions[0])
        start = terminated | truncated


CASES = [
    (name, place)
    for name, algorithm in sorted(INSTALLED.items())
    for place in PLACES
    if algorithm.applies_to(get_world(place))
]

OTHERS = [("bc", "ShooterPixels"), ("mail-il", "ShooterPixels"), ("maxent", "Duel")]


@pytest.mark.filterwarnings("ignore:after 2 rounds the objective:il_envs.TrainingWarning")
@pytest.mark.filterwarnings("ignore:the discriminator still tells:il_envs.TrainingWarning")
@pytest.mark.parametrize(("name", "place"), [*CASES, *OTHERS])
def test_a_restored_policy_acts_bitwise_as_the_learned_one(name, place):
    algorithm, world = INSTALLED[name], get_world(place)
    config = tiny(algorithm.config)
    problem = Problem(world, algorithm.sources, BUDGET, seed=0)
    policy = algorithm.train(problem, 0, config)
    if not tensors_of(policy):
        assert algorithm.restore is None, "there is nothing to restore it from"
        return
    assert_acts_alike(world, policy, restored(algorithm, world, policy, config))


def test_a_network_with_memory_is_restored_too():
    """No installed algorithm has an LSTM."""
    world = get_world("Shooter")
    config = tiny(replace(mail.MAILConfig(), recurrent_units=8))
    problem = Problem(world, mail.algorithm.sources, BUDGET, seed=0)
    policy = mail.train(problem, 0, config)
    assert_acts_alike(world, policy, restored(mail.algorithm, world, policy, config))


@pytest.mark.parametrize("name", ["bc", "bc-ensemble", "mail", "gcl", "maxent", "iq-learn"])
def test_tensors_of_something_else_are_refused(name):
    algorithm = INSTALLED[name]
    world = next(w for w in map(get_world, PLACES) if algorithm.applies_to(w))
    with pytest.raises((KeyError, RuntimeError, ValueError)):
        algorithm.restore(world, {"something": np.zeros(3)}, algorithm.config)


def test_a_restored_table_keeps_its_probabilities():
    table = np.array([[0.25, 0.75], [1.0, 0.0]])
    again = bc.restore(get_world("RiskyBridge"), TabularPolicy(table, 3).tensors(), bc.BCConfig())
    np.testing.assert_array_equal(again.probabilities, table)
