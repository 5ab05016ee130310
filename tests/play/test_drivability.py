"""People can drive the car: a stand-in with late hands does, and nobody does without hands."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drivability import SLOPPY, drive, drives, hold, random_keys, stand_in, track_seeds
from il_envs import ExpertPolicy, WorldEnv, get_world
from il_envs.play.game import Game
from il_envs.play.held_keys import HeldKeys
from il_envs.play.level import BEGINNER, FULL, LEVELS, STANDARD
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.sounds import Sounds
from il_envs.play.window import Window
from il_envs.testing import StandIn
from il_envs.testing.stand_in import FRAME
from tests.play.player import down, up

CAR = get_world("DriftCar")


def survivors(level, hands) -> int:
    return sum(each.survived for each in drives(level, hands))


def test_the_tracks_are_all_different() -> None:
    env, tracks = WorldEnv("DriftCar", "held_out"), set()
    for seed in track_seeds():
        env.reset(seed=seed)
        tracks.add(int(env.state["track"]))
    assert len(tracks) == len(track_seeds()) == 12


def test_late_hands_survive_as_beginners() -> None:
    assert survivors(BEGINNER, stand_in(0.2)) >= 11
    assert survivors(BEGINNER, SLOPPY) >= 11


def test_late_hands_survive_in_the_window(stage: Window, tmp_path: Path) -> None:
    """As beginners, by events of the keyboard alone."""
    survived = 0
    for seed in track_seeds():
        game = Game(CAR, "held_out", seed, BEGINNER)
        screen = PlayScreen(game, stage, Sounds(is_muted=True), tmp_path, lambda: None)
        person, expert = StandIn(CAR, 0.2, seed=seed), ExpertPolicy(game.env)
        law, given = HeldKeys(CAR), np.zeros(2)  # what the person's fingers know
        game.countdown = 0.0
        held: set[str] = set()
        while game.phase != "over":
            wanted = person.keys(expert.predict()[0][0], given.tolist())
            for event in [*map(up, sorted(held - set(wanted))), *map(down, sorted(wanted))]:
                screen.handle(event)
            given, held = law.action(wanted, BEGINNER.speed * FRAME), set(wanted)
            screen.frame(FRAME)
        survived += not game.terminated
    assert survived >= 11


def test_late_hands_survive_in_real_time_with_assistance() -> None:
    assert survivors(STANDARD, stand_in(0.2)) >= 11


def test_late_hands_fail_without_help() -> None:
    """What the help is for; if they did not, the test above would show nothing."""
    assert survivors(replace(STANDARD, assist=False), stand_in(0.2)) <= 1
    assert survivors(FULL, stand_in(0.2)) == 0


@pytest.mark.parametrize(
    "hands", [hold(), hold("up"), random_keys], ids=["no key", "throttle", "random"]
)
def test_the_assistance_does_not_drive(hands) -> None:
    done = drives(BEGINNER, hands)
    assert not any(each.survived for each in done)
    assert max(each.distance for each in done) < 150.0  # m; a lap is 490 m at least


def test_a_stand_in_drives_the_same_twice() -> None:
    seed = track_seeds()[0]
    assert drive(seed, BEGINNER, SLOPPY(seed)) == drive(seed, BEGINNER, SLOPPY(seed))
    assert drive(seed, BEGINNER, SLOPPY(seed)) != drive(seed, BEGINNER, SLOPPY(seed + 1))


def test_levels_are_told_apart_and_get_harder() -> None:
    levels = list(LEVELS.values())
    assert len({level.summary for level in levels}) == 3
    assert [level.speed for level in levels] == sorted(level.speed for level in levels)
    assert [level.assist for level in levels] == [True, True, False]
    assert [level.gentle_start for level in levels] == [True, True, False]


class TestStandIn:
    def test_it_presses_the_key_of_a_moment_ago(self) -> None:
        hands = StandIn(CAR, delay=0.1)
        pressed = [hands.keys([0.8, -0.8], [0.0, 0.0]) for _ in range(7)]
        assert pressed == [{}] * 6 + [{"left": 1.0, "down": 1.0}]

    @pytest.mark.parametrize(
        ("target", "given", "keys"),
        [
            (0.5, 0.0, {"left": 1.0}),
            (0.5, 0.49, {}),
            (0.5, 0.6, {}),  # letting go is enough
            (0.5, 0.9, {"right": 1.0}),
            (-0.5, 0.0, {"right": 1.0}),
            (-0.5, -0.9, {"left": 1.0}),
            (0.0, 0.1, {}),
        ],
    )
    def test_it_moves_what_the_keys_give_towards_the_command(
        self, target: float, given: float, keys: dict[str, float]
    ) -> None:
        assert StandIn(CAR, delay=0.0).keys([target, 0.0], [given, 0.0]) == keys

    def test_its_sticks_give_the_command(self) -> None:
        hands = StandIn(CAR, delay=0.0, is_analog=True)
        assert hands.keys([-0.25, 0.5], [0.0, 0.0]) == {"right": 0.25, "up": 0.5}

    def test_its_taps_are_not_too_short(self) -> None:
        hands = StandIn(CAR, delay=0.0, shortest_tap=3 * FRAME)
        commands = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
        held = [bool(hands.keys([command, 0.0], [0.0, 0.0])) for command in commands]
        assert held == [True, True, True, False, False, False, True]

    def test_it_trembles_as_much_as_it_is_told(self) -> None:
        hands = StandIn(CAR, delay=0.0, tremor=0.1, is_analog=True, seed=1)
        amounts = [hands.keys([0.5, 0.0], [0.0, 0.0])["left"] for _ in range(20_000)]
        # Of 20,000 correlated draws about a twentieth are worth an independent one.
        assert np.mean(amounts) == pytest.approx(0.5, abs=4 * 0.1 / np.sqrt(1000))
        assert np.std(amounts) == pytest.approx(0.1, rel=4 / np.sqrt(2 * 1000))

    def test_worlds_without_axes_are_refused(self) -> None:
        with pytest.raises(TypeError, match="Gauntlet is none"):
            StandIn(get_world("Gauntlet"))
