"""The car's gentle start and its driving assistance."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, WorldEnv, get_world, run_episodes
from il_envs.engine.fingerprint import fingerprint
from il_envs.worlds.drift_car import assistance, track
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.assistance import assist
from il_envs.worlds.drift_car.gentle_start import SPEED, STRAIGHT_CURVATURE_MAX, longest_straight

WORLD = get_world("DriftCar")


@pytest.fixture
def env():
    env = WorldEnv("DriftCar", "held_out")
    env.reset(seed=0, options={"gentle_start": True})
    return env


def _straight_from(curvature, first):
    """The number of straight samples from one on, around the lap."""
    around = np.abs(np.roll(curvature, -first)) <= STRAIGHT_CURVATURE_MAX
    return len(around) if around.all() else int(np.argmin(around))


class TestGentleStart:
    def test_golden_bits(self):
        """Recorded once; a change means that what people have recorded does not replay."""
        gentle = run_episodes(WORLD, "training", ExpertPolicy, [2019], gentle_start=True)[0]
        assert gentle.state_hash[:16] == "1199fce70c9537a2"

    @pytest.mark.parametrize("split", ["training", "held_out"])
    def test_no_straight_is_longer(self, split):
        for row in track.bank(split):
            lengths = [_straight_from(row["curvature"], i) for i in range(track.SAMPLES)]
            assert lengths[longest_straight(row["curvature"])] == max(lengths)
            assert max(lengths) * row["length"] / track.SAMPLES > 25.0

    def test_a_straight_may_cross_the_finish_line(self):
        curvature = np.full(track.SAMPLES, 0.05)
        curvature[40:50] = curvature[:6] = curvature[-6:] = 0.0
        assert longest_straight(curvature) == track.SAMPLES - 6

    def test_the_car_rolls_slowly_along_the_centreline(self, env):
        state = env.state
        assert (state["lateral"], state["heading_sin"], state["heading_cos"]) == (0.0, 0.0, 1.0)
        assert (state["forward_speed"], state["lateral_speed"]) == (SPEED, 0.0)
        assert (state["distance"], state["step"]) == (0.0, 0)
        for _ in range(100):  # 20 m without a hand on the wheel
            *_, info = env.step(np.zeros(2, np.float32))
        assert info["lateral_error"] < 0.5
        assert info["distance"] > 18.0

    def test_it_is_no_part_of_what_results_are_of(self):
        assert "gentle_start" not in WORLD.dynamics.kernels
        plain = {name: getattr(WORLD.dynamics, name) for name in WORLD.dynamics.kernels}
        assert fingerprint(WORLD.dynamics.kernels) == fingerprint(plain)


def _answer(env, steer, drive, **changes):
    """What is executed where the player gives this, in the present state with these changes."""
    state = env.state
    for field, value in changes.items():
        state[field] = value
    return assist(state, env.params, np.array([steer, drive], np.float32))


class TestAssistance:
    def test_a_calm_driver_is_left_alone(self, env):
        for steer in (-0.15, 0.0, 0.15):
            for drive in (-0.4, 0.0, 0.4):
                executed = _answer(env, steer, drive, forward_speed=8.0)
                np.testing.assert_allclose(executed, [steer, drive], atol=1e-7)

    def test_a_good_driver_steers_nearly_alone(self, env):
        """The expert, at the pace that the limiters leave it: 1 is the steering lock."""
        expert, changes = ExpertPolicy(env), []
        for _ in range(1000):
            action = expert.predict()[0][0]
            executed = assist(env.state, env.params, action)
            changes.append(abs(executed[0] - action[0]))
            *_, terminated, _, _ = env.step(executed)
            assert not terminated
        assert np.mean(changes) < 0.06
        assert np.quantile(changes, 0.9) < 1.001 * assistance.LANE_STEERING_MAX / car.STEERING_MAX

    def test_the_speed_limiter_cuts_the_throttle_and_then_brakes(self, env):
        reference = car.lookup(
            env.params[env.state["track"]]["speed"],
            car.lap_position(env.state, env.params[env.state["track"]]),
        )
        limit = assistance.SPEED_SHARE * reference
        assert _answer(env, 0.0, 0.3, forward_speed=limit - 2.0)[1] == np.float32(0.3)
        assert _answer(env, 0.0, 0.3, forward_speed=limit)[1] == pytest.approx(0.0, abs=1e-6)
        assert _answer(env, 0.0, 0.3, forward_speed=limit + 0.2)[1] < -0.05
        assert _answer(env, 0.0, 0.3, forward_speed=limit + 9.0)[1] == -assistance.DRIVE_SHARE

    @pytest.mark.parametrize("pedal", [-1.0, 1.0])
    def test_traction_control_bounds_drive_and_brake(self, env, pedal):
        assert _answer(env, 0.0, pedal)[1] == pedal * assistance.DRIVE_SHARE

    @pytest.mark.parametrize("side", [-1.0, 1.0])
    def test_lane_keeping_is_a_bounded_nudge_back_that_a_slow_car_lacks(self, env, side):
        fast = {"forward_speed": 9.0}
        nudge = car.STEERING_MAX * _answer(env, 0.0, 0.0, lateral=0.5 * side, **fast)[0]
        assert nudge == pytest.approx(-0.5 * side * assistance.LANE_OFFSET_GAIN)
        nudge = car.STEERING_MAX * _answer(env, 0.0, 0.0, lateral=4.0 * side, **fast)[0]
        assert nudge == pytest.approx(-side * assistance.LANE_STEERING_MAX)
        assert _answer(env, 0.0, 0.0, lateral=4.0 * side)[0] == 0.0

    def test_lane_keeping_alone_takes_no_corner(self):
        for split in ("training", "held_out"):
            for row in track.bank(split):
                sharpest = np.abs(row["curvature"]).max()
                needed = car.WHEELBASE * sharpest  # rad, if the tyres did not slip
                assert needed > 2.0 * assistance.LANE_STEERING_MAX

    @pytest.mark.parametrize("side", [-1.0, 1.0])
    def test_the_steering_limiter_counters_a_slide(self, env, side):
        """The tail slides out to one side: the wheels turn to the side to which the car moves."""
        sliding = {"forward_speed": 8.0, "lateral_speed": 3.0 * side, "yaw_rate": 0.0}
        angle = car.STEERING_MAX * _answer(env, -side, 0.0, **sliding)[0]
        travel = np.arctan2(3.0, np.sqrt(8.0**2 + 1.0))
        assert angle * side == pytest.approx(travel - assistance.SLIP_MAX, abs=2e-3)

    def test_it_is_the_same_in_the_misspecified_world(self, env):
        other = WorldEnv("DriftCarMisspecified", "held_out")
        other.reset(seed=0, options={"gentle_start": True})
        random = np.random.default_rng(0)
        for _ in range(50):
            action = random.uniform(-1.0, 1.0, 2).astype(np.float32)
            executed = assist(env.state, env.params, action)
            assert executed.tolist() == assist(other.state, other.params, action).tolist()
            env.step(executed)
            other.step(executed)
