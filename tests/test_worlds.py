"""The contract of a world, for every registered world."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from numba import njit

import il_envs
from il_envs.testing import WORLD_CHECKS, check_exact_arithmetic, check_world
from il_envs.world import STATE_HEADER, UnknownNameError, World, get_world, register


@pytest.mark.parametrize("check", WORLD_CHECKS, ids=lambda check: check.__name__)
def test_world(world, check):
    check(world)


def test_ids_and_names(world):
    without_namespace = world.id.split("/")[-1]
    for name in (world.name, without_namespace, world.id):
        assert get_world(name) is world
    assert gym.spec(world.id).id == world.id


def test_gym_make_vec_gives_the_vector_environment(world):
    env = gym.make_vec(world.id, num_envs=3, vectorization_mode="vector_entry_point")
    assert isinstance(env.unwrapped, il_envs.WorldVectorEnv)
    assert env.reset(seed=0)[0].shape == (3, *world.observation_space.shape)


def test_unknown_world_names_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"unknown world 'DriftCart'; did you mean 'DriftCar'"
    ):
        get_world("DriftCart")


def test_register_refuses_a_second_world_of_a_name_and_a_headless_state():
    world = get_world("DriftCar")
    with pytest.raises(ValueError, match="registered already"):
        register(world)
    headless = World(**{**vars(world), "name": "Headless", "state": np.dtype([("x", "f8")])})
    with pytest.raises(ValueError, match="must begin with"):
        register(headless)
    assert "Headless" not in il_envs.WORLDS
    assert tuple(world.state.names[: len(STATE_HEADER)]) == ("key", "episode", "draws", "step")


def _variant(name, **changes):
    """DriftCar under another name with something changed, registered for one test."""
    return register(World(**{**vars(get_world("DriftCar")), "name": name, **changes}))


@pytest.fixture
def variant():
    yield _variant
    for name in [name for name in il_envs.WORLDS if name.startswith("Bad")]:
        il_envs.WORLDS.pop(name)
        gym.registry.pop(f"il_envs/{name}-v0")


def test_the_checks_notice_libm_in_a_kernel(variant):
    drift_step = get_world("DriftCar").step

    @njit
    def step(state, action, params):
        reward, terminated = drift_step(state, action, params)
        return np.tanh(reward), terminated

    with pytest.raises(AssertionError, match="tanh"):
        check_exact_arithmetic(variant("BadTanh", step=step))


def test_the_checks_notice_an_observation_outside_its_space(variant):
    drift_observe = get_world("DriftCar").observe

    @njit
    def observe(state, params, out):
        drift_observe(state, params, out)
        out[0] += 1000.0

    with pytest.raises((AssertionError, UserWarning)):
        check_world(variant("BadObservation", observe=observe))


def test_a_trace_replays_to_the_same_hashes_in_another_process(world):
    module = "il_envs" if world.namespace == "il_envs" else "tests.toy_worlds"
    code = f"import {module}; "
    episode = il_envs.run_episodes(world, "held_out", il_envs.testing.ExploringPolicy, [99])[0]
    actions = f"np.frombuffer(bytes.fromhex('{episode.actions.tobytes().hex()}'), "
    actions += f"'{episode.actions.dtype}').reshape({episode.actions.shape})"
    code += "import numpy as np; from il_envs import get_world, replay; "
    code += f"print(*replay(get_world('{world.name}'), 'held_out', 99, {actions}))"
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert printed == [repr(episode.total_reward), episode.state_hash]
