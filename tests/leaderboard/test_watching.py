"""Watching evaluation episodes: the very states that were scored."""

from pathlib import Path

import numpy as np
import pytest

from il_envs.play.screens.watching import WatchScreen
from il_envs.play.theatre import Theatre
from il_envs.world import get_world, state_hash
from leaderboard import UserError
from leaderboard.cells import read_traces
from leaderboard.runs import Results, read_results
from leaderboard.watching import film_of_evaluation
from tests.leaderboard.test_cli import in_process

pytestmark = pytest.mark.usefixtures("window")
CHAIN = get_world("CliffChain")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A small run, which the tests read."""
    from leaderboard import commands
    from leaderboard.profiles import PROFILES

    folder = tmp_path_factory.mktemp("results")
    commands.run(PROFILES["smoke"], ["bc", "dagger"], ["CliffChain"], 1, 2, folder, False)
    return read_results(folder)


def test_a_film_shows_the_states_that_were_scored(results: Results) -> None:
    for name in ("bc", "random", "dagger"):
        film = film_of_evaluation(results, name, CHAIN, 3)
        (cell,) = [c for c in results.cells if c.spec.algorithm == name]
        scored = cell.episodes[3]
        track = film.tracks[0]
        assert track.name == name
        assert track.state_hash == scored.state_hash
        assert track.total_reward == scored.total_reward
        traces = read_traces(results.folder / cell.spec.folder, len(cell.episodes))
        assert np.array_equal(track.actions, traces[3])
        film.draw(film.duration)
        assert film.canvas.history[-1].tobytes() == track.states[-1].tobytes()
        assert state_hash(film.canvas.history[1:]) == scored.state_hash


def test_ghosts_are_the_expert_and_the_named_algorithms(results: Results) -> None:
    film = film_of_evaluation(results, "bc", CHAIN, 0, others=["dagger", "bc"])
    assert [track.name for track in film.tracks] == ["bc", "dagger", "expert"]
    starts = {track.states[0].tobytes() for track in film.tracks}
    assert len(starts) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"algorithm": "gail"}, "has no 'gail' in CliffChain"),
        ({"episode": 16}, "has the episodes 0 to 15, not 16"),
        ({"episode": -1}, "has the episodes 0 to 15, not -1"),
        ({"seed": 7}, "bc in CliffChain has no cell of seed 7; it has those of 0"),
        ({"others": ["nobody"]}, "has no 'nobody' in CliffChain"),
        ({"world": get_world("FourRooms")}, "has no world 'FourRooms'; it has CliffChain"),
    ],
)
def test_what_there_is_not_is_one_line(results: Results, options: dict, complaint: str) -> None:
    asked = {"algorithm": "bc", "world": CHAIN, "episode": 0} | options
    with pytest.raises(UserError, match=complaint) as caught:
        film_of_evaluation(results, **asked)
    assert "\n" not in str(caught.value)


def test_an_edited_trace_is_not_shown(results: Results, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "edited"
    shutil.copytree(results.folder, folder)
    edited = read_results(folder)
    (cell,) = [c for c in edited.cells if c.spec.algorithm == "bc"]
    traces = read_traces(folder / cell.spec.folder, len(cell.episodes))
    traces[2] = 1 - traces[2]
    np.savez_compressed(folder / cell.spec.folder / "actions.npz", *traces)
    film_of_evaluation(edited, "bc", CHAIN, 1)
    with pytest.raises(UserError, match="episode 2: its replay does not give what was scored"):
        film_of_evaluation(edited, "bc", CHAIN, 2)


def test_the_command_opens_a_window_or_writes_a_film(
    results: Results,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    shown: list[WatchScreen] = []
    monkeypatch.setenv("IL_ENVS_DATA", str(tmp_path))
    monkeypatch.setattr(Theatre, "show", lambda theatre, screen: shown.append(screen._following()))
    folder = str(results.folder)

    def watch(*options: str) -> tuple[int, str, str]:
        arguments = ["watch", folder, "bc", "CliffChain", *options]
        return in_process(monkeypatch, capsys, *arguments)

    code, _, err = watch("--episode", "2")
    assert code == 0, err
    assert [track.name for track in shown[0].film.tracks] == ["bc", "expert"]
    path = tmp_path / "bc.gif"
    code, out, err = watch("--video", str(path))
    assert code == 0, err
    assert out == f"wrote {path}: 6.0 s\n"
    assert path.stat().st_size > 1000
    code, _, err = watch("--video", "a.avi")
    assert code == 2
    assert err == "leaderboard: a.avi: a film ends in .mp4, .webm, .gif\n"
