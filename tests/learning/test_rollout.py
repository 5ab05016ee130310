"""Episodes in one masked batch, and the two reference policies."""

import gymnasium as gym
import numpy as np
import pytest

from il_envs import ExpertPolicy, RandomPolicy, WorldEnv, replay, run_episodes
from il_envs.testing import ExploringPolicy


def test_an_episode_does_not_depend_on_the_others_in_its_batch(world):
    together = run_episodes(world, "training", ExpertPolicy, [5, 6, 7, 8])
    alone = run_episodes(world, "training", ExpertPolicy, [7])
    assert together[2].state_hash == alone[0].state_hash
    np.testing.assert_array_equal(together[2].observations, alone[0].observations)


def test_observations_need_not_be_kept(world):
    kept, bare = (
        run_episodes(world, "training", ExploringPolicy, [5, 6], keep_observations=keeps)
        for keeps in (True, False)
    )
    for one, other in zip(kept, bare, strict=True):
        assert one.state_hash == other.state_hash
        assert other.observations.shape == (0, *one.observations.shape[1:])


def test_an_episode_is_what_the_single_environment_plays(world):
    for episode in run_episodes(world, "training", ExploringPolicy, [5, 6]):
        env = WorldEnv(world.name)
        observations, rewards = [env.reset(seed=episode.seed)[0]], []
        for action in episode.actions:
            observation, reward, terminated, truncated, info = env.step(action)
            observations.append(observation)
            rewards.append(reward)
        np.testing.assert_array_equal(episode.observations, np.stack(observations))
        np.testing.assert_array_equal(episode.rewards, rewards)
        assert terminated == episode.terminated
        assert terminated or truncated
        assert info == {name: values[-1] for name, values in episode.measures.items()}
        assert len(episode.observations) == len(episode) + 1


def test_replay_stops_where_the_episode_ended_and_notices_another_action(world):
    episode = run_episodes(world, "training", ExploringPolicy, [5])[0]
    longer = np.concatenate([episode.actions, episode.actions])
    assert replay(world, "training", 5, longer) == (episode.total_reward, episode.state_hash)
    _, other_hash = replay(world, "training", 6, episode.actions)
    assert other_hash != episode.state_hash


def test_a_policy_that_returns_nan_is_an_error_that_names_the_row():
    class NaNPolicy:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            actions = np.zeros((len(observation), 2), np.float32)
            actions[1] = np.nan
            return actions, None

    from il_envs import get_world

    with pytest.raises(ValueError, match=r"action entry 0 \(steer\) of row 1 is nan"):
        run_episodes(get_world("DriftCar"), "training", lambda env: NaNPolicy(), [0, 1])


@pytest.mark.parametrize(
    "space",
    [
        gym.spaces.Box(np.float32([-1, 0]), np.float32([1, 5])),
        gym.spaces.Discrete(3, start=2),
        gym.spaces.MultiBinary(4),
    ],
    ids=str,
)
def test_the_random_policy_is_uniform(space):
    actions, _ = RandomPolicy(space, seed=0).predict(np.zeros((20_000, 1)))
    again, _ = RandomPolicy(space, seed=0).predict(np.zeros((20_000, 1)))
    np.testing.assert_array_equal(actions, again)
    assert all(space.contains(action) for action in actions[:200])
    if isinstance(space, gym.spaces.Box):
        middle, width = (space.low + space.high) / 2, space.high - space.low
        np.testing.assert_allclose(actions.mean(0), middle, atol=4 * width.max() / 12**0.5 / 141)
    else:
        values, counts = np.unique(actions, return_counts=True)
        share = counts / counts.sum()
        np.testing.assert_allclose(share, 1 / len(values), atol=0.02)
        assert len(values) == (3 if isinstance(space, gym.spaces.Discrete) else 2)
