"""The shooter's guns and its magazine, against the numbers that its description states."""

import numpy as np
import pytest

from il_envs import WorldVectorEnv
from il_envs.worlds.shooter.pad import (
    ALTERNATE_FIRE,
    FIRE,
    FORWARD,
    RELOAD,
    SPRINT,
    TURN_LEFT,
    WEAPON_1,
    WEAPON_2,
    WEAPON_3,
    WEAPON_4,
)
from tests.worlds.shooter.shooting_range import HEADING, PLACE, flying, press, turned


class TestShooting:
    @pytest.mark.parametrize(
        ("weapon", "pellets", "damage", "speed", "blast", "rounds", "period"),
        [
            ((), 1, 6.0, 30.0, 0.0, 1, 1),
            ((WEAPON_1,), 1, 6.0, 30.0, 0.0, 1, 1),
            ((WEAPON_2,), 5, 14.0, 25.0, 0.0, 4, 10),
            ((WEAPON_3,), 1, 60.0, 60.0, 0.0, 4, 16),
            ((WEAPON_4,), 1, 60.0, 16.0, 2.5, 8, 30),
        ],
    )
    def test_weapons(self, weapon, pellets, damage, speed, blast, rounds, period):
        env = turned()
        state = env.states[0]
        press(env, FIRE, *weapon)
        shots = flying(state, "shots", "shot_count")
        assert (shots["damage"].tolist(), shots["blast"].tolist()) == (
            [damage] * pellets, [blast] * pellets
        )  # fmt: skip
        velocities = (shots["vx"] + 1j * shots["vy"]) / HEADING
        np.testing.assert_allclose(abs(velocities), speed, rtol=1e-12)
        fan = 0.06 * np.arange(-(pellets // 2), pellets // 2 + 1)
        np.testing.assert_allclose(velocities.imag / velocities.real, fan, atol=1e-12)
        for step in range(1, 40):
            assert state["fired"] == rounds * (1 + (step - 1) // period)
            assert state["magazine"] == 40 - state["fired"]
            press(env, FIRE, *weapon)

    def test_bullets_leave_along_the_heading_before_the_turn(self):
        env = turned()
        press(env, FIRE, TURN_LEFT, FORWARD)
        shot = env.states[0]["shots"][0]
        assert complex(shot["vx"], shot["vy"]) == pytest.approx(30.0 * HEADING)
        start = PLACE * (1 + 1j) + 0.4 * HEADING
        assert complex(shot["x"], shot["y"]) == pytest.approx(start + 1.5 * HEADING)

    def test_nothing_is_fired_unless_fire_is_held(self):
        env = turned()
        press(env, *[k for k in range(20) if k != FIRE])
        press(env)
        assert (env.states[0]["fired"], env.states[0]["shot_count"]) == (0, 0)

    @pytest.mark.parametrize(
        ("weapon", "rounds"), [((), 2), ((WEAPON_2,), 8), ((WEAPON_3,), 8), ((WEAPON_4,), 16)]
    )
    def test_alternate_fire_fires_a_second_barrel_to_the_left(self, weapon, rounds):
        env = turned()
        press(env, FIRE, *weapon)
        first = env.states[0]["shots"].copy()
        pellets = env.states[0]["shot_count"]
        env = turned(magazine=rounds)
        press(env, FIRE, ALTERNATE_FIRE, *weapon)
        shots = flying(env.states[0], "shots", "shot_count")
        assert (shots[:pellets] == first[:pellets]).all()
        aside = (shots["x"] + 1j * shots["y"])[pellets:] - (first["x"] + 1j * first["y"])[:pellets]
        np.testing.assert_allclose(aside, 0.3j * HEADING, atol=1e-12)
        assert (env.states[0]["fired"], env.states[0]["magazine"]) == (rounds, 0)

    def test_alternate_fire_alone_does_nothing(self):
        env = turned()
        press(env, ALTERNATE_FIRE)
        assert env.states[0]["fired"] == 0

    @pytest.mark.parametrize(
        ("weapon", "rounds"),
        [((), 1), ((ALTERNATE_FIRE,), 2), ((WEAPON_2,), 4), ((WEAPON_3,), 4), ((WEAPON_4,), 8)],
    )
    def test_a_weapon_that_lacks_a_round_is_silent(self, weapon, rounds):
        env = turned(magazine=rounds - 1)
        press(env, FIRE, *weapon, steps=3)
        assert (env.states[0]["magazine"], env.states[0]["fired"]) == (rounds - 1, 0)
        assert env.states[0]["cooling"] == 0

    def test_sprinting_shots_go_astray_by_up_to_a_tangent_of_015(self):
        """In a batch: the deviation of 4,000 uniform numbers has a standard error of .7% of it."""
        env = WorldVectorEnv("Shooter", 4_000)
        env.reset(seed=0)
        actions = np.zeros((4_000, 12), np.int8)
        actions[:, [FIRE, SPRINT]] = 1
        headings = env.states["heading_cos"] + 1j * env.states["heading_sin"]
        env.step(actions)
        shots = env.states["shots"][:, 0]
        velocities = (shots["vx"] + 1j * shots["vy"]) / headings
        tangents = velocities.imag / velocities.real
        assert abs(tangents).max() <= 0.15
        assert tangents.std() == pytest.approx(0.15 / np.sqrt(3.0), rel=4 * 0.007)
        assert abs(tangents.mean()) < 4 * 0.15 / np.sqrt(3.0 * 4_000)


class TestReloading:
    def test_it_takes_twenty_steps_in_all_even_with_pauses(self):
        env = turned(magazine=3, reserve=100)
        state = env.states[0]
        for held in (7, 12):
            press(env, RELOAD, steps=held)
            assert state["magazine"] == 3
            press(env, FORWARD, steps=5)
        press(env, RELOAD)
        assert (state["magazine"], state["reserve"], state["reloading"]) == (40, 63, 0)

    @pytest.mark.parametrize(
        ("magazine", "reserve", "after"), [(30, 4, (34, 0)), (30, 0, (30, 0)), (40, 9, (40, 9))]
    )
    def test_it_moves_what_there_is(self, magazine, reserve, after):
        env = turned(magazine=magazine, reserve=reserve)
        press(env, RELOAD, steps=25)
        assert (env.states[0]["magazine"], env.states[0]["reserve"]) == after
        if after == (magazine, reserve):
            assert env.states[0]["reloading"] == 0

    def test_the_gun_is_silent_meanwhile(self):
        env = turned(magazine=20)
        press(env, RELOAD, FIRE, steps=10)
        assert env.states[0]["fired"] == 0
        press(env, FIRE)
        assert env.states[0]["fired"] == 1
