"""Gauntlet: its shares, its wall and gates, and what one button a step can get, by exhaustion."""

import numpy as np
import pytest

from baselines import mail
from il_envs import (
    Budget,
    ExpertPolicy,
    Problem,
    WorldEnv,
    WorldVectorEnv,
    get_world,
    run_episodes,
)
from il_envs.worlds.gauntlet import dynamics as gauntlet
from il_envs.worlds.gauntlet.dynamics import BACK, FIRE, FORWARD
from tests.worlds.shooter.shooting_range import press

WORLD = get_world("Gauntlet")
RUN, WALL = 0.2, 0.15  # m a step


@pytest.fixture
def env():
    env = WorldEnv("Gauntlet")
    env.reset(seed=0)
    return env


def _best_return(lead):
    """The most that one button a step can return from a lead, over all ways to press them.

    By the kernel itself, from every state that can be reached. Back is left out: it takes the
    runner where it was, with the wall nearer and less time.
    """
    starts = np.zeros(1, WORLD.dynamics.state)
    starts["wall"], starts["hits"] = -lead, gauntlet.GATE_HITS
    returns, best = np.zeros(1), 0.0
    for _ in range(WORLD.dynamics.max_episode_steps):
        states, rewards, goes_on = [], [], []
        for buttons in ((), (FORWARD,), (FIRE,)):
            env = WorldVectorEnv("Gauntlet", len(starts))
            env.states = starts
            actions = np.zeros((len(starts), 3), np.int8)
            actions[:, list(buttons)] = 1
            _, reward, terminated, _, _ = env.step(actions)
            states.append(env.states)
            rewards.append(returns + reward)
            goes_on.append(~terminated)
        states, returns, goes_on = map(np.concatenate, (states, rewards, goes_on))
        best = max(best, returns.max())
        if not goes_on.any():
            break
        states, returns = states[goes_on], returns[goes_on]
        _, first = np.unique(states[["x", "gates", "hits"]], return_index=True)
        starts, returns = states[first], returns[first]
    return best


class TestOneButton:
    @pytest.mark.parametrize(("lead", "best"), [(3.0, 4.0), (2.0, 3.0)])
    def test_the_best_of_all_policies(self, lead, best):
        assert _best_return(lead) == pytest.approx(best)

    def test_the_bound_is_what_the_best_policy_gets_from_the_greatest_lead(self):
        best = _best_return(gauntlet.LEAD_MAX)
        assert best - 1e-9 <= WORLD.truth.one_button_bound() <= best + 1e-9

    def test_the_expert_holds_two_and_gets_more_than_three_times_as_much(self):
        episodes = run_episodes(WORLD, "held_out", ExpertPolicy, range(50))
        for episode in episodes:
            assert episode.total_reward == pytest.approx(400 * 0.2 / 6.0)
            assert episode.total_reward > 3.0 * WORLD.truth.one_button_bound()
            assert (len(episode), episode.terminated) == (400, False)
            assert episode.measures["is_success"][-1] == 1.0
            assert (episode.measures["is_success"][:-1] == 0.0).all()

    def test_one_button_at_a_time_in_the_shares_that_are_asked_for_does_not_do(self):
        """Forward and fire in turn, in the proportion of their shares, .75 to .40."""
        env = WorldEnv("Gauntlet")
        for seed in range(10):
            env.reset(seed=seed)
            total, terminated, owed = 0.0, False, 0.0
            while not terminated:
                owed += 0.40 / 1.15
                button = FIRE if owed >= 1.0 else FORWARD
                owed -= button == FIRE
                action = np.zeros(3, np.int8)
                action[button] = 1
                _, reward, terminated, truncated, _ = env.step(action)
                total += reward
                assert not truncated
            assert total <= WORLD.truth.one_button_bound()


class TestLearners:
    """After 100,000 steps, drawn and in their modes."""

    def _returns(self, algorithm):
        problem = Problem(WORLD, algorithm.sources, Budget(labels=1000, steps=100_000), seed=0)
        policy = algorithm.train(problem, 0, algorithm.config)
        return [
            episode.total_reward
            for draws in (True, False)
            for episode in run_episodes(
                WORLD, "held_out", lambda env: policy, range(50), deterministic=not draws
            )
        ]

    @pytest.mark.parametrize("algorithm", [mail.single, mail.single_reinforcement])
    def test_none_that_presses_one_button_passes_the_bound(self, algorithm):
        returns = self._returns(algorithm)
        assert min(returns) > 0.0
        assert max(returns) <= WORLD.truth.one_button_bound()

    @pytest.mark.parametrize("algorithm", [mail.algorithm, mail.reinforcement])
    def test_with_chords_they_do(self, algorithm):
        assert np.mean(self._returns(algorithm)) > 2.0 * WORLD.truth.one_button_bound()


class TestShares:
    def test_forward_is_needed_for_three_quarters_of_the_time(self):
        share = gauntlet.WALL_STEP / gauntlet.RUN_STEP
        assert share == pytest.approx(0.75)

    def test_fire_is_needed_for_two_fifths_of_the_time_at_the_walls_pace(self):
        steps = gauntlet.GATE_DISTANCE / gauntlet.WALL_STEP
        assert gauntlet.GATE_HITS / steps == pytest.approx(0.40)


class TestDynamics:
    @pytest.mark.parametrize(
        ("buttons", "way"),
        [((), 0.0), ((FORWARD,), RUN), ((BACK,), -RUN), ((FORWARD, BACK), 0.0), ((FIRE,), 0.0)],
    )
    def test_the_runner_moves_and_is_rewarded_by_the_metre(self, env, buttons, way):
        rewards = press(env, *buttons, steps=5)
        assert env.states[0]["x"] == pytest.approx(5 * way)
        assert rewards == pytest.approx(5 * way / 6.0)
        assert env.states[0]["held"].nonzero()[0].tolist() == list(buttons)

    def test_the_wall_starts_two_to_three_metres_behind_and_comes_steadily(self):
        env = WorldVectorEnv("Gauntlet", 500)
        env.reset(seed=0)
        leads = -env.states["wall"]
        assert 2.0 <= leads.min() < 2.05
        assert 2.95 < leads.max() < 3.0
        env.step(np.zeros((500, 3), np.int8))
        np.testing.assert_allclose(env.states["wall"] + leads, WALL, rtol=1e-12)

    def test_the_wall_ends_the_episode_when_it_arrives(self, env):
        lead, steps = -float(env.states[0]["wall"]), 0
        terminated = truncated = False
        while not terminated and not truncated:
            *_, terminated, truncated, info = env.step(np.zeros(3, np.int8))
            steps += 1
        assert steps == np.ceil(lead / WALL)
        assert (truncated, info["is_success"]) == (False, 0.0)
        assert info["lead"] == pytest.approx(lead - WALL * steps)

    def test_a_gate_stops_the_runner_until_it_has_been_hit_sixteen_times(self, env):
        env.states[0]["wall"] = -100.0
        press(env, FORWARD, steps=40)
        assert env.states[0]["x"] == 6.0
        press(env, FIRE, steps=15)
        press(env, FORWARD, steps=2)
        assert (env.states[0]["x"], env.states[0]["gates"]) == (6.0, 0)
        press(env, FIRE)
        assert (env.states[0]["gates"], env.states[0]["hits"]) == (1, 16)
        press(env, FORWARD)
        assert env.states[0]["x"] == pytest.approx(6.2)

    def test_only_the_gate_within_six_metres_is_hit(self, env):
        env.states[0]["wall"] = -100.0
        press(env, FIRE, steps=20)
        assert (env.states[0]["gates"], env.states[0]["hits"]) == (1, 16), "the next is 12 m away"
        press(env, FORWARD, steps=30)
        press(env, FIRE, steps=3)
        assert env.states[0]["hits"] == 13

    def test_the_observation_tells_all_that_matters(self, env):
        env.states[0]["wall"] = -3.0
        press(env, FORWARD, FIRE, steps=3)
        out = env.observe()
        expected = [(0.6 + 3.0 - 0.45) / 12.0, 5.4 / 6.0, 13 / 16, 1.0 - 3 / 400, 1.0, 0.0, 1.0]
        np.testing.assert_allclose(out, expected, rtol=1e-6)
        env.states[0]["wall"], env.states[0]["x"] = -30.0, -2.0
        assert env.observe()[:2].tolist() == [1.0, 1.0]
