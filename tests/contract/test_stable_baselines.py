"""Vector environments in Stable-Baselines3: the transitions of its own loop over single ones."""

import re
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from baselines.networks import one_thread
from il_envs import Budget, Problem, WorldVectorEnv, get_world
from il_envs.stable_baselines import GymnasiumVecEnv
from il_envs.wrappers import JointButtons, SingleButton
from il_envs.wrappers import vector as vector_wrappers

ROWS, STEPS = 4, 1200
WRAPPERS = {
    "": (lambda env: env, lambda env: env),
    "single": (SingleButton, vector_wrappers.SingleButton),
    "joint": (JointButtons, vector_wrappers.JointButtons),
}


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


def _vector(world, rows=ROWS, mode=AutoresetMode.SAME_STEP, **options):
    return WorldVectorEnv(world, rows, autoreset_mode=mode, **options)


def _assert_same_bits(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    assert ours.tobytes() == theirs.tobytes()


def _assert_same_transitions(ours, theirs, expected_ends):
    """Both take the same random actions, as floats as Stable-Baselines3 draws them; `expected_ends`
    are ways in which an episode must have ended: whether `TimeLimit.truncated`."""
    assert (ours.observation_space, ours.action_space) == (
        theirs.observation_space,
        theirs.action_space,
    )
    ours.seed(7)
    theirs.seed(7)
    _assert_same_bits(ours.reset(), theirs.reset())
    ours.action_space.seed(0)
    ends = set()
    for _ in range(STEPS):
        floats = np.array([ours.action_space.sample() for _ in range(ROWS)], np.float32)
        *transition, infos = ours.step(floats)
        *expected, expected_infos = theirs.step(floats.astype(ours.action_space.dtype))
        for ours_rows, theirs_rows in zip(transition, expected, strict=True):
            _assert_same_bits(ours_rows, theirs_rows)
        for done, info, expected_info in zip(expected[2], infos, expected_infos, strict=True):
            if not done:
                assert info == {}
                continue
            ends.add(info["TimeLimit.truncated"])
            _assert_same_bits(
                info.pop("terminal_observation"), expected_info.pop("terminal_observation")
            )
            assert info["episode"].pop("t") >= 0.0
            del expected_info["episode"]["t"]
            assert info == expected_info
    assert ends == expected_ends


@pytest.mark.parametrize(
    ("name", "wrapper", "ends"),
    [
        ("Walk", "", {False, True}),
        ("Maze", "", {False, True}),
        ("Buttons", "", {False}),
        ("Buttons", "single", {False}),
        ("Buttons", "joint", {False}),
        ("DriftCar", "", {False}),
        ("LaneKeeping", "", {True}),
        ("RiskyBridge", "", {True}),
    ],
)
def test_transitions_are_bitwise_those_of_single_environments(name, wrapper, ends):
    single, vector = WRAPPERS[wrapper]
    world = get_world(name)
    ours = GymnasiumVecEnv(vector(_vector(name)))
    theirs = DummyVecEnv([lambda: Monitor(single(gym.make(world.id)))] * ROWS)
    _assert_same_transitions(ours, theirs, ends)


class TellsFalls(gym.Wrapper):
    """Has something in its info only where the pole has fallen."""

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        fall = {"fall": {"speed": observation[3]}} if terminated else {}
        return observation, reward, terminated, truncated, info | fall


def test_gymnasiums_own_vector_environments_will_do():
    def make():
        return TellsFalls(gym.make("CartPole-v1", max_episode_steps=15))

    ours = SyncVectorEnv([make] * ROWS, autoreset_mode=AutoresetMode.SAME_STEP)
    theirs = DummyVecEnv([lambda: Monitor(make())] * ROWS)
    _assert_same_transitions(GymnasiumVecEnv(ours), theirs, {False, True})


class Episodes(BaseCallback):
    """Keeps the infos of episodes that have ended."""

    def __init__(self):
        super().__init__()
        self.infos = []

    def _on_step(self):
        self.infos += [info for info in self.locals["infos"] if "episode" in info]
        return True


class Log(KVWriter):
    """Keeps what was logged last."""

    def write(self, key_values, key_excluded, step=0):
        self.last = dict(key_values)


def test_stable_baselines_learns_and_logs_through_it():
    env = GymnasiumVecEnv(_vector("Buttons", rows=64))
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=512, learning_rate=3e-3, seed=0)
    episodes, log = Episodes(), Log()
    model.set_logger(Logger(None, [log]))
    before, _ = evaluate_policy(model, env, n_eval_episodes=64)  # it warns without a Monitor
    model.learn(20_000, episodes)
    after, _ = evaluate_policy(model, env, n_eval_episodes=64)
    assert 3 * before < after
    returns, lengths = ([info["episode"][k] for info in episodes.infos] for k in ("r", "l"))
    assert log.last["rollout/ep_rew_mean"] == pytest.approx(np.mean(returns[-100:]))
    assert log.last["rollout/ep_len_mean"] == pytest.approx(np.mean(lengths[-100:]))


def test_success_is_logged_where_a_world_tells_it():
    env = GymnasiumVecEnv(_vector("DriftCar", rows=16))
    episodes = Episodes()
    model = PPO("MlpPolicy", env, n_steps=128, batch_size=2048, n_epochs=1, seed=0)
    model.learn(16 * 128, episodes)
    assert {info["is_success"] for info in episodes.infos} == {0.0}
    assert list(model.ep_success_buffer) == [0.0] * len(episodes.infos)


def test_a_problems_environment_keeps_its_seeds_and_its_meter():
    def learned(seed):
        problem = Problem(get_world("Walk"), frozenset({"env", "reward"}), Budget(0, 512), 3)
        env = GymnasiumVecEnv(problem.env(8, reward=True))
        PPO("MlpPolicy", env, n_steps=64, batch_size=512, n_epochs=1, seed=seed).learn(512)
        assert problem.meter.steps == problem.meter.reward_reads == 512
        return GymnasiumVecEnv(problem.env(8)).reset(), env.env.reset()[0]

    _assert_same_bits(learned(0)[0], _vector("Walk", 16).reset(seed=7_000_000)[0][8:])
    for again, first in zip(learned(0), learned(0), strict=True):
        _assert_same_bits(again, first)


def test_a_second_reset_goes_on_in_the_same_streams():
    ours, plain = GymnasiumVecEnv(_vector("Walk")), _vector("Walk")
    ours.seed(5)
    _assert_same_bits(ours.reset(), plain.reset(seed=5)[0])
    _assert_same_bits(ours.reset(), plain.reset()[0])


def test_a_reset_forgets_the_episodes_that_it_cuts_short():
    env, length = (
        GymnasiumVecEnv(_vector("LaneKeeping", 1)),
        get_world("LaneKeeping").dynamics.max_episode_steps,
    )
    env.seed(0)
    for steps in (5, length):
        env.reset()
        rewards = []
        for _ in range(steps):
            _, reward, _, (info,) = env.step(np.zeros((1, 2)))
            rewards.append(reward[0])
    assert info["episode"]["l"] == length
    assert info["episode"]["r"] == pytest.approx(sum(rewards), rel=1e-6)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_another_autoreset_is_refused(mode):
    with pytest.raises(
        ValueError, match=rf"needs SAME_STEP autoreset, this environment's is {mode}"
    ):
        GymnasiumVecEnv(_vector("Walk", mode=mode))


def test_an_unknown_autoreset_is_refused():
    env = _vector("Walk")
    env.metadata = {}
    with pytest.raises(ValueError, match="this environment's is None"):
        GymnasiumVecEnv(env)


@pytest.mark.parametrize("name", ["single_observation_space", "single_action_space"])
def test_discrete_spaces_that_do_not_start_at_0_are_refused(name):
    env = _vector("Maze")
    setattr(env, name, gym.spaces.Discrete(4, start=1))
    with pytest.raises(
        ValueError, match=r"needs Discrete spaces from 0, not Discrete\(4, start=1\)"
    ):
        GymnasiumVecEnv(env)


@pytest.mark.parametrize(
    ("world", "wrapper", "bad"),
    [
        ("Walk", "", 0.9),
        ("Walk", "", np.nan),
        ("Walk", "", 1e300),
        ("Buttons", "", 0.9),
        ("Buttons", "", 257),
        ("Buttons", "", np.nan),
        ("Buttons", "", -np.inf),
        ("Buttons", "joint", 1.5),
    ],
)
def test_actions_that_the_spaces_dtype_cannot_hold_are_refused(world, wrapper, bad):
    env = GymnasiumVecEnv(WRAPPERS[wrapper][1](_vector(world)))
    env.reset()
    actions = np.zeros((ROWS, *env.action_space.shape), type(bad))
    actions[2, ...] = bad
    message = rf"actions\[2(, 0)?\] is {re.escape(str(bad))}, must be a whole number in "
    with pytest.raises(ValueError, match=message + re.escape(str(env.action_space))):
        env.step(actions)


def test_whole_numbers_of_any_dtype_and_boxes_are_left_to_the_world():
    env = GymnasiumVecEnv(_vector("Buttons"))
    env.reset()
    shape = (ROWS, *env.action_space.shape)
    for dtype in (np.bool_, np.int8, np.int64, np.float32, np.float64):
        env.step(np.ones(shape, dtype))
    with pytest.raises(ValueError, match="is 2, must be from 0 to 1"):
        env.step(np.full(shape, 2.0))
    env = GymnasiumVecEnv(_vector("DriftCar"))
    env.reset()
    env.step(np.full((ROWS, 2), 0.1))  # no float32 is the same number
    with pytest.raises(ValueError, match="is nan, must be from -1 to 1"):
        env.step(np.full((ROWS, 2), np.nan))


def test_seeding_leaves_the_worlds_action_space_alone():
    space = get_world("Buttons").spaces.action
    env = GymnasiumVecEnv(_vector("Buttons"))
    space.seed(123)
    before = space.np_random.bit_generator.state
    PPO("MlpPolicy", env, seed=0)
    assert space.np_random.bit_generator.state == before
    assert env.action_space == space


def test_attributes_are_the_vector_environments():
    env = GymnasiumVecEnv(_vector("Walk", 3))
    assert env.get_attr("world") == [get_world("Walk")] * 3
    assert env.get_attr("split", 1) == ["training"]
    assert not env.has_attr("nothing")
    assert env.env_is_wrapped(Monitor) == [True] * 3
    assert env.env_is_wrapped(SingleButton, [0, 2]) == [False] * 2
    for refused in (
        lambda: env.set_attr("world", None),
        lambda: env.env_method("reset"),
        lambda: env.set_options({}),
    ):
        with pytest.raises(NotImplementedError):
            refused()


def test_pictures_of_all_rows_make_one():
    env = GymnasiumVecEnv(_vector("Walk", 4, render_mode="rgb_array"))
    env.reset()
    pictures = env.get_images()
    height, width, _ = pictures[0].shape
    assert env.render("rgb_array").shape == (2 * height, 2 * width, 3)
    np.testing.assert_array_equal(env.render("rgb_array")[:height, width:], pictures[1])


def test_il_envs_does_not_import_stable_baselines():
    code = "import il_envs, sys; assert not {'stable_baselines3', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
