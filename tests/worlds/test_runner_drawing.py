"""What the pictures of the two lanes are made from: the perspective, and the runner's limbs."""

import numpy as np
import pytest

from il_envs.drawing.neon import runner
from il_envs.drawing.neon.perspective import Eye
from il_envs.worlds.gauntlet.picture import scene as gauntlet_scene


class TestEye:
    def test_what_is_twice_as_far_away_is_half_as_large(self) -> None:
        eye = Eye(100 + 50j, 400.0, 2.0)
        near, far = (eye.pixels(np.array([1.0, 2.0]), 0.0, away) for away in (4.0, 8.0))
        assert np.diff(near) == pytest.approx(100.0)
        assert np.diff(far) == pytest.approx(50.0)
        assert far[0] - eye.horizon == pytest.approx((near[0] - eye.horizon) / 2)

    def test_what_is_as_high_as_the_eye_is_on_the_horizon(self) -> None:
        eye = Eye(100 + 50j, 400.0, 2.0)
        assert eye.pixels(0.0, 2.0, 5.0) == eye.horizon
        assert complex(eye.pixels(0.0, 1.5, 5.0)).imag > 50.0


class TestRunner:
    def test_one_foot_is_on_the_floor_and_none_below(self) -> None:
        for way in np.linspace(0.0, runner.STRIDE, 9):
            limbs = runner._limbs(runner.Pose(float(way), 1.0))
            assert min(limb.joints[:, 2].min() for limb in limbs) == pytest.approx(0.0)

    def test_a_stride_brings_both_legs_back(self) -> None:
        poses = [runner.Pose(way * runner.STRIDE, 1.0) for way in (0.25, 1.25, 0.75)]
        first, again, half = (runner._limbs(pose)[0].joints for pose in poses)
        np.testing.assert_allclose(first, again, atol=1e-9)
        assert np.abs(first - half).max() > 0.5
        other = runner._limbs(poses[2])[1].joints * (1.0, -1.0, 1.0)
        np.testing.assert_allclose(first, other, atol=1e-9)

    def test_the_gun_points_ahead_once_the_runner_aims(self) -> None:
        aiming = runner.muzzle(runner.Pose(0.0, 0.0, aim=1.0))
        assert aiming[0] > 0.7
        assert aiming[2] == pytest.approx(gauntlet_scene.BARREL, abs=0.2)

    def test_it_leans_to_the_left_of_its_way(self) -> None:
        upright, leaning = (runner._limbs(runner.Pose(0.0, 0.0, lean=lean)) for lean in (0.0, 0.4))
        head, leaning_head = (limbs[-1].joints[0] for limbs in (upright, leaning))
        assert head[1] == pytest.approx(0.0)
        assert leaning_head[1] > 0.5
