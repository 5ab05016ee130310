"""The contract of a world, for every registered world."""

import subprocess
import sys
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from numba import njit

import il_envs
from il_envs.drawing.canvas import Canvas
from il_envs.testing import WORLD_CHECKS, check_exact_arithmetic, check_world
from il_envs.world import STATE_HEADER, Truth, UnknownNameError, get_world, register
from tests.contract import toy_worlds

DRIFT_CAR = get_world("DriftCar")


@pytest.mark.parametrize("check", WORLD_CHECKS, ids=lambda check: check.__name__)
def test_world(world, check):
    check(world)


OURS = [world for world in il_envs.WORLDS.values() if world.namespace == "il_envs"]


@pytest.mark.parametrize("view", [0, 1])
@pytest.mark.parametrize("world", OURS, ids=lambda world: world.name)
def test_the_last_step_is_seen(world, view):
    env = il_envs.WorldEnv(world.name)
    canvas = Canvas(world, env.params)
    canvas.view = world.views.pictures[view % len(world.views.pictures)]
    env.reset(seed=0)
    expert, memory, pictures = il_envs.ExpertPolicy(env), None, []
    canvas.begin(env.state)
    for _ in range(10):
        actions, memory = expert.predict(state=memory)
        env.step(actions[0])
        canvas.add(env.state)
        pictures.append(canvas.pixels())
    assert pictures[-1].dtype == np.uint8
    assert len(np.unique(pictures[-1].reshape(-1, 3), axis=0)) > 100
    assert not np.array_equal(pictures[-1], pictures[-2])


def test_ids_and_names(world):
    without_namespace = world.id.split("/")[-1]
    for name in (world.name, without_namespace, world.id):
        assert get_world(name) is world
    assert gym.spec(world.id).id == world.id


def test_gym_make_vec_gives_the_vector_environment(world):
    env = gym.make_vec(world.id, num_envs=3, vectorization_mode="vector_entry_point")
    assert isinstance(env.unwrapped, il_envs.WorldVectorEnv)
    assert env.reset(seed=0)[0].shape == (3, *world.spaces.observation.shape)


def test_unknown_world_names_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"unknown world 'DriftCart'; did you mean 'DriftCar'"
    ):
        get_world("DriftCart")


def test_register_refuses_a_second_world_of_a_name_and_a_headless_state():
    world = get_world("DriftCar")
    with pytest.raises(ValueError, match="registered already"):
        register(world)
    dynamics = replace(world.dynamics, state=np.dtype([("x", "f8")]))
    headless = replace(world, name="Headless", dynamics=dynamics)
    with pytest.raises(ValueError, match="must begin with"):
        register(headless)
    assert "Headless" not in il_envs.WORLDS
    assert tuple(world.dynamics.state.names[: len(STATE_HEADER)]) == (
        "key",
        "episode",
        "draws",
        "step",
    )


def test_text_is_rendered_where_a_world_has_one():
    env = gym.make("toys/Maze-v0", render_mode="ansi").unwrapped
    assert env.metadata["render_modes"] == ["rgb_array", "human", "ansi"]
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        env.render()
    env.reset(seed=0)
    for place, text in ((6, "...#\n.#@.\n..#G"), (0, "@..#\n.#..\n..#G")):
        env.states["place"] = place
        assert env.render() == text
    assert env._canvas is None, "text needs no pygame"


@pytest.mark.parametrize("name", ["il_envs/DriftCar-v0", "toys/Walk-v0"])
def test_text_is_refused_where_a_world_has_none(name):
    assert "ansi" not in gym.make(name).metadata["render_modes"]
    with pytest.raises(ValueError, match=r"render_mode must be one of .*, not 'ansi'"):
        gym.make(name, render_mode="ansi")


def test_the_first_expert_is_the_reference():
    assert get_world("DriftCar").reference_style == "scripted"
    assert get_world("Maze").reference_style == "shortest"
    with pytest.raises(LookupError, match="Alone has no expert"):
        _ = replace(get_world("Maze"), name="Alone", experts={}).reference_style


def test_the_model_is_found_on_the_environment(variant):
    variant("BadModel", truth=Truth(model=lambda: "the model"))
    assert gym.make("il_envs/BadModel-v0").unwrapped.model == "the model"
    with pytest.raises(LookupError, match="Maze has no known model"):
        _ = gym.make("toys/Maze-v0").unwrapped.model


def test_a_discrete_observation_is_an_integer():
    env = gym.make("toys/Maze-v0").unwrapped
    for observation in (env.reset(seed=0)[0], env.step(0)[0], env.observe()):
        assert type(observation) is np.int64
        assert observation == env.state["place"]


def _variant(name, **changes):
    """DriftCar under another name with something changed, registered for one test."""
    return register(replace(get_world("DriftCar"), name=name, **changes))


@pytest.fixture
def variant():
    yield _variant
    for name in [name for name in il_envs.WORLDS if name.startswith("Bad")]:
        il_envs.WORLDS.pop(name)
        gym.registry.pop(f"il_envs/{name}-v0")


def test_the_checks_notice_libm_in_a_kernel(variant):
    drift_step = DRIFT_CAR.dynamics.step

    @njit
    def step(state, action, params):
        reward, terminated = drift_step(state, action, params)
        return np.tanh(reward), terminated

    with pytest.raises(AssertionError, match="tanh"):
        check_exact_arithmetic(variant("BadTanh", dynamics=replace(DRIFT_CAR.dynamics, step=step)))


def test_the_checks_notice_an_observation_outside_its_space(variant):
    drift_observe = DRIFT_CAR.dynamics.observe

    @njit
    def observe(state, params, out):
        drift_observe(state, params, out)
        out[0] += 1000.0

    with pytest.raises((AssertionError, UserWarning)):
        check_world(
            variant("BadObservation", dynamics=replace(DRIFT_CAR.dynamics, observe=observe))
        )


def test_the_numbers_of_a_kernel_become_what_gymnasium_wants(monkeypatch):
    @njit
    def step(state, action, params):
        return 1, 0

    whole = replace(toy_worlds.WALK, dynamics=replace(toy_worlds.WALK.dynamics, step=step))
    monkeypatch.setitem(il_envs.WORLDS, "Whole", replace(whole, name="Whole"))
    env = il_envs.WorldEnv("Whole")
    env.reset(seed=0)
    assert [type(each) for each in env.step(1)[1:4]] == [float, bool, bool]


def test_a_trace_replays_to_the_same_hashes_in_another_process(world):
    module = "il_envs" if world.namespace == "il_envs" else "tests.contract.toy_worlds"
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
