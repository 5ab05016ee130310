"""Corrections, possible ranks and tie groups on orders made by hand."""

from itertools import combinations

import numpy as np
import pytest

from leaderboard.scores.ranking import Ranking, all_differences, holm, ranking


def order(count: int, *better: tuple[int, int]) -> Ranking:
    table = np.zeros((count, count), bool)
    for winner, loser in better:
        table[winner, loser] = True
    return Ranking(table)


def test_holms_correction_is_that_of_the_textbook() -> None:
    """Holm 1979: the k-th smallest of n times n - k + 1, never below one before it."""
    corrected = holm(np.array([0.04, 0.01, 0.03, 0.005]))
    assert corrected == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


def test_ranks_leave_room_for_who_cannot_be_told_apart() -> None:
    """Five in a row, of which only those three or more apart are told."""
    told = order(5, (0, 3), (0, 4), (1, 4))
    assert told.ranks == [(1, 3), (1, 4), (1, 5), (2, 5), (3, 5)]
    assert told.ties == ["a", "ab", "abc", "bc", "c"]


def test_nobody_told_apart_is_one_group_and_everybody_many() -> None:
    assert order(3).ranks == [(1, 3)] * 3
    assert order(3).ties == ["a", "a", "a"]
    told = order(3, *combinations((2, 0, 1), 2))
    assert told.ranks == [(2, 2), (3, 3), (1, 1)]
    assert told.ties == ["b", "c", "a"]
    assert order(1).ranks == [(1, 1)]


@pytest.mark.parametrize("key", range(20))
def test_two_share_a_letter_if_and_only_if_they_cannot_be_told_apart(key: int) -> None:
    random = np.random.default_rng(key)
    told = order(8, *(pair for pair in combinations(range(8), 2) if random.random() < 0.6))
    for i, j in combinations(range(8), 2):
        assert bool(set(told.ties[i]) & set(told.ties[j])) != told.better[i, j]


def test_a_better_algorithm_is_told_from_the_others_and_those_are_not() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(3, 5, 8)) + np.array([0.0, 9.0, 0.0])[:, None, None]
    differences = all_differences([scores, scores])
    told = ranking(differences, holm(differences.p_value), 3)
    assert told.ranks == [(2, 3), (1, 1), (2, 3)]
    assert told.ties == ["b", "a", "b"]
