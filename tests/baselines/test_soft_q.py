"""SQIL and IQ-Learn: soft Q-functions that imitate."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines import soft_q
from baselines.reward_learning import Transitions
from baselines.soft_q import Memory, Rows, SoftQConfig
from il_envs import Budget, Problem, get_world, run_episodes
from il_envs.testing import check_algorithm

SMALL = SoftQConfig(hidden_sizes=(8,), batch_size=32, updates=40, num_envs=4, memory=64)
ALGORITHMS = {
    name: replace(algorithm, config=SMALL)
    for name, algorithm in {"iq-learn": soft_q.iq_learn, "sqil": soft_q.sqil}.items()
}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("world", ["Walk", "Maze", "RiskyBridge"])
def test_contract(name, world):
    check_algorithm(ALGORITHMS[name], get_world(world))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_they_apply_to_numbered_actions(name, world):
    numbered = type(world.spaces.action).__name__ == "Discrete"
    assert ALGORITHMS[name].applies_to(world) == numbered


def _problem(name, steps=20_000, labels=2_000):
    return Problem(get_world(name), soft_q.sqil.sources, Budget(labels, steps), 0)


@pytest.mark.parametrize("train", [soft_q.train_iq_learn, soft_q.train_sqil])
def test_the_way_out_of_the_maze_is_learned(train):
    config = replace(SMALL, hidden_sizes=(32,), updates=1_500, num_envs=16, memory=10_000)
    policy = train(_problem("Maze"), 0, config)
    for episode in run_episodes(get_world("Maze"), "held_out", lambda env: policy, range(10)):
        moved = np.diff(episode.measures["places_to_go"])
        assert set(moved) <= {-1.0, 0.0}, "a step leads nearer to the way out, or slips"
        assert episode.terminated


def test_values_are_those_of_the_soft_bellman_equation():
    problem = _problem("Maze", labels=50)
    shown, policy = soft_q._begin(problem, 0, SMALL)
    rows = Rows(policy, shown)
    with torch.no_grad():
        q, value, ahead = rows.values(policy, policy, torch.arange(len(rows)), end=7.0)
        table = policy.body(policy.encoder(np.arange(12))).double().numpy()
    states, following = shown.observations, shown.next_observations
    np.testing.assert_allclose(q, table[states, shown.actions], atol=1e-5)
    logs = np.log(np.exp(table).sum(1))
    np.testing.assert_allclose(value, logs[states], atol=1e-5)
    assert shown.terminated.any()
    np.testing.assert_allclose(ahead, np.where(shown.terminated, 7.0, logs[following]), atol=1e-5)


class TestMemory:
    def _filled(self, vectors):
        problem = _problem("Maze")
        memory = Memory(problem, 6)
        for i in range(vectors):
            cells = np.array([2 * i, 2 * i + 1])
            memory.add(cells, cells % 4, cells + 1, cells % 2 == 0)
        return memory

    @pytest.mark.parametrize(
        ("vectors", "kept"), [(1, {0, 1}), (3, set(range(6))), (5, set(range(4, 10)))]
    )
    def test_it_keeps_the_last_ones(self, vectors, kept):
        drawn = self._filled(vectors).draw(500, torch.Generator().manual_seed(0))
        assert isinstance(drawn, Transitions)
        assert set(drawn.observations.tolist()) == kept
        np.testing.assert_array_equal(drawn.next_observations, drawn.observations + 1)
        np.testing.assert_array_equal(drawn.actions, drawn.observations % 4)
        np.testing.assert_array_equal(drawn.terminated, drawn.observations % 2 == 0)


def test_too_few_steps_are_refused():
    with pytest.raises(ValueError, match="3 environment steps are less than one in each of 4"):
        soft_q.train_sqil(_problem("Maze", steps=3), 0, SMALL)
