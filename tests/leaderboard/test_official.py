"""Official results: finished round by round, small enough to be committed, and released whole."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from il_envs import Demonstrations
from leaderboard import UserError
from leaderboard.embedded import embedded
from leaderboard.official import making
from leaderboard.official.evidence import COMMITTED, cells_outside_the_sample
from leaderboard.official.making import make_official
from leaderboard.official.release import build_release
from leaderboard.official.released import load, score_of
from leaderboard.profiles import PROFILES, Profile
from leaderboard.rounds.round import EVIDENCE, read_round
from leaderboard.rounds.table import any_document
from leaderboard.rounds.verification import verify_any
from leaderboard.runs import read_results
from tests.leaderboard.small_runs import small_run

TINY = Profile(
    name="official", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)

WORLDS = ("RiskyBridge", "FourRooms")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "scorer.key"


@pytest.fixture(autouse=True)
def _short(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two algorithms, two instances, and a sample of two cells."""
    monkeypatch.setenv("IL_ENVS_KEY", str(key))
    monkeypatch.setitem(PROFILES, "official", TINY)
    monkeypatch.setattr(making, "installed_algorithms", lambda: ["maxent", "shuffled-labels", "bc"])
    monkeypatch.setattr(making, "INSTANCES", 2)
    monkeypatch.setattr("leaderboard.official.evidence.SAMPLE", 2)


@pytest.fixture(scope="module")
def kept() -> dict[str, Path]:
    return {}


@pytest.fixture
def official(kept: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Official results, made once; the archives are in `evidence` beside them."""
    if "folder" not in kept:
        folder = tmp_path_factory.mktemp("results") / "official"
        make_official(folder, WORLDS, folder.with_name("evidence"), 2)
        kept["folder"] = folder
    return kept["folder"]


def cells_in(folder: Path) -> list[Path]:
    return [path.parent for path in sorted(folder.rglob("cell.json"))]


def test_every_algorithm_is_in_every_instance(official: Path) -> None:
    for world in WORLDS:
        assert read_round(official / world).revealed is not None
    cells = cells_in(official / "RiskyBridge")
    learners = [cell for cell in cells if "labels_" in str(cell)]
    assert len(learners) == 3 * 2
    assert len(cells) == 3 * 2 + 3 * 2  # and three reference rows
    tables = any_document(official).tables
    assert [table.name for table in tables] == ["FourRooms", "RiskyBridge"]
    assert all(set(table.shown["algorithm"]) >= {"maxent", "bc"} for table in tables)
    mark = f"<!-- {official.name} RiskyBridge: algorithm, score -->\n<!-- end of table -->"
    assert "| maxent |" in embedded(mark, official.parent)


def with_evidence(folder: Path) -> list[Path]:
    return [cell for cell in cells_in(folder) if {p.name for p in cell.iterdir()} - {*COMMITTED}]


def test_only_a_sample_keeps_what_it_was_scored_from(official: Path) -> None:
    place = official / "RiskyBridge"
    assert len(with_evidence(place)) == 2
    assert not {*with_evidence(place)} & {*cells_outside_the_sample(place)}
    line = (place / EVIDENCE).read_bytes()
    checked = subprocess.run(["sha256sum", "--check"], input=line, cwd=official.parent / "evidence")
    assert checked.returncode == 0


def unpacked(official: Path, place: Path) -> Path:
    """A copy of the official results with the archives unpacked in it."""
    copy = Path(shutil.copytree(official, place))
    for archive in official.with_name("evidence").glob("*.tar"):
        with tarfile.open(archive) as file:
            file.extractall(copy, filter="data")
    return copy


def test_the_sample_is_verified_and_with_the_evidence_everything(
    official: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(official, tmp_path / "official"))
    assert verify_any(copy, 0, 1)
    told = "2 of 12 cells have here what they were scored from"
    assert capsys.readouterr().out.count(told) == 2
    whole = unpacked(official, tmp_path / "whole")
    assert verify_any(whole, 0, 1)
    assert "12 of 12 cells have here" in capsys.readouterr().out
    for folder in (copy, whole):
        cell = with_evidence(folder / "FourRooms")[0] / "cell.json"
        cell.write_text(re.sub(r'"total_reward": [-\d.]+', '"total_reward": 7.0', cell.read_text()))
        assert not verify_any(folder, 0, 1)


def test_what_is_finished_is_not_made_again(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was stopped while it moved files goes on."""
    monkeypatch.setattr(making, "enter", None)
    whole = unpacked(official, tmp_path / "whole")
    make_official(whole, WORLDS, official.with_name("evidence"), 1)
    assert len(with_evidence(whole)) == 4


@pytest.mark.parametrize("hashes", [None, ""])
def test_nothing_is_removed_that_no_archive_has(
    official: Path,
    tmp_path: Path,
    hashes: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(making, "enter", None)
    whole = unpacked(official, tmp_path / "whole")
    if hashes is not None:  # cut short
        (whole / "FourRooms" / EVIDENCE).write_text(hashes)
    before = len(with_evidence(whole))
    make_official(whole, WORLDS, tmp_path / "nowhere", 1)
    assert len(with_evidence(whole)) == before
    assert capsys.readouterr().err.count("nothing is removed") == 2


def test_a_round_that_was_stopped_while_its_secret_was_written_goes_on(
    official: Path, tmp_path: Path
) -> None:
    copy = unpacked(official, tmp_path / "official")
    path = copy / "FourRooms" / "round.json"
    path.write_text(re.sub(r'"revealed": \{[^}]*\}', '"revealed": null', path.read_text()))
    make_official(copy, WORLDS, tmp_path / "evidence", 1)
    assert read_round(copy / "FourRooms").revealed is not None


def test_a_round_that_was_begun_with_other_code_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "official"
    with monkeypatch.context() as patch:
        patch.setattr(making, "installed_algorithms", lambda: ["bc"])
        patch.setattr(making, "verify_round", lambda place, workers: False)
        with pytest.raises(UserError, match="not as it says"):
            make_official(folder, ["RiskyBridge"], tmp_path, 1)
    log = folder / "RiskyBridge" / "attempts.jsonl"
    log.write_text(re.sub(r'"submission":"\w{8}', '"submission":"00000000', log.read_text()))
    with pytest.raises(UserError, match="algorithms that have changed since; remove it"):
        make_official(folder, ["RiskyBridge"], tmp_path, 1)


def test_a_round_of_another_computer_is_not_gone_on_with(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(official, tmp_path / "official"))
    path = copy / "FourRooms" / "round.json"
    path.write_text(re.sub(r'"revealed": \{[^}]*\}', '"revealed": null', path.read_text()))
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "other" / "key"))
    with pytest.raises(UserError, match="its secret is not on this computer"):
        make_official(copy, WORLDS, tmp_path / "evidence", 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in an exact world and in another one, of which an algorithm fails."""
    folder = tmp_path_factory.mktemp("run") / "results"
    return small_run(folder, TINY, ["maxent", "do-nothing", "bc", "dagger"])


@pytest.fixture(scope="module")
def released(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("minari")
    out = tmp_path_factory.mktemp("released") / "release"
    build_release(results, out, 1)
    return out


def test_a_released_policy_scores_as_its_card_says(released: Path) -> None:
    cards = sorted(released.glob("policies/*/*/*/seed_0/README.md"))
    assert len(cards) == 4
    for card in cards:
        policy = load(card.parent)
        score = policy.score()
        assert score == pytest.approx(score_of(policy.folder, policy.cell), rel=1e-12)
        assert f"| Score | {score:.4f} " in card.read_text()
        assert f'load("{card.parent.relative_to(released)}")' in card.read_text()


def test_the_release_is_a_folder_of_results_with_sums(released: Path) -> None:
    assert any_document(released / "policies").tables
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=released, check=True)
    names = (released / "SHA256SUMS").read_text()
    files = {path for path in released.rglob("*") if path.is_file() and ".locks" not in path.parts}
    assert len(names.splitlines()) == len(files) - 1
    assert not list(released.rglob("actions.npz"))
    failed = [c for c in read_results(released / "policies").cells if c.status != "ok"]
    assert all(c.spec.title in (released / "README.md").read_text() for c in failed)


def test_released_demonstrations_are_what_seed_0_learns_from(
    released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(released / "demonstrations"))
    shown = Demonstrations.load("il_envs/RiskyBridge/soft-optimal-v0")
    assert len(shown) == 300
    assert shown.content_hash in (released / "demonstrations" / "RiskyBridge.md").read_text()


def test_a_policy_that_is_not_there_is_trained_again(
    results: Path, released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a fresh clone, which has the cells alone."""
    bare = Path(shutil.copytree(results, tmp_path / "bare"))
    for path in bare.rglob("*"):
        if path.is_file() and path.name not in (*COMMITTED, "run.json"):
            path.unlink()
    build_release(bare, tmp_path / "release", 2)
    assert "trained again to another policy" not in capsys.readouterr().err
    for path in sorted(released.rglob("policy.safetensors")):
        again = tmp_path / "release" / path.relative_to(released)
        assert again.read_bytes() == path.read_bytes()


def test_what_cannot_be_trained_again_is_a_line(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = Path(shutil.copytree(results, tmp_path / "changed"))
    (cell,) = changed.glob("RiskyBridge/maxent/*/seed_0")
    (cell / "policy.safetensors").unlink()
    text = (cell / "cell.json").read_text()
    (cell / "cell.json").write_text(re.sub(r'"code": "\w{8}', '"code": "00000000', text))
    with pytest.raises(UserError, match=r"cannot be trained again here: 1$"):
        build_release(changed, tmp_path / "release", 1)
    assert "the code of its algorithm is another here" in capsys.readouterr().err


def test_a_damaged_policy_is_not_released(results: Path, released: Path, tmp_path: Path) -> None:
    """But trained again, here and where it was released before."""
    damaged = Path(shutil.copytree(results, tmp_path / "damaged"))
    out = Path(shutil.copytree(released, tmp_path / "release"))
    (cell,) = damaged.glob("RiskyBridge/maxent/*/seed_0")
    place = out / "policies" / cell.relative_to(damaged)
    for policy in (cell / "policy.safetensors", place / "policy.safetensors"):
        policy.write_bytes(b"damaged")
    (place / "cell.json").unlink()  # as if it had been stopped there
    build_release(damaged, out, 1)
    theirs = results / cell.relative_to(damaged)
    again = (place / "policy.safetensors").read_bytes()
    assert again == (theirs / "policy.safetensors").read_bytes()


def test_a_release_is_of_one_folder_of_results(
    results: Path, released: Path, official: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(results, tmp_path / "other"))
    text = (other / "run.json").read_text()
    (other / "run.json").write_text(text.replace('"seeds": 1', '"seeds": 2', 1))
    with pytest.raises(UserError, match="of other results; remove it"):
        build_release(other, released, 1)
    (attempt,) = (official / "RiskyBridge").glob("001-*")
    with pytest.raises(UserError, match="is an instance"):
        build_release(attempt, tmp_path / "release", 1)
    assert not (tmp_path / "release").exists()
