"""Numbered actions for worlds of buttons, single and vector environments alike."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from il_envs import Budget, Problem, WorldEnv, WorldVectorEnv, get_world
from il_envs.buttons import joint_chords, single_button_chords
from il_envs.wrappers import JointButtons, SingleButton
from il_envs.wrappers import vector as vector_wrappers

ROWS, STEPS = 5, 200
PAIRS = [
    (SingleButton, vector_wrappers.SingleButton, single_button_chords(3)),
    (JointButtons, vector_wrappers.JointButtons, joint_chords(3)),
]
pairs = pytest.mark.parametrize(("single", "vector", "chords"), PAIRS, ids=["single", "joint"])


class Recorder(gym.ActionWrapper):
    """Keeps the actions that come through."""

    def __init__(self, env):
        super().__init__(env)
        self.seen = []

    def action(self, action):
        self.seen.append(action)
        return action


class Unplayable(gym.Env):
    """A world of another action space."""

    def __init__(self, action_space):
        self.action_space = action_space
        self.observation_space = gym.spaces.Box(0, 1, (1,))


@pairs
def test_gymnasiums_checker_passes(single, vector, chords):
    with pytest.warns(UserWarning, match="different from the unwrapped version") as warnings:
        check_env(single(gym.make("toys/Buttons-v0", render_mode="rgb_array").unwrapped))
    assert len(warnings) == 1


@pairs
def test_every_chord_is_reached_and_presses_what_its_number_says(single, vector, chords):
    recorder = Recorder(WorldEnv("Buttons"))
    env = single(recorder)
    env.reset(seed=0)
    for number in range(env.action_space.n):
        env.step(number)
    np.testing.assert_array_equal(recorder.seen, chords)
    assert all(recorder.action_space.contains(chord) for chord in recorder.seen)
    many = vector(WorldVectorEnv("Buttons", len(chords)))
    np.testing.assert_array_equal(many.actions(np.arange(len(chords))), chords)


@pairs
def test_rows_are_bitwise_the_single_environments(single, vector, chords):
    rows = vector(WorldVectorEnv("Buttons", ROWS, autoreset_mode=AutoresetMode.SAME_STEP))
    singles = [single(gym.make("toys/Buttons-v0")) for _ in range(ROWS)]
    assert rows.single_action_space == singles[0].action_space == gym.spaces.Discrete(len(chords))
    assert rows.action_space == gym.spaces.MultiDiscrete([len(chords)] * ROWS)
    observations, _ = rows.reset(seed=3)
    for i, env in enumerate(singles):
        assert env.reset(seed=3 + i)[0].tobytes() == observations[i].tobytes()
    rows.action_space.seed(0)
    episodes = 0
    for _ in range(STEPS):
        actions = rows.action_space.sample()
        observations, rewards, terminated, truncated, info = rows.step(actions)
        for i, env in enumerate(singles):
            observation, *outcome, _ = env.step(actions[i])
            assert outcome == [rewards[i], terminated[i], truncated[i]]
            if outcome[1] or outcome[2]:
                assert observation.tobytes() == info["final_obs"][i].tobytes()
                observation, _ = env.reset()
                episodes += 1
            assert observation.tobytes() == observations[i].tobytes()
    assert episodes > ROWS


@pairs
def test_what_is_no_number_of_a_chord_is_refused(single, vector, chords):
    last = len(chords) - 1
    env, rows = single(WorldEnv("Buttons")), vector(WorldVectorEnv("Buttons", 2))
    env.reset(seed=0)
    rows.reset(seed=0)
    before = env.unwrapped.state.tobytes(), rows.unwrapped.states.tobytes()
    for action, message in [
        (len(chords), rf"action {len(chords)} must be from 0 to {last}"),
        (-1, rf"action -1 must be from 0 to {last}"),
        ([1], r"the shape \[1\], must be \[\]"),
        (1.0, "the dtype float64, must be integers"),
        ("left", "the dtype <U4, must be integers"),
    ]:
        with pytest.raises(ValueError, match=message):
            env.step(action)
    for actions, message in [
        ([0, len(chords)], rf"action {len(chords)} must be from 0 to {last}"),
        ([-1, 0], rf"action -1 must be from 0 to {last}"),
        (1, r"the shape \[\], must be \[2\]"),
        (np.zeros((2, 3), np.int8), r"the shape \[2, 3\], must be \[2\]"),
        ([0.0, 1.0], "the dtype float64, must be integers"),
    ]:
        with pytest.raises(ValueError, match=message):
            rows.step(actions)
    assert before == (env.unwrapped.state.tobytes(), rows.unwrapped.states.tobytes())


@pairs
@pytest.mark.parametrize("space", [gym.spaces.Discrete(3), gym.spaces.MultiBinary((2, 2))], ids=str)
def test_other_action_spaces_are_refused(single, vector, chords, space):
    with pytest.raises(TypeError, match=r"a space MultiBinary\(n\), not of (Discrete|MultiBinary)"):
        single(Unplayable(space))
    with pytest.raises(TypeError, match=r"a space MultiBinary\(n\), not of Discrete\(3\)"):
        vector(WorldVectorEnv("Walk", 2))


def test_joint_actions_of_too_many_buttons_are_refused():
    crowded = Unplayable(gym.spaces.MultiBinary(13))
    with pytest.raises(ValueError, match="13 buttons have 8,192 chords; joint actions are for at"):
        JointButtons(crowded)
    assert SingleButton(crowded).action_space.n == 14


@pairs
def test_the_table_cannot_be_changed_through_an_action(single, vector, chords):
    env, rows = single(WorldEnv("Buttons")), vector(WorldVectorEnv("Buttons", 1))
    env.action(1)[:] = 7
    rows.actions([1])[:] = 7
    np.testing.assert_array_equal(env.chords, chords)
    np.testing.assert_array_equal(rows.chords, chords)


@pairs
def test_a_wrapped_environment_can_be_made_from_its_spec(single, vector, chords):
    env = single(gym.make("toys/Buttons-v0"))
    assert gym.make(env.spec).action_space == gym.spaces.Discrete(len(chords))


@pairs
def test_a_problems_environment_is_wrapped_and_still_metered(single, vector, chords):
    problem = Problem(get_world("Buttons"), frozenset({"env", "reward"}), Budget(0, 100), 0)
    env = vector(problem.env(4, reward=True))
    env.reset()
    _, rewards, *_ = env.step(np.array([0, 1, 2, 3]))
    assert np.isfinite(rewards).all()
    assert (problem.meter.steps, env.num_envs) == (4, 4)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
