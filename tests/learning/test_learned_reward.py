"""Learned rewards on their own: tables, expectations over a model, environments that pay them."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import il_envs
from il_envs import LearnedReward, TabularReward, WorldVectorEnv, get_world, reward_table
from il_envs.buttons import joint_chords
from il_envs.learning.learned_reward import InvalidRewardError
from il_envs.wrappers.vector import RewardWrapper, SingleButton

MODES = list(AutoresetMode)


class Recorded:
    """Pays the row number, and 100 more where the episode ended; keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def reward(self, observation, action, next_observation, ended):
        self.asked.append((observation, action, next_observation, ended))
        return np.arange(len(observation)) + 100.0 * ended

    def tensors(self):
        return {}


class TestTabularReward:
    def test_it_looks_up_states_or_states_and_actions(self):
        states, ended = np.array([2, 0]), np.zeros(2, np.bool_)
        by_state = TabularReward([1.0, 2.0, 3.0])
        np.testing.assert_array_equal(by_state.reward(states, states, states, ended), [3.0, 1.0])
        by_action = TabularReward(np.arange(12.0).reshape(3, 4))
        actions = np.array([3, 1])
        np.testing.assert_array_equal(by_action.reward(states, actions, states, ended), [11.0, 1.0])
        chords = joint_chords(2)[actions]
        np.testing.assert_array_equal(by_action.reward(states, chords, states, ended), [11.0, 1.0])
        assert isinstance(by_action, LearnedReward)

    def test_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"must be \[S\] or \[S, A\], not \[2, 2, 2\]"):
            TabularReward(np.zeros((2, 2, 2)))


class TestRewardTable:
    @pytest.mark.parametrize("name", ["RiskyBridge", "Duel"])
    def test_a_table_comes_back(self, name):
        world = get_world(name)
        model = world.known_model()
        table = np.random.default_rng(0).normal(size=(model.states, model.actions))
        found = reward_table(TabularReward(table), model, world.spaces.action)
        np.testing.assert_array_equal(found, np.where(model.available, table, 0.0))

    def test_what_depends_on_the_next_state_is_averaged(self):
        class Arrival:
            def reward(self, observation, action, next_observation, ended):
                return potential[next_observation] - potential[observation]

            def tensors(self):
                return {}

        world = get_world("FourRooms")
        model = world.known_model()
        potential = np.random.default_rng(0).normal(size=model.states)
        found = reward_table(Arrival(), model, world.spaces.action)
        exact = model.expected_next(potential).T - potential[:, None]
        np.testing.assert_allclose(found, exact, atol=1e-12)


def _step_all(env, steps=120):
    """What a few steps of the same random actions return."""
    env.reset(seed=3)
    env.action_space.seed(0)
    return [(actions := env.action_space.sample(), *env.step(actions)) for _ in range(steps)]


@pytest.mark.parametrize("mode", MODES)
class TestRewardWrapper:
    def test_all_but_the_rewards_is_the_environments_own(self, mode):
        plain = _step_all(WorldVectorEnv("Walk", 6, autoreset_mode=mode))
        paid = _step_all(RewardWrapper(WorldVectorEnv("Walk", 6, autoreset_mode=mode), Recorded()))
        for (action, observation, _, *ends, _), ours in zip(plain, paid, strict=True):
            np.testing.assert_array_equal(ours[0], action)
            np.testing.assert_array_equal(ours[1], observation)
            np.testing.assert_array_equal(ours[3:5], ends)

    def test_every_true_transition_is_paid_and_no_other(self, mode):
        """What the reward is asked about is what single environments go through."""
        reward = Recorded()
        env = RewardWrapper(WorldVectorEnv("Walk", 6, autoreset_mode=mode), reward)
        steps = _step_all(env)
        has_ended = np.zeros(6, np.bool_)
        seen_end = False
        for (chosen, _, paid, *ends_of, _), asked in zip(steps, reward.asked, strict=True):
            terminated, truncated = ends_of
            expected = np.where(has_ended, 0.0, np.arange(6) + 100.0 * terminated)
            np.testing.assert_array_equal(paid, expected)
            before, action, after, ended = asked
            np.testing.assert_array_equal(ended, terminated)
            np.testing.assert_array_equal(action, chosen)
            moved = np.abs(after.argmax(1) - before.argmax(1))
            assert (moved[~has_ended] <= 1).all(), "a walker takes one step at a time"
            if mode is AutoresetMode.SAME_STEP:
                continue
            ends = terminated | truncated
            seen_end |= bool(ends.any())
            has_ended = ends | (has_ended & (mode is AutoresetMode.DISABLED))
        assert seen_end or mode is AutoresetMode.SAME_STEP


def test_rows_that_are_reset_are_paid_again():
    env = RewardWrapper(
        WorldVectorEnv("Walk", 2, autoreset_mode=AutoresetMode.DISABLED), Recorded()
    )
    env.reset(seed=0)
    left = np.zeros(2, np.int64)
    terminated = np.zeros(2, np.bool_)
    while not terminated.all():
        _, _, ends, _, _ = env.step(left)
        terminated |= ends
    assert env.step(left)[1].tolist() == [0.0, 0.0]
    env.reset(options={"reset_mask": np.array([False, True])})
    assert env.step(np.full(2, 2))[1].tolist()[0] == 0.0
    assert env.step(np.full(2, 2))[1].tolist()[1] >= 1.0


def test_the_true_reward_of_a_grid_is_what_the_environment_pays():
    """A table in a world of tables: learners see in the wrapper what they would see without."""
    model = gym.make("il_envs/FourRooms-v0").unwrapped.model
    plain, wrapped = (
        il_envs.WorldVectorEnv("FourRooms", 8, autoreset_mode="SameStep") for _ in range(2)
    )
    paid = _step_all(RewardWrapper(wrapped, TabularReward(model.reward)))
    for (*_, reward, _, _, _), ours in zip(_step_all(plain), paid, strict=True):
        np.testing.assert_array_equal(ours[2], reward)


CLIFF = max(name for name in gym.registry if name.startswith("CliffWalking-"))


@pytest.mark.parametrize("world", ["CartPole-v1", CLIFF])
def test_gymnasiums_own_vector_environments_are_paid_for_where_an_episode_ended(world):
    """They keep last observations as an array of objects."""
    env = gym.make_vec(
        world,
        3,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
        max_episode_steps=20,
    )
    reward = Recorded()
    seen_end = False
    for (_, observation, *_, info), (*_, after, _) in zip(
        _step_all(RewardWrapper(env, reward), 40), reward.asked, strict=True
    ):
        for i in range(3):
            ended = "final_obs" in info and info["_final_obs"][i]
            last = info["final_obs"][i] if ended else observation[i]
            np.testing.assert_array_equal(after[i], last)
            seen_end |= bool(ended)
    assert seen_end


class Writing:
    """Writes over all that it is asked about."""

    def reward(self, observation, action, next_observation, ended):
        for asked in (observation, action, next_observation, ended):
            asked[...] = 1
        return np.zeros(len(observation))

    def tensors(self):
        return {}


@pytest.mark.parametrize("mode", MODES)
def test_a_reward_that_writes_over_what_it_is_asked_changes_nothing(mode):
    plain = _step_all(WorldVectorEnv("DriftCar", 3, autoreset_mode=mode))
    paid = _step_all(RewardWrapper(WorldVectorEnv("DriftCar", 3, autoreset_mode=mode), Writing()))
    for (_, observation, _, *ends, _), ours in zip(plain, paid, strict=True):
        np.testing.assert_array_equal(ours[1], observation)
        np.testing.assert_array_equal(ours[3:5], ends)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_an_environment_that_writes_over_its_observations_is_paid_for_both(mode):
    def environment(copy):
        makers = [lambda: gym.make("il_envs/DriftCar-v0")] * 3
        return gym.vector.SyncVectorEnv(makers, copy=copy, autoreset_mode=mode)

    asked = []
    for copy in (True, False):
        reward = Recorded()
        _step_all(RewardWrapper(environment(copy), reward), 40)
        asked.append(reward.asked)
    for copied, shared in zip(*asked, strict=True):
        for expected, found in zip(copied, shared, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "answer", [np.zeros((3, 1)), 1.0, None, np.zeros(2), np.array([0.0, np.nan, 0.0])]
)
def test_answers_that_are_no_rewards_are_refused(mode, answer):
    class Answers(Writing):
        def reward(self, *transition):
            return answer

    env = RewardWrapper(WorldVectorEnv("Walk", 3, autoreset_mode=mode), Answers())
    env.reset(seed=0)
    with pytest.raises(InvalidRewardError, match="a reward "):
        env.step(np.zeros(3, np.int64))


def test_a_table_is_for_the_worlds_own_states_and_actions():
    """A number of a single button is no number of a chord."""
    duel = get_world("Duel")
    buttons = duel.spaces.action.n
    table = TabularReward(np.zeros((duel.spaces.observation.n, 2**buttons)))
    env = WorldVectorEnv("Duel", 2)
    with pytest.raises(InvalidRewardError, match="must have the shape"):
        RewardWrapper(SingleButton(env), table)
    assert SingleButton(RewardWrapper(env, table)).single_action_space.n == buttons + 1
    with pytest.raises(InvalidRewardError, match="numbers of states"):
        RewardWrapper(WorldVectorEnv("DriftCar", 2), table)
