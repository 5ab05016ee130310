"""Demonstrations of other people: Minari's own collector, arrays, and what other tools read."""

import gymnasium as gym
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

import il_envs
from il_envs import Demonstrations, collect
from il_envs.wrappers import SingleButton


@pytest.fixture(autouse=True)
def _datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


def recorded(env, dataset_id, episodes=2):
    """A dataset as `minari.DataCollector` writes it, of random actions; returns its steps."""
    env.action_space.seed(0)
    buffers = []
    for seed in range(episodes):
        observation, info = env.reset(seed=seed)
        observations, infos, steps = [observation], [info], []
        while not (steps and (steps[-1][2] or steps[-1][3])):
            action = env.action_space.sample()
            observation, *outcome, info = env.step(action)
            observations.append(observation)
            infos.append(info)
            steps.append((action, *outcome))
        actions, rewards, terminations, truncations = zip(*steps, strict=True)
        buffers.append(
            EpisodeBuffer(
                seed=seed,
                observations=np.array(observations),
                actions=np.array(actions),
                rewards=list(rewards),
                terminations=list(terminations),
                truncations=list(truncations),
                infos={name: np.array([i[name] for i in infos]) for name in infos[0]} or None,
            )
        )
    minari.create_dataset_from_buffers(dataset_id, buffers, env=env)
    return sum(len(buffer.rewards) for buffer in buffers)


@pytest.mark.filterwarnings("ignore:.*is set to None", "ignore:env_spec is None")
class TestOfOthers:
    @pytest.mark.parametrize("name", ["DriftCar", "FourRooms", "Gauntlet"])
    def test_they_are_the_episodes_that_were_played(self, name):
        world = il_envs.get_world(name)
        steps = recorded(gym.make(world.id), "them/played-v0")
        shown = Demonstrations.from_minari("them/played-v0", style="a person")
        assert (shown.world, shown.split, shown.style) == (name, "training", "a person")
        assert len(shown) == steps
        assert [episode.seed for episode in shown.episodes] == [0, 1]
        for episode in shown.episodes:
            total, _ = il_envs.replay(world, "training", episode.seed, episode.actions)
            assert total == episode.total_reward
            assert set(episode.measures) == set(world.dynamics.measures)
            assert episode.observations.dtype == world.spaces.observation.dtype
        problem = il_envs.Problem(world, frozenset(), il_envs.Budget(0, 0), 0)
        shown.check_spaces(problem.observation_space, problem.action_space)

    def test_ours_combine_with_theirs(self):
        recorded(gym.make("il_envs/DriftCar-v0"), "them/played-v0")
        ours = collect("DriftCar", 300, seed=0)
        ours.save("us/shown-v0")
        both = [minari.load_dataset(name) for name in ("them/played-v0", "us/shown-v0")]
        combined = minari.combine_datasets(both, "them/all-v0")
        assert combined.total_steps == sum(dataset.total_steps for dataset in both)
        shown = Demonstrations.from_minari("them/all-v0")
        np.testing.assert_array_equal(shown.actions[-300:], ours.actions)

    def test_held_out_ones_say_so(self):
        recorded(gym.make("toys/Walk-v0", split="held_out"), "them/held-v0")
        assert Demonstrations.from_minari("them/held-v0").split == "held_out"

    def test_other_actions_are_refused(self):
        recorded(SingleButton(gym.make("il_envs/Gauntlet-v0")), "them/single-v0", episodes=1)
        with pytest.raises(ValueError, match=r"Gauntlet: action has shape \(\d+,\), must be"):
            Demonstrations.from_minari("them/single-v0")

    def test_other_environments_are_refused_by_name(self):
        recorded(gym.make("CartPole-v1"), "them/pole-v0", episodes=1)
        with pytest.raises(il_envs.world.UnknownNameError, match="unknown world 'CartPole-v1'"):
            Demonstrations.from_minari("them/pole-v0")
        with pytest.raises(ValueError, match="read it with Demonstrations"):
            Demonstrations.load("them/pole-v0")

    def test_a_dataset_that_does_not_say_is_told(self):
        walk = collect("Walk", 30, seed=0)
        minari.create_dataset_from_buffers(
            "them/silent-v0",
            [
                EpisodeBuffer(
                    observations=episode.observations,
                    actions=episode.actions,
                    rewards=episode.rewards.tolist(),
                    terminations=[False] * len(episode),
                    truncations=[False] * (len(episode) - 1) + [True],
                )
                for episode in walk.episodes
            ],
            observation_space=il_envs.get_world("Walk").spaces.observation,
            action_space=il_envs.get_world("Walk").spaces.action,
        )
        with pytest.raises(ValueError, match="does not say where it was recorded"):
            Demonstrations.from_minari("them/silent-v0")
        told = Demonstrations.from_minari("them/silent-v0", "Walk")
        np.testing.assert_array_equal(told.observations, walk.observations)
        assert [episode.seed for episode in told.episodes] == [-1] * len(walk.episodes)


class TestReferenceScores:
    @pytest.mark.parametrize("transitions", [500, 2_500])
    def test_the_expert_scores_1_wherever_the_last_episode_was_cut(self, transitions):
        collect("DriftCar", transitions, seed=0).save("us/cut-v0")
        dataset = minari.load_dataset("us/cut-v0")
        world = il_envs.get_world("DriftCar")
        returns = [
            episode.total_reward
            for episode in il_envs.run_episodes(
                world, "held_out", il_envs.ExpertPolicy, range(32), keep_observations=False
            )
        ]
        scores = minari.get_normalized_score(dataset, np.array(returns))
        assert scores.mean() == pytest.approx(1.0)
        whole = il_envs.run_episodes(world, "training", il_envs.ExpertPolicy, [0])[0]
        assert minari.get_normalized_score(dataset, whole.total_reward) == pytest.approx(
            1.0, abs=0.1
        )

    def test_hidden_rewards_do_not_hide_them(self):
        world = il_envs.get_world("Walk")
        problem = il_envs.Problem(world, frozenset({"demonstrations"}), il_envs.Budget(50, 0), 0)
        problem.demonstrations().save("us/hidden-v0")
        metadata = minari.load_dataset("us/hidden-v0").storage.metadata
        assert np.isfinite([metadata["ref_min_score"], metadata["ref_max_score"]]).all()
        assert np.isnan(Demonstrations.load("us/hidden-v0").episodes[0].rewards).all()


class TestOfArrays:
    def test_what_was_taken_apart_is_put_together(self):
        shown = collect("DriftCar", 700, seed=3)
        again = Demonstrations.from_episodes(
            "DriftCar",
            [episode.observations for episode in shown.episodes],
            [episode.actions.tolist() for episode in shown.episodes],
            [episode.rewards for episode in shown.episodes],
            [episode.terminated for episode in shown.episodes],
            style="scripted",
        )
        for name in ("observations", "actions", "episode_index"):
            np.testing.assert_array_equal(getattr(again, name), getattr(shown, name))
        assert again.actions.dtype == shown.actions.dtype
        assert [e.total_reward for e in again.episodes] == [e.total_reward for e in shown.episodes]

    @pytest.mark.parametrize("name", ["FourRooms", "Gauntlet"])
    def test_an_algorithm_learns_from_them(self, name):
        shown = collect(name, 400, seed=0)
        again = Demonstrations.from_episodes(
            name,
            [episode.observations for episode in shown.episodes],
            [episode.actions.astype(np.float64 if name == "Gauntlet" else np.int64)
             for episode in shown.episodes],
        )  # fmt: skip
        np.testing.assert_array_equal(again.actions, shown.actions)
        assert np.isnan(again.episodes[0].rewards).all()

    @pytest.mark.parametrize(
        ("observations", "actions", "rewards", "message"),
        [
            ([np.zeros((3, 9))], [[0, 1, 2]], None, "episode 0 has 3 observations, 3 actions"),
            ([np.zeros((4, 9))], [[0, 1, 2]], [[1.0]], "3 actions and 1 rewards"),
            (
                [np.zeros((4, 9))],
                [[0, 1, 2], [1]],
                None,
                "actions of 2 episodes, observa",
            ),
            ([np.zeros((1, 9))], [np.zeros(0, int)], None, "at least one"),
            ([np.zeros((4, 8))], [[0, 1, 2]], None, "last observation of episode 0 is not in Walk"),
            ([np.zeros((4, 9))], [[0, 1, 7]], None, "action entry 0 of row 2 is 7"),
            ([np.zeros((4, 9))], [[0.5, 1, 2]], None, r"actions of episode 0: 0.5 at \[0\] is no"),
            ([np.r_[np.zeros((3, 9)), np.full((1, 9), np.nan)]], [[0, 1, 2]], None, "the last obs"),
            ([np.zeros((4, 9))], [["a", "b", "c"]], None, "actions of episode 0 must be an array"),
            ([], [], None, "there are no demonstrations of Walk"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, observations, actions, rewards, message):
        with pytest.raises(ValueError, match=message):
            Demonstrations.from_episodes("Walk", observations, actions, rewards)

    def test_what_rounding_has_put_past_a_bound_is_put_back(self):
        seen, past = np.zeros((2, 17)), np.float32([[1.0000001, -1.0]])
        shown = Demonstrations.from_episodes("DriftCar", [seen], [past])
        assert shown.actions.tolist() == [[1.0, -1.0]]
        with pytest.raises(ValueError, match=r"entry 0 \(steer\) of row 0 is 3"):
            Demonstrations.from_episodes("DriftCar", [seen], [[[3.0, 0.0]]])

    def test_arrays_are_copied(self):
        seen, done, paid = np.zeros((2, 17), np.float32), np.zeros((1, 2), np.float32), np.ones(1)
        shown = Demonstrations.from_episodes("DriftCar", [seen], [done], [paid])
        before = shown.content_hash
        for array in (seen, done, paid):
            array += 0.5
        assert shown.content_hash == before

    @pytest.mark.parametrize("value", [0.9, 257.0])
    def test_buttons_do_not_become_others(self, value):
        with pytest.raises(ValueError, match=f"{value} at \\[0, 1\\] is no int8"):
            Demonstrations.from_episodes("Gauntlet", [np.zeros((2, 7))], [[[1.0, value, 0.0]]])

    def test_the_split_must_be_one(self):
        with pytest.raises(ValueError, match="split must be"):
            Demonstrations.from_episodes("DriftCar", [], [], split="bogus")

    def test_an_unknown_world_is_refused(self):
        with pytest.raises(il_envs.world.UnknownNameError):
            Demonstrations.from_episodes("Wlak", [], [])


def test_an_npz_has_the_names_of_d4rl(tmp_path):
    shown = collect("DriftCar", 1_500, seed=8)
    shown.to_npz(tmp_path / "shown.npz")
    arrays = np.load(tmp_path / "shown.npz")
    assert set(arrays) == {
        "observations", "actions", "next_observations", "rewards", "terminals", "timeouts"
    }  # fmt: skip
    np.testing.assert_array_equal(arrays["observations"], shown.observations)
    np.testing.assert_array_equal(arrays["actions"], shown.actions)
    inside = ~(arrays["terminals"] | arrays["timeouts"])
    np.testing.assert_array_equal(
        arrays["next_observations"][inside], arrays["observations"][1:][inside[:-1]]
    )
    assert (~inside).sum() == len(shown.episodes)
    assert arrays["terminals"].sum() == sum(episode.terminated for episode in shown.episodes)
    assert arrays["rewards"].sum() == pytest.approx(sum(e.total_reward for e in shown.episodes))


@pytest.mark.parametrize("name", ["x", "", None, "us/shown"])
def test_a_name_without_a_version_is_refused_and_leaves_nothing(name, tmp_path):
    with pytest.raises(ValueError, match="ends in its version"):
        collect("Walk", 20, seed=0).save(name)
    assert list(tmp_path.iterdir()) == []
