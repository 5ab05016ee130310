"""The shooter's observation against one computed anew, with trigonometry and brute force."""

import numpy as np
import pytest

from il_envs import WorldEnv, WorldVectorEnv
from il_envs.engine.kernels import batch_kernels
from il_envs.engine.spaces import as_records
from il_envs.worlds.shooter import arena, view
from il_envs.worlds.shooter.arena import SIZE
from tests.worlds.shooter.shooter_oracle import observation
from tests.worlds.shooter.shooting_range import (
    PLACE,
    add_bullet,
    add_enemy,
    arena_with,
    played,
    stand,
)

STATES = 600
DIRECTIONS_OF_WAYS = [view.WAY_AHEAD, view.HEALTH_AHEAD, view.ROUNDS_AHEAD]


@pytest.fixture(scope="module", params=["Shooter", "Shooter20"])
def seen(request):
    """States reached by play, their arenas, and what the player saw there."""
    states, observations = [], []
    for step, (env, _) in enumerate(played(request.param, 1_205, rows=12, chance=0.4)):
        if step % 24 == 5:  # never at a start, where bodies stand on lines of sight by corners
            states.append(env.states.copy())
            observations.append(env.observe())
    return request.param, env.params, np.concatenate(states), np.concatenate(observations)


def _mirrored(states):
    """The same scenes, turned by half a circle with their arenas, which then are what they were."""
    turned = states.copy()
    for bodies in (turned, turned["enemies"], turned["shots"], turned["bullets"]):
        for name in ("x", "y"):
            bodies[name] = SIZE - bodies[name]
        for name in ("vx", "vy"):
            bodies[name] *= -1.0
    turned["heading_cos"] *= -1.0
    turned["heading_sin"] *= -1.0
    turned["pickup_wait"] = np.roll(turned["pickup_wait"], 2, axis=1)
    return turned


def test_every_entry_is_what_the_description_says(seen):
    _, params, states, observations = seen
    assert len(states) >= STATES
    pad = observations.shape[1] - view.HELD
    for state, out in zip(states, observations, strict=True):
        expected = observation(state, params[state["arena"]], pad)
        np.testing.assert_allclose(out, expected, atol=1e-6)


def test_every_entry_is_put_to_use(seen):
    """Or the comparison above would say nothing of it; Shooter's one gun never has to cool."""
    name, _, _, observations = seen
    idle = np.flatnonzero(observations.std(0) == 0.0)
    assert idle.tolist() == ([view.COOLING_LEVEL] if name == "Shooter" else [])


def test_an_observation_is_written_over_whatever_was_there():
    env = stand(name="Shooter")
    rows = np.full((1, 189), 7.0, np.float32)
    look = batch_kernels(env.world).look_rows
    look(env.states, env.params, as_records(rows), as_records(np.zeros((1, 5))))
    np.testing.assert_array_equal(rows[0], env.observe())


def test_observations_stay_in_their_space(seen):
    _, _, _, observations = seen
    assert np.abs(observations).max() <= 1.0
    random = np.random.default_rng(0)
    env = WorldVectorEnv("Shooter20", 64)
    env.reset(seed=1)
    for step in range(1_250):
        if step % 5 == 0:
            actions = random.integers(0, 2, (64, 20), np.int8)
        assert np.abs(env.step(actions)[0]).max() <= 1.0


def test_a_scene_turned_by_half_a_circle_looks_the_same(seen):
    """But for which of several shortest ways is pointed at."""
    name, _, states, observations = seen
    env = WorldVectorEnv(name, len(states))
    env.states = _mirrored(states)
    same = np.ones(observations.shape[1], np.bool_)
    for entry in DIRECTIONS_OF_WAYS:
        same[entry : entry + 2] = False
    np.testing.assert_allclose(env.observe()[:, same], observations[:, same], atol=1e-6)


def test_a_scene_turned_by_a_quarter_looks_the_same():
    """In an empty arena, all of whose pickups have been taken: every entry but the ways'."""
    random = np.random.default_rng(0)
    for _ in range(20):
        observations = []
        offsets = random.uniform(2.0, 8.0, 3) * np.exp(1j * random.uniform(0, 2 * np.pi, 3))
        motions = -3.0 * offsets
        heading = np.exp(1j * random.uniform(0, 2 * np.pi))
        for turn in (1.0, 1j):
            facing = heading * turn
            env = stand(x=13.5, y=13.5, heading_cos=facing.real, heading_sin=facing.imag)
            env.states[0]["pickup_wait"] = 9
            places = (13.5 + 13.5j) + offsets * turn
            for place, motion in zip(places, motions * turn, strict=True):
                add_enemy(env, place.real, place.imag, vx=motion.real / 10, vy=motion.imag / 10)
                add_bullet(env, place.real, place.imag, motion.real, motion.imag)
            observations.append(np.delete(env.observe(), [158, 159, 160]))
        np.testing.assert_allclose(*observations, atol=1e-6)


def test_sectors_are_ten_degrees_wide():
    random = np.random.default_rng(0)
    angles = np.concatenate([random.uniform(-180, 180, 5_000), np.arange(-180, 181, 2.5) + 1e-6])
    for angle, length in zip(angles, random.exponential(5.0, angles.size), strict=True):
        way = length * np.exp(1j * np.radians(angle))
        expected = round(np.degrees(np.arctan2(way.imag, way.real)) / 10.0) % 36
        assert view.sector(way.real, way.imag) == expected
    assert 0 <= view.sector(0.0, 0.0) < 36


def test_rays_are_ten_degrees_apart():
    angles = np.radians(10.0 * np.arange(36))
    np.testing.assert_allclose(view.RAY_AHEAD, np.cos(angles), atol=1e-14)
    np.testing.assert_allclose(view.RAY_LEFT, np.sin(angles), atol=1e-14)
    np.testing.assert_allclose(view.EDGE_AHEAD, np.cos(angles + np.radians(5.0)), atol=1e-14)
    np.testing.assert_allclose(view.EDGE_LEFT, np.sin(angles + np.radians(5.0)), atol=1e-14)


def test_nearness_and_back():
    assert [view.nearness(d) for d in (-1.0, 0.0, 2.0, 6.0)] == [1.0, 1.0, 0.5, 0.25]
    for distance in (0.0, 0.3, 2.0, 17.0):
        assert view.distance(view.nearness(distance)) == pytest.approx(distance)
    assert view.distance(0.0) > 1e5


def test_with_nobody_there_nothing_is_seen_but_walls_and_pickups():
    env = stand(arena_with((9, 7)))
    env.states[0]["pickup_wait"] = 9
    out = env.observe()
    assert not out[view.WAY_AHEAD : view.HELD].any()
    rays = out[: view.HEALTH_LEVEL].reshape(36, 4)
    assert not rays[:, 1:].any()
    assert (rays[:, 0] > 0.0).all()


@pytest.mark.parametrize("walls", [(), ((9, 7),)])
def test_a_wall_hides_an_enemy_and_a_bullet(walls):
    env = stand(arena_with(*walls))
    add_enemy(env, PLACE + 5.0, PLACE)
    add_bullet(env, PLACE + 4.5, PLACE, -11.0, 0.0)
    out = env.observe()
    is_seen = not walls
    assert (out[view.TARGET] > 0.0) == is_seen
    assert (out[view.THREAT_SOON] > 0.0) == is_seen
    assert (out[1] > 0.0, out[2] > 0.0) == (is_seen, is_seen)


def test_time_and_waves_run_from_one_end_to_the_other():
    env = WorldEnv("Shooter")
    env.reset(seed=0)
    assert env.observe()[view.TIME_LEFT] == 1.0
    env.states[0]["step"], env.states[0]["wave"] = 1200, 8
    assert (env.observe()[view.TIME_LEFT], env.observe()[view.WAVE_LEVEL]) == (0.0, 1.0)
    assert arena.FAR * 0.75 > 24.0, "no way within an arena is too long to be told"
