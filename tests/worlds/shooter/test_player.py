"""What each of the shooter's buttons does, against the numbers that its description states."""

import numpy as np
import pytest

import il_envs
from il_envs import WorldEnv
from il_envs.worlds.shooter import arena, player, records
from il_envs.worlds.shooter.pad import (
    ALTERNATE_FIRE,
    BACK,
    CROUCH,
    DASH,
    FIRE,
    FORWARD,
    LEAN_LEFT,
    LEAN_RIGHT,
    RELOAD,
    SHIELD,
    SPRINT,
    STRAFE_LEFT,
    STRAFE_RIGHT,
    TURN_LEFT,
    TURN_RIGHT,
    USE,
    WEAPON_2,
)
from il_envs.worlds.shooter.sight import CELL
from tests.worlds.shooter.shooting_range import (
    CORNER,
    HEADING,
    PLACE,
    add_enemy,
    press,
    stand,
    turned,
)

HALF = np.sqrt(0.5)


def _heading(env):
    state = env.states[0]
    return complex(state["heading_cos"], state["heading_sin"])


def _way(env, *buttons):
    """The way of the player in one step in the frame of its body, ahead + left i, in metres."""
    state, heading = env.states[0], _heading(env)
    before = complex(state["x"], state["y"])
    press(env, *buttons)
    return (complex(state["x"], state["y"]) - before) / heading


class TestRunning:
    @pytest.mark.parametrize(
        ("buttons", "velocity"),
        [
            ((), 0.0),
            ((FORWARD,), 4.0),
            ((BACK,), -4.0),
            ((STRAFE_LEFT,), 4.0j),
            ((STRAFE_RIGHT,), -4.0j),
            ((FORWARD, STRAFE_LEFT), 4.0 * HALF * (1 + 1j)),
            ((BACK, STRAFE_RIGHT), -4.0 * HALF * (1 + 1j)),
            ((FORWARD, BACK), 0.0),
            ((STRAFE_LEFT, STRAFE_RIGHT), 0.0),
            ((FORWARD, BACK, STRAFE_LEFT), 4.0j),
            ((FORWARD, SPRINT), 6.0),
            ((FORWARD, STRAFE_RIGHT, SPRINT), 6.0 * HALF * (1 - 1j)),
            ((SPRINT,), 0.0),
            ((BACK, SPRINT), -4.0),
            ((STRAFE_LEFT, SPRINT), 4.0j),
            ((FORWARD, SHIELD), 2.0),
            ((FORWARD, CROUCH), 2.0),
            ((FORWARD, SHIELD, CROUCH), 1.0),
            ((DASH,), 12.0),
            ((FORWARD, BACK, DASH), 12.0),
            ((STRAFE_LEFT, DASH), 12.0j),
            ((BACK, STRAFE_LEFT, DASH, CROUCH), 12.0 * HALF * (-1 + 1j)),
            ((FORWARD, TURN_LEFT), 4.0),
            ((FIRE, RELOAD, USE, LEAN_LEFT, ALTERNATE_FIRE, WEAPON_2), 0.0),
        ],
    )
    def test_velocity_while_the_buttons_are_held_and_not_after(self, buttons, velocity):
        env = turned()
        for _ in range(3):
            assert _way(env, *buttons) == pytest.approx(velocity * 0.05, abs=1e-12)
        assert _way(env) == 0.0
        assert (env.states[0]["vx"], env.states[0]["vy"]) == (0.0, 0.0)


class TestTurning:
    @pytest.mark.parametrize(("button", "side"), [(TURN_LEFT, 1.0), (TURN_RIGHT, -1.0)])
    def test_a_step_turns_by_seven_and_a_half_degrees(self, button, side):
        env = turned()
        press(env, button)
        assert np.degrees(np.angle(_heading(env) / HEADING)) == pytest.approx(7.5 * side, rel=1e-3)
        press(env, button, steps=19)
        assert np.degrees(np.angle(_heading(env) / HEADING)) == pytest.approx(150 * side, rel=1e-3)
        after = _heading(env)
        press(env, FORWARD, STRAFE_LEFT, DASH)
        assert _heading(env) == after

    def test_both_turns_cancel_and_one_undoes_the_other(self):
        env = turned()
        press(env, TURN_LEFT, TURN_RIGHT, steps=5)
        assert _heading(env) == HEADING
        press(env, TURN_LEFT, steps=5)
        press(env, TURN_RIGHT, steps=5)
        assert _heading(env) == pytest.approx(HEADING, abs=1e-14)

    def test_a_heading_keeps_its_length(self):
        env = turned()
        press(env, TURN_LEFT, steps=1_000)
        assert abs(_heading(env)) == pytest.approx(1.0, abs=1e-15)


class TestEnergies:
    def test_the_shield_lasts_a_second_and_a_quarter(self):
        env = turned()
        state, up = env.states[0], 0
        press(env, SHIELD)
        while state["shielded"]:
            up += 1
            press(env, SHIELD)
        assert up == 25
        assert state["shield"] == 0.01

    def test_it_is_up_while_held_and_regains_a_hundredth_a_step(self):
        env = turned()
        press(env, SHIELD, steps=10)
        assert env.states[0]["shield"] == pytest.approx(0.6)
        press(env, steps=30)
        assert env.states[0]["shielded"] == 0
        assert env.states[0]["shield"] == pytest.approx(0.9)
        press(env, steps=30)
        assert env.states[0]["shield"] == 1.0

    def test_a_dash_lasts_a_fifth_of_a_second_and_takes_four_seconds_to_return(self):
        env = turned()
        state = env.states[0]
        speeds = [abs(_way(env, DASH)) / 0.05 for _ in range(6)]
        assert speeds == pytest.approx([12.0] * 4 + [0.0] * 2, abs=1e-9)
        assert state["dash"] == 2 * 0.0125
        press(env, steps=77)
        assert state["dash"] == pytest.approx(1.0 - 0.0125)
        press(env)
        assert [abs(_way(env, DASH)) > 0.0 for _ in range(5)] == [True] * 4 + [False]


class TestPickups:
    def _at(self, corner, **fields):
        """A player beside the pickup of health, or that of rounds, in a corner of the arena."""
        x, y = {"health": (CORNER, CORNER), "rounds": (CORNER, 27.0 - CORNER)}[corner]
        env = stand(x=x, y=y, **fields)
        assert player.pickup_in_reach(env.states[0], env.params[0]) == (corner == "rounds")
        return env

    @pytest.mark.parametrize(
        ("corner", "field", "before", "after"),
        [
            ("health", "health", 20.0, 20.0 + player.PICKUP_HEALTH),
            ("health", "health", 99.0, 100.0),
            ("rounds", "reserve", 20, 20 + player.PICKUP_ROUNDS),
            ("rounds", "reserve", 159, 160),
        ],
    )
    def test_using_takes_eight_steps_even_with_pauses(self, corner, field, before, after):
        env = self._at(corner, **{field: before})
        press(env, USE, steps=5)
        press(env, steps=4)
        press(env, USE, steps=2)
        assert env.states[0][field] == before
        press(env, USE)
        assert env.states[0][field] == after

    def test_it_returns_after_fifteen_seconds(self):
        env = self._at("health")
        press(env, USE, steps=8)
        for there, steps in ((False, 1), (False, 298), (True, 1)):
            press(env, steps=steps)
            assert (player.pickup_in_reach(env.states[0], env.params[0]) == 0) is there

    def test_going_away_begins_anew(self):
        env = self._at("health", health=20.0)
        press(env, USE, steps=7)
        press(env, FORWARD, steps=6)
        press(env, BACK, steps=6)
        press(env, USE)
        assert (env.states[0]["using"], env.states[0]["health"]) == (1, 20.0)

    @pytest.mark.parametrize(("distance", "steps"), [(0.99, 1), (1.01, 0)])
    def test_the_reach_is_one_metre(self, distance, steps):
        env = stand(x=CORNER + distance, y=CORNER)
        press(env, USE)
        assert env.states[0]["using"] == steps


class TestLeaning:
    @pytest.mark.parametrize(
        ("buttons", "aside"),
        [((LEAN_LEFT,), 0.5), ((LEAN_RIGHT,), -0.5), ((LEAN_LEFT, LEAN_RIGHT), 0.0), ((), 0.0)],
    )
    def test_eye_and_gun_move_to_the_side(self, buttons, aside):
        env = turned()
        press(env, FIRE, *buttons)
        eye = complex(*player.eye(env.states[0], env.params[0]))
        assert eye == pytest.approx(PLACE * (1 + 1j) + aside * 1j * HEADING)
        shot = env.states[0]["shots"][0]
        gun = complex(shot["x"], shot["y"]) - (0.4 + 1.5) * HEADING
        assert gun == pytest.approx(eye)
        assert _way(env, *buttons) == 0.0

    def test_nobody_looks_out_of_a_wall(self):
        env = stand(y=arena.SIZE - CELL - 0.45)
        press(env, LEAN_LEFT)
        assert player.eye(env.states[0], env.params[0]) == (PLACE, env.states[0]["y"])


def test_a_small_pad_lacks_the_buttons_of_the_full_one():
    """Shooter is Shooter20 whose last eight buttons nobody presses, whatever a state says."""
    random = np.random.default_rng(0)
    small, full = WorldEnv("Shooter"), WorldEnv("Shooter20")
    for env in (small, full):
        env.reset(seed=3)
    small.states[0]["held"][12:] = 1
    for _ in range(300):
        action = random.integers(0, 2, 12, np.int8)
        outcomes = [small.step(action), full.step(np.append(action, np.zeros(8, np.int8)))]
        assert outcomes[0][1:] == outcomes[1][1:]
        assert small.state.tobytes() == full.state.tobytes()
        assert (outcomes[0][0] == outcomes[1][0][:-8]).all()
    assert not small.states[0]["held"][12:].any()


def test_the_description_states_the_sizes_of_the_spaces():
    for name, pad in (("Shooter", 12), ("Shooter20", 20)):
        world = il_envs.get_world(name)
        assert (
            world.spaces.action.n == len(world.spaces.action_names) == len(world.views.keys) == pad
        )
        assert f"of {name}, Box({world.spaces.observation.shape[0]})" in il_envs.shooter.__doc__
        assert f"MultiBinary({pad})" in il_envs.shooter.__doc__
    assert records.MAX_EPISODE_STEPS * records.CONTROL_PERIOD == 60.0


def test_enemies_in_the_way_stop_nobody():
    env = stand()
    add_enemy(env, PLACE + 0.2, PLACE)
    assert _way(env, FORWARD) == pytest.approx(0.2)
