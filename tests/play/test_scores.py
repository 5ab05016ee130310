"""Best scores: files of all kinds, and two players at once."""

from pathlib import Path

import pytest

from il_envs.play.scores import Scores


def test_the_best_is_kept(tmp_path: Path) -> None:
    scores = Scores(tmp_path / "deep" / "scores.json")
    assert scores.best("Duel", "full") is None
    assert scores.add("Duel", "full", -3.0)
    assert not scores.add("Duel", "full", -3.0)
    assert scores.add("Duel", "full", 2.0)
    assert Scores(scores.path).best("Duel", "full") == 2.0


def test_two_players_keep_each_others_scores(tmp_path: Path) -> None:
    one, other = Scores(tmp_path / "scores.json"), Scores(tmp_path / "scores.json")
    one.add("DriftCar", "full", 50.0)
    other.add("Duel", "full", 3.0)
    assert not other.add("DriftCar", "full", 40.0)
    kept = Scores(tmp_path / "scores.json")
    assert (kept.best("DriftCar", "full"), kept.best("Duel", "full")) == (50.0, 3.0)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", '{"Duel full": true}', '{"Duel full": NaN}', '{"Duel full": 1e300}',
     '{"Duel full": 1' + 400 * "0" + "}", 100_000 * "["],
)  # fmt: skip
def test_a_file_that_is_none_of_ours_counts_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scores.json"
    path.write_text(text)
    scores = Scores(path)
    assert scores.best("Duel", "full") is None
    assert scores.add("Duel", "full", 1.0)
    assert Scores(path).best("Duel", "full") == 1.0
