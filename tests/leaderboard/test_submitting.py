"""The way in: a bundle is what its author has made, and a review says whether it can be listed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from il_envs import get_world
from il_envs.world import UnknownNameError
from leaderboard import UserError
from leaderboard.algorithms.contender import fault_of_name
from leaderboard.measures.references import required_reference
from leaderboard.official.released import load, score_of
from leaderboard.profiles import Profile
from leaderboard.rounds.verification import verify_any
from leaderboard.running import sandbox
from leaderboard.submitting import commands
from leaderboard.submitting.bundle import (
    ALGORITHM,
    DESCRIPTION,
    SIGNATURE,
    hashes_of,
    read_bundle,
)
from leaderboard.submitting.pull_request import changed, review_pull_request, taken
from leaderboard.submitting.pulling import FILES, LISTED, RESULTS, keep_results
from leaderboard.submitting.review import REGISTERED, ROUND, Review, as_code, inert, review
from leaderboard.submitting.signatures import require_signature
from leaderboard.submitting.submit import described, write_bundle

ALGORITHMS_APART = True
TINY = Profile(
    name="tiny", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
TOLD = {
    "name": "", "contact": "https://example.org", "licence": "MIT", "authors": "", "paper": "",
    "compute": "",
}  # fmt: skip
COUNTS = '''"""Cloning a table of actions by counting."""

from dataclasses import dataclass

import numpy as np

from il_envs import Algorithm, TabularPolicy


@dataclass(frozen=True)
class Config:
    prior: float = 1.0


def train(problem, seed, config):
    data = problem.demonstrations()
    counts = np.full((problem.observation_space.n, problem.action_space.n), config.prior)
    np.add.at(counts, (data.observations, data.actions), 1.0)
    {body}
    return TabularPolicy(counts / counts.sum(axis=1, keepdims=True), seed)


def applies_to(world):
    return world.name == "{world}"


algorithm = Algorithm(
    "counts", "counting", frozenset({{"demonstrations"}}), Config(), train, applies_to=applies_to
)
'''
RESTORE = """
def restore(world, tensors, config):
    return TabularPolicy(tensors["probabilities"], 0)


"""
ROOT = Path(__file__).parents[2]
CARRIED = Path(__file__).parents[1] / "cheats" / "carried"
Handed = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IL_ENVS_KEY", str(tmp_path / "kept" / "scorer.key"))


def written(folder: Path, body: str = "pass", world: str = "RiskyBridge") -> Path:
    """An algorithm in a folder."""
    folder.mkdir()
    (folder / "algorithm.py").write_text(COUNTS.format(body=body, world=world))
    return folder


def handed_in(algorithm: Path, out: Path, key: Path | None = None) -> Path:
    """A bundle of an algorithm whose author has left out the check."""
    submission = described(str(algorithm), TOLD, key)
    write_bundle(out / submission.name, str(algorithm), submission, key)
    return out / submission.name


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return handed_in(written(tmp_path / "counts"), tmp_path / "submissions")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return made_key(tmp_path / "key")


def made_key(path: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH is not here")
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def reviewed(bundle: Path, out: Path, worlds: list[str], instances: int = 1) -> Review:
    return review(bundle, out, TINY, worlds, instances, 2)


def test_submit_checks_and_packs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    algorithm, out = written(tmp_path / "counts"), tmp_path / "submissions"
    (algorithm / "__pycache__").mkdir()
    (algorithm / "__pycache__" / "algorithm.pyc").write_bytes(b"")
    commands.submit(str(algorithm), TOLD | {"paper": "On counting"}, None, out)
    submission = read_bundle(out / "counts")
    assert submission.sources == ("demonstrations",)
    assert list(submission.files) == ["algorithm.py"]
    assert (submission.licence, submission.paper) == ("MIT", "On counting")
    assert [line.split(":")[0] for line in submission.checked] == ["RiskyBridge"]
    packed = (out / "counts" / ALGORITHM / "algorithm.py").read_bytes()
    assert packed == (algorithm / "algorithm.py").read_bytes()
    assert "git switch --create submit-counts && git add" in capsys.readouterr().out
    assert [path.name for path in out.iterdir()] == ["counts"]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"licence": ""}, "no licence; give one by its SPDX name"),
        ({"name": "other"}, "calls itself 'counts'"),
        ({"contact": "a\nb"}, "contact: Value error, must be a line"),
        ({"contact": "\x1b[2J"}, "contact: Value error, must be a line"),
        ({"authors": "a" * 501}, "authors: Value error, must be a line"),
    ],
)
def test_what_will_not_do_is_one_line(tmp_path: Path, told: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        described(str(written(tmp_path / "counts")), TOLD | told, None)
    assert "\n" not in str(raised.value)


def test_a_licence_may_be_a_file(tmp_path: Path) -> None:
    algorithm = written(tmp_path / "counts")
    (algorithm / "LICENSE").write_text("Do as you like.\n")
    assert described(str(algorithm), TOLD | {"licence": ""}, None).licence == "file LICENSE"


def test_a_link_is_no_part_of_a_bundle(tmp_path: Path) -> None:
    algorithm = written(tmp_path / "counts")
    (algorithm / "weights.npy").symlink_to("/dev/null")
    with pytest.raises(UserError, match=r"weights.npy: is a link"):
        described(str(algorithm), TOLD, None)


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    algorithm = written(tmp_path / "counts")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(UserError, match=r"algorithm.py: Permission denied"):
        hashes_of(algorithm)


def test_what_fails_its_check_is_not_written(tmp_path: Path) -> None:
    algorithm, out = written(tmp_path / "counts", "raise ValueError('no')"), tmp_path / "out"
    with pytest.raises(UserError, match="fails in 1 of 1 worlds; nothing was written"):
        commands.submit(str(algorithm), TOLD, None, out)
    assert not out.exists()


def test_a_changed_file_is_told(bundle: Path) -> None:
    path = bundle / ALGORITHM / "algorithm.py"
    text = path.read_text()
    path.write_text(text + "\n")
    with pytest.raises(UserError, match=r"algorithm.py: another file than the one"):
        read_bundle(bundle)
    path.write_text(text)
    read_bundle(bundle)
    (path.parent / "more.py").write_text("")
    with pytest.raises(UserError, match=r"more.py: not named in submission.json"):
        read_bundle(bundle)
    (path.parent / "more.py").unlink()
    path.unlink()
    with pytest.raises(UserError, match=r"algorithm.py: missing"):
        read_bundle(bundle)


@pytest.mark.parametrize("name", ["../outside.py", "/etc/passwd", "a/../../b", ".hidden", "a b"])
def test_a_path_that_leaves_the_bundle_is_refused(bundle: Path, name: str) -> None:
    told = json.loads((bundle / DESCRIPTION).read_text())
    told["files"][name] = "0" * 64
    (bundle / DESCRIPTION).write_text(json.dumps(told))
    with pytest.raises(UserError, match=r"submission.json: damaged"):
        read_bundle(bundle)


def test_the_version_is_of_all_files(tmp_path: Path) -> None:
    algorithm = written(tmp_path / "counts")
    before = described(str(algorithm), TOLD, None).code
    (algorithm / "weights.bin").write_bytes(b"1")
    assert described(str(algorithm), TOLD, None).code != before


def test_a_signature_is_of_its_bundle_and_key(tmp_path: Path, key: Path) -> None:
    bundle = handed_in(written(tmp_path / "counts"), tmp_path / "submissions", key)
    submission = read_bundle(bundle)
    assert submission.signer.startswith("ssh-ed25519 ")
    require_signature(bundle, submission)
    text = (bundle / DESCRIPTION).read_text()
    (bundle / DESCRIPTION).write_text(text.replace("example.org", "example.com"))
    with pytest.raises(UserError, match=r"not made with the key that submission\.json names"):
        require_signature(bundle, read_bundle(bundle))
    (bundle / DESCRIPTION).write_text(text)
    (bundle / SIGNATURE).unlink()
    with pytest.raises(UserError, match=r"missing, though submission\.json names a key"):
        require_signature(bundle, submission)


def test_a_listed_name_keeps_its_signer(tmp_path: Path, key: Path) -> None:
    algorithm, out = written(tmp_path / "counts"), tmp_path / "submissions"
    bundle = handed_in(algorithm, out, key)
    (algorithm / "more.txt").write_text("of the same author")
    commands.submit(str(algorithm), TOLD, key, out)
    assert set(read_bundle(bundle).files) == {"algorithm.py", "more.txt"}
    for other in (None, made_key(tmp_path / "other")):
        with pytest.raises(UserError, match="and so must be whatever takes its place"):
            commands.submit(str(algorithm), TOLD, other, out)
    handed = handed_in(algorithm, tmp_path / "theirs")
    found = review(handed, tmp_path / "review", TINY, ["RiskyBridge"], 1, 2, out)
    assert "and so must be whatever takes its place" in found.comment


def test_a_good_one_gets_its_row(bundle: Path, tmp_path: Path) -> None:
    found = reviewed(bundle, tmp_path / "review", ["RiskyBridge", "DriftCar"], 2)
    assert found.faults == ()
    assert found.comment.startswith("### counts can be listed")
    (row,) = [line for line in found.comment.splitlines() if line.startswith("| counts |")][:1]
    assert "RiskyBridge" in row
    assert "ok" in row
    assert "https://example.org" in found.comment


def test_one_that_does_not_import_is_told_why(tmp_path: Path, bundle: Path) -> None:
    path = bundle / ALGORITHM / "algorithm.py"
    path.write_text("import numpyy\n" + path.read_text())
    told = json.loads((bundle / DESCRIPTION).read_text())
    told["files"]["algorithm.py"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (bundle / DESCRIPTION).write_text(json.dumps(told))
    found = reviewed(bundle, tmp_path / "review", ["RiskyBridge"])
    assert found.comment.startswith("### counts cannot be listed")
    assert "No module named 'numpyy'" in found.comment
    assert not (tmp_path / "review" / "round").exists()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("problem.env(1).reset()", "uses the source 'env' but does not declare it"),
        ("problem.demonstrations(10**6)", "1000000 expert labels asked for"),
    ],
    ids=["undeclared", "over budget"],
)
def test_one_that_takes_more_than_it_may_is_told_why(tmp_path: Path, body: str, told: str) -> None:
    bundle = handed_in(written(tmp_path / "counts", body), tmp_path / "submissions")
    found = reviewed(bundle, tmp_path / "review", ["RiskyBridge"])
    assert found.comment.startswith("### counts cannot be listed")
    (fault,) = found.faults
    assert told in fault


def test_one_that_carries_along_what_solves_the_registered_world_is_told(tmp_path: Path) -> None:
    algorithm = Path(shutil.copytree(CARRIED, tmp_path / "carried"))
    np.save(algorithm / "brought.npy", required_reference(get_world("FourRooms")).policy)
    bundle = handed_in(algorithm, tmp_path / "submissions")
    found = reviewed(bundle, tmp_path / "review", ["FourRooms"], 3)
    assert found.comment.startswith("### carried cannot be listed")
    (fault,) = found.faults
    assert "1.00 or more in the registered world" in fault


def test_what_others_write_calls_nobody_and_links_nowhere(tmp_path: Path) -> None:
    told = TOLD | {"authors": "@everybody ![a](https://x.org/a.png) <img src=x>"}
    submission = described(str(written(tmp_path / "counts")), told, None)
    comment = Review("counts", ("[here](https://x.org)",), submission).comment
    assert "- `[here](https://x.org)`\n" in comment
    assert "`@everybody ![a](https://x.org/a.png) <img src=x>`" in comment


def test_a_new_version_says_what_it_replaces(bundle: Path, tmp_path: Path) -> None:
    algorithm = written(tmp_path / "newer")
    (algorithm / "more.txt").write_text("new")
    handed = handed_in(algorithm, tmp_path / "theirs")
    found = review(handed, tmp_path / "out", TINY, ["RiskyBridge"], 1, 2, bundle.parent)
    assert found.faults == ()
    assert f"the place of version {read_bundle(bundle).code[:12]}" in found.comment


def test_a_listed_algorithm_is_fetched_from_a_folder_and_by_git(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(bundle.parent, repository / "leaderboard" / "submissions")
    commands.pull_listed("counts", str(repository), tmp_path / "first")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    commands.pull_listed("counts", f"file://{repository}", tmp_path / "second")
    for place in ("first", "second"):
        text = (tmp_path / place / "algorithm.py").read_text()
        assert text == (bundle / ALGORITHM / "algorithm.py").read_text()
        assert [path.name for path in (tmp_path / place).iterdir()] == ["algorithm.py"]
    assert "licence: MIT" in capsys.readouterr().out
    with pytest.raises(UserError, match="is there already"):
        commands.pull_listed("counts", str(repository), tmp_path / "first")
    with pytest.raises(UnknownNameError, match="did you mean 'counts'"):
        commands.pull_listed("count", str(repository), tmp_path / "third")
    with pytest.raises(UserError, match="neither a folder nor fetched"):
        commands.pull_listed("counts", f"file://{tmp_path}/nowhere", tmp_path / "third")
    assert not (tmp_path / "third").exists()


def test_policies_of_a_listed_algorithm_come_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of its review, which score as they did there."""
    repository = tmp_path / "repository"
    algorithm = written(tmp_path / "counts")
    source = (algorithm / "algorithm.py").read_text()
    restored = "applies_to=applies_to, restore=restore"
    source = source.replace("applies_to=applies_to", restored)
    source = source.replace("algorithm = Algorithm(", f"{RESTORE}algorithm = Algorithm(")
    (algorithm / "algorithm.py").write_text(source)
    bundle = handed_in(algorithm, repository / LISTED)
    arguments = TINY, ["RiskyBridge"], 1, 2, None, repository / RESULTS
    assert commands.review_bundle(bundle, tmp_path / "review", *arguments)
    with pytest.raises(UserError, match="there are results already"):
        commands.review_bundle(bundle, tmp_path / "again", *arguments)
    commands.pull_listed("counts", str(repository), tmp_path / "pulled")
    assert "pulled-results/registered" in capsys.readouterr().out
    (cell,) = tmp_path.glob("pulled-results/registered/RiskyBridge/counts/*/seed_0")
    assert {path.name for path in cell.iterdir()} <= {*FILES}
    released = load(cell, str(tmp_path / "pulled"))
    assert released.score() == score_of(cell, released.cell)
    for part in (ROUND, REGISTERED):
        assert verify_any(tmp_path / "pulled-results" / part, retrain=0, workers=1)
    shutil.rmtree(tmp_path / "pulled")
    with pytest.raises(UserError, match="pulled-results is there already"):
        commands.pull_listed("counts", str(repository), tmp_path / "pulled")


def test_the_script_of_the_workflow_reviews_what_a_branch_adds(tmp_path: Path) -> None:
    """In a repository of its own: a branch that adds one bundle, and changes the script itself."""
    repository = tmp_path / "repository"
    (repository / ".ci").mkdir(parents=True)
    (repository / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "review", repository / ".ci")
    command = f'#!/bin/sh\nexec {sys.executable} "$@" --worlds RiskyBridge --instances 1\n'
    (repository / ".venv" / "bin" / "python").write_text(command)
    (repository / ".venv" / "bin" / "python").chmod(0o755)
    listed = repository / "leaderboard" / "submissions"
    listed.mkdir(parents=True)
    (listed / "README.md").write_text("Algorithms.\n")

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=repository, check=True)

    git("init", "-q", "-b", "main")
    git("add", ".ci", "leaderboard")
    git("commit", "-q", "-m", "base")
    git("switch", "-q", "-c", "theirs")
    handed_in(written(tmp_path / "counts"), listed)
    (listed / "README.md").write_text("Changed.\n")
    (repository / ".ci" / "review").write_text("echo can be listed")
    git("commit", "-q", "-a", "-m", "not the bundle")
    git("add", "leaderboard")
    git("commit", "-q", "-m", "the bundle")
    git("switch", "-q", "main")
    # Unlike one that people clone, this repository has no suite of its own.
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    review = [".ci/review", "theirs"]
    done = subprocess.run(review, cwd=repository, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    comment = (repository / "results" / "review" / "comment.md").read_text()
    assert comment.count("###") == 3
    assert comment.startswith("### counts can be listed")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that lists an algorithm, on a branch of somebody else's."""
    folder = tmp_path / "repository"
    handed_in(written(tmp_path / "counts"), folder / LISTED)
    monkeypatch.chdir(folder)
    git("init", "-q", "-b", "main")
    committed()
    git("switch", "-q", "-c", "theirs")
    return folder


def git(*arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], check=True)


def committed() -> None:
    git("add", ".")
    git("commit", "-q", "-m", "a change")


def test_what_is_reviewed_is_what_git_keeps(repository: Path, tmp_path: Path) -> None:
    """Attributes of the branch change nothing in it, and hide nothing."""
    bundle = LISTED / "counts"
    source = bundle / ALGORITHM / "algorithm.py"
    source.write_text(source.read_text() + "CHEAT = True  # $Format:%nCHEAT = False%n# $\n")
    (bundle / ".gitattributes").write_text("*.py export-subst ident\n* export-ignore\n")
    committed()
    git("switch", "-q", "main")
    assert taken("theirs", "counts", tmp_path / "taken")
    kept = (tmp_path / "taken" / ALGORITHM / "algorithm.py").read_bytes()
    assert kept.endswith(b"CHEAT = True  # $Format:%nCHEAT = False%n# $\n")
    with pytest.raises(UserError, match=r"gitattributes: not named in submission\.json"):
        read_bundle(tmp_path / "taken")


def test_a_renamed_bundle_is_one_that_is_removed_too(repository: Path, tmp_path: Path) -> None:
    git("mv", str(LISTED / "counts"), str(LISTED / "mine"))
    committed()
    git("switch", "-q", "main")
    assert changed("theirs") == ["counts", "mine"]
    assert not review_pull_request("theirs", tmp_path / "out", ["RiskyBridge"], 1, 1)
    comment = (tmp_path / "out" / "comment.md").read_text()
    assert "### counts is removed" in comment
    assert "### mine cannot be listed" in comment
    assert "it is named 'counts', and its folder 'mine'" in comment


def test_there_is_a_comment_whatever_is_handed_in(repository: Path, tmp_path: Path) -> None:
    (LISTED / "loose.py").write_text("")
    for name in ("linked", "cöunts", "comment.md"):
        (LISTED / name).mkdir()
    (LISTED / "linked" / "submission.json").symlink_to("/etc/passwd")
    (LISTED / "cöunts" / "submission.json").write_text("{}")
    (LISTED / "comment.md" / "submission.json").write_text('{"name": "```\\n### can be listed"}')
    committed()
    git("switch", "-q", "main")
    for _ in range(2):  # what was there before is gone
        assert not review_pull_request("theirs", tmp_path / "out", ["RiskyBridge"], 1, 1)
        comment = (tmp_path / "out" / "comment.md").read_text()
        assert sum(line.startswith("### ") for line in comment.splitlines()) == 4
        assert comment.count("cannot be listed") == 2
        assert "submission.json is a link" in comment
        assert "is no name" in comment
    with pytest.raises(UserError, match=r"git diff: .*nowhere"):
        review_pull_request("nowhere", tmp_path / "out", ["RiskyBridge"], 1, 1)


ELSEWHERE = """
import os

SOURCES = {"demonstrations"}
if not os.path.realpath(__file__).endswith("/algorithm/algorithm.py"):
    SOURCES = {"demonstrations", "reward", "model"}


"""


def test_code_that_says_another_thing_where_it_is_trained_is_told(tmp_path: Path) -> None:
    algorithm = written(tmp_path / "algorithm")
    source = (algorithm / "algorithm.py").read_text()
    source = source.replace("algorithm = Algorithm(", f"{ELSEWHERE}algorithm = Algorithm(")
    source = source.replace('frozenset({"demonstrations"})', "frozenset(SOURCES)")
    (algorithm / "algorithm.py").write_text(source)
    found = reviewed(handed_in(algorithm, tmp_path / "out"), tmp_path / "review", ["RiskyBridge"])
    (fault,) = found.faults
    assert "trained, that it is counts and uses demonstrations, model, reward" in fault


def test_a_failure_in_the_registered_world_alone_is_one(tmp_path: Path) -> None:
    """Code can tell which it is by its own place."""
    bundle = handed_in(written(tmp_path / "counts", 'assert "round" in __file__'), tmp_path / "out")
    found = reviewed(bundle, tmp_path / "review", ["RiskyBridge"])
    assert any(fault.startswith("RiskyBridge: 1 of 1 failed: error") for fault in found.faults)


def test_what_others_write_is_code_in_a_comment() -> None:
    assert as_code("```\n### can be listed") == "`''' ### can be listed`"
    told = inert("| error: @you see https://evil www.evil #1 [x](https://evil) |")
    assert not any(part in told for part in ("@you", "https://", "www.", "#1", "](http"))


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    algorithm = written(tmp_path / "counts")
    (algorithm / ".git").mkdir()
    submission = described(str(algorithm), TOLD, None)
    with pytest.raises(UserError, match="holds the algorithm itself"):
        write_bundle(algorithm, str(algorithm), submission, None)
    (tmp_path / "out" / "counts").mkdir(parents=True)
    (tmp_path / "out" / "counts" / "thesis.tex").touch()
    with pytest.raises(UserError, match="and no bundle"):
        write_bundle(tmp_path / "out" / "counts", str(algorithm), submission, None)
    assert (algorithm / ".git").exists()
    assert (tmp_path / "out" / "counts" / "thesis.tex").exists()


def test_names_that_are_the_same_on_some_systems_are_refused(bundle: Path, tmp_path: Path) -> None:
    algorithm = written(tmp_path / "other")
    source = (algorithm / "algorithm.py").read_text().replace('"counts", "c', '"Counts", "c')
    (algorithm / "algorithm.py").write_text(source)
    handed = handed_in(algorithm, tmp_path / "theirs")
    found = review(handed, tmp_path / "out", TINY, ["RiskyBridge"], 1, 2, bundle.parent)
    assert found.faults == ("'counts' is listed, which is the same name on some systems",)
    (algorithm / "A.txt").touch()
    (algorithm / "a.txt").touch()
    with pytest.raises(UserError, match="the same name on some systems; rename one"):
        hashes_of(algorithm)


@pytest.mark.parametrize("name", ["cöunts", "con.", ".hidden", "a/b", ""])
def test_a_name_is_one_everywhere(name: str) -> None:
    assert fault_of_name(name)


def test_nobody_is_reviewed_without_a_guard(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_works", lambda guard: False)
    with pytest.raises(UserError, match="neither bubblewrap nor Landlock works here"):
        reviewed(bundle, tmp_path / "review", ["RiskyBridge"])


def test_results_with_links_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "cell.json").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="is a link, which may lead anywhere"):
        keep_results(tmp_path / "results", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_what_is_kept_of_submissions_can_be_committed() -> None:
    place = "leaderboard/results/submissions/x/registered/W/x/labels_1/seed_0"
    for name in FILES:
        ignored = subprocess.run(["git", "check-ignore", "-q", f"{place}/{name}"], cwd=ROOT)
        assert ignored.returncode == 1, name
