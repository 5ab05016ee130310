"""The study of experts who are no function of the state, with one algorithm and few labels."""

import numpy as np
import pandas as pd
import pytest

from leaderboard import UserError, commands
from leaderboard.studies import experts


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(experts, "STYLES", ("scripted", "noisy"))
    monkeypatch.setattr(experts, "ALGORITHMS", ("do-nothing",))
    monkeypatch.setattr(experts, "SEEDS", 2)
    monkeypatch.setattr(experts, "EPISODES", 2)


def test_a_row_for_each_seed_and_what_is_there_is_not_computed_again(tmp_path, capsys, monkeypatch):
    commands.show_experts(tmp_path)
    rows = pd.read_csv(tmp_path / "experts.csv")
    assert tuple(rows.columns) == experts.COLUMNS
    assert rows[["style", "who", "seed"]].to_numpy().tolist() == [
        ["scripted", "expert", 0], ["scripted", "do-nothing", 0],
        ["noisy", "expert", 0], ["noisy", "do-nothing", 0],
        ["scripted", "do-nothing", 1], ["noisy", "do-nothing", 1],
    ]  # fmt: skip
    shown = capsys.readouterr().out
    rows[:5].to_csv(tmp_path / "experts.csv", index=False)
    done = []
    rows_of = experts.rows_of
    monkeypatch.setattr(experts, "rows_of", lambda **which: done.append(which) or rows_of(**which))
    commands.show_experts(tmp_path)
    assert done == [{"style": "noisy", "who": "do-nothing", "seed": 1}]
    assert capsys.readouterr().out == shown


def test_returns_are_shares_of_the_same_experts_with_the_interval_over_seeds():
    rows = pd.DataFrame(
        [
            ("scripted", "expert", 0, 60.0, 1.0, 0),
            ("scripted", "do-nothing", 0, 30.0, 0.5, 10),
            ("scripted", "do-nothing", 1, 36.0, 0.0, 20),
            ("noisy", "expert", 0, 50.0, 0.9, 0),
        ],
        columns=list(experts.COLUMNS),
    )
    table = experts.table(rows)
    assert table["who"].tolist() == ["expert", "do-nothing", "expert"]
    assert table["share of its return"].tolist() == pytest.approx([1.0, 0.55, 1.0])
    half = 12.706 * np.std([0.5, 0.6], ddof=1) / np.sqrt(2)  # Student's quantile, one degree
    assert table["95%"].tolist() == ["", f"[{0.55 - half:.2f}, {0.55 + half:.2f}]", ""]
    assert table["survival"].tolist() == pytest.approx([1.0, 0.25, 0.9])
    assert table["steps"].tolist() == pytest.approx([0.0, 15.0, 0.0])


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "damaged"), ("style,who\nnoisy,expert\n", "its columns are not style, who, seed")],
)
def test_another_file_in_its_place_is_refused_and_kept(tmp_path, text, says):
    path = tmp_path / "experts.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=says):
        commands.show_experts(tmp_path)
    assert path.read_text() == text
