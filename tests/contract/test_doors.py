"""What other people's libraries ask of an environment, each way in which one was found wanting."""

import copy
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.utils.play import PlayableGame
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from gymnasium.wrappers import RescaleAction, TimeAwareObservation

import il_envs
from il_envs import wrappers
from il_envs.drawing.canvas import Canvas
from il_envs.engine import keyboard
from il_envs.testing import worlds as testing
from il_envs.wrappers import vector as vector_wrappers

ROWS = 3


def last_step(env: gym.Env, actions: object = None) -> int:
    """The number of the step that ends an episode."""
    env.reset(seed=0)
    env.action_space.seed(0)
    for step in range(1, 100_000):
        action = env.action_space.sample() if actions is None else actions
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            return step
    raise AssertionError("no episode ends")


class TestPictures:
    def test_they_survive_that_somebody_else_quits_pygame(self):
        before = gym.make("il_envs/DriftCar-v0", render_mode="rgb_array")
        before.reset(seed=0)
        picture = before.render()
        other = gym.make("CartPole-v1", render_mode="rgb_array")
        other.reset(seed=0)
        other.render()
        other.close()
        np.testing.assert_array_equal(before.render(), picture)
        after = gym.make("il_envs/DriftCar-v0", render_mode="rgb_array")
        after.reset(seed=0)
        np.testing.assert_array_equal(after.render(), picture)

    @pytest.mark.parametrize("begins_again", [False, True])
    @pytest.mark.parametrize(
        "name", ["DriftCar", "LaneKeeping", "FourRooms", "Duel", "Shooter", "Gauntlet", "Pillar"]
    )
    def test_every_picture_survives_it(self, name, begins_again):
        env = il_envs.WorldEnv(name, render_mode="rgb_array")
        env.reset(seed=0)
        picture = env.render()
        pygame.quit()
        if begins_again:
            pygame.init()
        np.testing.assert_array_equal(env.render(), picture)

    def test_a_window_is_opened_again(self, monkeypatch):
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
        env = il_envs.WorldEnv("DriftCar", render_mode="human")
        env.reset(seed=0)
        for begins_again in (False, True):
            pygame.quit()
            if begins_again:
                pygame.display.init()
            env.step(np.zeros(2, np.float32))
            shown = pygame.surfarray.array2d(env._canvas._window.get_surface())
            assert len(np.unique(shown)) > 1000
        pygame.quit()
        env.close()

    def test_a_world_may_have_none(self, monkeypatch):
        unseen = replace(il_envs.get_world("Walk"), name="Unseen", views=il_envs.Views())
        monkeypatch.setitem(il_envs.WORLDS, "Unseen", unseen)
        env = il_envs.WorldEnv("Unseen")
        env.reset(seed=0)
        assert env.metadata["render_modes"] == []
        with pytest.raises(ValueError, match=r"render_mode must be one of \[\], not 'rgb_array'"):
            il_envs.WorldEnv("Unseen", render_mode="rgb_array")
        with pytest.raises(LookupError, match="Unseen has no picture"):
            Canvas(unseen, env.params)
        testing.check_pictures(unseen)


def test_gymnasiums_own_test_of_pickling(world):
    """`test_pickle_env` of its test suite, for wrapped environments as `gym.make` gives them."""
    env = gym.make(world.id)
    again = pickle.loads(pickle.dumps(env))
    assert data_equivalence(env.reset(seed=1), again.reset(seed=1))
    action = env.action_space.sample()
    assert data_equivalence(env.step(action), again.step(action))


def test_a_copy_of_a_picture_goes_on():
    env = il_envs.WorldEnv("DriftCar", render_mode="rgb_array")
    env.reset(seed=0)
    for _ in range(10):
        env.step(np.array([1.0, 1.0], np.float32))
    again = copy.deepcopy(env)
    np.testing.assert_array_equal(env.render(), again.render())


def test_a_world_is_copied_as_itself_and_one_that_is_not_registered_is_refused():
    duel = il_envs.get_world("Duel")
    assert pickle.loads(pickle.dumps(duel)) is copy.deepcopy(duel) is duel
    with pytest.raises(TypeError, match="Other is not registered"):
        pickle.dumps(replace(duel, name="Other"))


def test_spaces_are_an_environments_own():
    envs = [il_envs.WorldEnv("DriftCar") for _ in range(2)]
    envs[0].action_space.seed(0)
    first = envs[0].action_space.sample()
    envs[0].action_space.seed(0)
    envs[1].action_space.seed(9)
    np.testing.assert_array_equal(envs[0].action_space.sample(), first)
    vectors = [il_envs.WorldVectorEnv("DriftCar", 2) for _ in range(2)]
    assert vectors[0].single_action_space is not vectors[1].single_action_space
    assert envs[0].action_space is not il_envs.get_world("DriftCar").spaces.action


class TestActions:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.bool_, np.int64])
    def test_buttons_may_be_other_numbers(self, dtype):
        floats, exact = (il_envs.WorldEnv("Shooter") for _ in range(2))
        for env, pressed in ((floats, np.ones(12, dtype)), (exact, np.ones(12, np.int8))):
            env.reset(seed=0)
            env.step(pressed)
        assert floats.state.tobytes() == exact.state.tobytes()

    @pytest.mark.parametrize("value", [0.9, 1.0000001, -1.0, 2.0, np.nan, np.inf])
    def test_half_a_button_is_refused_by_name(self, value):
        env, vector = il_envs.WorldEnv("Shooter"), il_envs.WorldVectorEnv("Shooter", ROWS)
        pressed = np.zeros(12)
        pressed[6] = value
        env.reset(seed=0)
        vector.reset(seed=0)
        with pytest.raises(ValueError, match=r"Shooter: action entry 6 \(fire\) is .* from 0 to 1"):
            env.step(pressed)
        with pytest.raises(ValueError, match=r"action entry 6 \(fire\) of row 1 is"):
            vector.step(np.stack([np.zeros(12), pressed, pressed]))

    def test_the_number_that_was_given_is_named(self):
        env = il_envs.WorldEnv("Duel")
        env.reset(seed=0)
        for given in (np.full(5, 255, np.uint8), np.full(5, 256), np.full(5, -7.0)):
            with pytest.raises(ValueError, match=rf"entry 0 \(left\) is {given[0]}, must be"):
                env.step(given)

    def test_rounding_past_a_bound_is_clipped(self):
        """Gymnasium's RescaleAction ends at 1.0000001 for its own upper limit."""
        env = RescaleAction(gym.make("il_envs/DriftCar-v0"), np.float32(-0.1), np.float32(0.3))
        env.reset(seed=0)
        env.step(env.action_space.high)
        exact = gym.make("il_envs/DriftCar-v0")
        exact.reset(seed=0)
        exact.step(np.ones(2, np.float32))
        assert env.unwrapped.state.tobytes() == exact.unwrapped.state.tobytes()

    def test_rows_are_clipped_alike_and_what_was_given_is_left_alone(self):
        env, exact = (il_envs.WorldVectorEnv("DriftCar", ROWS) for _ in range(2))
        actions = np.zeros((ROWS, 2), np.float32)
        actions[1] = 1.0 + 1e-6
        given = actions.copy()
        for each, rows in ((env, actions), (exact, actions.clip(-1.0, 1.0))):
            each.reset(seed=0)
            each.step(rows)
        assert env.states.tobytes() == exact.states.tobytes()
        np.testing.assert_array_equal(actions, given)

    def test_further_out_is_refused_and_changes_nothing(self):
        env = il_envs.WorldVectorEnv("DriftCar", 2)
        env.reset(seed=0)
        before = env.states.tobytes()
        for value in (1.001, np.nan, np.inf):
            with pytest.raises(ValueError, match=r"entry 0 \(steer\) of row 1 is"):
                env.step(np.array([[0.0, 0.0], [value, 0.0]], np.float32))
        assert env.states.tobytes() == before

    def test_the_action_of_a_row_that_is_reset_is_not_looked_at(self):
        env = il_envs.WorldVectorEnv("Walk", 2, autoreset_mode=AutoresetMode.NEXT_STEP)
        env.reset(seed=0)
        ended = np.zeros(2, np.bool_)
        while not ended.any() or ended.all():
            _, _, terminated, truncated, _ = env.step(np.full(2, 2))
            ended = terminated | truncated
        with pytest.raises(ValueError, match=f"row {int(np.flatnonzero(~ended)[0])}"):
            env.step(np.full(2, 99))
        env.step(np.where(ended, 99, 2))

    def test_clients_that_never_clip_ask_for_it(self):
        env = gym.make("il_envs/DriftCar-v0", clip_actions=True)
        exact = gym.make("il_envs/DriftCar-v0")
        rows = gym.make_vec("il_envs/DriftCar-v0", 2, "vector_entry_point", clip_actions=True)
        env.reset(seed=0)
        env.step(np.array([1.83, -np.inf], np.float32))
        exact.reset(seed=0)
        exact.step(np.array([1.0, -1.0], np.float32))
        rows.reset(seed=0)
        rows.step(np.array([[1.83, -np.inf], [0.0, 0.0]], np.float32))
        assert env.unwrapped.state.tobytes() == exact.unwrapped.state.tobytes()
        assert rows.unwrapped.states[0].tobytes() == exact.unwrapped.state.tobytes()
        with pytest.raises(ValueError, match=r"entry 0 \(steer\) is nan"):
            env.step(np.array([np.nan, 0.0], np.float32))

    def test_there_is_nothing_to_clip_but_boxes(self):
        with pytest.raises(ValueError, match=r"actions of a Box; those of Duel are MultiBinary"):
            gym.make("il_envs/Duel-v0", clip_actions=True)


class TestLimits:
    def test_the_spec_has_the_worlds_own(self, world):
        steps = world.dynamics.max_episode_steps
        assert gym.spec(world.id).max_episode_steps == steps
        env = TimeAwareObservation(gym.make(world.id))
        assert env.spec.max_episode_steps == steps
        env.reset(seed=0)
        env.step(env.action_space.sample())

    @pytest.mark.parametrize("steps", [1, 20, 50, 200])
    def test_gym_make_sets_it(self, steps):
        env = gym.make("il_envs/FourRooms-v0", max_episode_steps=steps)
        assert last_step(env) == env.spec.max_episode_steps == steps
        assert env.unwrapped.observation_space.contains(env.unwrapped.observe())

    def test_without_one_no_episode_is_truncated(self):
        env = gym.make("il_envs/FourRooms-v0", max_episode_steps=-1)
        env.reset(seed=0)
        assert not any(env.step(0)[3] for _ in range(300))

    @pytest.mark.parametrize("steps", [1, 5, 70])
    def test_make_vec_sets_it(self, steps):
        env = gym.make_vec("il_envs/FourRooms-v0", 2, "vector_entry_point", max_episode_steps=steps)
        env.reset(seed=0)
        truncated = [env.step(np.zeros(2, np.int64))[3] for _ in range(steps)]
        assert [bool(rows.all()) for rows in truncated] == [False] * (steps - 1) + [True]

    def test_rows_and_single_environments_have_the_same_one(self, world):
        vector = gym.make_vec(world.id, 2, "vector_entry_point")
        assert vector.spec.max_episode_steps == world.dynamics.max_episode_steps
        assert last_step(gym.make(world.id, max_episode_steps=3), None) <= 3

    def test_observations_stay_in_their_space_beyond_the_worlds_own(self):
        for name in ("Gauntlet", "Shooter"):
            world = il_envs.get_world(name)
            env = il_envs.WorldEnv(name, max_episode_steps=10_000)
            env.reset(seed=0)
            late = env.state
            late["step"] = world.dynamics.max_episode_steps + 5
            env.state = late
            assert env.observation_space.contains(env.observe())

    @pytest.mark.parametrize("steps", [0, -3, 2.5, True, "5"])
    def test_what_is_no_limit_is_refused(self, steps):
        for make in (il_envs.WorldEnv, il_envs.WorldVectorEnv):
            with pytest.raises(ValueError, match="max_episode_steps must be a whole number from 1"):
                make("FourRooms", max_episode_steps=steps)

    def test_a_restored_state_is_truncated_when_it_should_be(self):
        env = il_envs.WorldEnv("FourRooms", max_episode_steps=20)
        env.reset(seed=0)
        for _ in range(15):
            env.step(0)
        saved = env.state
        other = il_envs.WorldEnv("FourRooms", max_episode_steps=20)
        other.state = saved
        assert [other.step(0)[3] for _ in range(5)] == [False] * 4 + [True]


class TestFirstReset:
    @pytest.mark.parametrize("mode", list(AutoresetMode))
    @pytest.mark.parametrize("name", ["DriftCar", "LaneKeeping", "Duel", "Shooter"])
    def test_rows_that_were_never_reset_cannot_step(self, name, mode):
        env = il_envs.WorldVectorEnv(name, 2, autoreset_mode=mode)
        mask = np.array([True, False])
        observations, _ = env.reset(seed=5, options={"reset_mask": mask})
        single = il_envs.WorldEnv(name)
        np.testing.assert_array_equal(observations[0], single.reset(seed=5)[0])
        before = env.states.tobytes()
        with pytest.raises(gym.error.ResetNeeded, match="row 1 has not been reset yet"):
            env.step(env.action_space.sample())
        assert env.states.tobytes() == before
        env.reset(seed=[None, 6], options={"reset_mask": ~mask})
        env.step(env.action_space.sample())
        whole = il_envs.WorldVectorEnv(name, 2, autoreset_mode=mode)
        whole.reset(seed=5)
        assert env.states["key"].tolist() == whole.states["key"].tolist()


class TestArguments:
    def test_options_must_be_a_dict(self):
        for env in (il_envs.WorldEnv("Duel"), il_envs.WorldVectorEnv("Duel", 2)):
            with pytest.raises(TypeError, match=r"options of reset\(\) must be a dict, not 'x'"):
                env.reset(options="x")

    def test_seeds_and_numbers_of_rows_are_whole(self):
        with pytest.raises(TypeError, match=r"seed must be a whole number .* not 1\.5"):
            il_envs.WorldVectorEnv("Duel", 2).reset(seed=1.5)
        with pytest.raises(ValueError, match=r"num_envs must be a whole number .* not 2\.5"):
            il_envs.WorldVectorEnv("Duel", 2.5)
        with pytest.raises(ValueError, match="clip_actions must be True or False, not 'no'"):
            il_envs.WorldEnv("DriftCar", clip_actions="no")

    def test_an_id_with_its_module_needs_no_import(self):
        code = "import gymnasium as gym; gym.make('il_envs:il_envs/Duel-v0').reset(seed=0)"
        subprocess.run([sys.executable, "-c", code], check=True)


class TestStreams:
    @pytest.mark.parametrize("seed", [3, np.int64(3), [3, 4], [np.int64(3), 4]])
    def test_rows_have_their_seeds_whenever_they_are_reset(self, seed):
        whole, parts = (il_envs.WorldVectorEnv("DriftCar", 2) for _ in range(2))
        whole.reset(seed=[3, 4])
        first = np.array([True, False])
        parts.reset(seed=seed, options={"reset_mask": first})
        parts.reset(options={"reset_mask": ~first})
        assert parts.states.tobytes() == whole.states.tobytes()

    def test_without_seeds_rows_have_different_ones(self):
        env = il_envs.WorldVectorEnv("DriftCar", 3)
        env.reset(options={"reset_mask": np.array([True, False, False])})
        env.reset(options={"reset_mask": np.array([False, True, True])})
        assert len(set(env.states["key"])) == 3
        assert (env.states["episode"] == 0).all()

    @pytest.mark.parametrize("seed", [[5, -1], [5, "a"], [5]])
    def test_a_seed_that_is_refused_changes_nothing(self, seed):
        env = il_envs.WorldVectorEnv("DriftCar", 2)
        env.reset(seed=0)
        before = env.states.tobytes()
        with pytest.raises((ValueError, gym.error.Error)):
            env.reset(seed=seed)
        assert env.states.tobytes() == before

    def test_states_of_another_shape_are_refused(self):
        env, states = il_envs.WorldVectorEnv("Duel", 3), il_envs.WorldVectorEnv("Duel", 1).states
        with pytest.raises(ValueError, match=r"states have shape \(1,\), must be \(3,\)"):
            env.states = states


class TestExperts:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"state": np.zeros((1, 4))},
            {"state": 0},
            {"mask": np.ones(3, np.bool_)},
            {"mask": True},
            {"mask": np.zeros(0, np.bool_)},
            {"episode_start": np.ones(5, np.bool_)},
        ],
    )
    def test_other_shapes_are_refused_before_anything_is_read(self, arguments):
        env = il_envs.WorldVectorEnv("Shooter", 64)
        env.reset(seed=0)
        with pytest.raises(ValueError, match=r"state has shape|must be bool \[64\]"):
            il_envs.ExpertPolicy(env, "lagged").predict(**arguments)

    def test_a_wrapped_environment_is_told_what_to_give(self):
        with pytest.raises(TypeError, match=r"env\.unwrapped"):
            il_envs.ExpertPolicy(gym.make("il_envs/Duel-v0"))


def test_a_shallow_copy_is_a_copy_as_well():
    for env in (il_envs.WorldEnv("Duel"), il_envs.WorldVectorEnv("Duel", 2)):
        env.reset(seed=0)
        before = env.states.tobytes()
        again = copy.copy(env)
        again.step(again.action_space.sample())
        assert env.states.tobytes() == before


class TestButtons:
    def test_a_button_is_an_action_of_two(self):
        env = wrappers.MultiDiscreteButtons(gym.make("il_envs/Duel-v0"))
        rows = vector_wrappers.MultiDiscreteButtons(il_envs.WorldVectorEnv("Duel", 2))
        exact = il_envs.WorldVectorEnv("Duel", 2)
        assert env.action_space == gym.spaces.MultiDiscrete([2] * 5)
        env.action_space.seed(0)
        for each in (env, rows, exact):
            each.reset(seed=3)
        for _ in range(30):
            action = env.action_space.sample()
            both = np.stack([action, 1 - action])
            env.step(action)
            rows.step(both)
            exact.step(both.astype(np.int8))
        assert rows.unwrapped.states.tobytes() == exact.states.tobytes()
        assert env.unwrapped.state.tobytes() == exact.states[0].tobytes()
        assert rows.action_space == batch_space(env.action_space, 2)

    def test_it_is_for_buttons_alone_and_made_again_from_its_spec(self):
        with pytest.raises(TypeError, match="buttons"):
            wrappers.MultiDiscreteButtons(gym.make("il_envs/DriftCar-v0"))
        env = wrappers.MultiDiscreteButtons(gym.make("il_envs/Duel-v0"))
        assert gym.make(env.spec).action_space == env.action_space


class TestKeys:
    def test_gymnasiums_player_finds_them(self, world, monkeypatch):
        if not world.views.keys:
            return
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
        env = gym.make(world.id, render_mode="rgb_array")
        env.reset(seed=0)
        game = PlayableGame(env)
        codes = [pygame.key.key_code(key.key) for key in world.views.keys]
        assert game.relevant_keys == set(codes)
        table = env.unwrapped.get_keys_to_action()
        for action in list(table.values())[:50]:
            env.step(action)
        first = world.views.keys[0]
        pushed = np.ravel(table[(codes[0],)])
        assert pushed[first.entry] == pytest.approx(first.value)
        assert len(table) <= keyboard.MOST_COMBINATIONS

    def test_wrappers_have_keys_of_their_own(self):
        one = wrappers.SingleButton(gym.make("il_envs/Gauntlet-v0"))
        table = one.get_keys_to_action()
        assert sorted(table.values()) == [0, 1, 2, 3]
        joint = wrappers.JointButtons(gym.make("il_envs/Gauntlet-v0"))
        assert sorted(joint.get_keys_to_action().values()) == list(range(8))
        for env in (one, joint):
            env.reset(seed=0)
            for number in env.get_keys_to_action().values():
                env.step(number)

    def test_keys_combine_and_opposite_ones_cancel(self):
        table = il_envs.WorldEnv("DriftCar").get_keys_to_action()
        left, right, up = pygame.K_LEFT, pygame.K_RIGHT, pygame.K_UP
        assert table[()].tolist() == [0.0, 0.0]
        assert table[tuple(sorted((left, up)))].tolist() == [1.0, 1.0]
        assert table[tuple(sorted((left, right)))].tolist() == [0.0, 0.0]
        assert len(il_envs.WorldEnv("Shooter").get_keys_to_action()) == 2**12
        assert () not in il_envs.WorldEnv("FourRooms").get_keys_to_action()


class TestVectorFace:
    def test_attributes_and_calls_are_those_of_each_row(self):
        env = il_envs.WorldVectorEnv("FourRooms", ROWS, render_mode="ansi")
        assert env.get_attr("render_mode") == ("ansi",) * ROWS
        env.reset(seed=0)
        env.step(np.zeros(ROWS, np.int64))
        states = env.get_attr("state")
        assert [state.tobytes() for state in states] == [row.tobytes() for row in env.states]
        assert env.call("observe") == tuple(env.observe())
        assert all(text.count("@") == 1 for text in env.render())
        before = env.states.tobytes()
        for name in ("step", "reset"):
            with pytest.raises(ValueError, match=rf"call {name}\(\) of the vector environment"):
                env.call(name)
        assert env.states.tobytes() == before

    def test_pictures_are_those_of_single_environments(self):
        env = il_envs.WorldVectorEnv("Duel", 2, render_mode="rgb_array")
        env.reset(seed=7)
        for row, picture in enumerate(env.render()):
            single = il_envs.WorldEnv("Duel", render_mode="rgb_array")
            single.reset(seed=7 + row)
            np.testing.assert_array_equal(picture, single.render())

    def test_there_is_no_window(self):
        with pytest.raises(ValueError, match="render_mode must be one of"):
            il_envs.WorldVectorEnv("Duel", 2, render_mode="human")


def test_every_repr_is_one_short_line(world):
    things = [world, il_envs.WorldEnv(world.name), il_envs.WorldVectorEnv(world.name, 2)]
    things += [il_envs.RandomPolicy(world.spaces.action, 0), il_envs.ExpertPolicy(things[1])]
    demonstrations = il_envs.collect(world.name, 60, seed=0)
    problem = il_envs.Problem(world, frozenset({"env"}), il_envs.Budget(1, 1), 0)
    things += [demonstrations, demonstrations.episodes[0], problem]
    if world.truth.reference is not None:
        reference = world.truth.reference()
        things += [reference, reference.model, reference.evaluation]
    for thing in things:
        assert "\n" not in repr(thing)
        assert len(repr(thing)) < 250


def test_help_leads_to_the_worlds_table(world):
    assert "env.unwrapped.world.documentation" in il_envs.WorldEnv.__doc__
    assert world.documentation.strip()
    if world.namespace == "il_envs":
        assert world.name in world.documentation
        assert "Observation" in world.documentation
        assert "ction" in world.documentation


PLUGIN = """Metadata-Version: 2.1
Name: stranger
Version: 1.0
"""


def test_a_plugin_that_cannot_be_imported_is_warned_of_by_name(tmp_path):
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(PLUGIN)
    (info / "entry_points.txt").write_text(
        "[il_envs.worlds]\nbad = stranger_bad\nraises = stranger_raises\ngood = stranger_good\n"
    )
    (tmp_path / "stranger_raises.py").write_text("raise SystemExit('not today')\n")
    (tmp_path / "stranger_good.py").write_text("print('imported')\n")
    code = "import il_envs; print(len(il_envs.WORLDS)); il_envs.WorldEnv('Duel')"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert run.stdout.splitlines()[0] == "imported"
    assert int(run.stdout.splitlines()[1]) >= 19
    assert "stranger offers 'bad' (stranger_bad) in 'il_envs.worlds'" in run.stderr
    assert "No module named 'stranger_bad'" in run.stderr
    assert "'raises'" in run.stderr
    assert "SystemExit: not today" in run.stderr
    assert "'good'" not in run.stderr


def test_without_a_cache_one_folder_is_shared_and_said_once(tmp_path):
    blocked = tmp_path / "home"
    blocked.write_text("")
    environment = {name: os.environ[name] for name in ("PATH",)} | {
        "HOME": str(blocked),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    code = "import il_envs; il_envs.WorldEnv('Pillar').reset(seed=0)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        ).stderr
        for _ in range(2)
    ]
    assert runs[0].count("cannot be written to") == 1
    assert "compiled Pillar" in runs[0]
    assert runs[1] == ""
    assert len(list(tmp_path.glob("il_envs-*"))) == 1


@pytest.mark.parametrize("module", ["il_envs", "il_envs.worlds.duel.rules"])
def test_importing_a_world_imports_no_drawing(module):
    code = (
        f"import sys, {module}; unwanted = 'pygame', 'torch', 'stable_baselines3', 'minari', "
        "'pandas', 'matplotlib'; "
        "print([m for m in sys.modules if m in unwanted or '.picture' in m])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


class TestGentleStart:
    """What it is, `check_gentle_start` says for every world."""

    @pytest.mark.parametrize("make", [gym.make, gym.make_vec])
    @pytest.mark.parametrize(
        ("name", "wanted", "line"),
        [
            ("Pillar", True, "Pillar has no gentle start"),
            ("DriftCar", 1, "options['gentle_start'] must be True or False, not 1"),
        ],
    )
    def test_what_cannot_be_is_refused_and_changes_nothing(self, make, name, wanted, line):
        env = make(f"il_envs/{name}-v0").unwrapped
        env.reset(seed=0)
        before = env.states.tobytes()
        with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
            env.reset(options={"gentle_start": wanted})
        assert env.states.tobytes() == before

    def test_rows_that_are_not_reset_are_left_alone_and_told(self):
        env = il_envs.WorldVectorEnv("DriftCar", 3)
        first, _ = env.reset(seed=0)
        mask = np.array([False, True, False])
        second, info = env.reset(options={"reset_mask": mask, "gentle_start": True})
        np.testing.assert_array_equal((second != first).any(axis=1), mask)
        np.testing.assert_array_equal(second, env.observe())
        assert info["lateral_error"][1] == 0.0
        assert (info["lateral_error"][[0, 2]] > 0.0).all()

    def test_an_autoreset_starts_as_always(self):
        gentle, plain = (
            il_envs.WorldVectorEnv("DriftCar", 2, autoreset_mode="SameStep", max_episode_steps=1)
            for _ in range(2)
        )
        gentle.reset(seed=0, options={"gentle_start": True})
        plain.reset(seed=0)
        for env in (gentle, plain):
            env.step(np.zeros((2, 2)))
        assert gentle.states.tobytes() == plain.states.tobytes()
