"""d3rlpy reads our datasets, through Minari and as arrays, and learns from them.

It pins Gymnasium 1.0, and works with ours nevertheless.
"""

import d3rlpy
import gymnasium as gym
import numpy as np
import pytest

import il_envs


@pytest.fixture(autouse=True)
def _datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("name", "steps"), [("DriftCar", 400), ("LaneKeeping", 125)])
def test_a_saved_dataset_is_read_with_its_environment(name, steps):
    """One episode: its reader keeps the observation after the last step as well, so that later
    episodes are out of step with their actions. Arrays are not."""
    shown = il_envs.collect(name, steps, seed=0)
    shown.save(f"il_envs/{name}-v0")
    dataset, env = d3rlpy.datasets.get_minari(f"il_envs/{name}-v0")
    assert env.unwrapped.world.name == name
    assert env.spec.max_episode_steps == il_envs.get_world(name).dynamics.max_episode_steps
    (read,), (ours,) = dataset.episodes, shown.episodes
    np.testing.assert_array_equal(read.observations, ours.observations[:-1])
    np.testing.assert_array_equal(read.actions, ours.actions)


@pytest.mark.filterwarnings("default")
def test_it_clones_from_arrays(tmp_path):
    shown = il_envs.collect("DriftCar", 1_500, seed=8)
    shown.to_npz(tmp_path / "shown.npz")
    arrays = dict(np.load(tmp_path / "shown.npz"))
    dataset = d3rlpy.dataset.MDPDataset(
        arrays["observations"], arrays["actions"], arrays["rewards"],
        arrays["terminals"].astype(np.float32), arrays["timeouts"].astype(np.float32),
        action_space=d3rlpy.ActionSpace.CONTINUOUS,
    )  # fmt: skip
    for read, ours in zip(dataset.episodes, shown.episodes, strict=True):
        np.testing.assert_array_equal(read.observations, ours.observations[:-1])
        assert read.terminated == ours.terminated
    learner = d3rlpy.algos.BCConfig().create(device="cpu")
    learner.fit(
        dataset, n_steps=20, n_steps_per_epoch=20, show_progress=False,
        logger_adapter=d3rlpy.logging.NoopAdapterFactory(),
    )  # fmt: skip
    env = gym.make("il_envs/DriftCar-v0", clip_actions=True)
    observation, _ = env.reset(seed=0)
    env.step(learner.predict(observation[None])[0])
