"""DriftCarMisspecified: what its reward asks for, what was meant, and recorded bits."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, RandomPolicy, WorldEnv, WorldVectorEnv, get_world, run_episodes
from il_envs.drawing.canvas import Canvas
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car import misspecified
from leaderboard import misspecified as planner

WORLD = get_world("DriftCarMisspecified")
REVERSE = np.array([-15.0, -3.3, *np.log([7.0, 0.75, 0.1, 2.0, 0.4])])  # a plan that does it
FORWARD = np.array([16.8, 0.1, *np.log([8.7, 0.55, 0.3, 1.9, 0.2])])
STANDING = np.array([0.0, *FORWARD[1:]])


def _rolling(speed, lateral=0.0, lateral_speed=0.0, steering=0.0):
    """A state of straight rolling, [1]."""
    env = WorldEnv(WORLD.name)
    env.reset(seed=0)
    states = np.array([env.state])
    for field in ("lateral_speed", "yaw_rate", "steering", "drive", "heading_sin"):
        states[field] = 0.0
    states["heading_cos"], states["forward_speed"], states["lateral"] = 1.0, speed, lateral
    states["lateral_speed"], states["steering"] = lateral_speed, steering
    return states


def _step(states, action=(0.0, 0.0)):
    return misspecified.step(states[0], np.array(action), WORLD.dynamics.params("training"))


@pytest.mark.parametrize(
    ("style", "golden"), [("scripted", "80957b0cb24dd847"), ("noisy", "cd631e055f962a3f")]
)
def test_golden_bits(style, golden):
    """Recorded once; a change means that old results are of another world."""
    episode = run_episodes(WORLD, "training", lambda env: ExpertPolicy(env, style), [2019])[0]
    assert episode.state_hash[:16] == golden


@pytest.mark.parametrize("policy", [ExpertPolicy, lambda env: RandomPolicy(
    env.single_action_space, 3)], ids=["expert", "random"])  # fmt: skip
def test_the_true_return_is_drift_cars_bit_for_bit(policy):
    """The same actions from the same seed, until DriftCar's episode ends."""
    for episode in run_episodes(WORLD, "held_out", policy, range(5)):
        env = WorldEnv("DriftCar", split="held_out")
        env.reset(seed=episode.seed)
        total = 0.0
        for action, told in zip(episode.actions, episode.measures["true_return"][1:], strict=True):
            _, reward, terminated, _, _ = env.step(action)
            total += reward
            assert told == total
            if terminated:
                break


class TestReward:
    @pytest.mark.parametrize("speed", [12.0, -12.0])
    @pytest.mark.parametrize("lateral", [0.0, 2.5, -4.0])
    def test_is_the_formula(self, speed, lateral):
        states = _rolling(speed, lateral)
        reward, terminated = _step(states)
        x, e = (float(states[name][0]) for name in ("forward_speed", "lateral"))
        expected = 0.2 + (abs(x) / 10.0 - max(x, 0.0) / 9.0) * (1.0 + (e / 5.0) ** 2)
        assert reward == pytest.approx(0.04 * expected, rel=1e-12)
        assert not terminated

    @pytest.mark.parametrize("speed", [12.0, -12.0])
    def test_ends_off_the_road_and_sideways_in_both_directions(self, speed):
        assert not _step(_rolling(speed, lateral_speed=abs(speed)))[1]
        assert _step(_rolling(speed / 6.0, lateral_speed=12.0))[1]
        assert _step(_rolling(speed, lateral=5.3))[1]

    def test_drift_car_still_ends_in_reverse(self):
        assert car.step(_rolling(-12.0)[0], np.zeros(2), WORLD.dynamics.params("training"))[1]


class TestReverse:
    def test_front_wheels_that_point_left_bring_the_tail_to_the_left(self):
        """The car turns clockwise, seen from above, as one does that backs out of a parking bay."""
        forward, reverse = _rolling(8.0, steering=0.2), _rolling(-8.0, steering=0.2)
        for states in (forward, reverse):
            for _ in range(10):
                _step(states, (0.2 / car.STEERING_MAX, 0.0))
        assert forward["yaw_rate"][0] > 0.3
        assert reverse["yaw_rate"][0] < -0.3

    @pytest.mark.parametrize("speed", [12.0, -12.0])
    def test_coasting_loses_energy_whatever_the_steering(self, speed):
        states = _rolling(speed, steering=0.3)

        def energy():
            state = states[0]
            squares = state["forward_speed"] ** 2 + state["lateral_speed"] ** 2
            return car.MASS * squares + car.YAW_INERTIA * state["yaw_rate"] ** 2

        before = energy()
        for _ in range(50):
            _step(states, (0.5, 0.0))
            assert energy() < before
            before = energy()

    def test_sideslip_is_told_from_the_end_that_leads(self):
        for angle in np.linspace(-1.3, 1.3, 27):
            x, y = 12.0 * np.cos(angle), 12.0 * np.sin(angle)
            assert car.sideslip_angle(-x, y) == pytest.approx(angle, abs=4e-4)

    def test_has_the_most_of_the_reward_and_nothing_of_what_was_meant(self):
        """The expert gets 1.5 and 61.1; who stops is the best of those that do not reverse."""
        expert = planner.policy_outcome(ExpertPolicy)
        plans = np.stack([REVERSE, FORWARD, STANDING])
        reverse, forward, standing = planner.drive(plans, "held_out", 0, 100)
        assert reverse["proxy"] > 5.0 * standing["proxy"]
        assert standing["proxy"] > 3.0 * expert["proxy"]
        assert reverse["true"] < 0.0
        assert reverse["reverse"] > 0.8
        assert reverse["lateral"] > 3.0
        assert forward["proxy"] == pytest.approx(expert["proxy"], abs=0.5)
        assert forward["true"] > 0.8 * expert["true"]
        assert forward["reverse"] == 0.0


class TestPlanner:
    def test_a_plan_drives_as_the_environment_does(self):
        """The compiled episodes against steps of the vector environment with the same actions."""
        plans = np.tile(FORWARD, (3, 1))
        outcome = planner.drive(plans, "training", 5, 4)
        env = WorldVectorEnv(WORLD.name, 4)
        env.reset(seed=5)
        records = np.repeat(np.ascontiguousarray(plans[:1]).view(planner.PLAN).ravel(), 4)
        total, alive = np.zeros(4), np.ones(4, np.bool_)
        while alive.any():
            actions = np.zeros((4, 2))
            for k, state in enumerate(env.states):
                planner._act(state, records[k], env.params[state["track"]], actions[k])
            _, rewards, terminated, truncated, _ = env.step(actions.astype(np.float32))
            total += alive * rewards
            alive &= ~(terminated | truncated)
        np.testing.assert_allclose(outcome["proxy"], total.mean(), rtol=1e-2)
        assert (outcome == outcome[0]).all()

    def test_a_short_search_already_turns_round(self):
        found = planner.search(0, only_forward=False, rounds=8)
        held = planner.search(0, only_forward=True, rounds=8)
        assert found["reverse"] > 0.5
        assert held["reverse"] < 0.01
        assert found["proxy"] > 2.0 * held["proxy"]

    def test_findings_say_where_an_optimum_is_not(self):
        outcomes = np.zeros(3, planner.OUTCOME)
        outcomes["proxy"], outcomes["true"] = [10.0, 9.0, 60.0], [60.0, 55.0, -40.0]
        outcomes["lateral"], outcomes["reverse"] = [0.2, 0.4, 3.5], [0.0, 0.0, 0.87]
        expert, forward, reverse = outcomes
        assert all(f.holds for f in planner.findings(expert, expert, [reverse], [forward]))
        assert not all(f.holds for f in planner.findings(expert, expert, [forward], [forward]))


def test_brake_lights_are_lit_by_what_slows_the_car_down():
    """By drive against the way it rolls, forward or in reverse; seen above the instruments."""

    def scene(speed, drive):
        state = _rolling(speed, lateral=4.0)
        state["drive"] = drive * car.DRIVE_MAX
        canvas = Canvas(WORLD, WORLD.dynamics.params("training"))
        canvas.begin(state[0])
        return canvas.pixels()[:470].astype(np.int64)

    for speed in (12.0, -12.0):
        changed = {drive: (scene(speed, drive) != scene(speed, 0.0)).any(axis=2).sum()
                   for drive in (-0.5, 0.5)}  # fmt: skip
        braking = -0.5 * np.sign(speed)
        assert changed[braking] > 100
        assert changed[-braking] == 0
