"""Instances: the same task with its random streams, and its map or weights, drawn from a code."""

import copy
import pickle

import numpy as np
import pytest

from il_envs.engine.single import WorldEnv
from il_envs.engine.vector import WorldVectorEnv
from il_envs.exact.soft_optimal import soft_optimal
from il_envs.learning.policy import ExpertPolicy
from il_envs.learning.rollout import replay, run_episodes
from il_envs.world import WORLDS, UnknownNameError, World, get_world
from il_envs.worlds.grid import tiles
from leaderboard.measures.references import exact_reference, required_reference

CODES = ("0123456789abcdef", "fedcba9876543210")
NAMES = tuple(WORLDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_code_says_all_of_an_instance(name: str) -> None:
    world = get_world(f"{name}~{CODES[0]}")
    assert get_world(f"{name}-v0~{CODES[0]}") is world
    assert world.base == name
    for again in (copy.deepcopy(world), pickle.loads(pickle.dumps(world))):
        assert again is world
    first, second, other = (
        np.frombuffer(_states(get_world(f"{name}~{code}")), np.uint8)
        for code in (CODES[0], CODES[0], CODES[1])
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def _states(world: World) -> bytes:
    """All State records of a few steps of the expert."""
    env = WorldVectorEnv(world.name, 4, "held_out")
    env.reset(seed=7)
    expert, memory, states = ExpertPolicy(env), None, [env.states.tobytes()]
    for _ in range(10):
        actions, memory = expert.predict(state=memory)
        env.step(actions)
        states.append(env.states.tobytes())
    return b"".join(states)


@pytest.mark.parametrize("name", NAMES)
def test_its_streams_are_others(name: str) -> None:
    """Whoever knows the seeds of an evaluation knows nothing of its episodes."""
    keys = set()
    for world in (name, *(f"{name}~{code}" for code in CODES)):
        env = WorldEnv(world)
        env.reset(seed=900_000_000)
        keys.add(int(env.state["key"]))
    assert len(keys) == 3


@pytest.mark.parametrize("name", [name for name in NAMES if WORLDS[name].redraw])
def test_what_can_be_drawn_is(name: str) -> None:
    tables = {
        get_world(world).dynamics.params(split).tobytes()
        for world in (name, *(f"{name}~{code}" for code in CODES))
        for split in ("training", "held_out")
    }
    assert len(tables) in (3, 6)  # grids have the same for both splits


@pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Shooter"])
def test_its_episodes_replay(name: str) -> None:
    world = get_world(f"{name}~{CODES[0]}")
    for episode in run_episodes(world, "held_out", ExpertPolicy, [3, 4]):
        replayed = replay(world, "held_out", episode.seed, episode.actions)
        assert replayed == (episode.total_reward, episode.state_hash)


@pytest.mark.parametrize("name", [name for name in NAMES if exact_reference(WORLDS[name])])
def test_an_exact_world_stays_exact(name: str) -> None:
    """Its reference solves its own model, which another instance's does not."""
    own, other = (exact_reference(get_world(f"{name}~{code}")) for code in CODES)
    assert own is not None
    assert other is not None
    if WORLDS[name].redraw:
        assert own.expected_return != other.expected_return
    else:
        assert own.expected_return == other.expected_return


@pytest.mark.parametrize("number", range(20))
def test_rooms_keep_their_doors(number: int) -> None:
    """From everywhere the expert finds the goal, in both worlds, whose goal is the same one and
    whose doors are others."""
    code = f"{number:016x}"
    rooms, moved = (get_world(f"{name}~{code}") for name in ("FourRooms", "FourRoomsMoved"))
    assert rooms.truth.transfer == moved.name
    first, second = (world.dynamics.params("training")["tile"] for world in (rooms, moved))
    assert (first == tiles.GOAL).sum() == 1
    assert (first == tiles.WALL).sum() == (second == tiles.WALL).sum() == 17
    np.testing.assert_array_equal(first == tiles.GOAL, second == tiles.GOAL)
    doors = (first != second) & (second == tiles.WALL)
    assert doors.sum() == 4
    for world in (rooms, moved):
        reference = required_reference(world)
        free = world.dynamics.params("training")["tile"] != tiles.WALL
        values = reference.value[0]
        assert (values[free] > 0.2 * values[free].max()).all()


@pytest.mark.parametrize("number", range(10))
def test_the_bridge_is_crossed_by_the_posterior_model_alone(number: int) -> None:
    reference = required_reference(get_world(f"RiskyBridge~{number:016x}"))
    bridge = get_world("RiskyBridge").dynamics.params("training")["tile"] == tiles.BRIDGE
    posterior = soft_optimal(reference.model, "posterior", reference.temperature)
    assert reference.occupancy[:, bridge].sum() < 0.1
    assert posterior.occupancy[:, bridge].sum() > 4.0


@pytest.mark.parametrize("code", ["", "0", "0123456789ABCDEF", "0123456789abcdeg", "0" * 17, "~"])
def test_what_is_no_code_is_a_line(code: str) -> None:
    if code == "":
        assert get_world("FourRooms~") is get_world("FourRooms")
        return
    with pytest.raises(UnknownNameError, match=f"instance 'FourRooms~{code}'; a code is 16 hexa"):
        get_world(f"FourRooms~{code}")
