"""Official results: finished round by round, small enough to be committed, and released whole."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from il_envs import Demonstrations, get_world
from leaderboard import UserError
from leaderboard.computing import compute
from leaderboard.conditions import with_settings
from leaderboard.embedded import embedded
from leaderboard.official import making
from leaderboard.official.evidence import COMMITTED, HASHES
from leaderboard.official.making import make_official
from leaderboard.official.release import build_release
from leaderboard.official.released import load, score_of
from leaderboard.profiles import PROFILES, Profile
from leaderboard.protocol import cells_of_run
from leaderboard.rounds.round import read_round
from leaderboard.rounds.table import any_document
from leaderboard.rounds.verification import verify_any
from leaderboard.runs import read_results
from leaderboard.selection import manifest_of, named
from leaderboard.verification.sample import sample_of

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


def test_only_a_sample_keeps_what_it_was_scored_from(official: Path) -> None:
    place = official / "RiskyBridge"
    full = [cell for cell in cells_in(place) if {p.name for p in cell.iterdir()} - {*COMMITTED}]
    assert sorted(full) == sorted(sample_of(cells_in(place), 2))
    line = (place / HASHES).read_text()
    checked = subprocess.run(
        ["sha256sum", "--check"], input=line.encode(), cwd=official.with_name("evidence")
    )
    assert checked.returncode == 0


def test_the_sample_is_verified_and_with_the_evidence_everything(
    official: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(official, tmp_path / "official"))
    assert verify_any(copy, 0, 1, sample=2)
    assert capsys.readouterr().out.count("2 of 12 cells, those of the smallest SHA-256") == 2
    assert not verify_any(copy, 0, 1, sample=None)
    for archive in official.with_name("evidence").glob("*.tar"):
        with tarfile.open(archive) as file:
            file.extractall(copy, filter="data")
    assert verify_any(copy, 0, 1, sample=None)
    (cell, *_) = sample_of(cells_in(copy / "FourRooms"), 1)
    text = (cell / "cell.json").read_text()
    (cell / "cell.json").write_text(re.sub(r'"total_reward": [-\d.]+', '"total_reward": 7.0', text))
    assert not verify_any(copy, 0, 1, sample=None)


def test_what_is_finished_is_not_made_again(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(official, tmp_path / "official"))
    monkeypatch.setattr(making, "enter", None)
    cell = next(c for c in cells_in(copy) if {p.name for p in c.iterdir()} <= {*COMMITTED})
    (cell / "actions.npz").touch()  # as if it had been stopped while it moved them
    make_official(copy, WORLDS, tmp_path / "evidence", 1)
    assert not (cell / "actions.npz").exists()
    assert not list(tmp_path.glob("evidence/*"))


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
    worlds = [get_world("RiskyBridge"), get_world("Gauntlet")]
    learners = named(["maxent", "do-nothing", "bc", "dagger"])
    contenders = list(with_settings(learners, ["bc.updates=50"]))
    specs = cells_of_run(TINY, worlds, contenders, 1)
    compute(specs, manifest_of(TINY, worlds, contenders, 1), contenders, folder, 2)
    return folder


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
