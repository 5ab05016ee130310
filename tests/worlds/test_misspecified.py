"""DriftCarMisspecified: what its reward asks for, what was meant, and recorded bits."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, RandomPolicy, WorldEnv, get_world, run_episodes
from il_envs.drawing.canvas import Canvas
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car import misspecified

WORLD = get_world("DriftCarMisspecified")


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
