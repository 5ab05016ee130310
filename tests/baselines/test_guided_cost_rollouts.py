"""Guided cost learning from rollouts of PPO: what is paid, and what the reward is learned from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines import guided_cost
from baselines.guided_cost import GuidedCost, GuidedCostConfig
from baselines.reward_learning import PPOConfig, Transitions, demonstrated
from il_envs import Budget, LearnedReward, Problem, get_world
from il_envs.testing import check_algorithm

SMALL = GuidedCostConfig(
    hidden_sizes=(8,),
    batch_size=64,
    updates=2,
    ppo=PPOConfig(num_envs=4, rollout_steps=32, batch_size=64, epochs=2, hidden_sizes=(8,)),
)
ALGORITHM = replace(guided_cost.algorithm, config=SMALL)


def _problem(name="Walk", labels=300):
    return Problem(get_world(name), ALGORITHM.sources, Budget(labels, 10_000), 0)


@pytest.fixture
def known_policy(monkeypatch):
    """Actions have the log probability -2, whoever is asked."""

    def known(policy, observations, actions):
        return torch.full((len(actions),), -2.0)

    monkeypatch.setattr(guided_cost, "log_probabilities", known)


def _rollout():
    """A walker that stands still and never arrives."""
    observations = np.zeros((64, 9), np.float32)
    observations[:, 0] = 1.0
    left = np.full(64, 5)
    return Transitions(observations, np.ones(64, np.int64), observations, left < 0, left)


@pytest.mark.usefixtures("known_policy")
def test_what_is_paid_is_the_reward_and_the_entropy():
    problem = _problem()
    guide = GuidedCost(problem, 0, replace(SMALL, rollouts_per_update=10**6, temperature=0.5))
    rollout = _rollout()
    expected = guide.reward.reward(*rollout[:4]) + 0.5 * 2.0
    np.testing.assert_allclose(guide(None, rollout), expected, atol=1e-6)


@pytest.mark.usefixtures("known_policy")
def test_the_expensive_ancestor_learns_after_many_rollouts():
    problem = _problem()
    guide = GuidedCost(problem, 0, replace(SMALL, rollouts_per_update=3))
    rollout = _rollout()
    before = guide.reward.tensors()["body.0.weight"].copy()
    changed = []
    for _ in range(6):
        guide(None, rollout)
        weight = guide.reward.tensors()["body.0.weight"]
        changed.append(not np.array_equal(weight, before))
        before = weight.copy()
    assert changed == [False, False, True, False, False, True]


@pytest.mark.usefixtures("known_policy")
def test_the_expert_is_paid_more_than_who_does_something_else_but_no_steeper_than_allowed():
    problem = _problem()
    config = replace(
        SMALL, hidden_sizes=(), updates=600, batch_size=256, slope_penalty=100.0, steepest=2.0
    )
    guide = GuidedCost(problem, 0, config)
    guide(None, _rollout())
    shown = demonstrated(_problem().demonstrations(), problem.max_episode_steps)
    expert, learner = (guide.reward.reward(*t[:4]).mean() for t in (shown, _rollout()))
    assert expert > learner + 0.5
    slope = guide.reward.body[0].weight.norm().item()
    assert 1.9 < slope < 2.2, "a plane is as steep as it may be"


def test_the_regularisers_are_those_of_one_demonstration():
    problem = _problem("DriftCar", labels=5)  # one episode, cut short
    config = replace(SMALL, local_constant_rate=0.7, monotonicity=0.3)
    guide = GuidedCost(problem, 0, config)
    with torch.no_grad():
        for parameter in guide.reward.parameters():
            parameter *= 20.0  # steep enough for costs to rise by more than 1
        (episode,) = guide._episodes
        cost = -guide.reward(episode).double().numpy()
        found = guide._unevenness().item()
    uneven = sum((cost[t + 1] - 2 * cost[t] + cost[t - 1]) ** 2 for t in range(1, 4))
    rising = sum(max(0.0, cost[t] - cost[t - 1] - 1.0) ** 2 for t in range(1, 5))
    assert rising > 0.0
    assert found == pytest.approx(0.7 * uneven + 0.3 * rising, rel=1e-4)


@pytest.mark.parametrize("name", ["DriftCar", "Buttons", "Maze"])
def test_contract(name):
    check_algorithm(ALGORITHM, get_world(name))


def test_it_comes_with_its_reward():
    policy = ALGORITHM.train(_problem("Maze"), 0, SMALL)
    assert isinstance(policy.reward, LearnedReward)
