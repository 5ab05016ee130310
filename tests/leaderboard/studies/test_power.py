"""What simulated boards are made of, and what they tell."""

import numpy as np
import pytest

from leaderboard.studies.power import (
    Noise,
    power_of_a_board,
    power_of_a_comparison,
    simulated_scores,
)


@pytest.mark.parametrize("shape", ["normal", "uniform", "heavy", "skewed"])
def test_effects_have_the_deviations_that_are_said(shape: str) -> None:
    def deviation(noise: Noise, axes: tuple[int, ...]) -> float:
        scores = simulated_scores(np.random.default_rng(0), 2_000, 5, noise, 3, 4)
        assert scores.shape == (2_000, 3, 5, 4)
        return float(scores.mean(axes).std())

    none = {"seed": 0.0, "shared_episode": 0.0, "episode": 0.0, "rest": 0.0}
    for name, axes in (("seed", (3,)), ("shared_episode", (1, 2)), ("episode", (2,)), ("rest", ())):
        noise = Noise(**none | {name: 2.0}, shape=shape)  # type: ignore[arg-type]
        assert deviation(noise, axes) == pytest.approx(2.0, rel=0.08)


def test_a_seed_that_all_share_has_the_same_effect_in_all() -> None:
    noise = Noise(shared_seed=1.0, episode=0.0, rest=0.0)
    scores = simulated_scores(np.random.default_rng(0), 10, 5, noise)
    np.testing.assert_allclose(scores, np.broadcast_to(scores[:, :1], scores.shape))


def test_without_noise_everything_is_told() -> None:
    little = Noise(seed=1e-3, episode=1e-3, rest=1e-3)
    assert power_of_a_comparison(3, little, boards=10) == 1.0
    assert power_of_a_board(3, little, boards=10) == (1.0, 1.0)
    much = Noise(seed=100.0)
    assert power_of_a_comparison(3, much, boards=100) < 0.1
    assert power_of_a_board(3, much, boards=10)[1] < 0.05
