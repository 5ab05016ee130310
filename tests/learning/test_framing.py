"""Windows and chunks in demonstrations, environments and meters, against single steps."""

import gymnasium as gym
import numpy as np
import pytest

from il_envs import (
    Budget,
    BudgetExceededError,
    Demonstrations,
    LearningCurveRecorder,
    Problem,
    WorldEnv,
    get_world,
)
from il_envs.learning.framed_problem import FramedProblem
from il_envs.learning.framing import Framing
from il_envs.learning.problem import SEED_BLOCK

CAR = get_world("DriftCar")
SOURCES = frozenset({"demonstrations", "expert", "env", "reward"})


def framing_of(world, window=1, chunk=1):
    return Framing(world.spaces.observation, world.spaces.action, window, chunk)


def problems(window=1, chunk=1, sources=SOURCES - {"expert"}, steps=10_000, **options):
    """The same problem in single steps, twice, and framed."""
    plain, other = (
        Problem(CAR, frozenset(sources), Budget(500, steps), seed=1, **options) for _ in range(2)
    )
    return plain, other, FramedProblem(other, framing_of(CAR, window, chunk))


def numbered(lengths, terminated=True):
    """Episodes in which everything tells its episode (in twenties) and its step."""
    observations, actions, rewards = [], [], []
    for number, length in enumerate(lengths):
        steps = 20.0 * number + np.arange(length + 1)
        observations.append(np.tile(steps[:, None], (1, 5)))
        actions.append(np.stack([steps[:-1], -steps[:-1]], 1) / 1_000.0)
        rewards.append(steps[:-1])
    flags = [terminated] * len(lengths)
    return Demonstrations.from_episodes("LaneKeeping", observations, actions, rewards, flags)


class TestDemonstrations:
    def test_framed_in_ones_they_are_bitwise_what_they_were(self):
        plain, other, framed = problems()
        shown, again = plain.demonstrations(400), framed.demonstrations(400)
        assert again.content_hash == shown.content_hash
        assert [e.state_hash for e in again.episodes] == [e.state_hash for e in shown.episodes]
        assert framed.meter is other.meter
        assert framed.meter.as_dict() == plain.meter.as_dict()

    def test_a_window_begins_anew_with_each_episode_and_repeats_its_first_observation(self):
        framing = framing_of(get_world("LaneKeeping"), window=3)
        shown = framing.demonstrations(numbered([4, 2]))
        assert shown.observations.shape == (6, 15)
        np.testing.assert_array_equal(
            shown.observations[:, ::5],
            [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [20, 20, 20], [20, 20, 21]],
        )
        np.testing.assert_array_equal(shown.episodes[0].observations[-1, ::5], [2, 3, 4])
        np.testing.assert_array_equal(shown.actions, numbered([4, 2]).actions)

    def test_the_targets_of_a_step_are_the_actions_from_it_on(self):
        framing = framing_of(get_world("LaneKeeping"), chunk=3)
        shown = framing.demonstrations(numbered([7]))
        begins = (1_000.0 * shown.actions[:, 0]).round().astype(int)
        assert sorted(begins) == [0, 1, 2, 3, 4]  # 5 and 6 begin no whole chunk
        for begin, chunk in zip(begins, shown.actions, strict=True):
            steps = begin + np.array([0, 0, 1, 1, 2, 2])
            np.testing.assert_allclose(1_000.0 * chunk, steps * [1, -1, 1, -1, 1, -1], atol=1e-12)

    def test_who_decides_once_in_a_chunk_sees_the_step_after_it_next(self):
        framing = framing_of(get_world("LaneKeeping"), chunk=3)
        episodes = framing.demonstrations(numbered([7, 2, 3])).episodes
        assert [e.observations[:, 0].tolist() for e in episodes] == [
            [0, 3, 6], [1, 4, 7], [2, 5], [40, 43],
        ]  # fmt: skip
        assert [e.terminated for e in episodes] == [False, True, False, True]
        assert [e.rewards.tolist() for e in episodes] == [[3, 12], [6, 15], [9], [123]]

    def test_if_no_episode_has_a_whole_chunk_it_says_so(self):
        framing = framing_of(get_world("LaneKeeping"), chunk=5)
        with pytest.raises(ValueError, match="as long as a chunk of 5 actions; the longest has 4"):
            framing.demonstrations(numbered([4, 2]))

    def test_every_action_that_is_shown_is_a_label(self):
        _, other, framed = problems(chunk=8)
        shown = framed.demonstrations(100)
        assert other.meter.labels == 100
        assert len(shown) == 93
        assert framed.labels_left == 400


class TestEnvironment:
    def test_framed_in_ones_it_is_bitwise_the_problems_own(self):
        """Random actions end many episodes in 500 steps."""
        plain, other, framed = problems()
        envs = [problem.env(3, reward=True) for problem in (plain, framed)]
        assert envs[0].metadata == envs[1].metadata
        random, ends = np.random.default_rng(0), 0
        np.testing.assert_array_equal(*(env.reset()[0] for env in envs))
        for _ in range(500):
            action = random.uniform(-1.0, 1.0, (3, 2)).astype(np.float32)
            (*ours, info), (*theirs, told) = (env.step(action) for env in envs)
            for mine, his in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(mine, his)
                assert mine.dtype == his.dtype
            assert info.keys() == told.keys()
            for name in info:
                np.testing.assert_array_equal(info[name], told[name])
            ends += ours[2].sum()
        assert ends > 10
        assert other.meter.as_dict() == plain.meter.as_dict()

    def test_a_chunk_is_its_actions_one_after_another_until_the_episode_ends(self):
        """Against single environments; the meter counts the steps that they take."""
        window, chunk, rows = 3, 5, 4
        recorder = LearningCurveRecorder(10_000)
        _, other, framed = problems(window, chunk, recorder=recorder)
        env = framed.env(rows, reward=True)
        singles = [WorldEnv("DriftCar") for _ in range(rows)]
        seen, observations = [], env.reset()[0]
        for k, single in enumerate(singles):
            seen.append([single.reset(seed=3 * SEED_BLOCK + k)[0]] * window)
        random, steps, cut = np.random.default_rng(1), 0, 0
        for _ in range(80):
            np.testing.assert_array_equal(observations, [np.concatenate(each) for each in seen])
            actions = random.uniform(-1.0, 1.0, (rows, chunk, 2)).astype(np.float32)
            observations, rewards, terminated, truncated, info = env.step(
                actions.reshape(rows, chunk * 2)
            )
            for k, single in enumerate(singles):
                total, ends = 0.0, False
                for number, action in enumerate(actions[k]):
                    observation, reward, ends, stops, _ = single.step(action)
                    seen[k] = [*seen[k][1:], observation]
                    total, steps = total + reward, steps + 1
                    if ends or stops:
                        cut += number < chunk - 1
                        break
                assert rewards[k] == total
                assert (terminated[k], truncated[k]) == (ends, stops)
                if ends or stops:
                    assert info["_final_obs"][k]
                    np.testing.assert_array_equal(info["final_obs"][k], np.concatenate(seen[k]))
                    seen[k] = [single.reset()[0]] * window
                elif info:
                    assert not info["_final_obs"][k]
        assert cut > 3
        assert other.meter.steps == other.meter.reward_reads == steps < 80 * rows * chunk
        assert sum(recorder.curve().episodes) >= cut

    def test_without_the_reward_it_shows_none(self):
        _, _, framed = problems(2, 2)
        env = framed.env(2)
        env.reset()
        _, rewards, *_, info = env.step(np.zeros((2, 4), np.float32))
        assert np.isnan(rewards).all()
        assert info == {}

    def test_steps_that_are_left_are_decisions(self):
        _, other, framed = problems(chunk=4, steps=50)
        assert (framed.budget.steps, framed.steps_left) == (12, 12)
        assert framed.max_episode_steps == 250
        env = framed.env(3)
        env.reset()
        for _ in range(4):
            env.step(np.zeros((3, 8), np.float32))
        assert (framed.steps_left, other.steps_left) == (0, 2)
        with pytest.raises(BudgetExceededError, match="50 environment steps"):
            env.step(np.zeros((3, 8), np.float32))

    def test_chunks_of_another_shape_are_refused(self):
        env = problems(chunk=4)[2].env(3)
        env.reset()
        with pytest.raises(ValueError, match=r"shape \(3, 2\), must be \(3, 8\): 4 actions"):
            env.step(np.zeros((3, 2), np.float32))

    def test_a_chunk_with_one_invalid_action_changes_nothing(self):
        _, other, framed = problems(chunk=3)
        env = framed.env(2)
        env.reset()
        states = env.steps._env.states.copy()
        chunks = np.zeros((2, 6), np.float32)
        chunks[1, 5] = 7.0
        with pytest.raises(ValueError, match=r"entry 1 \(drive\) of row 1 is 7"):
            env.step(chunks)
        np.testing.assert_array_equal(env.steps._env.states, states)
        assert other.meter.steps == 0

    def test_the_expert_labels_the_last_observation_of_the_window(self):
        """Its memory, too, begins anew with each episode."""
        plain, other, framed = problems(window=3, sources=SOURCES, style="unlearnable")
        envs = [plain.env(4), framed.env(4)]
        for env in envs:
            env.reset()
        rows, ends = np.array([True, False, True, True]), 0
        for _ in range(150):
            labels = [
                problem.expert(env, rows)
                for problem, env in zip((plain, framed), envs, strict=True)
            ]
            np.testing.assert_array_equal(*labels)
            action = np.clip(labels[0] + 0.5, -1.0, 1.0)
            (single, _, ended, *_), (stacked, *_) = (env.step(action) for env in envs)
            np.testing.assert_array_equal(single, stacked[:, -17:])
            ends += ended.sum()
        assert ends > 3
        assert framed.meter.expert_labels == plain.meter.expert_labels == 450
        assert other.meter is framed.meter


@pytest.mark.parametrize(
    ("world", "window", "chunk", "what"),
    [
        ("FourRooms", 2, 1, "window of 2 observations needs observations that are a Box"),
        ("ShooterPixels", 2, 1, "window of 2 observations needs observations that are a Box"),
        ("FourRooms", 1, 2, "chunk of 2 actions needs actions that are a Box"),
    ],
)
def test_what_cannot_be_concatenated_is_refused(world, window, chunk, what):
    with pytest.raises(TypeError, match=what):
        framing_of(get_world(world), window, chunk)


def test_spaces_hold_what_is_concatenated():
    framing = framing_of(get_world("Shooter"), window=2, chunk=3)
    assert framing.chunk_space == gym.spaces.MultiBinary(36)
    single, windows = get_world("Shooter").spaces.observation, framing.window_space
    assert windows.shape == (2 * single.shape[0],)
    assert windows.dtype == single.dtype
    np.testing.assert_array_equal(windows.high, np.concatenate([single.high] * 2))
    framing = framing_of(get_world("ShooterPixels"), chunk=3)
    assert framing.window_space == get_world("ShooterPixels").spaces.observation
