"""The shooter's episodes: what is counted, what ends them, and that nothing leaks between them."""

import numpy as np
import pytest

from il_envs import ExpertPolicy, WorldEnv, WorldVectorEnv, get_world, run_episodes
from il_envs.worlds.shooter import player, records
from il_envs.worlds.shooter.pad import ALTERNATE_FIRE, RELOAD, WEAPON_2, WEAPON_3, WEAPON_4
from tests.worlds.shooter.shooting_range import played, press

ROUNDS = {WEAPON_2: 4, WEAPON_3: 4, WEAPON_4: 8}
FAMILY = ("Shooter", "Shooter20", "ShooterPixels", "Gauntlet", "Pillar")


@pytest.fixture(scope="module", params=["Shooter", "Shooter20"])
def transitions(request):
    """Steps of play within an episode: states before, actions, states after, rewards, infos."""
    before, actions, after, rewards, infos = [], [], [], [], []
    env = WorldVectorEnv(request.param, 16)
    for shadow, chords in played(request.param, 800):
        env.states = shadow.states
        before.append(env.states.copy())
        _, reward, _, _, info = env.step(chords)
        actions.append(chords.copy())
        after.append(env.states.copy())
        rewards.append(reward)
        infos.append([info[name] for name in env.world.dynamics.measures])
    goes_on = (np.stack(before)["health"] > 0.0) & (np.stack(before)["step"] < 1200)
    parts = (before, actions, after, rewards, np.swapaxes(infos, 1, 2))
    return [np.stack(part)[goes_on] for part in parts]


class TestCounts:
    def test_rewards_are_the_health_that_enemies_lose(self, transitions):
        before, _, after, rewards, _ = transitions
        lasts = before["pause"] != 1  # else a wave appears
        lost = (before["enemies"]["health"] - after["enemies"]["health"])[lasts].sum(-1)
        np.testing.assert_allclose(rewards[lasts], lost / 60.0, atol=1e-12)
        assert (rewards[~lasts] == 0.0).all()
        assert rewards.sum() > 100.0

    def test_kills_are_the_enemies_that_fall(self, transitions):
        before, _, after, _, _ = transitions
        lives = [states["enemies"]["health"] > 0.0 for states in (before, after)]
        fallen = (lives[0] & ~lives[1]).sum(-1)
        assert (after["kills"] - before["kills"] == fallen).all()
        assert fallen.sum() > 100

    def test_hits_are_rewarded_six_each_where_there_is_one_gun(self, transitions):
        before, actions, after, rewards, _ = transitions
        hits = after["hits"] - before["hits"]
        assert ((hits > 0) == (rewards > 0.0)).all()
        if actions.shape[1] == 12:
            np.testing.assert_allclose(rewards, 6.0 * hits / 60.0, atol=1e-12)

    def test_rounds_are_fired_or_kept(self, transitions):
        before, actions, after, _, _ = transitions
        taken = (before["pickup_wait"] <= 1) & (after["pickup_wait"] == player.PICKUP_WAIT)
        found = taken[:, 1::2].any(-1)
        stock = [
            states["magazine"] + states["reserve"] + states["fired"] for states in (before, after)
        ]
        assert (stock[0] == stock[1])[~found].all()
        assert (stock[1][found] <= stock[0][found] + player.PICKUP_ROUNDS).all()
        assert found.any()
        for states in (before, after):
            assert ((states["magazine"] >= 0) & (states["magazine"] <= 40)).all()
            assert ((states["reserve"] >= 0) & (states["reserve"] <= 160)).all()
        fired = after["fired"] - before["fired"]
        assert (fired[actions[:, RELOAD] == 1] == 0).all()
        allowed = np.ones(len(actions), np.int64)
        if actions.shape[1] == 20:
            for weapon in (WEAPON_4, WEAPON_3, WEAPON_2):  # the first of several is in hand
                allowed[actions[:, weapon] == 1] = ROUNDS[weapon]
            allowed *= 1 + actions[:, ALTERNATE_FIRE]
        assert ((fired == 0) | (fired == allowed)).all()
        assert (fired > 0).sum() > 1_000

    def test_health_is_lost_to_bullets_and_found_in_pickups(self, transitions):
        before, _, after, _, _ = transitions
        taken = (before["pickup_wait"] <= 1) & (after["pickup_wait"] == player.PICKUP_WAIT)
        found = np.minimum(
            before["health"] + taken[:, ::2].any(-1) * player.PICKUP_HEALTH, records.HEALTH_MAX
        )
        expected = np.maximum(found - after["damage_taken"], 0.0)
        np.testing.assert_allclose(after["health"], expected, atol=1e-12)
        assert (after["damage_taken"] > 0.0).sum() > 50

    def test_info_says_what_the_state_holds(self, transitions):
        _, _, after, _, infos = transitions
        accuracy = after["hits"] / np.maximum(after["fired"], 1)
        cleared = (after["wave"] == 8) & (after["health"] > 0.0)
        expected = [after["kills"], after["wave"], after["health"], accuracy, cleared]
        np.testing.assert_array_equal(infos, np.stack(expected, axis=1))

    def test_an_episode_ends_with_death_or_with_time(self):
        episodes = run_episodes(get_world("Shooter"), "training", ExpertPolicy, range(40))
        for episode in episodes:
            healths, waves = episode.measures["health"], episode.measures["wave"]
            assert (healths[:-1] > 0.0).all()
            assert (waves[:-1] < 8).all()
            assert episode.terminated == (healths[-1] == 0.0 or waves[-1] == 8)
            assert episode.terminated or len(episode) == 1200
        assert {episode.terminated for episode in episodes} == {True, False}


class TestEpisodes:
    @pytest.mark.parametrize("name", FAMILY)
    def test_an_episode_does_not_depend_on_what_was_before(self, name):
        """A reset of a record of garbage gives the bytes of a fresh one, whatever the seed."""
        fresh, used = WorldEnv(name), WorldEnv(name)
        for seed in range(20):
            garbage = np.random.default_rng(seed).bytes(used.world.dynamics.state.itemsize)
            used.states[:] = np.frombuffer(garbage, used.world.dynamics.state)
            observations = [env.reset(seed=seed)[0] for env in (fresh, used)]
            assert fresh.state.tobytes() == used.state.tobytes()
            assert observations[0].tobytes() == observations[1].tobytes()
            fresh = WorldEnv(name)

    def test_played_environments_start_like_fresh_ones(self):
        *_, (env, _) = played("Shooter20", 300, rows=8)
        fresh = WorldVectorEnv("Shooter20", 8)
        assert env.reset(seed=5)[0].tobytes() == fresh.reset(seed=5)[0].tobytes()
        assert env.states.tobytes() == fresh.states.tobytes()

    def test_a_step_writes_the_held_buttons_and_the_time(self):
        env = WorldEnv("Shooter")
        env.reset(seed=0)
        press(env, 0, 6, 11)
        assert np.flatnonzero(env.states[0]["held"]).tolist() == [0, 6, 11]
        assert env.states[0]["step"] == 1

    def test_pixels_are_another_view_of_the_same_fight(self):
        """The same seeds and buttons give the same states, rewards, ends and infos."""
        fight, pixels = (WorldVectorEnv(name, 4) for name in ("Shooter", "ShooterPixels"))
        for env in (fight, pixels):
            env.reset(seed=0)
        expert, random = ExpertPolicy(fight), np.random.default_rng(0)
        for _ in range(1_300):
            actions = expert.predict()[0] ^ (random.random((4, 12)) < 0.2)
            _, *expected, expected_info = fight.step(actions)
            pictures, *outcome, info = pixels.step(actions)
            for part, expected_part in zip(outcome, expected, strict=True):
                assert (part == expected_part).all()
            assert all((info[name] == expected_info[name]).all() for name in info)
            assert pixels.states.tobytes() == fight.states.tobytes()
            assert (pictures.dtype, pictures.shape) == (np.uint8, (4, 120, 160, 3))
        assert (fight.states["episode"] > 0).any(), "no episode ended"
