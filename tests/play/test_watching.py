"""Recording what is played, and watching it: the screen with a time bar."""

from pathlib import Path

import numpy as np
import pygame
import pytest

from il_envs.drawing.canvas import SIZE
from il_envs.learning.demonstrations import Demonstrations
from il_envs.learning.recorded_episode import RecordedEpisode, write_episode
from il_envs.learning.recorder import Recorder
from il_envs.learning.recordings import read_recording, recording_names, verify_recording
from il_envs.play.film import Film
from il_envs.play.level import BEGINNER, FULL
from il_envs.play.pilots import ExpertPilot
from il_envs.play.replays import film_of_episode, find_episode
from il_envs.play.screens.playing import PlayScreen
from il_envs.play.screens.waiting import WaitingScreen
from il_envs.play.screens.watching import PLOT, WatchScreen
from il_envs.play.sounds import Sounds
from il_envs.play.theatre import Theatre
from il_envs.play.track import Track, of_actions, of_pilot
from il_envs.play.window import Window
from il_envs.world import World, get_world
from tests.play.conftest import IlPlay
from tests.play.player import begun, down, show, tap, up

CAR, SHOOTER, STILL = get_world("DriftCar"), get_world("Shooter"), get_world("FourRoomsStill")
CHAIN = get_world("CliffChain")


def recorded(
    stage: Window, folder: Path, world: World, script: dict, frames: int, level=FULL, name="mine"
) -> PlayScreen:
    """A game that was recorded while it was played by these events."""
    game = begun(world, 5, level)
    game.record(Recorder(name, world, "training", "person"))
    game.phase, game.countdown = "playing", 0.0
    screen = PlayScreen(game, stage, Sounds(is_muted=True), folder, lambda: None)
    show(screen, stage, script, frames)
    return screen


def test_an_episode_is_recorded_as_it_ends_and_replays(stage: Window, tmp_path: Path) -> None:
    script = {0: [down("up"), down("left")]}
    screen = recorded(stage, tmp_path, CAR, script, 300)
    (episode,) = read_recording("mine").episodes
    assert verify_recording("mine") == []
    assert episode.seed == 5
    assert episode.total_reward == screen.game.results[0].total
    assert len(episode) == screen.game.step
    assert not episode.gentle_start
    assert not episode.assisted.any()
    assert (episode.controllers == 0).all()
    assert np.diff(episode.times).min() >= 0.0
    assert episode.times[-1] == pytest.approx(len(episode) * 0.04, abs=0.05)
    shown = Demonstrations.from_recording("mine")
    assert np.array_equal(shown.actions, episode.actions)


def test_chords_of_six_buttons_are_recorded_as_held(stage: Window, tmp_path: Path) -> None:
    keys = ["w", "a", "left", "space", "left shift", "q"]
    script = {30: [down(key) for key in keys], 60: [up(key) for key in keys]}
    game = recorded(stage, tmp_path, SHOOTER, script, 90).game
    game.recorder.finish(False)
    (episode,) = read_recording("mine").episodes
    pressed = [k for k, key in enumerate(SHOOTER.views.keys) if key.key in keys]
    chords = [np.flatnonzero(action).tolist() for action in episode.actions]
    assert chords.count(pressed) == 10  # half a second at 20 steps a second
    assert chords.count([]) == len(chords) - 10


def test_the_level_is_marked_in_the_record(stage: Window, tmp_path: Path) -> None:
    game = recorded(stage, tmp_path, CAR, {0: [down("up")], 60: tap("-")}, 120, BEGINNER).game
    game.recorder.finish(False)
    (episode,) = read_recording("mine").episodes
    assert episode.gentle_start
    assert episode.assisted.all()
    assert set(episode.speeds) == {0.75, 0.7}
    assert verify_recording("mine") == []


def test_the_last_episode_is_discarded_on_request(stage: Window, tmp_path: Path) -> None:
    script = {0: [down("up"), down("left")], 250: tap("backspace"), 252: tap("backspace")}
    recorded(stage, tmp_path, CAR, script, 260)
    assert recording_names() == []


def test_an_episode_left_in_the_middle_is_not_recorded(stage: Window, tmp_path: Path) -> None:
    recorded(stage, tmp_path, CAR, {20: tap("escape")}, 60)
    assert not (tmp_path / "recordings" / "mine").exists()


class Full:
    """A disk that is full for so many attempts to write."""

    def __init__(self, attempts: int) -> None:
        self.left = attempts

    def write(self, folder: Path, episode: RecordedEpisode) -> Path:
        self.left -= 1
        if self.left >= 0:
            raise OSError(28, "No space left on device")
        return write_episode(folder, episode)


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_cannot_be_recorded_is_tried_again_and_then_said_where_it_lasts(
    attempts: int,
    stage: Window,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("il_envs.learning.recorder.write_episode", Full(attempts).write)
    screen = recorded(stage, tmp_path, CAR, {0: [down("up"), down("left")]}, 200)
    assert screen.game.phase == "over"
    assert screen.game.recorder is not None
    assert screen.game.recorder.lost == attempts - 1
    told = capsys.readouterr().err
    if attempts == 1:
        assert len(read_recording("mine").episodes) == 1
    else:
        assert told.startswith("il-play: an episode is not recorded: cannot write to ")
        assert screen._marks()[0][0] == "REC 0, 1 LOST"


def test_the_command_fails_if_an_episode_is_lost(
    il_play: IlPlay, stage: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(theatre: Theatre, screen: WaitingScreen) -> None:
        screen._following().game.recorder.lost = 1

    monkeypatch.setattr(Theatre, "show", show)
    result = il_play("CliffChain", "--record", "mine", "--mute")
    assert result.exit_code == 1
    assert result.stderr == "il-play: 1 of the episodes could not be recorded\n"


def test_no_folder_is_left_where_nothing_is_recorded(
    il_play: IlPlay, stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Theatre, "show", lambda theatre, screen: None)
    assert il_play("CliffChain", "--record", "mine").exit_code == 0
    assert not (tmp_path / "recordings" / "mine").exists()


def test_a_replay_is_shown_at_the_speed_that_is_asked_for(
    il_play: IlPlay, stage: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(stage, tmp_path, CAR, {0: [down("up"), down("left")]}, 120)
    speeds: list[float] = []
    monkeypatch.setattr(
        Theatre, "show", lambda theatre, screen: speeds.append(screen._following().speed)
    )
    assert il_play("--replay", "mine", "--speed", "0.25").exit_code == 0
    assert speeds == [0.25]


@pytest.fixture
def film() -> Film:
    """The expert on the still rooms, and somebody who walks into a wall, as its ghost."""
    tracks = [
        of_pilot(STILL, "training", 3, ExpertPilot, {}),
        of_actions("wall", STILL, "training", 3, np.zeros(50, np.int64), {}),
    ]
    return Film(STILL, STILL.dynamics.params("training"), tracks)


def watch(film: Film, stage: Window, folder: Path, script: dict, frames: int) -> WatchScreen:
    screen = WatchScreen(film, "a film", stage, folder, lambda: None)
    show(screen, stage, script, frames)
    return screen


def test_a_film_goes_on_in_real_time_and_stops_at_its_end(
    film: Film, stage: Window, tmp_path: Path
) -> None:
    assert film.duration == 12.5
    assert watch(film, stage, tmp_path, {}, 60).moment == pytest.approx(1.0)
    assert watch(film, stage, tmp_path, {0: tap("=")}, 60).moment == pytest.approx(1.4)
    assert watch(film, stage, tmp_path, {0: tap("end")}, 60).moment == 12.5


def test_the_keys_go_through_the_film(film: Film, stage: Window, tmp_path: Path) -> None:
    stopped = {0: tap("space")}
    assert watch(film, stage, tmp_path, stopped | {2: tap("right")}, 9).moment == 1.0
    assert watch(film, stage, tmp_path, {0: tap("."), 1: tap(".")}, 9).moment == 0.5
    forth = {0: tap("."), 1: tap("."), 2: tap(",")}
    assert watch(film, stage, tmp_path, forth, 9).moment == 0.25
    assert watch(film, stage, tmp_path, stopped | {1: tap("end"), 2: tap("home")}, 9).moment == 0.0
    again = {0: tap("end"), 2: tap("space")}
    assert 0.0 < watch(film, stage, tmp_path, again, 9).moment < 0.2
    frames: list[int] = []
    screen = WatchScreen(film, "", stage, tmp_path, lambda: None)
    show(screen, stage, {5: tap("escape")}, 50, lambda frame, _: frames.append(frame))
    assert frames[-1] == 5


def test_the_mouse_drags_along_the_curves(film: Film, stage: Window, tmp_path: Path) -> None:
    screen = WatchScreen(film, "", stage, tmp_path, lambda: None)
    show(screen, stage, {}, 2)
    rect = stage.page_rect
    scale = rect.width / SIZE[0]

    def at(kind: int, share: float, y: int) -> pygame.event.Event:
        x = PLOT.left + share * PLOT.width
        pos = (round(rect.left + scale * x), round(rect.top + scale * y))
        return pygame.event.Event(kind, pos=pos, button=1)

    y = PLOT.centery
    press, move = at(pygame.MOUSEBUTTONDOWN, 0.5, y), at(pygame.MOUSEMOTION, 0.75, 50)
    show(screen, stage, {0: tap("space"), 1: [press]}, 4)
    assert screen.moment == pytest.approx(6.25, abs=0.05)
    show(screen, stage, {1: [move], 2: [at(pygame.MOUSEBUTTONUP, 0.75, 50)]}, 3)
    assert screen.moment == pytest.approx(9.375, abs=0.05)


def test_every_moment_shows_the_states_of_the_track(film: Film, stage: Window) -> None:
    for moment in (0.0, 0.1, 0.25, 1.3, 12.4, 12.5):
        film.draw(moment)
        step = int(moment / 0.25 + 1e-9)
        assert film.canvas.history.tobytes() == film.tracks[0].states[: step + 1].tobytes()
    first = pygame.image.tobytes(film.draw(3.1), "RGB")
    film.draw(9.0)
    assert pygame.image.tobytes(film.draw(3.1), "RGB") == first


def test_ghosts_are_shown_until_they_are_not_wanted(film: Film, stage: Window) -> None:
    shown = pygame.image.tobytes(film.draw(2.0), "RGB")
    film.shows_ghosts = False
    assert pygame.image.tobytes(film.draw(2.0), "RGB") != shown


def test_tracks_of_any_length_are_watched(stage: Window, tmp_path: Path) -> None:
    whole = of_pilot(CAR, "training", 1, ExpertPilot, {})
    short = of_actions("short", CAR, "training", 1, whole.actions[:1], {})
    params = CAR.dynamics.params("training")
    for tracks in ([short, whole], [whole, short], [short]):
        script = {1: tap("end"), 3: tap("home"), 5: tap("h"), 7: tap("h"), 8: tap("tab")}
        screen = watch(Film(CAR, params, tracks), stage, tmp_path, script, 12)
        assert 0.0 < screen.moment <= screen.film.duration


def test_a_track_is_the_episode_of_its_actions() -> None:
    expert = of_pilot(CAR, "held_out", 4, ExpertPilot, {})
    again = of_actions("again", CAR, "held_out", 4, expert.actions, {})
    assert again.state_hash == expert.state_hash
    assert again.total_reward == expert.total_reward
    assert np.array_equal(again.states, expert.states)
    assert expert.errors is not None
    assert len(expert.errors) == len(expert.states) == len(expert) + 1
    gentle = of_pilot(CAR, "held_out", 4, ExpertPilot, {"gentle_start": True})
    assert isinstance(gentle, Track)
    assert gentle.states[0].tobytes() != expert.states[0].tobytes()


def test_a_recorded_episode_is_found_by_name_number_and_file(stage: Window, tmp_path: Path) -> None:
    for _ in range(2):
        recorded(stage, tmp_path, CAR, {0: [down("up"), down("left")]}, 120)
    first, second = read_recording("mine").episodes
    assert find_episode("mine").id == find_episode("mine/2").id == second.id
    assert find_episode("mine/1").id == first.id
    path = next((tmp_path / "recordings" / "mine").glob(f"{first.id}*"))
    assert find_episode(str(path)).id == first.id
    film = film_of_episode(first)
    assert [track.name for track in film.tracks] == ["person", "expert"]
    assert film.tracks[0].state_hash == first.state_hash


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--replay", "nothing"], "the recording 'nothing' has no episode"),
        (["--replay", "mine/9"], "the recording 'mine' has the episodes 1 to 1"),
        (["DriftCar", "--replay", "mine"], "leave out the world"),
        (["--replay", "mine", "--record", "y"], "--record has no effect on --replay"),
        (["--record", "mine"], "--record needs a world"),
        (["Shooter", "--record", "mine"], "the recording 'mine' is of il_envs/DriftCar-v0"),
        (["DriftCar", "--record", "a/b"], "cannot be a recording's name"),
    ],
)
def test_what_cannot_be_recorded_or_watched_is_one_line(
    il_play: IlPlay, stage: Window, tmp_path: Path, options: list[str], complaint: str
) -> None:
    recorded(stage, tmp_path, CAR, {0: [down("up"), down("left")]}, 120)
    result = il_play(*options)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert complaint in line


def test_a_film_of_a_recorded_episode_is_written(
    il_play: IlPlay, stage: Window, tmp_path: Path
) -> None:
    game = recorded(stage, tmp_path, CHAIN, {k: tap("right") for k in range(20)}, 60).game
    assert game.phase == "over"
    path = tmp_path / "chain.gif"
    result = il_play("--replay", "mine", "--video", str(path))
    assert result.exit_code == 0, result.stderr
    assert path.stat().st_size > 1000
