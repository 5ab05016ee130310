"""Collecting, cutting, hashing, saving and loading demonstrations."""

from dataclasses import replace

import minari
import numpy as np
import pytest

from il_envs import Demonstrations, ExpertPolicy, RandomPolicy, collect, get_world, run_episodes
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
    assert demonstrations.actions.shape == (130, *(world.spaces.action.shape or ()))
    assert all(world.spaces.action.contains(action) for action in demonstrations.actions)
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


def test_they_fit_the_spaces_of_their_world(world):
    shown = collect(world.name, 40, seed=0)
    shown.check_spaces(world.spaces.observation, world.spaces.action)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("DriftCar", r"observations .* Box of float32 \[17\] from -40 to 40: .*\[9\] from 0 to 1$"),
        ("Buttons", r"actions of Walk .* MultiBinary\(3\): they are int64 \[\] from 2 to 2$"),
    ],
)
def test_other_spaces_are_refused(other, message):
    other = get_world(other)
    with pytest.raises(ValueError, match=message):
        collect("Walk", 40, seed=0).check_spaces(other.spaces.observation, other.spaces.action)


@pytest.mark.parametrize("entry", [0, 7, 39])
def test_one_observation_out_of_its_space_is_enough(entry):
    shown, world = collect("Walk", 40, seed=0), get_world("Walk")
    for value in (np.nan, 1.5, -0.5):
        episodes = [replace(e, observations=e.observations.copy()) for e in shown.episodes]
        starts = np.cumsum([0, *map(len, episodes)])
        episode = int(np.searchsorted(starts, entry, side="right")) - 1
        episodes[episode].observations[entry - starts[episode], 3] = value
        with pytest.raises(ValueError, match="observations of Walk are not in the space"):
            replace(shown, episodes=tuple(episodes)).check_spaces(
                world.spaces.observation, world.spaces.action
            )


def test_no_demonstrations_fit_nowhere():
    empty = replace(collect("Walk", 1, seed=0), episodes=())
    with pytest.raises(ValueError, match="there are no demonstrations of Walk, not one transition"):
        empty.check_spaces(get_world("Walk").spaces.observation, get_world("Walk").spaces.action)


def test_unknown_style_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'scripted'"):
        collect("DriftCar", 10, seed=0, style="scriptd")


def test_minari_round_trip_is_lossless(world):
    demonstrations = collect(world.name, 300, seed=8)
    name = f"il_envs/{world.name}/scripted-v0"
    if world.spaces.observation.dtype == np.uint8 and minari.__version__ < "0.5.4":
        with pytest.raises(ValueError, match="keeps pictures with loss"):
            demonstrations.save(name)
        return
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
        for measure in world.dynamics.measures:
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
    assert space == get_world("Maze").spaces.observation


def test_minari_reads_the_dataset_and_its_reference_scores():
    demonstrations = collect("DriftCar", 1500, seed=8)
    demonstrations.save("il_envs/DriftCar/scripted-v0")
    dataset = minari.load_dataset("il_envs/DriftCar/scripted-v0")
    assert dataset.total_steps == 1500
    world = get_world("DriftCar")
    metadata = dataset.storage.metadata
    for name, policy in (
        ("ref_min_score", lambda env: RandomPolicy(world.spaces.action, 0)),
        ("ref_max_score", ExpertPolicy),
    ):
        episodes = run_episodes(world, "held_out", policy, range(32))
        mean = np.mean([episode.total_reward for episode in episodes])
        assert metadata[name] == pytest.approx(mean)
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
