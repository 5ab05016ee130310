"""The car, its tracks and its experts against physics, geometry and recorded bits."""

import hashlib

import numpy as np
import pytest

from il_envs import ExpertPolicy, WorldEnv, WorldVectorEnv, get_world, run_episodes
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car import expert, track

WORLD = get_world("DriftCar")
SPLITS = ("training", "held_out")


def _hash(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def _growth_rate(state):
    """Largest real part of the eigenvalues of (forward, lateral speed, yaw rate), 1/s."""
    tangent = car.steering_tangent(state["steering"])
    cosine, grip = 1.0 / np.sqrt(1.0 + tangent**2), car.rear_grip(state["drive"])
    point = np.array([state[name] for name in ("forward_speed", "lateral_speed", "yaw_rate")])

    def rates(x):
        floor = car.inverse_speed(x[0])
        return np.array(car.accelerations(*x, floor, tangent, cosine, state["drive"], grip))

    steps = 1e-5 * np.eye(3)
    jacobian = np.stack([(rates(point + h) - rates(point - h)) / 2e-5 for h in steps], axis=1)
    return np.linalg.eigvals(jacobian).real.max()


class TestGoldenBits:
    """Recorded once. A change means that old results are of another world: raise its version."""

    def test_tracks(self):
        assert {split: _hash(track.bank(split)) for split in SPLITS} == {
            "training": "f527fea9ee21e5e8",
            "held_out": "fefd2dce6ce56524",
        }

    @pytest.mark.parametrize(
        ("style", "golden"),
        [
            ("scripted", "cbab1b6de0e20f18"),
            ("noisy", "6c004730a03372dd"),
            ("unlearnable", "57158ff0b4bee69c"),
            ("bimodal", "273295edbd6f3e48"),
            ("non-markov", "67b4d18041407c89"),
            ("inconsistent", "b4e743a3ef3622df"),
        ],
    )
    def test_expert_episodes(self, style, golden):
        episode = run_episodes(WORLD, "training", lambda env: ExpertPolicy(env, style), [2019])[0]
        assert episode.state_hash[:16] == golden


class TestTracks:
    @pytest.mark.parametrize("split", SPLITS)
    def test_centreline_is_closed_at_equal_spacing_with_the_tabled_tangent(self, split):
        for row in track.bank(split):
            points = row["x"] + 1j * row["y"]
            steps = np.diff(points, append=points[0])
            np.testing.assert_allclose(abs(steps), row["length"] / track.SAMPLES, rtol=1e-3)
            tangents = row["tangent_x"] + 1j * row["tangent_y"]
            np.testing.assert_allclose(abs(tangents), 1.0, rtol=1e-12)
            assert np.abs(np.angle(steps / tangents)).max() < 0.05

    @pytest.mark.parametrize("split", SPLITS)
    def test_curvature_turns_once_around_and_is_limited(self, split):
        for row in track.bank(split):
            turned = row["curvature"].sum() * row["length"] / track.SAMPLES
            assert turned == pytest.approx(2 * np.pi, rel=2e-3)
            assert np.abs(row["curvature"]).max() < 1.0 / 12.0
            assert row["curvature"].min() < -1.0 / 60.0, "no right-hand corner"

    def test_stretches_do_not_meet(self):
        for row in track.bank("held_out"):
            points = (row["x"] + 1j * row["y"])[::8]
            apart = np.abs(np.subtract.outer(np.arange(128), np.arange(128)))
            far = np.minimum(apart, 128 - apart) * row["length"] / 128 > 60.0
            distance = np.abs(np.subtract.outer(points, points))
            assert distance[far].min() > 2 * car.HALF_WIDTH + 2.0

    def test_splits_share_no_track(self):
        hashes = [_hash(row["curvature"]) for split in SPLITS for row in track.bank(split)]
        assert len(set(hashes)) == len(hashes) == 72


class TestTyres:
    def test_brush_force_saturates_at_the_grip_and_starts_at_the_stiffness(self):
        assert car.brush_force(80e3, 10.0, 5000.0) == -5000.0
        assert car.brush_force(80e3, -10.0, 5000.0) == 5000.0
        assert car.brush_force(80e3, 1e-7, 5000.0) / 1e-7 == pytest.approx(-80e3, rel=1e-4)

    def test_inverse_brush(self):
        for force in np.linspace(-0.99, 0.99, 41) * car.FRONT_GRIP:
            slip = expert.inverse_brush(force)
            back = car.brush_force(car.FRONT_STIFFNESS, slip, car.FRONT_GRIP)
            assert back == pytest.approx(force, abs=1.0)

    def test_friction_circle(self):
        for drive in np.linspace(-car.DRIVE_MAX, car.DRIVE_MAX, 11):
            assert np.hypot(drive, car.rear_grip(drive)) == pytest.approx(car.REAR_GRIP)

    def test_tangent_and_sideslip_approximants(self):
        angles = np.linspace(-car.STEERING_MAX, car.STEERING_MAX, 101)
        tangents = [car.steering_tangent(angle) for angle in angles]
        np.testing.assert_allclose(tangents, np.tan(angles), atol=4e-5)
        for angle in np.linspace(-1.5, 1.5, 101):
            sideslip = car.sideslip_angle(12 * np.cos(angle), 12 * np.sin(angle))
            assert sideslip == pytest.approx(angle, abs=4e-4)


class TestDynamics:
    @pytest.mark.parametrize("position", [-50.0, 3.5 * track.SAMPLES, 1e12, -1e12])
    def test_a_car_far_beyond_its_lap_reads_no_memory_but_the_tables(self, position):
        """As one may get who drives on, off the track, after an episode's end."""
        memory = np.full(5 * track.SAMPLES, 7.0)
        table = memory[2 * track.SAMPLES : 3 * track.SAMPLES]
        table[:] = 1.0
        assert car.lookup(table, position) == 1.0

    def test_a_car_and_its_mirror_image_drive_mirrored(self):
        mirrored_params = WORLD.dynamics.params("training").copy()
        mirrored_params["curvature"] *= -1.0
        env = WorldEnv("DriftCar")
        env.reset(seed=3)
        state, mirror = env.state, env.state
        odd = ["lateral", "heading_sin", "lateral_speed", "yaw_rate", "steering"]
        for field in odd:
            mirror[field] *= -1.0
        states, mirrors = np.array([state]), np.array([mirror])
        random = np.random.default_rng(0)
        for _ in range(40):
            action = random.uniform(-1.0, 1.0, 2)
            outcome = car.step(states[0], action, WORLD.dynamics.params("training"))
            assert outcome == car.step(mirrors[0], action * [-1.0, 1.0], mirrored_params)
        for field in WORLD.dynamics.state.names:
            sign = -1.0 if field in odd else 1.0
            assert mirrors[field][0] == sign * states[field][0], field

    def test_coasting_loses_energy_and_rest_stays_at_rest(self):
        env = WorldEnv("DriftCar")
        env.reset(seed=0)
        states = np.array([env.state])
        for field in ("steering", "drive", "lateral_speed", "yaw_rate"):
            states[field] = 0.0
        speed = float(states["forward_speed"][0])
        for _ in range(10):
            car.step(states[0], np.zeros(2), WORLD.dynamics.params("training"))
            assert states["forward_speed"][0] < speed
            speed = float(states["forward_speed"][0])
        states["forward_speed"] = 0.0
        station = float(states["station"][0])
        reward, terminated = car.step(states[0], np.zeros(2), WORLD.dynamics.params("training"))
        assert (reward, terminated) == (0.0, False)
        assert states["station"][0] == station

    def test_halving_the_physics_period_changes_little(self):
        """The midpoint rule at 100 Hz against itself with a hundredth of the step."""
        y = np.array([12.0, -2.0, 0.6])

        def integrate(steps):
            x = y.copy()
            h = 0.04 / steps
            for _ in range(steps):
                tangent, cosine = 0.1, 1.0 / np.sqrt(1.01)
                grip = car.rear_grip(2000.0)

                def rates(z, floor, tangent=tangent, cosine=cosine, grip=grip):
                    return np.array(car.accelerations(*z, floor, tangent, cosine, 2000.0, grip))

                floor = car.inverse_speed(x[0])
                x = x + h * rates(x + 0.5 * h * rates(x, floor), floor)
            return x

        np.testing.assert_allclose(integrate(4), integrate(400), atol=2e-3)

    def test_a_drift_is_unstable_without_steering_corrections(self):
        """The speeds' own dynamics, linearised about the expert's drifts, have growing modes.

        The rates are those of steady drifts in the literature on drift equilibria (Velenis et al.,
        "Steady-state drifting stabilization of RWD vehicles", 2011), 2 to 4 per second.
        """
        env = WorldVectorEnv("DriftCar", 16)
        env.reset(seed=0)
        driver, rates = ExpertPolicy(env), []
        for _ in range(400):
            env.step(driver.predict()[0])
            for state in env.states:
                if abs(state["lateral_speed"]) > 0.3 * state["forward_speed"]:
                    rates.append(_growth_rate(state))
        assert len(rates) > 200
        assert 2.0 < np.median(rates) < 4.0
        assert np.quantile(rates, 0.1) > 1.0

    @pytest.mark.parametrize(
        ("field", "value", "ends"),
        [("lateral", 4.9, False), ("lateral", 5.3, True), ("lateral", -5.3, True)],
    )
    def test_leaving_the_track_terminates(self, field, value, ends):
        env = WorldEnv("DriftCar")
        env.reset(seed=0)
        state = env.state
        state[field], state["heading_sin"], state["heading_cos"] = value, 0.0, 1.0
        env.state = state
        assert env.step(np.zeros(2, np.float32))[2] is ends

    def test_spinning_terminates(self):
        env = WorldEnv("DriftCar")
        env.reset(seed=0)
        state = env.state
        state["forward_speed"], state["lateral_speed"] = 2.0, 9.0
        env.state = state
        *_, terminated, truncated, info = env.step(np.zeros(2, np.float32))
        assert (terminated, truncated) == (True, False)
        assert abs(np.degrees(info["sideslip"])) > 70.0

    def test_reward_is_progress_and_drift_bonus(self):
        episode = run_episodes(WORLD, "training", ExpertPolicy, [4])[0]
        progress = np.diff(episode.measures["distance"]) / 10.0
        drifting = np.minimum(np.abs(np.sin(episode.measures["sideslip"][1:])) / 0.5, 1.0)
        np.testing.assert_allclose(episode.rewards, progress * (1 + 0.3 * drifting), atol=1e-4)


class TestExperts:
    @pytest.mark.parametrize("split", SPLITS)
    def test_the_scripted_expert_drives_every_track_to_the_end(self, split):
        episodes = run_episodes(WORLD, split, ExpertPolicy, range(100, 160))
        assert np.mean([episode.terminated for episode in episodes]) <= 0.02
        assert np.mean([e.measures["mean_lateral_error"][-1] for e in episodes]) < 0.5
        sideslip = np.degrees(np.concatenate([e.measures["sideslip"] for e in episodes]))
        assert np.quantile(sideslip, 0.01) < -20.0, "no drifts through left-hand corners"
        assert np.quantile(sideslip, 0.99) > 10.0, "no drifts through right-hand corners"
        assert all((e.measures["is_success"][-1] == 1.0) != e.terminated for e in episodes)

    def test_noise_has_the_stated_deviation(self):
        env = WorldVectorEnv("DriftCar", 500)
        env.reset(seed=0)
        clean, _ = ExpertPolicy(env).predict()
        noisy, _ = ExpertPolicy(env, "noisy").predict()
        free = np.abs(clean) < 0.6
        noise = (noisy - clean)[free]
        # 4 standard errors of a mean and of a deviation, of at least 400 draws: 1 in 10,000.
        assert abs(noise.mean()) < 4 * expert.NOISE / np.sqrt(noise.size)
        assert noise.std() == pytest.approx(expert.NOISE, rel=4 / np.sqrt(2 * noise.size))

    def test_the_unlearnable_expert_drives_and_answers_by_its_hidden_memory(self):
        episodes = run_episodes(
            WORLD, "training", lambda env: ExpertPolicy(env, "unlearnable"), range(20)
        )
        assert np.mean([len(episode) for episode in episodes]) > 500
        env = WorldVectorEnv("DriftCar", 1)
        env.reset(seed=0)
        policy = ExpertPolicy(env, "unlearnable")
        answers = {policy.predict(state=np.array([[m]]))[0][0, 0].item() for m in (-0.8, 0.0, 0.8)}
        assert len(answers) == 3
