"""Pillar: what chords, and buttons drawn one by one, achieve, against closed forms."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

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
from il_envs.buttons import joint_chords
from il_envs.worlds.pillar.dynamics import LEAN_LEFT, LEAN_RIGHT, SPACING, STRAFE_LEFT, STRAFE_RIGHT
from tests.worlds.shooter.shooting_range import press

WORLD = get_world("Pillar")
LEFT, RIGHT = (STRAFE_LEFT, LEAN_LEFT), (STRAFE_RIGHT, LEAN_RIGHT)
ERROR_RATE = 1e-4  # of each statistical test here, in one run


class _IndependentButtons:
    """Presses each button half of the time until it has chosen a side, then goes on to that side.

    These are the expert's shares of each button in every observation.
    """

    def __init__(self, seed):
        self._random = np.random.default_rng(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        offset = observation[:, 1]
        actions = self._random.integers(0, 2, (len(offset), 4), np.int8)
        for side, buttons in ((0.5, LEFT), (-0.5, RIGHT)):
            chord = np.zeros(4, np.int8)
            chord[list(buttons)] = 1
            actions[offset == side] = chord
        actions[np.abs(offset) == 1.0] = 0
        return actions, None


@pytest.fixture
def env():
    env = WorldEnv("Pillar")
    env.reset(seed=0)
    return env


def _stumbles(chord):
    env = WorldEnv("Pillar")
    env.reset(seed=0)
    return env.step(chord)[2]


class TestChords:
    def test_thirteen_of_sixteen_stumble(self):
        chords = joint_chords(4)
        fine = [tuple(np.flatnonzero(chord)) for chord in chords if not _stumbles(chord)]
        assert sorted(fine) == sorted([(), tuple(sorted(LEFT)), tuple(sorted(RIGHT))])

    @pytest.mark.parametrize(("buttons", "side"), [(LEFT, 1.0), (RIGHT, -1.0)])
    def test_a_chord_moves_half_a_metre_up_to_one(self, env, buttons, side):
        offsets = []
        for _ in range(3):
            assert press(env, *buttons) == 0.0
            offsets.append(float(env.states[0]["offset"]))
        assert offsets == [0.5 * side, side, side]
        press(env)
        assert env.states[0]["offset"] == side
        assert env.observe()[1] == side

    def test_a_stumble_and_a_pillar_that_is_not_aside_end_the_episode(self):
        for steps_aside, buttons in product((0, 1, 2), (LEFT, RIGHT)):
            env = WorldEnv("Pillar")
            env.reset(seed=1)
            ahead = int(env.states[0]["ahead"])
            press(env, *buttons, steps=steps_aside)
            for _ in range(ahead - steps_aside):
                _, reward, terminated, truncated, info = env.step(np.zeros(4, np.int8))
            passed = steps_aside == 2
            assert (reward, terminated, truncated) == (float(passed), not passed, False)
            assert (info["pillars"], info["is_success"]) == (float(passed), 0.0)
            if passed:
                assert (env.states[0]["offset"], env.states[0]["ahead"]) == (0.0, SPACING)

    def test_the_first_pillar_is_seven_to_twelve_steps_ahead(self):
        env = WorldVectorEnv("Pillar", 3_000)
        observations, _ = env.reset(seed=0)
        counts = np.bincount(env.states["ahead"], minlength=13)
        assert not counts[:7].any()
        assert stats.chisquare(counts[7:]).pvalue > ERROR_RATE
        np.testing.assert_allclose(observations[:, 0], env.states["ahead"] / 12.0, rtol=1e-6)


class TestPolicies:
    @pytest.mark.parametrize("style", ["bimodal", "left"])
    def test_the_experts_pass_all_twenty(self, style):
        episodes = run_episodes(WORLD, "held_out", lambda env: ExpertPolicy(env, style), range(100))
        for episode in episodes:
            assert (episode.total_reward, len(episode)) == (20.0, 240)
            assert (episode.terminated, episode.measures["is_success"][-1]) == (False, 1.0)
            assert (episode.measures["is_success"][:-1] == 0.0).all()

    def test_bimodal_takes_either_side_half_of_the_time_and_one_side_for_each_pillar(self):
        episodes = run_episodes(WORLD, "training", ExpertPolicy, range(100))
        sides = []
        for episode in episodes:
            pressed = {tuple(np.flatnonzero(action)) for action in episode.actions}
            assert pressed <= {(), tuple(sorted(LEFT)), tuple(sorted(RIGHT))}
            ends = np.flatnonzero(episode.rewards) + 1
            for begin, end in zip([0, *ends[:-1]], ends, strict=True):
                moves = episode.actions[begin:end, STRAFE_LEFT] * 1
                moves -= episode.actions[begin:end, STRAFE_RIGHT]
                assert abs(moves.sum()) == np.abs(moves).sum() == 2, "it changes its mind"
                sides.append(moves.sum() > 0)
        assert stats.binomtest(int(np.sum(sides)), len(sides)).pvalue > ERROR_RATE
        sides = np.reshape(sides, (100, 20))
        same = int((sides[:, 1:] == sides[:, :-1]).sum())
        assert stats.binomtest(same, 100 * 19).pvalue > ERROR_RATE, "coins hang together"

    def test_independent_buttons_pass_two_of_fifteen_pillars(self):
        """With n steps to go they choose a side in time with a chance of 2/15 (1 - 16^(1 - n)).

        A step of four coins is a chord with 2/16, nothing with 1/16, and else a stumble; the
        second step aside must come before the pillar does.
        """

        def chance(steps):
            return 2 / 15 * (1 - 16.0 ** (1 - steps))

        rows = 20_000
        policy = _IndependentButtons(seed=0)
        episodes = run_episodes(WORLD, "training", lambda env: policy, range(rows))
        passed = np.array([episode.total_reward for episode in episodes])
        first = np.mean([chance(steps) for steps in range(7, 13)])
        count = int((passed >= 1).sum())
        assert stats.binomtest(count, rows, first).pvalue > ERROR_RATE
        again = int((passed >= 2).sum())
        assert stats.binomtest(again, count, chance(SPACING)).pvalue > ERROR_RATE
        assert passed.max() < 10

    def test_every_button_is_pressed_in_half_of_the_steps_in_which_a_side_is_chosen(self):
        episodes = run_episodes(WORLD, "training", ExpertPolicy, range(200))
        chosen = np.concatenate([
            episode.actions[(episode.observations[:-1, 1] == 0.0)] for episode in episodes
        ])  # fmt: skip
        for count in chosen.sum(0):
            assert stats.binomtest(int(count), len(chosen)).pvalue > ERROR_RATE / 4


class TestClones:
    """Clones of 5,000 labels; their actions are sampled, because the mode of independent buttons
    would break the expert's ties."""

    def _mean_return(self, style, action_model):
        algorithm = mail.imitation
        problem = Problem(WORLD, algorithm.sources, Budget(5_000, 0), seed=0, style=style)
        config = replace(algorithm.config, action_model=action_model, updates=1_000)
        policy = algorithm.train(problem, 0, config)
        episodes = run_episodes(
            WORLD, "held_out", lambda env: policy, range(100), deterministic=False
        )
        return np.mean([episode.total_reward for episode in episodes])

    def test_of_two_ways_independent_buttons_mix_the_chords_and_joint_ones_do_not(self):
        assert self._mean_return("bimodal", "maps") < 1.0
        assert self._mean_return("bimodal", "joint") > 15.0

    def test_of_one_way_independent_buttons_are_enough(self):
        assert self._mean_return("left", "maps") > 15.0
