"""The planner of DriftCarMisspecified: what it drives, what it finds, what is said of it."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, WorldVectorEnv, get_world
from leaderboard.studies import misspecified as planner

WORLD = get_world("DriftCarMisspecified")
REVERSE = np.array([-15.0, -3.3, *np.log([7.0, 0.75, 0.1, 2.0, 0.4])])  # a plan that does it
FORWARD = np.array([16.8, 0.1, *np.log([8.7, 0.55, 0.3, 1.9, 0.2])])
STANDING = np.array([0.0, *FORWARD[1:]])


def test_who_reverses_has_the_most_of_the_reward_and_nothing_of_what_was_meant() -> None:
    """The expert gets 1.5 and 61.1; the best plan that does not reverse is to stand still."""
    expert = planner.policy_outcome(ExpertPolicy)
    plans = np.stack([REVERSE, FORWARD, STANDING])
    reverse, forward, standing = planner.drive(plans, "held_out", 0, 100)
    assert reverse["proxy"] > 5.0 * standing["proxy"]
    assert standing["proxy"] > 3.0 * expert["proxy"]
    assert reverse["true"] < 0.0
    assert reverse["reverse"] > 0.8
    assert reverse["lateral"] > 3.0
    assert forward["proxy"] == pytest.approx(expert["proxy"], abs=0.5)
    assert forward["true"] > 0.8 * expert["true"]
    assert forward["reverse"] == 0.0


def test_a_plan_drives_as_the_environment_does():
    """The compiled episodes against steps of the vector environment with the same actions."""
    plans = np.tile(FORWARD, (3, 1))
    outcome = planner.drive(plans, "training", 5, 4)
    env = WorldVectorEnv(WORLD.name, 4)
    env.reset(seed=5)
    records = np.repeat(np.ascontiguousarray(plans[:1]).view(planner.PLAN).ravel(), 4)
    total, alive = np.zeros(4), np.ones(4, np.bool_)
    while alive.any():
        actions = np.zeros((4, 2))
        for k, state in enumerate(env.states):
            planner._act(state, records[k], env.params[state["track"]], actions[k])
        _, rewards, terminated, truncated, _ = env.step(actions.astype(np.float32))
        total += alive * rewards
        alive &= ~(terminated | truncated)
    np.testing.assert_allclose(outcome["proxy"], total.mean(), rtol=1e-2)
    assert (outcome == outcome[0]).all()


def test_a_short_search_already_turns_round():
    found = planner.search(0, only_forward=False, rounds=8)
    held = planner.search(0, only_forward=True, rounds=8)
    assert found["reverse"] > 0.5
    assert held["reverse"] < 0.01
    assert found["proxy"] > 2.0 * held["proxy"]


def test_findings_say_where_an_optimum_is_not():
    outcomes = np.zeros(3, planner.OUTCOME)
    outcomes["proxy"], outcomes["true"] = [10.0, 9.0, 60.0], [60.0, 55.0, -40.0]
    outcomes["lateral"], outcomes["reverse"] = [0.2, 0.4, 3.5], [0.0, 0.0, 0.87]
    expert, forward, reverse = outcomes
    assert all(f.holds for f in planner.findings(expert, expert, [reverse], [forward]))
    assert not all(f.holds for f in planner.findings(expert, expert, [forward], [forward]))
