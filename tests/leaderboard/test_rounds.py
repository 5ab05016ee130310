"""Rounds: nobody knows an instance before, everybody can check it after, no attempt is hidden."""

import hashlib
import hmac
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from il_envs import get_world
from leaderboard import UserError
from leaderboard.profiles import Profile
from leaderboard.rounds.attempts import LOG, read_log
from leaderboard.rounds.entering import enter
from leaderboard.rounds.round import make_round, read_round, reveal, suite
from leaderboard.rounds.table import round_document, summary_of_round
from leaderboard.rounds.verification import verify_round
from leaderboard.runs import read_results
from leaderboard.seals import key_path
from leaderboard.tables.formats import as_markdown

ALGORITHMS_APART = True
TINY = Profile(
    name="tiny", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
SETTINGS = ["bc.updates=2", "bc.hidden_sizes=[4]"]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "scorer.key"


@pytest.fixture(autouse=True)
def _own_key(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IL_ENVS_KEY", str(key))


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Path:
    """A round with two attempts at cloning, that is not over."""
    folder = tmp_path_factory.mktemp("rounds") / "round"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IL_ENVS_KEY", str(key))
        make_round(folder, TINY, ["RiskyBridge"], 2)
        enter(folder, "bc", 2, SETTINGS)
        enter(folder, "bc", 2, ["bc.updates=3", *SETTINGS[1:]])
    return folder


@pytest.fixture
def the_round(entered: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(entered, tmp_path / "round"))


def table_of(folder: Path) -> pd.DataFrame:
    return summary_of_round(folder, read_round(folder), read_log(folder))


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
    assert "2 submissions under 1 name" in page
    assert "| 1 of 2 |" in page


def test_the_same_submission_is_one_attempt(the_round: Path) -> None:
    """It goes on where it was stopped, and what is finished stays."""
    kept = {p: p.stat().st_mtime_ns for p in the_round.rglob("cell.json")}
    stopped = next((the_round / "001-bc").glob("*/bc/*/seed_0"))
    shutil.rmtree(stopped)
    enter(the_round, "bc", 1, SETTINGS)
    assert len(read_log(the_round)) == 2
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
    assert hashlib.sha256(nonce + secret + suite().encode()).hexdigest() == found.commitment
    worlds = set()
    for attempt in read_log(the_round):
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
        enter(the_round, "bc", 1)


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
    assert "attempt 2: it does not follow from the line before" in capsys.readouterr().out


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
    assert "attempt 1: its instances of RiskyBridge do not follow from the secret" in said


def test_results_of_another_submission_are_told(
    the_round: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The better attempt under the other's number."""
    shutil.rmtree(the_round / "001-bc")
    (the_round / "002-bc").rename(the_round / "001-bc")
    assert not verify_round(the_round, 0, 1)
    assert "attempt 1: a cell is of another submission" in capsys.readouterr().out


def test_elsewhere_it_is_claimed_until_it_is_checked(
    the_round: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "other" / "scorer.key"))
    assert set(table_of(the_round)["tier"]) == {"claimed"}
    with pytest.raises(UserError, match="its secret is not on this computer"):
        enter(the_round, "bc", 1)
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
    with pytest.raises(UserError, match="not the secret that the round has committed to"):
        verify_round(the_round, 0, 1)


def test_the_secret_is_the_users_alone(entered: Path) -> None:
    place = key_path().with_name("rounds") / f"{read_round(entered).commitment}.json"
    assert place.stat().st_mode & 0o777 == 0o600


def test_mistakes_are_a_line(the_round: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a round already"):
        make_round(the_round, TINY, ["RiskyBridge"], 2)
    with pytest.raises(UserError, match="is not empty"):
        make_round(tmp_path, TINY, ["RiskyBridge"], 2)
    with pytest.raises(UserError, match="no round"):
        enter(tmp_path, "bc", 1)
    with pytest.raises(UserError, match="mail does not apply to RiskyBridge"):
        enter(the_round, "mail", 1)
    for damage in ("{", '{"number": 10000000000000000000000000}', "\udcff"):
        (the_round / LOG).write_bytes(damage.encode(errors="surrogateescape"))
        with pytest.raises(UserError, match="damaged"):
            read_log(the_round)
    assert get_world("RiskyBridge").name == "RiskyBridge"
