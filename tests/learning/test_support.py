"""The support of demonstrations: distances, the threshold, and what has none."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from il_envs import Demonstrations, Support, collect
from il_envs.learning import support as module
from il_envs.learning.support import evenly_spaced, has_support


def _shown(episodes, world="LaneKeeping"):
    """Demonstrations of these observations, [T + 1, 5] each."""
    actions = [np.zeros((len(rows) - 1, 2)) for rows in episodes]
    return Demonstrations.from_episodes(world, episodes, actions)


def _random_episodes(seed, count, length, size=5):
    """Independent normal observations, of another scale in each entry."""
    rows = np.random.default_rng(seed).normal(size=(count, length, size))
    return rows * np.array([10.0, 1.0, 0.1, 3.0, 0.5]) + np.array([50.0, 0.0, -3.0, 0.0, 1.0])


def test_the_distance_is_that_to_the_nearest_state_in_standard_deviations():
    episodes = _random_episodes(0, 4, 30)
    states = np.concatenate(episodes)
    asked = _random_episodes(1, 1, 50)[0]
    expected = cdist(asked / states.std(0), states / states.std(0)).min(1)
    np.testing.assert_allclose(Support(_shown(episodes)).distances(asked), expected, rtol=1e-9)


def test_blocks_of_observations_are_put_together_in_order(monkeypatch):
    support, asked = Support(_shown(_random_episodes(0, 4, 30))), _random_episodes(1, 1, 50)[0]
    whole = support.distances(asked)
    monkeypatch.setattr(module, "BLOCK", 7)
    np.testing.assert_allclose(support.distances(asked), whole, rtol=1e-12)


def test_a_demonstrated_state_is_at_no_distance_and_inside():
    episodes = _random_episodes(0, 4, 30)
    support, states = Support(_shown(episodes)), np.concatenate(episodes)
    assert (support.distances(states) == 0.0).all()
    assert support.contains(states).all()


def test_the_threshold_is_the_quantile_of_distances_to_other_episodes():
    episodes = _random_episodes(0, 4, 30)
    rows = np.concatenate(episodes)
    rows = rows / rows.std(0)
    between = cdist(rows, rows)
    index = np.repeat(np.arange(4), 30)
    between[index[:, None] == index] = np.inf
    support = Support(_shown(episodes))
    assert support.threshold == pytest.approx(np.quantile(between.min(1), 0.99), rel=1e-9)


def test_a_twin_within_an_episode_does_not_lower_the_threshold():
    """States of one episode are neighbours in time; fresh episodes have no such neighbours."""
    episodes = _random_episodes(0, 4, 30)
    doubled = [np.repeat(rows, 2, axis=0) for rows in episodes]
    once, twice = Support(_shown(episodes)), Support(_shown(doubled))
    assert twice.threshold == pytest.approx(once.threshold, rel=0.05)
    assert twice.threshold > 0.1


def test_about_one_fresh_state_in_a_hundred_is_outside():
    """Independent states. The count of 4,000 fresh ones outside has the mean 40 and a standard
    deviation of about 9, half of its variance that of the threshold; it is beyond these bounds,
    more than three deviations away, with a probability below .003."""
    support = Support(_shown(_random_episodes(0, 1_000, 4)))
    fresh = np.concatenate(_random_episodes(1, 1_000, 4))
    outside = int((~support.contains(fresh)).sum())
    assert 13 <= outside <= 67


def test_most_of_what_an_expert_visits_is_inside_and_a_far_state_is_not():
    support = Support(collect("DriftCar", 4_000, 0))
    fresh = collect("DriftCar", 2_000, 900).observations
    assert support.contains(fresh).mean() > 0.9
    fresh[:, 5] += 6.0  # m beside the centreline
    assert not support.contains(fresh).any()


def test_a_constant_entry_is_not_blown_up():
    episodes = _random_episodes(0, 4, 30)
    episodes[:, :, 2] = 7.0
    support = Support(_shown(episodes))
    moved = np.concatenate(episodes)
    moved[:, 2] += 1e-3
    np.testing.assert_allclose(support.distances(moved), 1e-3, rtol=1e-6)


def test_of_many_states_evenly_spaced_ones_are_kept(monkeypatch):
    monkeypatch.setattr(module, "MOST_STATES", 60)
    episodes = _random_episodes(0, 4, 30)
    support, states = Support(_shown(episodes)), np.concatenate(episodes)
    kept = support.distances(states) == 0.0
    assert kept.sum() == 60
    assert set(np.diff(np.flatnonzero(kept))) <= {1, 2, 3}


def test_evenly_spaced_numbers_reach_from_the_first_to_the_last():
    assert evenly_spaced(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert evenly_spaced(9, 5).tolist() == [0, 2, 4, 6, 8]
    spaced = evenly_spaced(1_000, 37)
    assert (spaced[0], spaced[-1], len(np.unique(spaced))) == (0, 999, 37)


def test_numbered_states_are_in_the_support_if_they_were_demonstrated():
    shown = Demonstrations.from_episodes("FourRooms", [[3, 4, 5], [4, 9]], [[0, 1], [2]])
    support = Support(shown)
    asked = np.array([3, 4, 5, 9, 6, 0])  # 5 and 9 ended an episode
    assert support.distances(asked).tolist() == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    assert support.contains(asked).tolist() == [True] * 4 + [False] * 2


def test_pictures_have_no_support(world):
    pictures = world.name == "ShooterPixels"
    assert has_support(world) != pictures
    if pictures:
        with pytest.raises(ValueError, match="ShooterPixels are pictures"):
            Support(collect(world.name, 2, 0))


def test_one_episode_and_observations_of_another_size_are_refused():
    episodes = _random_episodes(0, 2, 30)
    with pytest.raises(ValueError, match="one demonstrated episode of LaneKeeping"):
        Support(_shown(episodes[:1]))
    with pytest.raises(ValueError, match="of 4 entries; those demonstrated have 5"):
        Support(_shown(episodes)).distances(episodes[0, :, :4])
