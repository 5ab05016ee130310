"""The policy that executes chunks and sees windows, and the algorithms that are made so."""

import pickle
from dataclasses import dataclass, replace

import gymnasium as gym
import numpy as np
import pytest

from il_envs import (
    Algorithm,
    Budget,
    Problem,
    RandomPolicy,
    TabularPolicy,
    get_world,
    run_episodes,
    with_chunks_and_windows,
)
from il_envs.learning.chunks_and_windows import ChunkedPolicy, ChunksAndWindowsConfig
from il_envs.learning.framing import Framing

LINE = gym.spaces.Box(-1e6, 1e6, (1,))


class Says:
    """Plans from the last observation x the actions x, x + 100, x + 200, and keeps what it saw."""

    def __init__(self, chunk):
        self.chunk = chunk
        self.seen = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.seen.append(observation)
        return observation[:, -1:] + 100.0 * np.arange(self.chunk), None


def chunked(chunk=1, window=1):
    return ChunkedPolicy(Says(chunk), Framing(LINE, LINE, window, chunk))


def played(policy, columns, starts=()):
    """Actions [steps, rows] for observations [steps, rows]; `starts` are (step, row)."""
    memory, actions = None, []
    for step, observation in enumerate(np.array(columns, np.float32)):
        begins = np.array([step == 0 or (step, row) in starts for row in range(len(observation))])
        action, memory = policy.predict(observation[:, None], memory, begins, True)
        actions.append(action[:, 0])
    return np.array(actions)


class TestPolicy:
    def test_a_chunk_is_executed_whatever_is_observed(self):
        actions = played(chunked(3), [[1], [2], [3], [4], [5]])
        assert actions[:, 0].tolist() == [1, 101, 201, 4, 104]

    def test_of_a_chunk_the_first_actions_alone_may_be_executed(self):
        policy = ChunkedPolicy(Says(4), Framing(LINE, LINE, 1, 4), executes=2)
        assert played(policy, [[1], [2], [3], [4], [5]])[:, 0].tolist() == [1, 101, 3, 103, 5]
        for executes in (0, 5):
            with pytest.raises(ValueError, match=f"executes must be from 1 to 4, not {executes}"):
                ChunkedPolicy(Says(4), Framing(LINE, LINE, 1, 4), executes)

    def test_a_row_decides_anew_when_its_episode_begins_and_the_others_go_on(self):
        columns = [[k, 50 + k] for k in range(6)]
        actions = played(chunked(4), columns, starts={(2, 1)})
        assert actions[:, 0].tolist() == [0, 100, 200, 300, 4, 104]
        assert actions[:, 1].tolist() == [50, 150, 52, 152, 252, 352]

    def test_a_row_is_the_same_alone(self):
        random = np.random.default_rng(0)
        columns = random.normal(size=(40, 5)).astype(np.float32)
        starts = {(int(step), row) for row in range(5) for step in random.integers(1, 40, 6)}
        together = played(chunked(3, 4), columns, starts)
        for row in range(5):
            own = {(step, 0) for step, other in starts if other == row}
            alone = played(chunked(3, 4), columns[:, [row]], own)
            np.testing.assert_array_equal(alone[:, 0], together[:, row])

    def test_it_sees_the_last_observations_in_their_order_also_those_within_a_chunk(self):
        policy = chunked(2, 3)
        played(policy, [[k] for k in range(9)], starts={(5, 0)})
        seen = np.concatenate(policy.policy.seen)
        np.testing.assert_array_equal(seen, [[0, 0, 0], [0, 1, 2], [2, 3, 4], [5, 5, 5], [5, 6, 7]])

    def test_a_memory_that_was_returned_is_not_changed(self):
        policy, observation = chunked(3, 2), np.zeros((2, 1), np.float32)
        _, memory = policy.predict(observation)
        before = pickle.dumps(memory)
        first, _ = policy.predict(observation + 7.0, memory, np.array([False, True]))
        again, _ = policy.predict(observation + 7.0, memory, np.array([False, True]))
        np.testing.assert_array_equal(first, again)
        assert pickle.dumps(memory) == before

    def test_with_ones_the_memory_of_who_decides_is_kept(self):
        """A table for each step, so what it does depends on the steps that it remembers."""
        table = np.random.default_rng(0).dirichlet(np.ones(4), size=(6, 3))
        space, actions = gym.spaces.Discrete(3), gym.spaces.Discrete(4)
        own = TabularPolicy(table, seed=0)
        framed = ChunkedPolicy(TabularPolicy(table, seed=0), Framing(space, actions, 1, 1))
        memories, random = [None, None], np.random.default_rng(1)
        for step in range(12):
            start = np.array([step == 0, step in (0, 4)])
            observation = random.integers(3, size=2)
            (ours, memories[0]), (theirs, memories[1]) = (
                policy.predict(observation, memory, start)
                for policy, memory in zip((own, framed), memories, strict=True)
            )
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype

    def test_with_chunks_who_decides_must_have_none(self):
        class Remembers(Says):
            def predict(self, observation, *others):
                return super().predict(observation)[0], np.zeros(len(observation))

        policy = ChunkedPolicy(Remembers(2), Framing(LINE, LINE, 1, 2))
        with pytest.raises(TypeError, match="has a memory; with one, chunk must be 1"):
            policy.predict(np.zeros((1, 1), np.float32))


@dataclass(frozen=True)
class Nothing:
    """No settings."""


def random_actions(problem, seed, config):
    """Uses nothing, and acts at random."""
    return RandomPolicy(problem.action_space, seed)


def small(**changes):
    base = Algorithm("small", "", frozenset({"demonstrations"}), Nothing(), random_actions)
    return replace(base, **changes)


def trained(algorithm, world="DriftCar"):
    problem = Problem(get_world(world), algorithm.sources, Budget(100, 0), seed=0)
    return algorithm.train(problem, 0, algorithm.config)


class TestDecisions:
    def test_the_roll_out_counts_them(self):
        """Episodes end at different steps, also within a chunk."""
        policy = trained(with_chunks_and_windows(small(), "chunked", chunk=4))
        episodes = run_episodes(get_world("DriftCar"), "held_out", lambda env: policy, range(6))
        assert len({len(episode) % 4 for episode in episodes}) > 1
        for episode in episodes:
            assert episode.decisions == -(-len(episode) // 4)

    def test_who_knows_no_chunks_decides_at_each_step(self):
        policy = trained(small())
        episodes = run_episodes(get_world("DriftCar"), "held_out", lambda env: policy, range(3))
        assert [e.decisions for e in episodes] == [len(e) for e in episodes]


class TestAlgorithm:
    def test_it_says_what_it_is(self):
        algorithm = with_chunks_and_windows(small(), "wide", chunk=4, window=2)
        assert algorithm.name == "wide"
        assert algorithm.summary == "small, with chunks of 4 actions and windows of 2 observations"
        assert algorithm.config == ChunksAndWindowsConfig(Nothing(), 4, 2)

    def test_what_cannot_be_framed_is_refused_at_once(self):
        asks = small(sources=frozenset({"env", "expert"}))
        with pytest.raises(ValueError, match=r"small asks the expert.*chunk must be 1, not 2"):
            with_chunks_and_windows(asks, "x", chunk=2)
        assert with_chunks_and_windows(asks, "x", window=2).sources == asks.sources
        with pytest.raises(ValueError, match=r"small reads the model.*not 2 and 1"):
            with_chunks_and_windows(small(sources=frozenset({"model"})), "x", window=2)

    def test_settings_that_were_replaced_are_checked_as_well(self):
        asks = with_chunks_and_windows(small(sources=frozenset({"expert", "env"})), "x", window=2)
        with pytest.raises(ValueError, match="asks the expert"):
            trained(replace(asks, config=replace(asks.config, chunk=2)))

    @pytest.mark.parametrize("length", [0, -1, 2.0, True, "a", None])
    def test_lengths_are_whole_numbers(self, length):
        asks = small(sources=frozenset({"env", "expert"}))
        for name in ("chunk", "window"):
            with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 on, not"):
                with_chunks_and_windows(asks, "x", **{name: length})

    def test_they_are_given_once(self):
        inner = with_chunks_and_windows(small(), "x", chunk=3)
        with pytest.raises(ValueError, match="has chunks of 3 actions and windows of 1 observatio"):
            with_chunks_and_windows(inner, "y", window=2)

    @pytest.mark.parametrize(
        ("world", "chunk", "window", "applies"),
        [
            ("DriftCar", 4, 4, True),
            ("Shooter", 4, 4, True),
            ("ShooterPixels", 4, 1, True),
            ("ShooterPixels", 1, 2, False),
            ("FourRooms", 1, 2, False),
            ("Duel", 2, 1, False),
        ],
    )
    def test_it_applies_where_both_can_be_concatenated(self, world, chunk, window, applies):
        algorithm = with_chunks_and_windows(small(), "x", chunk=chunk, window=window)
        assert algorithm.applies_to(get_world(world)) == applies

    def test_it_does_not_apply_where_the_learner_does_not(self):
        algorithm = with_chunks_and_windows(small(applies_to=lambda world: False), "x", chunk=2)
        assert not algorithm.applies_to(get_world("DriftCar"))

    def test_it_goes_on_from_a_policy_of_its_own_kind_alone(self):
        algorithm = with_chunks_and_windows(
            small(train=lambda problem, seed, config: problem.initial_policy), "x", window=2
        )
        first = trained(with_chunks_and_windows(small(), "y", window=2))
        problem = Problem(
            get_world("DriftCar"), algorithm.sources, Budget(1, 1), 0, initial_policy=first
        )
        assert algorithm.train(problem, 0, algorithm.config).policy is first.policy
        problem.initial_policy = first.policy
        with pytest.raises(TypeError, match="goes on from a ChunkedPolicy, not from a RandomPol"):
            algorithm.train(problem, 0, algorithm.config)
