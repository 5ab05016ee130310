"""Collecting, cutting, hashing, saving and loading demonstrations."""

from dataclasses import replace

import minari
import numpy as np
import pytest

from il_envs import Demonstrations, RandomPolicy, collect, get_world, run_episodes
from il_envs.world import UnknownNameError


@pytest.fixture(autouse=True)
def datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


def test_collects_exactly_as_many_transitions(world):
    demonstrations = collect(world.name, 130, seed=3)
    assert len(demonstrations) == len(demonstrations.observations) == 130
    assert [episode.seed for episode in demonstrations.episodes] == [
        3 + i for i in range(len(demonstrations.episodes))
    ]
    assert demonstrations.actions.shape == (130, *(world.action_space.shape or ()))
    assert all(world.action_space.contains(action) for action in demonstrations.actions)
    assert (np.diff(demonstrations.episode_index) >= 0).all()


def test_more_demonstrations_begin_with_the_fewer(world):
    few, many = collect(world.name, 50, seed=0), collect(world.name, 400, seed=0)
    assert many.take(50).content_hash == few.content_hash
    assert many.content_hash != few.content_hash


def test_take_refuses_more_than_there_is():
    demonstrations = collect("Walk", 20, seed=0)
    for transitions in (0, 21):
        with pytest.raises(ValueError, match=f"{transitions} transitions asked"):
            demonstrations.take(transitions)


def test_unknown_style_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'scripted'"):
        collect("DriftCar", 10, seed=0, style="scriptd")


def test_minari_round_trip_is_lossless(world):
    demonstrations = collect(world.name, 300, seed=8)
    name = f"il_envs/{world.name}/scripted-v0"
    demonstrations.save(name)
    loaded = Demonstrations.load(name)
    assert loaded.content_hash == demonstrations.content_hash
    for ours, theirs in zip(demonstrations.episodes, loaded.episodes, strict=True):
        assert (ours.seed, ours.terminated, ours.state_hash) == (
            theirs.seed, theirs.terminated, theirs.state_hash,
        )  # fmt: skip
        np.testing.assert_array_equal(ours.observations, theirs.observations)
        np.testing.assert_array_equal(ours.actions, theirs.actions)
        np.testing.assert_array_equal(ours.rewards, theirs.rewards)
        for measure in world.measures:
            np.testing.assert_array_equal(ours.measures[measure], theirs.measures[measure])
        assert ours.observations.dtype == theirs.observations.dtype
        assert ours.actions.dtype == theirs.actions.dtype


def test_the_default_style_is_the_worlds_first_and_is_recorded(world):
    demonstrations = collect(world.name, 20, seed=0)
    assert demonstrations.style == next(iter(world.experts)) == world.reference_style
    again = collect(world.name, 20, seed=0, style=world.reference_style)
    assert again.content_hash == demonstrations.content_hash


def test_discrete_observations_are_saved_as_integers():
    demonstrations = collect("Maze", 50, seed=0)
    assert demonstrations.style == "shortest"
    demonstrations.save("toys/Maze/shortest-v0")
    for shown in (demonstrations, Demonstrations.load("toys/Maze/shortest-v0")):
        assert (shown.observations.dtype, shown.observations.shape) == (np.int64, (50,))
        for episode in shown.episodes:
            assert episode.observations.shape == (len(episode) + 1,)
    space = minari.load_dataset("toys/Maze/shortest-v0").observation_space
    assert space == get_world("Maze").observation_space


def test_minari_reads_the_dataset_and_its_reference_scores():
    demonstrations = collect("DriftCar", 1500, seed=8)
    demonstrations.save("il_envs/DriftCar/scripted-v0")
    dataset = minari.load_dataset("il_envs/DriftCar/scripted-v0")
    assert dataset.total_steps == 1500
    world = get_world("DriftCar")
    random = run_episodes(
        world, "training", lambda env: RandomPolicy(world.action_space, 0), [8, 9]
    )
    metadata = dataset.storage.metadata
    assert metadata["ref_max_score"] == pytest.approx(
        np.mean([episode.total_reward for episode in demonstrations.episodes])
    )
    assert metadata["ref_min_score"] == pytest.approx(np.mean([e.total_reward for e in random]))
    environment = dataset.recover_environment()
    assert (environment.unwrapped.world, environment.unwrapped.split) == (world, "training")
    assert dataset.recover_environment(eval_env=True).unwrapped.split == "held_out"


def test_load_refuses_a_damaged_dataset():
    demonstrations = collect("Walk", 40, seed=0)
    first = demonstrations.episodes[0]
    demonstrations.save("il_envs/Walk/good-v0")
    damaged = replace(
        demonstrations,
        episodes=(replace(first, rewards=first.rewards + 1.0), *demonstrations.episodes[1:]),
    )
    damaged.save("il_envs/Walk/bad-v0")
    metadata = minari.load_dataset("il_envs/Walk/good-v0").storage.metadata["il_envs"]
    minari.load_dataset("il_envs/Walk/bad-v0").storage.update_metadata({"il_envs": metadata})
    with pytest.raises(ValueError, match="do not have the recorded hash"):
        Demonstrations.load("il_envs/Walk/bad-v0")


def test_load_refuses_what_is_missing():
    with pytest.raises(FileNotFoundError):
        Demonstrations.load("il_envs/Walk/missing-v0")
