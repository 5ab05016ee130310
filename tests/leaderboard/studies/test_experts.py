"""The study of experts who are no function of the state, with one algorithm and few labels."""

from pathlib import Path

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
    assert list(rows.columns) == list(experts.ExpertRow.model_fields)
    assert rows[["style", "who", "seed"]].to_numpy().tolist() == [
        ["scripted", "expert", 0], ["scripted", "do-nothing", 0],
        ["noisy", "expert", 0], ["noisy", "do-nothing", 0],
        ["scripted", "do-nothing", 1], ["noisy", "do-nothing", 1],
    ]  # fmt: skip
    shown = capsys.readouterr().out
    rows[:5].to_csv(tmp_path / "experts.csv", index=False)
    done = []
    row_of = experts.row_of
    monkeypatch.setattr(experts, "row_of", lambda *which: done.append(which) or row_of(*which))
    commands.show_experts(tmp_path)
    assert done == [("noisy", "do-nothing", 1)]
    assert capsys.readouterr().out == shown


def test_returns_are_shares_of_the_same_experts_with_the_interval_over_seeds():
    rows = pd.DataFrame(
        [
            ("scripted", "expert", 0, 60.0, 1.0, 0),
            ("scripted", "do-nothing", 0, 30.0, 0.5, 10),
            ("scripted", "do-nothing", 1, 36.0, 0.0, 20),
            ("noisy", "expert", 0, 50.0, 0.9, 0),
            ("noisy", "do-nothing", 0, 25.0, 0.0, 5),
        ],
        columns=list(experts.ExpertRow.model_fields),
    )
    table = experts.table(rows)
    assert table["who"].tolist() == ["expert", "do-nothing"] * 2
    assert table["share of its return"].tolist() == pytest.approx([1.0, 0.55, 1.0, 0.5])
    half = 12.706 * np.std([0.5, 0.6], ddof=1) / np.sqrt(2)  # Student's quantile, one degree
    assert table["95%"].tolist() == ["", f"[{0.55 - half:.2f}, {0.55 + half:.2f}]", "", ""]
    assert table["survival"].tolist() == pytest.approx([1.0, 0.25, 0.9, 0.0])
    assert table["steps"].tolist() == pytest.approx([0.0, 15.0, 0.0, 5.0])


HEADER = "style,who,seed,mean_return,survival,steps\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "its columns must be style, who, seed, mean_return, survival, steps"),
        ("style,who\nnoisy,expert\n", "its columns must be style, who, seed"),
        (HEADER + "noisy,expert,0,1,1,1,7\n", "line 2: more than the columns"),
        (HEADER + "noisy,expert,0,1\n", "line 2: survival: Input should be a valid number"),
        (HEADER + "noisy,expert,0,abc,1,1\n", "line 2: mean_return: Input should be a valid numb"),
        (HEADER + "noisy,expert,0,nan,1,1\n", "line 2: mean_return: Input should be a finite num"),
        (HEADER + "noisy,expert,zero,1,1,1\n", "line 2: seed: Input should be a valid integer"),
        (HEADER + "noisy,expert,0,1,1,1\n" * 2, "line 3: noisy expert 0 is there twice"),
        (HEADER + "noisy,nobody,0,1,1,1\n", "line 2: noisy nobody 0 is none of this study"),
    ],
)
def test_another_file_in_its_place_is_refused_and_kept(tmp_path, text, says, monkeypatch):
    monkeypatch.delattr(experts, "row_of")  # nothing is computed
    path = tmp_path / "experts.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=f"experts.csv.*{says}.*; remove it"):
        commands.show_experts(tmp_path)
    assert path.read_text() == text


def test_what_cannot_be_written_is_noticed_before_any_work(tmp_path, monkeypatch):
    monkeypatch.delattr(experts, "row_of")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file, must be a folder"):
        commands.show_experts(tmp_path / "file")
    with pytest.raises(UserError, match="cannot write to /proc/il-envs"):
        commands.show_experts(Path("/proc/il-envs"))
