"""The command il-play: what it refuses, what it prints."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from il_envs.play.commands import film, play
from il_envs.play.game import Game
from il_envs.play.level import LEVELS
from il_envs.play.results import Result
from il_envs.play.screens.title import TitleScreen
from il_envs.play.screens.waiting import WaitingScreen
from il_envs.play.theatre import Theatre
from il_envs.world import World, get_world
from tests.play.conftest import IlPlay

CAR = get_world("DriftCar")
NO_EXPERT = replace(CAR, name="NoExpert", experts={})


@pytest.fixture(autouse=True)
def _own_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))


@pytest.mark.parametrize("name", ["DriftCar-v7", "il_envs/Driftcar", "DritfCar-v0"])
def test_unknown_world_gets_the_nearest_name(il_play: IlPlay, name: str) -> None:
    result = il_play(name)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"il-play: unknown world {name!r}; did you mean 'DriftCar'?\n"


def test_no_display_is_one_line(il_play: IlPlay, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    result = il_play("DriftCar")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("il-play: cannot open a window: no display")


@pytest.mark.parametrize(
    ("world", "options", "refusal"),
    [
        (NO_EXPERT, ["--expert"], "NoExpert has no expert to watch"),
        (
            replace(NO_EXPERT, views=replace(CAR.views, keys=())), [],
            "NoExpert has no keys to play it with",
        ),
        (
            replace(CAR, views=replace(CAR.views, keys=())), [],
            "DriftCar has no keys to play it with; try --expert",
        ),
        (
            replace(CAR, views=replace(CAR.views, pictures=())), ["--expert"],
            "DriftCar has no picture to play it in",
        ),
        (CAR, ["--expert", "--mouse"], "--mouse is for those who play, not for those who watch"),
        (CAR, ["--takeover"], "--takeover and --label need a --policy to begin with"),
        (CAR, ["--labels", "3"], "--labels has no effect on a game; leave it out"),
        (
            CAR, ["--expert", "--video", "a.mp4", "--record", "b"],
            "--record has no effect on --video; leave it out",
        ),
        (
            CAR, ["--labels", "2000"],
            "--labels has no effect on a game; leave it out",  # although it is the default
        ),
        (CAR, ["--clock"], "--clock is for playing worlds of turns, which wait without it"),
        (CAR, ["--player", "bob"], "--player is the name in a recording; --record NAME makes one"),
        (CAR, ["--mouse"], "DriftCar cannot be played with the mouse"),
        (
            CAR, ["--video", "a.mp4"],
            "--video films a world whose --expert is watched, or a --replay",
        ),
        (
            CAR, ["--expert", "--video", "a.avi"],
            "a.avi: a film ends in .mp4, .webm, .gif",
        ),
        (
            CAR, ["--expert", "--video", "no/such/a.mp4"],
            "no/such/a.mp4: there is no folder no/such",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(
    il_play: IlPlay,
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    options: Sequence[str],
    refusal: str,
) -> None:
    for command in (film, play):
        monkeypatch.setattr(command, "get_world", lambda name: world)
    monkeypatch.setattr(Theatre, "show", lambda theatre, screen: pytest.fail("it ran"))
    result = il_play(world.name, *options)
    assert result.exit_code == 2
    assert result.stderr == f"il-play: {refusal}\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--speed", "3"], "'3' is no speed from 0.25 to 2 times real time"),
        (["--speed", "fast"], "'fast' is no speed"),
        (["--speed", "nan"], "'nan' is no speed"),
        (["--seed", "-1"], "'-1' is no whole number from 0 on"),
        (["--level", "hard"], "invalid choice: 'hard'"),
        (["--exp"], "unrecognized arguments: --exp"),
        (["--policy", ""], "argument --policy: it has no name"),
    ],
)
def test_an_option_that_cannot_be_is_one_line(
    il_play: IlPlay, options: Sequence[str], complaint: str
) -> None:
    result = il_play("DriftCar", *options)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert complaint in line


def test_every_option_is_explained(il_play: IlPlay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    text = " ".join(il_play("--help").stdout.split())
    assert "which of the world's parts to play on" in text
    assert all(level.summary in text for level in LEVELS.values())


def test_without_a_world_the_title_is_shown(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    screens: list[object] = []
    monkeypatch.setattr(Theatre, "show", lambda theatre, screen: screens.append(screen))
    monkeypatch.setattr("il_envs.play.preparing.Preparation._start", lambda self: None)
    assert il_play().exit_code == 0
    assert isinstance(screens[0], TitleScreen)


def test_the_command_prints_one_line_for_each_episode(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(theatre: Theatre, screen: WaitingScreen) -> None:
        game: Game = screen._following().game
        assert (game.seed, game.split, game.speed) == (4, "held_out", 0.7)
        assert game.level.name == "full"
        game.results += [Result(4, 10.0, 40.0), Result(5, -30.0, -40.0), Result(6, 1.0, None)]
        game._companion = None

    monkeypatch.setattr(Theatre, "show", show)
    result = il_play(
        "DriftCar", "--seed", "4", "--split", "held_out", "--speed", "0.7", "--level", "full"
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "seed 4: you 10.00, expert 40.00, ratio 0.25",
        "seed 5: you -30.00, expert -40.00, difference +10.00",
        "seed 6: you 1.00",
    ]


def test_scores_are_printed_even_if_the_game_is_interrupted(
    il_play: IlPlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(theatre: Theatre, screen: WaitingScreen) -> None:
        screen._following().game.results.append(Result(0, 1.0, 2.0))
        raise KeyboardInterrupt

    monkeypatch.setattr(Theatre, "show", show)
    result = il_play("DriftCar")
    assert result.exit_code == 130
    assert result.stdout == "seed 0: you 1.00, expert 2.00, ratio 0.50\n"


def test_a_film_of_the_expert_is_written(il_play: IlPlay, tmp_path: Path) -> None:
    import imageio_ffmpeg

    for ending, rate in ((".mp4", 30.0), (".webm", 30.0), (".gif", 12.5)):
        path = tmp_path / f"chain{ending}"
        result = il_play("CliffChain", "--expert", "--video", str(path), "--speed", "2")
        assert result.exit_code == 0, result.stderr
        assert result.stdout == f"wrote {path}: 3.5 s\n"
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
        assert seconds == pytest.approx(3.5, abs=0.1)
        assert frames == pytest.approx((2.5 + 1.0) * rate, abs=2)
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "chain.mp4", "chain.webm", "chain.gif"
    }  # fmt: skip


def test_a_film_that_cannot_be_written_is_one_line(il_play: IlPlay, tmp_path: Path) -> None:
    result = il_play("CliffChain", "--expert", "--video", str(tmp_path))
    assert (result.exit_code, result.stderr) == (2, f"il-play: {tmp_path}: a film ends in .mp4, "
                                                    ".webm, .gif\n")  # fmt: skip
    folder = tmp_path / "a.mp4"
    folder.mkdir()
    result = il_play("CliffChain", "--expert", "--video", str(folder))
    assert (result.exit_code, result.stderr) == (2, f"il-play: {folder} is a folder\n")
    if Path("/proc").is_dir():  # where nobody can write
        result = il_play("CliffChain", "--expert", "--video", "/proc/a.mp4")
        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("il-play: cannot write /proc/a.mp4: ")


def test_a_film_may_have_any_name(il_play: IlPlay, tmp_path: Path) -> None:
    path = tmp_path / "12:30 Uhr %d.gif"
    assert il_play("CliffChain", "--expert", "--video", str(path)).exit_code == 0
    assert path.stat().st_size > 1000
