"""What `minari.DataCollector` records, as the page of Minari on collecting data does it."""

import gymnasium as gym
import minari
import numpy as np
import pytest

import il_envs
from il_envs import Demonstrations


@pytest.fixture(autouse=True)
def _datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Gauntlet", "Duel"])
def test_its_data_are_demonstrations_and_combine_with_ours(name):
    world = il_envs.get_world(name)
    collector = minari.DataCollector(gym.make(world.id), record_infos=True)
    expert = il_envs.ExpertPolicy(collector.unwrapped)
    for seed in (3, 4):
        collector.reset(seed=seed)
        ended, memory = False, None
        while not ended:
            actions, memory = expert.predict(state=memory)
            _, _, terminated, truncated, _ = collector.step(actions[0])
            ended = terminated or truncated
    collector.create_dataset("them/collected-v0", algorithm_name="expert")
    shown = Demonstrations.from_minari("them/collected-v0")
    for episode, ours in zip(
        shown.episodes,
        il_envs.run_episodes(world, "training", il_envs.ExpertPolicy, [3, 4]),
        strict=True,
    ):
        assert episode.seed == ours.seed
        for kept in ("observations", "actions", "rewards"):
            np.testing.assert_array_equal(getattr(episode, kept), getattr(ours, kept))
    il_envs.collect(name, 100, seed=0).save("us/shown-v0")
    both = [minari.load_dataset(dataset) for dataset in ("them/collected-v0", "us/shown-v0")]
    combined = minari.combine_datasets(both, "them/both-v0")
    assert combined.total_steps == len(shown) + 100
