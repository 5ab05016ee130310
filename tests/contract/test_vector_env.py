"""The vector environment against Gymnasium's own loop over single environments."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from il_envs import WorldVectorEnv
from il_envs.testing import ExploringPolicy

ROWS, STEPS = 5, 1500


def _assert_equal_infos(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        if isinstance(value, dict):
            _assert_equal_infos(ours[name], value)
        else:
            mask = theirs.get(f"_{name}", slice(None))
            theirs_rows = np.array([np.asarray(row) for row in value[mask]], dtype=ours[name].dtype)
            np.testing.assert_array_equal(ours[name][mask], theirs_rows)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_autoreset_is_gymnasiums(world, mode):
    ours = gym.make_vec(
        world.id, ROWS, vectorization_mode="vector_entry_point", autoreset_mode=mode
    )
    theirs = SyncVectorEnv([lambda: gym.make(world.id)] * ROWS, autoreset_mode=mode)
    assert ours.metadata["autoreset_mode"] is mode
    observations, info = ours.reset(seed=17)
    expected, expected_info = theirs.reset(seed=17)
    np.testing.assert_array_equal(observations, expected)
    _assert_equal_infos(info, expected_info)
    policy, episodes = ExploringPolicy(ours.unwrapped), 0
    for _ in range(STEPS):
        actions, _ = policy.predict(observations)
        observations, *rest, info = ours.step(actions)
        expected, *expected_rest, expected_info = theirs.step(actions)
        np.testing.assert_array_equal(observations, expected)
        for value, expected_value in zip(rest, expected_rest, strict=True):
            np.testing.assert_array_equal(value, expected_value)
        _assert_equal_infos(info, expected_info)
        episodes += (rest[1] | rest[2]).sum()
    assert episodes > 2


def test_next_step_is_the_default():
    env = gym.make_vec("il_envs/DriftCar-v0", 2, vectorization_mode="vector_entry_point")
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_disabled_rows_stand_still_until_reset(world):
    env = WorldVectorEnv(world.name, 3, autoreset_mode=AutoresetMode.DISABLED)
    observations, _ = env.reset(seed=1)
    policy = ExploringPolicy(env)
    ended = np.zeros(3, bool)
    while not ended.all():
        frozen = {i: env.states[i].tobytes() for i in np.flatnonzero(ended)}
        observations, rewards, terminated, truncated, _ = env.step(policy.predict(observations)[0])
        for i, state in frozen.items():
            assert env.states[i].tobytes() == state
            assert (rewards[i], terminated[i], truncated[i]) == (0.0, False, False)
        ended |= terminated | truncated
    before = env.states.copy()
    again, _ = env.reset(options={"reset_mask": np.array([True, False, True])})
    assert env.states["episode"].tolist() == [1, 0, 1]
    assert env.states[1].tobytes() == before[1].tobytes()
    np.testing.assert_array_equal(again[1], observations[1])


def test_ended_rows_ignore_invalid_actions_and_others_do_not():
    env = WorldVectorEnv("DriftCar", 2, autoreset_mode="Disabled")
    env.reset(seed=0)
    env.states["lateral"] = [6.0, 0.0]
    env.step(np.zeros((2, 2), np.float32))
    env.step(np.array([[np.nan, 0.0], [0.0, 0.0]], np.float32))
    with pytest.raises(ValueError, match=r"action entry 1 \(drive\) of row 1 is 3.0"):
        env.step(np.array([[0.0, 0.0], [0.0, 3.0]], np.float32))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.bool_, np.int8])
def test_buttons_of_any_integer_type(kind):
    env = WorldVectorEnv("Buttons", 2)
    env.reset(seed=0)
    env.step(np.array([[1, 0, 1], [0, 0, 1]], kind))
    assert env.states["held"].tolist() == [5, 4]


def test_actions_may_have_any_layout():
    random = np.random.default_rng(0)
    actions = random.uniform(-1.0, 1.0, (4, 2)).astype(np.float32)
    read_only, wide = actions.copy(), np.zeros((4, 4), np.float32)
    read_only.flags.writeable = False
    wide[:, ::2] = actions
    ends = []
    for layout in (actions, wide[:, ::2], np.asfortranarray(actions), read_only):
        env = WorldVectorEnv("DriftCar", 4)
        env.reset(seed=0)
        env.step(layout)
        ends.append(env.states.tobytes())
    assert len(set(ends)) == 1


def test_seeds_as_a_list_and_none_continue_streams():
    env = WorldVectorEnv("DriftCar", 3)
    first, _ = env.reset(seed=[5, 6, 7])
    np.testing.assert_array_equal(first, WorldVectorEnv("DriftCar", 3).reset(seed=5)[0])
    second, _ = env.reset()
    assert not np.array_equal(first, second)
    third, _ = env.reset(seed=[5, None, 7])
    np.testing.assert_array_equal(third[[0, 2]], first[[0, 2]])
    assert env.states["episode"].tolist() == [0, 2, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_envs": 0}, "num_envs must be a whole number from 1 on, not 0"),
        ({"split": "test"}, "split must be 'training' or 'held_out'"),
        ({"autoreset_mode": "Never"}, "not a valid AutoresetMode"),
        ({"render_mode": "ansi"}, "render_mode must be one of"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        WorldVectorEnv("DriftCar", **{"num_envs": 2, **arguments})


def test_bad_seeds_masks_and_states():
    env = WorldVectorEnv("DriftCar", 2)
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        env.step(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="3 seeds given for num_envs=2"):
        env.reset(seed=[1, 2, 3])
    env.reset(seed=7)
    before = env.np_random.bit_generator.state
    with pytest.raises(TypeError, match="seed must be a whole number or a list of them, not True"):
        env.reset(seed=True)
    assert env.np_random.bit_generator.state == before
    for mask, message in (
        (np.zeros(2, bool), "at least one True"),
        (np.ones(3, bool), r"bool \[2\], not bool \[3\]"),
        (np.ones(2), r"bool \[2\], not float64 \[2\]"),
    ):
        with pytest.raises(ValueError, match=rf"options\['reset_mask'\] must .*{message}"):
            env.reset(options={"reset_mask": mask})
    with pytest.raises(TypeError, match="must be a record of"):
        env.states = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"action has shape \(2,\), must be \(2, 2\)"):
        env.step(np.zeros(2, np.float32))


def test_a_picture_for_each_row():
    env = WorldVectorEnv("DriftCar", 2, render_mode="rgb_array")
    env.reset(seed=0)
    pictures = env.render()
    assert len(pictures) == 2
    assert not np.array_equal(*pictures)
