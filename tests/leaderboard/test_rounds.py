"""Rounds: nobody knows an instance before, everybody can check it after, no attempt is hidden."""

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from il_envs import get_world
from leaderboard import UserError
from leaderboard.measures.references import required_reference
from leaderboard.profiles import Profile
from leaderboard.rounds.attempts import LOG, attempts_of, read_log
from leaderboard.rounds.entering import enter
from leaderboard.rounds.round import make_round, read_round, reveal
from leaderboard.rounds.table import entries_of, round_document, summary_of_round
from leaderboard.rounds.verification import verify_round
from leaderboard.runs import read_results
from leaderboard.scores.summary import ALL_WORLDS
from leaderboard.seals import key_path
from leaderboard.tables.formats import as_markdown

ALGORITHMS_APART = True
TINY = Profile(
    name="tiny", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
CARRIED = Path(__file__).parents[1] / "cheats" / "carried"
SETTINGS = ["bc.updates=2", "bc.hidden_sizes=[4]"]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "scorer.key"


@pytest.fixture(autouse=True)
def _own_key(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of what this computer keeps, which a test may change."""
    key.parent.mkdir(exist_ok=True)
    kept = Path(shutil.copytree(key.parent, tmp_path / "kept"))
    monkeypatch.setenv("IL_ENVS_KEY", str(kept / key.name))


@pytest.fixture(scope="module", autouse=True)
def entered(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Path:
    """A round with two attempts at cloning, that is not over."""
    folder = tmp_path_factory.mktemp("rounds") / "round"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IL_ENVS_KEY", str(key))
        make_round(folder, TINY, ["RiskyBridge"], 2)
        enter(folder, ["bc"], 2, SETTINGS)
        enter(folder, ["bc"], 2, ["bc.updates=3", *SETTINGS[1:]])
    return folder


@pytest.fixture
def the_round(entered: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(entered, tmp_path / "round"))


def table_of(folder: Path) -> pd.DataFrame:
    found, log = read_round(folder), read_log(folder)
    return summary_of_round(found, log, entries_of(folder, found, log))


def test_a_round_shows_every_attempt(the_round: Path) -> None:
    table = table_of(the_round)
    assert sorted(table["attempt"]) == [1, 2]
    assert set(table["algorithm"]) == {"bc"}
    assert set(table["status"]) == {"ok"}
    assert set(table["attempts"]) == {2}
    assert (table["low"] < table["score"]).all()
    guards = {cell.is_guarded for cell in read_results(the_round / "001-bc").cells}
    assert set(table["tier"]) == {"verified" if guards == {True} else "claimed"}
    page = as_markdown(round_document(the_round))
    assert "Attempts: 2, with 2 submissions under 1 name" in page
    assert "| 1 of 2 |" in page


def test_algorithms_that_are_entered_together_share_their_instances(
    tmp_path: Path, submitted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reference rows are computed once, and each has the worlds to which it applies."""
    folder = tmp_path / "round"
    make_round(folder, TINY, ["RiskyBridge", "FourRooms"], 1)
    attempt = enter(folder, [str(submitted), "bc"], 2, SETTINGS)
    assert attempt.folder == "001-carried-and-1-more"
    instances = read_results(folder / attempt.folder).manifest.worlds
    assert len(instances) == 2
    for instance in instances:
        kept = {path.name for path in (folder / attempt.folder / instance).iterdir()}
        theirs = {"bc", "carried"} if instance.startswith("FourRooms") else {"bc"}
        assert kept == {"random", "soft-optimal", "optimal", *theirs}
    table = table_of(folder)
    rows = {(row.algorithm, row.world): row.status for row in table.itertuples()}
    assert rows == dict.fromkeys(
        [("bc", ALL_WORLDS), ("bc", "RiskyBridge"), ("bc", "FourRooms"), ("carried", "FourRooms")],
        "ok",
    )
    assert enter(folder, [str(submitted), "bc"], 2, SETTINGS) == attempt
    assert verify_round(folder, 0, 1)
    capsys.readouterr()
    hidden = folder / attempt.folder / "run.json"
    edit(hidden, lambda told: told["algorithms"].pop("carried"))
    assert not verify_round(folder, 0, 1)
    assert "its results are not of carried-and-1-more" in capsys.readouterr().out


def test_the_same_submission_is_one_attempt(the_round: Path) -> None:
    """It goes on where it was stopped, and what is finished stays."""
    kept = {p: p.stat().st_mtime_ns for p in the_round.rglob("cell.json")}
    stopped = next((the_round / "001-bc").glob("*/bc/*/seed_0"))
    shutil.rmtree(stopped)
    enter(the_round, ["bc"], 1, SETTINGS)
    assert [line.number for line in read_log(the_round)] == [1, 2, 1]
    again = {p: p.stat().st_mtime_ns for p in the_round.rglob("cell.json")}
    assert again.keys() == kept.keys()
    assert {p for p in kept if kept[p] != again[p]} == {stopped / "cell.json"}


def test_everybody_can_check_what_was_revealed(
    the_round: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commitment is the SHA-256 of nonce, secret and suite; instances are HMACs."""
    before = b"".join(p.read_bytes() for p in the_round.rglob("*") if p.is_file())
    found = reveal(the_round)
    assert found.revealed is not None
    nonce, secret = (bytes.fromhex(each) for each in (found.revealed.nonce, found.revealed.secret))
    assert found.revealed.secret.encode() not in before
    assert found.revealed.nonce.encode() not in before
    told = json.loads((the_round / "round.json").read_text())
    terms = {name: told[name] for name in ("suite", "profile", "worlds", "instances")}
    written = json.dumps(terms, separators=(",", ":")).encode()
    assert hashlib.sha256(nonce + secret + written).hexdigest() == found.commitment
    worlds = set()
    for attempt in attempts_of(read_log(the_round)):
        results = read_results(the_round / attempt.folder)
        assert list(results.manifest.worlds) == [
            "RiskyBridge~"
            + hmac.new(
                secret, f"{attempt.submission} RiskyBridge {index}".encode(), hashlib.sha256
            ).hexdigest()[:16]
            for index in range(2)
        ]
        worlds |= set(results.manifest.worlds)
    assert len(worlds) == 4
    assert verify_round(the_round, 0, 1)
    said = capsys.readouterr().out
    assert "the log of 2 attempts is whole" in said
    assert "not checked" not in said


def test_a_round_that_is_over_takes_nobody(the_round: Path) -> None:
    reveal(the_round)
    with pytest.raises(UserError, match="its secret is revealed, so nobody can enter"):
        enter(the_round, ["bc"], 1)


def test_an_attempt_that_is_removed_is_missed(
    the_round: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the folder, or from the log."""
    for cell in (the_round / "001-bc").rglob("cell.json"):
        cell.unlink()
    assert list(table_of(the_round)["status"]) == ["ok", "unranked"]
    shutil.rmtree(the_round / "001-bc")
    table = table_of(the_round)
    assert list(table["status"]) == ["ok", "unranked"]
    assert list(table["attempt"]) == [2, 1]
    assert not verify_round(the_round, 0, 1)
    lines = (the_round / LOG).read_text().splitlines(keepends=True)
    (the_round / LOG).write_text(lines[1])
    assert not verify_round(the_round, 0, 1)
    assert "line 1 of the log does not follow from those before" in capsys.readouterr().out


def test_a_log_that_is_cut_at_its_end_is_told(
    the_round: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By this computer at once, and by everybody when the round is over."""
    reveal(the_round)
    lines = (the_round / LOG).read_text().splitlines(keepends=True)
    (the_round / LOG).write_text(lines[0])
    shutil.rmtree(the_round / "002-bc")
    for key in (key_path(), tmp_path / "other.key"):
        monkeypatch.setenv("IL_ENVS_KEY", str(key))
        assert not verify_round(the_round, 0, 1)
        assert "does not end with the line that was its last" in capsys.readouterr().out


def test_a_line_that_was_not_written_whole_is_none(the_round: Path) -> None:
    """The computer stopped in the middle of it; the next one is in its place."""
    with (the_round / LOG).open("ab") as file:
        file.write(b'{"number": 3, "na')
    assert len(read_log(the_round)) == 2
    enter(the_round, ["bc"], 2, ["bc.updates=4", *SETTINGS[1:]])
    assert [line.number for line in read_log(the_round)] == [1, 2, 3]
    assert verify_round(the_round, 0, 1)


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def hide_an_instance(folder: Path) -> None:
    """From the list of those that the algorithm has."""
    edit(folder / "001-bc" / "run.json", lambda told: told["algorithms"]["bc"].pop())


def remove_an_instance(folder: Path) -> None:
    """From everywhere."""
    path = folder / "001-bc" / "run.json"
    gone = json.loads(path.read_text())["worlds"][0]
    for name in ("worlds", "exact_worlds"):
        edit(path, lambda told, name=name: told[name].remove(gone))
    edit(path, lambda told: told["algorithms"]["bc"].remove(gone))
    shutil.rmtree(folder / "001-bc" / gone)


def remove_a_cell(folder: Path) -> None:
    shutil.rmtree(next((folder / "001-bc").glob("*/bc")))


def remove_reference_rows(folder: Path) -> None:
    for path in (folder / "001-bc").glob("*/random"):
        shutil.rmtree(path)


def add_seeds(folder: Path) -> None:
    edit(folder / "001-bc" / "run.json", lambda told: told.update(seeds=2))


@pytest.mark.parametrize(
    "change",
    [hide_an_instance, remove_an_instance, remove_a_cell, remove_reference_rows, add_seeds],
)
def test_everything_that_follows_from_the_round_must_be_there(
    the_round: Path, change: Callable[[Path], None]
) -> None:
    change(the_round)
    assert not verify_round(the_round, 0, 1)
    table = table_of(the_round).set_index("attempt")
    assert table.loc[1, "status"] == "unranked"
    assert table.loc[1, "tier"] == "claimed"
    assert table.loc[2, "status"] == "ok"


@pytest.mark.parametrize(
    ("name", "value"), [("instances", 1), ("worlds", ["RiskyBridge", "FourRooms"])]
)
def test_the_terms_are_committed_to(the_round: Path, name: str, value: object) -> None:
    edit(the_round / "round.json", lambda told: told.update({name: value}))
    with pytest.raises(UserError, match="not those that it has committed to"):
        verify_round(the_round, 0, 1)


def test_what_was_revealed_stays_revealed(the_round: Path) -> None:
    """Whatever the folder says, which somebody may have copied before."""
    before = Path(shutil.copytree(the_round, the_round.with_name("before")))
    reveal(the_round)
    with pytest.raises(UserError, match="its secret is revealed"):
        enter(before, ["bc"], 1)


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    """A submission in a folder, with files that do not count."""
    folder = Path(shutil.copytree(CARRIED, tmp_path / "submitted"))
    np.save(folder / "brought.npy", required_reference(get_world("FourRooms")).policy)
    (folder / ".hidden").write_text("x")
    return folder


def test_a_submission_is_its_copy(tmp_path: Path, submitted: Path) -> None:
    """What is changed later, or does not count, is not there."""
    folder = tmp_path / "round"
    make_round(folder, TINY, ["FourRooms"], 1)
    attempt = enter(folder, [str(submitted)], 2)
    copied = folder / attempt.folder / "submission" / "carried"
    assert {path.name for path in copied.iterdir()} == {"algorithm.py", "brought.npy"}
    (submitted / ".hidden").write_text("y")
    assert enter(folder, [str(submitted)], 2) == attempt
    shutil.rmtree(next((folder / attempt.folder).glob("*/carried")))
    enter(folder, [str(submitted)], 2)
    assert set(table_of(folder)["entered"]) == {2}
    assert "1 of 1, entered 2 times" in as_markdown(round_document(folder))
    (copied / "brought.npy").write_bytes(b"other")
    assert not verify_round(folder, 0, 1)
    shutil.rmtree(next((folder / attempt.folder).glob("*/carried")))
    with pytest.raises(UserError, match="not what was entered"):
        enter(folder, [str(submitted)], 2)


def test_a_name_that_is_too_long_is_refused_before_anything_is_written(
    the_round: Path, submitted: Path
) -> None:
    path = submitted / "algorithm.py"
    path.write_text(path.read_text().replace('"carried"', '"x" * 65'))
    before = (the_round / LOG).read_bytes()
    with pytest.raises(UserError, match="will not do; up to 64 letters"):
        enter(the_round, [str(submitted)], 1)
    assert (the_round / LOG).read_bytes() == before


@pytest.mark.parametrize("change", [b'"time":"2', b'"submission":"'])
def test_a_log_that_is_edited_is_told(the_round: Path, change: bytes) -> None:
    content = (the_round / LOG).read_bytes()
    place = content.index(change) + len(change)
    other = b"1" if content[place : place + 1] != b"1" else b"0"
    (the_round / LOG).write_bytes(content[:place] + other + content[place + 1 :])
    assert not verify_round(the_round, 0, 1)


def test_an_instance_of_ones_own_choice_is_told(
    the_round: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = the_round / "001-bc" / "run.json"
    (old, _) = json.loads(path.read_text())["worlds"]
    chosen = "RiskyBridge~0123456789abcdef"
    for each in (path, *(the_round / "001-bc" / old).rglob("cell.json")):
        each.write_text(each.read_text().replace(old, chosen))
    (the_round / "001-bc" / old).rename(the_round / "001-bc" / chosen)
    assert not verify_round(the_round, 0, 1)
    said = capsys.readouterr().out
    assert "attempt 1: its instances do not follow from the secret" in said


def test_results_of_another_submission_are_told(
    the_round: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The better attempt under the other's number."""
    shutil.rmtree(the_round / "001-bc")
    (the_round / "002-bc").rename(the_round / "001-bc")
    assert not verify_round(the_round, 0, 1)
    assert "attempt 1: a cell of bc is of another submission" in capsys.readouterr().out


def test_elsewhere_it_is_claimed_until_it_is_checked(
    the_round: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "other" / "scorer.key"))
    assert set(table_of(the_round)["tier"]) == {"claimed"}
    with pytest.raises(UserError, match="its secret is not on this computer"):
        enter(the_round, ["bc"], 1)
    with pytest.raises(UserError, match="its secret is not on this computer"):
        reveal(the_round)
    assert verify_round(the_round, 0, 1)
    said = capsys.readouterr().out
    assert "instances: not checked: the secret is not revealed, and not on this computer" in said
    assert set(table_of(the_round)["tier"]) == {"replayed"}


def test_another_secret_is_refused(the_round: Path) -> None:
    """Whoever has seen results cannot choose a secret after the fact."""
    reveal(the_round)
    path = the_round / "round.json"
    told = json.loads(path.read_text())
    told["revealed"]["secret"] = "00" * 32
    path.write_text(json.dumps(told))
    with pytest.raises(UserError, match="not those that it has committed to"):
        verify_round(the_round, 0, 1)


def test_the_secret_is_the_users_alone(entered: Path) -> None:
    place = key_path().with_name("rounds") / f"{read_round(entered).commitment}.json"
    assert place.stat().st_mode & 0o777 == 0o600


def test_mistakes_are_a_line(the_round: Path) -> None:
    with pytest.raises(UserError, match="is a round already"):
        make_round(the_round, TINY, ["RiskyBridge"], 2)
    with pytest.raises(UserError, match="is not empty"):
        make_round(the_round.parent, TINY, ["RiskyBridge"], 2)
    with pytest.raises(UserError, match="no round"):
        enter(the_round.parent, ["bc"], 1)
    with pytest.raises(UserError, match="mail: applies to none of RiskyBridge"):
        enter(the_round, ["mail"], 1)
    for damage in ("{\n", '{"number": 10000000000000000000000000}\n', "\udcff\n"):
        (the_round / LOG).write_bytes(damage.encode(errors="surrogateescape"))
        with pytest.raises(UserError, match="damaged"):
            read_log(the_round)
    assert get_world("RiskyBridge").name == "RiskyBridge"
