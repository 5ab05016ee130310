"""Sounds: what worlds let hear, how it is synthesised, and how il-play plays it."""

import wave
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pygame
import pytest

from il_envs import ExpertPolicy, WorldEnv, get_world
from il_envs.drawing.sounds import Cue
from il_envs.play import synthesis
from il_envs.play.sounds import FADE, Sounds, cues_of
from il_envs.play.synthesis import SOUNDS, at_pitch, samples
from il_envs.play.waveforms import LOOP, LOOP_TOP, RATE
from il_envs.worlds.drift_car import dynamics as car
from il_envs.worlds.drift_car.picture.scene import SLIDING_START, slips
from il_envs.worlds.drift_car.track import HALF_WIDTH
from il_envs.worlds.gauntlet.dynamics import FIRE
from il_envs.worlds.grid import tiles
from il_envs.worlds.shooter import pad
from tests.conftest import WORLDS

SOUNDING = [world.name for world in WORLDS if world.views.sounds is not None]
ONE_SHOTS = [name for name, sound in SOUNDS.items() if not sound.is_continuous]
LOOPS = [name for name, sound in SOUNDS.items() if sound.is_continuous]
FILES = Path(__file__).parents[2] / "assets" / "sounds"
SEAM = 0.01  # of full scale, which a continuous sound may jump by where it begins anew


@cache
def episode(name, expert=True, seed=0):
    """The states of an episode, what is heard after each step, and how it ended."""
    env = WorldEnv(name)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    policy = ExpertPolicy(env) if expert else None
    history = np.zeros(env.world.dynamics.max_episode_steps + 1, env.world.dynamics.state)
    history[0] = env.state
    memory, count, heard = None, 1, []
    terminated = truncated = False
    while not (terminated or truncated):
        action = env.action_space.sample()
        if policy is not None:
            actions, memory = policy.predict(state=memory)
            action = actions[0]
        _, _, terminated, truncated, _ = env.step(action)
        history[count] = env.state
        count += 1
        heard.append(cues_of(env.world, history[:count], env.params))
    return history[:count], heard, terminated


def steps_with(heard, *names):
    """True for each step after which one of these sounds is heard, bool [T]."""
    return np.array([any(cue.name in names for cue in cues) for cues in heard])


def changed(history, field):
    """The change of a field in each step, [T, ...]."""
    return np.diff(history[field], axis=0)


class TestEveryWorld:
    def test_every_world_that_has_a_picture_of_ours_has_sounds(self):
        ours = [world for world in WORLDS if world.namespace == "il_envs"]
        assert {w.name for w in ours if w.views.pictures} <= set(SOUNDING)

    @pytest.mark.parametrize("name", SOUNDING)
    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_cues_are_in_range_and_have_a_sound(self, name, expert):
        _, heard, _ = episode(name, expert)
        assert any(heard)
        for cues in heard:
            assert len({cue.name for cue in cues}) == len(cues)
            for cue in cues:
                assert cue.name in SOUNDS
                assert 0.0 < cue.volume <= 1.0
                assert 0.5 <= cue.pitch <= 2.0

    @pytest.mark.parametrize("name", SOUNDING)
    def test_cues_are_a_function_of_the_history_and_change_nothing(self, name):
        history, heard, _ = episode(name)
        before, env = history.tobytes(), WorldEnv(name)
        cues = resolve_name(env.world.views.sounds)
        for k in range(len(heard), 0, -7):
            assert cues(history[: k + 1].copy(), env.params) == heard[k - 1]
        assert history.tobytes() == before

    @pytest.mark.parametrize("name", SOUNDING)
    def test_what_no_step_led_to_is_not_heard(self, name):
        """Neither at the start nor after a restored state."""
        history, _, _ = episode(name, expert=False)
        params = WorldEnv(name).params
        for torn in (history[:1], history[[0, -1]] if len(history) > 2 else history[:1]):
            cues = cues_of(get_world(name), torn, params)
            assert all(SOUNDS[cue.name].is_continuous for cue in cues)

    def test_a_world_without_sounds_is_silent(self):
        assert cues_of(next(w for w in WORLDS if w.views.sounds is None), None, None) == ()

    @pytest.mark.parametrize("name", SOUNDING)
    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_an_episode_is_mixed_without_clipping(self, name, expert):
        _, heard, _ = episode(name, expert)
        period = round(RATE * get_world(name).dynamics.control_period)
        whole = np.zeros(period * len(heard) + 2 * RATE)
        for k, cues in enumerate(heard):
            for cue in cues:
                sound = samples(cue.name)
                if SOUNDS[cue.name].is_continuous:
                    sound = sound[np.arange(k * period, (k + 1) * period) % sound.size]
                whole[k * period :][: sound.size] += cue.volume * sound
        assert 0.05 < np.abs(whole).max() / synthesis.FULL_SCALE <= 1.0


class TestCars:
    def _cues(self, **fields):
        history, _, _ = episode("DriftCar")
        state = history[:1].copy()
        for name, value in fields.items():
            state[name] = value
        cues = cues_of(get_world("DriftCar"), state, None)
        return {cue.name: cue for cue in cues}

    def test_the_engine_is_always_heard(self):
        for name in ("DriftCar", "DriftCarMisspecified", "LaneKeeping", "LaneKeepingStill"):
            assert steps_with(episode(name)[1], "engine").all()

    def test_the_engine_is_higher_when_the_car_is_faster(self):
        speeds = np.linspace(0.0, 25.0, 26)
        pitches = [self._cues(forward_speed=v)["engine"].pitch for v in speeds]
        assert (np.diff(pitches) > 0.0).all()

    def test_the_engine_is_louder_and_higher_when_it_drives(self):
        idle, driven = (self._cues(drive=d)["engine"] for d in (0.0, car.DRIVE_MAX))
        assert driven.volume > idle.volume
        assert driven.pitch > idle.pitch

    def test_tyres_are_heard_exactly_when_they_slide(self):
        for expert in (True, False):
            history, heard, _ = episode("DriftCar", expert)
            slip = np.max(slips(history[1:]), axis=0)
            assert np.array_equal(steps_with(heard, "squeal"), slip > SLIDING_START)
            assert steps_with(heard, "squeal").any()
            assert not steps_with(heard, "squeal").all()

    def test_a_car_that_stands_makes_no_sound_with_its_tyres(self):
        at_rest = {"forward_speed": 0.0, "lateral_speed": 0.0, "yaw_rate": 0.0}
        assert set(self._cues(**at_rest, steering=0.6, lateral=4.9)) == {"engine"}

    def test_the_edge_of_the_track_is_rough(self):
        edges = [self._cues(lateral=x).get("rumble") for x in (0.0, 3.9, -4.5, 4.9)]
        assert edges[:2] == [None, None]
        assert 0.0 < edges[2].volume < edges[3].volume

    def test_a_crash_is_heard_once_at_the_end(self):
        history, heard, terminated = episode("DriftCar", expert=False)
        assert terminated
        assert abs(history["lateral"][-1]) > HALF_WIDTH or heard[-1]
        assert np.flatnonzero(steps_with(heard, "crash")).tolist() == [len(heard) - 1]
        assert not steps_with(episode("DriftCar")[1], "crash").any()

    def test_the_bend_is_rough_beside_its_road(self):
        history, heard, _ = episode("LaneKeeping", expert=False)
        off = np.abs(history["deviation"][1:, 0]) > 4.0
        assert off.any()
        assert np.array_equal(steps_with(heard, "rumble"), off)


@pytest.mark.parametrize("name", ["Shooter", "Shooter20"])
@pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
class TestShooter:
    def test_a_weapon_is_heard_exactly_when_rounds_were_fired(self, name, expert):
        history, heard, _ = episode(name, expert)
        weapons = steps_with(heard, "shot", "shotgun", "rifle", "launch")
        assert weapons.any()
        assert np.array_equal(weapons, changed(history, "fired") > 0)

    def test_hits_are_heard_exactly_when_enemies_lose_health(self, name, expert):
        history, heard, _ = episode(name, expert)
        lost = (np.diff(history["enemies"]["health"], axis=0) < 0.0).any(axis=1)
        assert np.array_equal(steps_with(heard, "hit", "kill"), lost)
        assert np.array_equal(steps_with(heard, "kill"), changed(history, "kills") > 0)

    def test_enemies_are_heard_when_their_bullets_come(self, name, expert):
        history, heard, _ = episode(name, expert)
        more = changed(history, "bullet_count") > 0
        assert more.any()
        assert steps_with(heard, "enemy_shot")[more].all()

    def test_the_player_is_heard(self, name, expert):
        history, heard, _ = episode(name, expert)
        pain = history["damage_taken"][1:] > 0.0
        assert np.array_equal(steps_with(heard, "hurt", "block"), pain)
        assert np.array_equal(steps_with(heard, "reload"), changed(history, "magazine") > 0)
        assert np.array_equal(steps_with(heard, "coin"), changed(history, "wave") > 0)
        assert np.array_equal(steps_with(heard, "shield"), history["shielded"][1:] == 1)
        taken = (changed(history, "pickup_wait") > 0).any(axis=1)
        assert np.array_equal(steps_with(heard, "pickup"), taken)
        assert np.array_equal(steps_with(heard, "crash")[-1:], history["health"][-1:] == 0.0)


def test_every_weapon_has_its_own_sound():
    buttons = (pad.WEAPON_1, pad.WEAPON_2, pad.WEAPON_3, pad.WEAPON_4)
    for button, name in zip(buttons, ("shot", "shotgun", "rifle", "launch"), strict=True):
        env = WorldEnv("Shooter20")
        env.reset(seed=0)
        before, action = env.state, np.zeros(pad.FULL_PAD, np.int8)
        action[[pad.FIRE, button]] = 1
        env.step(action)
        cues = cues_of(env.world, np.stack([before, env.state]), env.params)
        assert name in [cue.name for cue in cues]


def test_a_blast_is_heard_when_the_launchers_round_ends():
    env = WorldEnv("Shooter20")
    env.reset(seed=0)
    history, action = [env.state], np.zeros(pad.FULL_PAD, np.int8)
    action[[pad.FIRE, pad.WEAPON_4]] = 1
    heard = []
    for _ in range(40):
        env.step(action)
        action[:] = 0
        history.append(env.state)
        heard.append(cues_of(env.world, np.stack(history), env.params))
    flying = np.stack(history)["shot_count"]
    assert flying.max() == 1
    assert np.array_equal(steps_with(heard, "explosion"), np.diff(flying) < 0)


class TestOthers:
    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_gauntlet(self, expert):
        history, heard, terminated = episode("Gauntlet", expert)
        opened = changed(history, "gates") > 0
        assert np.array_equal(steps_with(heard, "gate"), opened)
        hit = (changed(history, "hits") != 0) & ~opened
        assert np.array_equal(steps_with(heard, "hit"), hit)
        assert np.array_equal(steps_with(heard, "shot"), history["held"][1:, FIRE] == 1)
        assert steps_with(heard, "crash")[-1] == terminated
        assert opened.any() == expert
        assert terminated != expert

    def test_the_wall_is_louder_the_nearer_it_is(self):
        history, heard, _ = episode("Gauntlet", expert=False)
        lead = (history["x"] - history["wall"])[1:]
        volume = [next((c.volume for c in cues if c.name == "rumble"), 0.0) for cues in heard]
        order = np.argsort(lead)
        assert (np.diff(np.array(volume)[order]) <= 0.0).all()
        assert max(volume) == 1.0

    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_pillar(self, expert):
        history, heard, terminated = episode("Pillar", expert)
        passed = changed(history, "pillars") > 0
        assert np.array_equal(steps_with(heard, "coin"), passed)
        aside = (changed(history, "offset") != 0.0) & ~passed & (history["fallen"][1:] == 0)
        assert np.array_equal(steps_with(heard, "whoosh"), aside)
        assert steps_with(heard, "crash")[-1] == terminated

    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_duel(self, expert):
        history, heard, _ = episode("Duel", expert)
        given, taken = changed(history, "hits_given") > 0, changed(history, "hits_taken") > 0
        assert np.array_equal(steps_with(heard, "hit"), given)
        assert np.array_equal(steps_with(heard, "hurt"), taken)
        assert steps_with(heard, "rifle")[given].all()
        assert steps_with(heard, "enemy_shot")[taken].all()

    @pytest.mark.parametrize("name", ["RiskyBridge", "CliffChain", "FourRooms", "Macrocells"])
    @pytest.mark.parametrize("expert", [True, False], ids=["expert", "random"])
    def test_grids(self, name, expert):
        history, heard, _ = episode(name, expert)
        tile = WorldEnv(name).params["tile"][history["cell"]]
        ends = np.isin(tile, [tiles.GOAL, tiles.WATER, tiles.ABYSS])
        moved = changed(history, "cell") != 0
        assert np.array_equal(steps_with(heard, "step"), moved & ~ends[1:])
        assert np.array_equal(steps_with(heard, "bump"), ~moved & ~ends[:-1])
        for kind, sound in ((tiles.GOAL, "goal"), (tiles.WATER, "splash"), (tiles.ABYSS, "plunge")):
            arrived = (tile[1:] == kind) & ~ends[:-1]
            assert np.array_equal(steps_with(heard, sound), arrived)

    def test_a_reward_on_the_way_is_heard(self):
        history, heard, _ = episode("Objectworld")
        worth = WorldEnv("Objectworld").params["reward"][history["cell"][1:]].max(axis=1)
        moved = changed(history, "cell") != 0
        assert np.array_equal(steps_with(heard, "coin"), moved & (worth > 0.0))


class TestSynthesis:
    @pytest.mark.parametrize("name", SOUNDS)
    def test_loud_enough_not_clipped_and_without_an_offset(self, name):
        sound = samples(name) / synthesis.FULL_SCALE
        assert np.abs(sound).max() == pytest.approx(SOUNDS[name].level, abs=1e-4)
        assert SOUNDS[name].level <= 0.36
        assert np.sqrt(np.mean(sound**2)) > 0.08 * SOUNDS[name].level
        assert abs(sound.mean()) < 1e-3 * SOUNDS[name].level

    @pytest.mark.parametrize("name", ONE_SHOTS)
    def test_a_one_shot_sound_begins_and_ends_in_silence(self, name):
        sound = samples(name)
        assert sound.size <= 1.2 * RATE
        assert np.abs(sound[[0, -1]]).max() <= 0.01 * np.abs(sound).max()

    @pytest.mark.parametrize("pitch", [0.5, 0.77, 1.0, 1.5, 2.0])
    @pytest.mark.parametrize("name", LOOPS)
    def test_a_continuous_sound_has_no_seam(self, name, pitch):
        sound = at_pitch(name, pitch) / synthesis.FULL_SCALE
        inside = np.abs(np.diff(sound)).max()
        jump = abs(float(sound[0] - sound[-1]))
        assert jump <= inside
        assert jump <= SEAM * max(pitch, 1.0)

    @pytest.mark.parametrize("name", LOOPS)
    def test_a_continuous_sound_is_band_limited(self, name):
        power = np.abs(np.fft.rfft(samples(name))) ** 2
        frequency = np.fft.rfftfreq(samples(name).size, 1.0 / RATE)
        assert power[frequency > LOOP_TOP].sum() < 1e-6 * power.sum()

    @pytest.mark.parametrize("pitch", [0.5, 0.8, 1.0, 1.26, 2.0])
    def test_pitch_moves_frequencies_and_length(self, pitch):
        beep, pitched = samples("beep"), at_pitch("beep", pitch)
        assert pitched.size == round(beep.size / pitch)
        spectrum = np.abs(np.fft.rfft(pitched, 8 * RATE))
        assert spectrum.argmax() / 8.0 == pytest.approx(880.0 * pitch, rel=2e-3)
        assert pitch != 1.0 or np.array_equal(pitched, beep)

    def test_synthesis_is_deterministic(self):
        first = {name: samples(name) for name in SOUNDS}
        samples.cache_clear()
        for name, sound in first.items():
            assert sound.tobytes() == samples(name).tobytes()

    def test_the_files_are_what_the_synthesis_gives(self):
        """Within the last bit, for other machines' sines round otherwise."""
        assert {file.stem for file in FILES.iterdir()} == set(SOUNDS)
        for name in SOUNDS:
            assert np.abs(_read(FILES / f"{name}.wav") - samples(name)).max() <= 1
        assert sum(file.stat().st_size for file in FILES.iterdir()) < 1_500_000

    def test_the_command_writes_the_files(self, tmp_path):
        assert synthesis.main([str(tmp_path / "new")]) == 0
        for name in SOUNDS:
            assert np.array_equal(_read(tmp_path / "new" / f"{name}.wav"), samples(name))

    def test_the_command_says_what_is_wrong_in_one_line(self, tmp_path, capsys):
        (tmp_path / "file").write_text("")
        assert synthesis.main([str(tmp_path / "file")]) == 1
        assert synthesis.main([]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 2
        assert lines[0].startswith("cannot write the sounds:")
        assert lines[1].startswith("give one argument")


def _read(path):
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int64)


@pytest.fixture
def sounds(monkeypatch):
    """A player on SDL's device that plays to nobody."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    player = Sounds()
    yield player
    player.close()
    assert pygame.mixer.get_init() is None


def busy():
    """The channels that sound, by number."""
    channels = [pygame.mixer.Channel(k) for k in range(pygame.mixer.get_num_channels())]
    return [k for k, channel in enumerate(channels) if channel.get_busy()]


def busy_after_fades(count):
    """The channels that sound when all but so many have faded, or after 10 s."""
    for _ in range(500):
        if len(busy()) == count:
            break
        pygame.time.wait(20)
    pygame.time.wait(3 * FADE)  # in which no more should end
    return busy()


class TestPlayer:
    def test_the_mixer_is_opened_by_the_first_cue(self, sounds):
        sounds.play(())
        assert pygame.mixer.get_init() is None
        sounds.play((Cue("shot"),))
        assert pygame.mixer.get_init() == (RATE, -16, 1)
        assert len(busy()) == 1

    def test_opened_beforehand_no_cue_renders_a_continuous_sound(self, sounds, monkeypatch):
        sounds.open()
        assert pygame.mixer.get_init() == (RATE, -16, 1)
        monkeypatch.delattr("il_envs.play.sounds.at_pitch")
        for pitch in np.geomspace(0.5, 2.0, 100):
            sounds.play((*(Cue(name, pitch=pitch) for name in LOOPS), Cue("shot")))
        assert busy()

    def test_a_one_shot_sound_is_as_loud_as_its_cue_and_ends(self, sounds):
        sounds.once(Cue("click", 0.5))
        assert [pygame.mixer.Channel(k).get_volume() for k in busy()] == [0.5]
        assert busy_after_fades(0) == []

    def test_a_continuous_sound_goes_on_while_it_is_named(self, sounds):
        sounds.play((Cue("engine", 0.5),))
        (channel,) = busy()
        busy_after_fades(1)
        for volume in (0.25, 0.75):
            sounds.play((Cue("engine", volume),))
            assert busy() == [channel]
            assert pygame.mixer.Channel(channel).get_volume() == volume
        pygame.time.wait(round(1200 * LOOP))
        assert busy() == [channel]
        sounds.play(())
        assert busy_after_fades(0) == []

    def test_a_new_pitch_fades_over_to_another_loop(self, sounds):
        sounds.play((Cue("engine", pitch=1.0),))
        (first,) = busy()
        sounds.play((Cue("engine", pitch=1.01),))  # less than a quarter tone
        assert busy() == [first]
        sounds.play((Cue("engine", pitch=1.5),))
        assert len(busy()) == 2
        (second,) = busy_after_fades(1)
        assert second != first
        loop = pygame.mixer.Channel(second).get_sound()
        assert loop.get_length() == pytest.approx(LOOP / 1.5, rel=0.02)

    def test_one_shot_sounds_leave_continuous_ones_alone(self, sounds):
        sounds.play((Cue("engine"),))
        (engine,) = busy()
        sounds.once(Cue("click"))
        assert busy_after_fades(1) == [engine]

    def test_a_pause_lets_continuous_sounds_fade_and_the_next_step_brings_them_back(self, sounds):
        sounds.play((Cue("engine"), Cue("squeal")))
        assert len(busy()) == 2
        sounds.pause()
        assert busy_after_fades(0) == []
        sounds.play((Cue("engine"), Cue("squeal")))
        assert len(busy()) == 2

    def test_a_continuous_sound_at_volume_0_ends_too(self, sounds):
        sounds.play((Cue("squeal", 0.001),))
        busy_after_fades(1)
        sounds.play((Cue("squeal", 0.001),))
        sounds.play(())
        assert busy_after_fades(0) == []

    def test_muted_nothing_is_heard(self, sounds):
        sounds.play((Cue("engine"), Cue("win")))
        sounds.mute()
        assert sounds.is_muted
        assert busy_after_fades(0) == []
        sounds.play((Cue("engine"), Cue("shot")))
        assert busy() == []
        sounds.mute()
        sounds.play((Cue("engine"),))
        assert len(busy()) == 1

    def test_muted_from_the_start_the_mixer_stays_closed(self, monkeypatch):
        monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
        Sounds(is_muted=True).play((Cue("engine"), Cue("shot")))
        assert pygame.mixer.get_init() is None

    def test_more_sounds_than_channels_are_no_error(self, sounds):
        for _ in range(100):
            sounds.play((Cue("win"), Cue("engine")))
        assert len(busy()) == pygame.mixer.get_num_channels()

    @pytest.mark.parametrize("value", [-3.0, 9.0, np.nan, np.inf])
    def test_a_cue_out_of_range_is_brought_into_it(self, sounds, value):
        sounds.play((Cue("shot", value, value), Cue("engine", value, value)))
        assert len(busy()) == 2

    def test_an_unknown_sound_is_told_once(self, sounds, capsys):
        for _ in range(3):
            sounds.play((Cue("shto"),))
        assert capsys.readouterr().err == "il-play: there is no sound called 'shto'\n"

    def test_without_a_device_the_game_goes_on_silently(self, monkeypatch, capfd):
        monkeypatch.setenv("SDL_AUDIODRIVER", "nosuch")
        player = Sounds()
        for _ in range(3):
            player.open()
            player.play((Cue("engine"), Cue("shot")))
            player.once(Cue("click"))
            player.pause()
            player.mute()
        player.close()
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("il-play: no sound, the game goes on without: ")
        assert "nosuch" in line

    def test_a_mixer_that_somebody_closes_costs_a_line(self, sounds, capfd):
        sounds.play((Cue("engine"),))
        pygame.mixer.quit()
        for _ in range(3):
            sounds.play((Cue("engine", pitch=2.0), Cue("shot")))
            sounds.mute()
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("il-play: no sound, the game goes on without: ")

    def test_after_closing_it_opens_again(self, sounds):
        sounds.play((Cue("engine"),))
        sounds.close()
        sounds.play((Cue("engine"),))
        assert len(busy()) == 1
