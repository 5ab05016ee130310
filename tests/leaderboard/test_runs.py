"""Whole runs: whatever an algorithm does, and whenever the runner dies, nothing finished is lost.

Cells run in child processes on DriftCar with a tiny profile.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import psutil
import pytest
import torch
from numpy.lib import format as npy
from rich.console import Console
from safetensors.numpy import load as load_bytes
from safetensors.numpy import load_file, save

import il_envs
from il_envs import RandomPolicy, TrainingWarning
from leaderboard import UserError
from leaderboard.algorithms.submission import load
from leaderboard.cells import Cell, failed_cell, read_cell, read_traces, write_cell
from leaderboard.keys import world_hash
from leaderboard.measures.checked import (
    CheckedPolicy,
    require_policy,
    tensors_of,
)
from leaderboard.measures.checked_tables import InvalidActionError
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.publishing import ARCHIVE
from leaderboard.running import child, evaluation, limits
from leaderboard.running.algorithm import kept_warnings
from leaderboard.running.limits import Watch, used_by
from leaderboard.running.outcome import write
from leaderboard.running.progress import Progress
from leaderboard.running.runner import is_finished, run_cells
from leaderboard.runs import Manifest, extend_manifest, read_results
from leaderboard.scores.rows import Row, status_of
from leaderboard.scores.summary import summary
from leaderboard.verification.replays import verify_episodes

ALGORITHMS_APART = True
ALGORITHMS = Path(__file__).parents[1] / "algorithms"
TINY = Profile(
    name="tiny", labels=(400,), seeds=1, evaluation_episodes=2, steps=1_000, time_limit=60.0
)


def specs_of(*names: str, profile: Profile = TINY, seeds: int = 1) -> list[CellSpec]:
    contenders = [load(str(ALGORITHMS / name)) for name in names]
    return cells_of_run(profile, [il_envs.get_world("DriftCar")], contenders, seeds)


def learners(specs: list[CellSpec]) -> list[CellSpec]:
    return [spec for spec in specs if spec.labels is not None]


def compute(
    specs: list[CellSpec], out: Path, workers: int = 2, in_process: bool = False
) -> dict[str, Cell]:
    cells = run_cells(specs, out, workers, Progress(Console(quiet=True)), in_process)
    return {cell.spec.algorithm: cell for cell in cells}


def changed(name: str, folder: Path, before: str, after: str) -> Path:
    """A copy of an algorithm's folder with another text in place of a part of its module."""
    copied = shutil.copytree(ALGORITHMS / name, folder / name)
    text = (copied / "algorithm.py").read_text()
    assert before in text
    (copied / "algorithm.py").write_text(text.replace(before, after))
    return copied


def snapshot(out: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of every finished cell."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in out.glob("*/*/**/cell.json")
        if not path.parent.name.startswith(".")
    }


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Cell], Path]:
    """One run with every way of failing that ends by itself, and one algorithm that is well."""
    out = tmp_path_factory.mktemp("failures")
    names = ("raises", "nan", "undeclared", "exits", "exits_badly", "killed", "forgets", "good")
    return compute(specs_of(*names), out), out


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("raises", "error", "RuntimeError: the loss is not finite"),
        ("nan", "invalid action", "action entry 0 (steer) of row 0 is nan, must be from -1 to 1"),
        ("undeclared", "error", "declare it in Algorithm(..., sources=['demonstrations', 'env'])"),
        ("exits", "crashed", "ended itself with exit code 0"),
        ("exits_badly", "crashed", "ended itself with exit code 3"),
        ("killed", "crashed", "was killed by signal 11 (Segmentation fault)"),
        ("forgets", "error", "train must return a policy with a method predict, not NoneType"),
        ("good", "ok", ""),
    ],
)
def test_every_failure_is_a_cell_with_its_reason(
    failures: tuple[dict[str, Cell], Path], name: str, status: str, reason: str
) -> None:
    cells, out = failures
    assert cells[name].status == status
    assert reason in cells[name].reason
    assert "\n" not in cells[name].reason
    assert read_cell(out / cells[name].spec.folder) == cells[name]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (np.zeros((3, 2)), "predict must return (actions, state), not ndarray"),
        ((np.zeros(2), None), "action has shape (2,), must be (3, 2)"),
        ((np.zeros((1, 2)), None), "action has shape (1, 2), must be (3, 2)"),
        (
            (np.full((3, 2), 1.5), None),
            "action entry 0 (steer) of row 0 is 1.5, must be from -1 to 1",
        ),
        ((np.array([["a", "b"]] * 3), None), "action has dtype <U1, must be float32"),
        ((None, None), "action has shape (), must be (3, 2)"),
    ],
)
def test_an_answer_that_is_no_action_is_described(answer: object, reason: str) -> None:
    class Fixed:
        def predict(self, *arguments: object) -> object:
            return answer

    policy = CheckedPolicy(Fixed(), il_envs.get_world("DriftCar"))  # type: ignore[arg-type]
    with pytest.raises(InvalidActionError) as caught:
        policy.predict(np.zeros((3, 17)))
    assert reason in str(caught.value)


class Steers:
    """A policy; the tests spoil it."""

    def predict(
        self, observation: object, state: object, episode_start: object, deterministic: object
    ) -> tuple[np.ndarray, None]:
        return np.zeros((3, 2), np.float32), None


def spoiled(**attributes: object) -> Steers:
    policy = Steers()
    vars(policy).update(attributes)
    return policy


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (None, "train must return a policy with a method predict, not NoneType"),
        (3, "train must return a policy with a method predict, not int"),
        ((Steers(), {}), "train must return a policy with a method predict, not tuple"),
        (Steers, "train must return a policy, not the class Steers itself"),
        (
            spoiled(predict=np.zeros(2)),
            "predict of a policy must be a method, in Steers it is of type ndarray",
        ),
        (
            spoiled(predict=None),
            "predict of a policy must be a method, in Steers it is of type NoneType",
        ),
        (
            spoiled(predict=lambda observation: None),
            "predict of Steers must take (observation, state, episode_start, deterministic), "
            "not (observation)",
        ),
        (
            spoiled(tensors={"weights": np.zeros(2)}),
            "tensors of a policy must be a method, in Steers it is of type dict",
        ),
        (
            spoiled(action_probabilities=np.zeros(2)),
            "action_probabilities of a policy must be a method, in Steers it is of type ndarray",
        ),
    ],
)
def test_training_must_return_a_policy(policy: object, reason: str) -> None:
    for check in (require_policy, lambda p: CheckedPolicy(p, il_envs.get_world("DriftCar"))):
        with pytest.raises(TypeError) as caught:
            check(policy)
        assert str(caught.value) == reason


@pytest.mark.parametrize("predict", [RandomPolicy.predict, print])
def test_a_policy_may_take_more_and_leave_out_what_is_optional(predict: object) -> None:
    require_policy(spoiled(predict=partial(predict, Steers()), tensors=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, ", not NoneType"),
        ([np.zeros(2)], ", not list"),
        ({3: np.zeros(2)}, "; the name 3 is of type int"),
        ({"a": np.zeros(2), "b": np.array([None, 1])}, "; 'b' has dtype object"),
        ({"a": "text"}, "; 'a' has dtype <U4"),
        ({"a": np.zeros(2, np.clongdouble)}, "; 'a' has dtype complex256"),
        ({"a": np.zeros(2, np.longdouble)}, "; 'a' has dtype float128"),
        ({"a": [[1.0], [2.0, 3.0]]}, "; 'a' is no array: "),
        ({"a": torch.zeros(2, requires_grad=True)}, "; 'a' is no array: Can't call numpy()"),
    ],
)
def test_tensors_must_be_arrays_of_numbers_by_name(answer: object, reason: str) -> None:
    with pytest.raises(TypeError) as caught:
        tensors_of(spoiled(tensors=lambda: answer))
    must = "tensors must return a dict of names to arrays of numbers"
    assert str(caught.value).startswith(must + reason)


def test_tensors_are_kept_as_they_are() -> None:
    arrays = {"a": np.float32(3.0), "b": np.arange(6.0).reshape(2, 3).T, "c": np.array([True])}
    kept = load_bytes(save(tensors_of(spoiled(tensors=lambda: arrays))))
    assert kept.keys() == arrays.keys()
    for name, array in arrays.items():
        assert kept[name].dtype == array.dtype
        np.testing.assert_array_equal(kept[name], array)
    assert tensors_of(Steers()) == tensors_of(spoiled(tensors=None)) == {}


def test_the_traceback_is_in_the_log(failures: tuple[dict[str, Cell], Path]) -> None:
    cells, out = failures
    log = (out / cells["raises"].spec.folder / "log.txt").read_text()
    assert "Traceback" in log
    assert "algorithm.py" in log
    assert "second line" in log


def test_a_finished_cell_is_complete(failures: tuple[dict[str, Cell], Path]) -> None:
    cells, out = failures
    good = cells["good"]
    folder = out / good.spec.folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "actions.npz", "cell.json", "log.txt", "policy.safetensors", "seals.json",
    ]  # fmt: skip
    assert good.meter["demonstrations"] == 400
    assert good.computer is not None
    assert good.computer.versions["numpy"] == np.__version__
    assert not any(" x" in library for library in good.computer.libraries), "one thread"
    assert [row.seed for row in good.episodes] == list(good.spec.profile.evaluation_seeds)
    assert load_file(folder / "policy.safetensors")["weights"].dtype == np.float64
    assert not list(out.glob("**/.seed*"))


def test_reference_rows_evaluate_on_the_same_episodes(
    failures: tuple[dict[str, Cell], Path],
) -> None:
    cells, _ = failures
    seeds = [[row.seed for row in cells[name].episodes] for name in ("random", "expert", "good")]
    assert seeds[0] == seeds[1] == seeds[2]
    assert cells["expert"].episodes[0].total_reward > cells["random"].episodes[0].total_reward


def test_every_trace_replays_bit_for_bit(failures: tuple[dict[str, Cell], Path]) -> None:
    cells, out = failures
    for name in ("random", "expert", "good"):
        assert verify_episodes(out, cells[name]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"trace": "one bit of one action"},
        {"trace": "cut"},
        {"total_reward": 1e3},
        {"length": 5},
        {"state_hash": "0"},
    ],
    ids=str,
)
def test_verify_notices_tampering(
    failures: tuple[dict[str, Cell], Path], tmp_path: Path, change: dict[str, object]
) -> None:
    cells, out = failures
    cell = cells["good"]
    traces = read_traces(out / cell.spec.folder, 2)
    if change == {"trace": "one bit of one action"}:
        traces[1][3, 0] = np.nextafter(traces[1][3, 0], np.float32(0.0))
    elif change == {"trace": "cut"}:
        traces[1] = traces[1][:-1]
    else:
        row = cell.episodes[1].model_copy(update=change)
        cell = cell.model_copy(update={"episodes": (cell.episodes[0], row)})
    folder = tmp_path / cell.spec.folder
    folder.mkdir(parents=True)
    np.savez_compressed(folder / "actions.npz", *traces)
    problems = verify_episodes(tmp_path, cell)
    assert len(problems) == 1
    assert "episode 1" in problems[0]


def test_the_same_command_computes_nothing_again(
    failures: tuple[dict[str, Cell], Path],
) -> None:
    cells, out = failures
    before = snapshot(out)
    assert compute(specs_of("good", "raises"), out) == {}
    assert snapshot(out) == before
    assert len(before) == len(cells)


@pytest.mark.parametrize("part", ["code", "world", "config", "suite", "steps"])
def test_a_changed_key_is_not_finished(tmp_path: Path, part: str) -> None:
    spec = learners(specs_of("raises"))[0]
    write_old_cell(spec, tmp_path, {})
    assert is_finished(spec, tmp_path)
    shutil.rmtree(tmp_path / spec.folder)
    write_old_cell(spec, tmp_path, {part: "old"})
    assert not is_finished(spec, tmp_path)


def test_an_outdated_cell_is_replaced_and_archived(tmp_path: Path) -> None:
    spec = learners(specs_of("raises"))[0]
    write_old_cell(spec, tmp_path, {"code": "old"})
    (tmp_path / spec.folder / "stale.txt").touch()
    old = (tmp_path / spec.folder / "cell.json").read_bytes()
    assert "not finite" in compute([spec], tmp_path)["raises"].reason
    assert read_cell(tmp_path / spec.folder).spec == spec
    assert not (tmp_path / spec.folder / "stale.txt").exists()
    (archived,) = (tmp_path / ARCHIVE / spec.folder.parent).iterdir()
    assert archived.name.startswith("seed_0.20")
    assert (archived / "cell.json").read_bytes() == old
    assert (archived / "stale.txt").exists()
    extend_manifest(
        tmp_path,
        Manifest(profile=TINY, worlds=("DriftCar",), algorithms={"raises": ("DriftCar",)}, seeds=1),
    )
    assert [cell.spec for cell in read_results(tmp_path).cells] == [spec]


def test_another_algorithm_of_the_same_name_replaces_nothing(tmp_path: Path) -> None:
    folder, out = shutil.copytree(ALGORITHMS / "raises", tmp_path / "raises"), tmp_path / "out"
    spec, moved = (learners(specs_of(name))[0] for name in ("raises", str(folder)))
    write_old_cell(spec, out, {})
    assert is_finished(moved, out), "the same code in another place"
    (folder / "helper.py").write_text("")
    before = snapshot(out)
    with pytest.raises(UserError, match=rf"raises of {spec.origin}, not of {folder}; choose"):
        compute(learners(specs_of(str(folder))), out)
    assert snapshot(out) == before


def write_old_cell(spec: CellSpec, out: Path, change: dict[str, str]) -> None:
    old = spec.model_copy(update={"key": spec.key | change})
    (out / spec.folder).mkdir(parents=True)
    write_cell(out / spec.folder, failed_cell(old, "error", "old"))


def test_the_key_names_what_the_result_depends_on(tmp_path: Path) -> None:
    """Another source file, another number of steps: another key; nothing changed: the same."""
    folder = tmp_path / "good"
    folder.mkdir()
    text = (ALGORITHMS / "good" / "algorithm.py").read_text()
    (folder / "algorithm.py").write_text(text)
    world = il_envs.get_world("DriftCar")

    def key(profile: Profile = TINY) -> dict[str, str]:
        return learners(cells_of_run(profile, [world], [load(str(folder))], 1))[0].key

    first = key()
    assert key() == first
    assert key(TINY.model_copy(update={"steps": 2_000})) != first
    (folder / "helper.py").write_text("x = 1\n")
    second = key()
    assert second["code"] != first["code"]
    (folder / "data").mkdir()
    (folder / "data" / "weights.json").write_text("[1.0]\n")
    assert key()["code"] not in (first["code"], second["code"])
    assert world_hash(world) == first["world"]


def test_training_may_start_processes_of_its_own(tmp_path: Path) -> None:
    """Which import the submission, and its neighbours, by name."""
    folder = shutil.copytree(ALGORITHMS / "good", tmp_path / "good")
    text = (folder / "algorithm.py").read_text()
    text = text.replace(
        "    data = problem", "    assert doubled(range(3)) == [0, 2, 4]\n    data = problem"
    )
    (folder / "algorithm.py").write_text(f"from .helpers import doubled\n{text}")
    (folder / "helpers.py").write_text(
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "def double(x):\n    return 2 * x\n"
        "def doubled(values):\n"
        "    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:\n"
        "        return list(pool.map(double, values))\n"
    )
    world = il_envs.get_world("DriftCar")
    cells = compute(cells_of_run(TINY, [world], [load(str(folder))], 1), tmp_path / "out")
    assert (cells["good"].status, cells["good"].reason) == ("ok", "")


@pytest.mark.parametrize("place", ["beside.py", "beside/part.py"])
def test_a_helper_that_is_neither_in_the_folder_nor_installed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Its changes would not be noticed."""
    folder = shutil.copytree(ALGORITHMS / "good", tmp_path / "good")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("x = 1\n")
    text = (folder / "algorithm.py").read_text()
    (folder / "own.py").write_text("import torch, baselines.networks\n")
    (folder / "algorithm.py").write_text(f"from . import own\n{text}")
    load(str(folder))
    (folder / "own.py").write_text("def late():\n    import beside\n")
    load(str(folder))  # there is no such module
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=rf"needs {tmp_path / 'beside'}.*, which is not in its fol"):
        load(str(folder))


def test_what_python_and_editors_leave_is_not_part_of_the_key(tmp_path: Path) -> None:
    folder = shutil.copytree(ALGORITHMS / "good", tmp_path / "good")
    before = load(str(folder)).code
    for name in ("__pycache__/algorithm.cpython-311.pyc", ".git/index", ".notes"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"anything")
    assert load(str(folder)).code == before


@pytest.mark.parametrize("name", ["DriftCar", "Pillar", "FourRooms"])
def test_policies_act_by_draws_in_every_world(name: str) -> None:
    world, asked = il_envs.get_world(name), []

    def make_policy(env: il_envs.WorldVectorEnv) -> il_envs.Policy:
        random = RandomPolicy(world.spaces.action, 0)

        class Asked:
            def predict(self, *arguments: Any) -> tuple[Any, Any]:
                asked.append(arguments[3])
                return random.predict(*arguments)

        return Asked()

    spec = cells_of_run(TINY, [world], [], 1)[0]
    evaluation._evaluation_episodes(make_policy, spec, world)
    assert set(asked) == {False}


def test_the_key_names_how_policies_are_scored() -> None:
    key = cells_of_run(TINY, [il_envs.get_world("DriftCar")], [], 1)[0].key
    assert key["evaluation"] == "2 by draws, from 900000000"


def test_time_is_limited_by_the_clock_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLOCK_FACTOR", 0.1)
    specs = learners(specs_of("sleeps", profile=TINY.model_copy(update={"time_limit": 20.0})))
    start = time.monotonic()
    cell = compute(specs, tmp_path, workers=1)["sleeps"]
    assert (cell.status, cell.reason) == ("timeout", "took more than 2 s")
    assert time.monotonic() - start < 10.0


def test_the_time_that_is_limited_is_the_processors(tmp_path: Path) -> None:
    """Of the child and all that it starts; what waits for a processor does not use any."""
    folder = shutil.copytree(ALGORITHMS / "sleeps", tmp_path / "sleeps")
    text = (folder / "algorithm.py").read_text()
    busy = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    (folder / "algorithm.py").write_text(re.sub(r"time\.sleep\(.*\)", busy, text))
    profile = TINY.model_copy(update={"time_limit": 3.0})
    cell = compute(learners(specs_of(str(folder), profile=profile)), tmp_path / "out")["sleeps"]
    reason = "used more than 3 s of processor time"
    assert (cell.status, cell.reason) == ("timeout", reason)


def test_the_clock_is_slower_where_workers_share_a_processor() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    each = os.cpu_count() or 1
    clocks = [Watch(process, TINY, workers).clock_limit for workers in (1, each, 4 * each)]
    assert clocks == [240.0, 240.0, 960.0]
    process.wait()


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("fifo", "the process wrote a cell that cannot be read"),
        ("large", "the process wrote a cell that cannot be read"),
        ("link", "the process left a link, whose target may change"),
        ("another", "the process wrote the cell of something else"),
        ("closed", "the process ended itself with exit code 0 before the cell was finished"),
        ("full", "the process ended itself with exit code 74 before the cell was finished"),
    ],
)
def test_whatever_a_child_leaves_the_run_goes_on(tmp_path: Path, way: str, reason: str) -> None:
    """As it can where an algorithm is in the process that writes the cell."""
    folder = changed("sabotages", tmp_path, 'WAY = "fifo"', f'WAY = "{way}"')
    out = tmp_path / "out"
    cells = compute(learners(specs_of(str(folder), "good")), out, workers=1, in_process=True)
    assert cells["good"].status == "ok"
    assert (cells["sabotages"].status, cells["sabotages"].reason) == ("crashed", reason)
    kept = out / cells["sabotages"].spec.folder
    assert read_cell(kept) == cells["sabotages"]
    assert {path.name for path in kept.iterdir()} == {"cell.json", "log.txt"}
    assert all(path.is_file() and not path.is_symlink() for path in kept.iterdir())


def test_memory_is_limited(tmp_path: Path) -> None:
    profile = TINY.model_copy(update={"memory_limit": 600 * 2**20})
    cell = compute(learners(specs_of("eats_memory", profile=profile)), tmp_path)["eats_memory"]
    assert (cell.status, cell.reason) == ("memory", "used more than 600 MiB of memory")


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_memory_beyond_the_limit_is_refused_at_once(tmp_path: Path, library: str) -> None:
    folder = shutil.copytree(ALGORITHMS / "eats_memory", tmp_path / "eats_memory")
    text = (folder / "algorithm.py").read_text()
    text = text.replace("import numpy as np", f"import {library} as np")
    (folder / "algorithm.py").write_text(text.replace("4_000_000", "200_000_000_000"))
    cell = compute(learners(specs_of(str(folder))), tmp_path / "out")["eats_memory"]
    assert cell.status == "memory"
    assert "allocate" in cell.reason


def test_memory_counts_child_processes() -> None:
    code = "import sys; block = bytearray(200 * 2**20); print(flush=True); sys.stdin.read()"
    shell = [
        sys.executable,
        "-c",
        f"import subprocess as s, sys; s.run([sys.executable, '-c', {code!r}])",
    ]
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert used_by(process.pid)[1] > 200 * 2**20


@pytest.mark.parametrize("seconds", ["0.0", "3600.0"])
@pytest.mark.parametrize("in_process", [False, True])
def test_processes_that_an_algorithm_starts_end_with_its_cell(
    tmp_path: Path, seconds: str, in_process: bool
) -> None:
    mark = f"orphan of {tmp_path}"
    folder = changed("orphans", tmp_path, 'MARK, SECONDS = "no mark", 3600.0',
                     f'MARK, SECONDS = "{mark}", {seconds}')  # fmt: skip
    profile = TINY.model_copy(update={"time_limit": 6.0})
    spec = learners(specs_of(str(folder), profile=profile))[0]
    compute([spec], tmp_path / "out", in_process=in_process)
    assert "left one behind" in (tmp_path / "out" / spec.folder / "log.txt").read_text()
    assert not [
        process for process in psutil.process_iter(["cmdline"])
        if mark in (process.info["cmdline"] or [])
    ]  # fmt: skip


def test_a_damaged_cell_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    spec = learners(specs_of("good"))[0]
    folder = tmp_path / spec.folder
    folder.mkdir(parents=True)
    (folder / "cell.json").write_text('{"status": "ok", "spec"')
    for action in (lambda: compute([spec], tmp_path), lambda: read_results(tmp_path)):
        with pytest.raises(UserError) as caught:
            action()
        assert str(folder / "cell.json") in str(caught.value)
        assert "damaged" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"episodes": []}, "0 of 2 episodes"),
        ({"episodes": [{"total_reward": float("nan")}]}, "episodes.0.total_reward: "),
    ],
)
def test_a_cell_without_its_episodes_is_damaged(
    failures: tuple[dict[str, Cell], Path], tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    cells, _ = failures
    content = json.loads(cells["good"].model_dump_json())
    for number, episode in enumerate(change["episodes"]):
        change["episodes"][number] = content["episodes"][number] | episode
    (tmp_path / "cell.json").write_text(json.dumps(content | change))
    with pytest.raises(UserError, match=rf"cell.json: damaged \({problem}"):
        read_cell(tmp_path)


@pytest.mark.parametrize(
    ("field", "number"), [("seeds", 10**30), ("evaluation_episodes", 10**9), ("steps", -1)]
)
def test_numbers_that_nobody_can_count_to_are_refused(
    tmp_path: Path, field: str, number: int
) -> None:
    manifest = Manifest(profile=TINY, worlds=("DriftCar",), algorithms={}, seeds=1)
    write_old_cell(learners(specs_of("good"))[0], tmp_path, {})
    content = json.loads(manifest.model_dump_json())
    content["profile"][field] = number
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"run.json: damaged \(profile.{field}: .* the same"):
        read_results(tmp_path)


def test_traces_that_claim_to_be_larger_than_they_are_take_no_memory(tmp_path: Path) -> None:
    header = {"shape": (10**12,), "fortran_order": False, "descr": "<f8"}
    with ZipFile(tmp_path / "actions.npz", "w") as archive, archive.open("arr_0.npy", "w") as file:
        npy.write_array_header_1_0(file, header)
        file.write(bytes(80))
    with pytest.raises(UserError, match=r"actions.npz: missing or damaged: arr_0.npy is cut short"):
        read_traces(tmp_path, 1)


def test_traces_that_unpack_to_gigabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "actions.npz"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive, archive.open("arr_0.npy", "w") as file:
        for _ in range(17):
            file.write(bytes(2**26))
    assert path.stat().st_size < 2**22
    with pytest.raises(UserError, match="it holds more than 1024 MiB"):
        read_traces(tmp_path, 1)


# Runs that are killed, through the command line.


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "leaderboard", *map(str, arguments)]


def run_command(out: Path, *names: str) -> list[str]:
    """One cell at a time: random and expert, then the algorithms' in the order given."""
    algorithms = ",".join(str(ALGORITHMS / name) for name in names)
    return command(
        "run", "--profile", "smoke", "--worlds", "DriftCar", "--algorithms", algorithms,
        "--seeds", "1", "--workers", "1", "--no-controls", "--out", out,
    )  # fmt: skip


def is_running(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start_and_wait(
    out: Path, *names: str, cells: int
) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """A run with so many cells done and the next one begun, and the processes of its cells."""
    process = subprocess.Popen(
        run_command(out, *names),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    children: list[psutil.Process] = []

    def has_begun() -> bool:
        children[:] = psutil.Process(process.pid).children()
        return bool(len(snapshot(out)) == cells and children)

    assert wait_until(has_begun, 60.0)
    return process, children


def test_a_killed_run_is_finished_by_the_same_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process, children = start_and_wait(out, "raises", "sleeps", cells=1)
    process.kill()
    process.communicate()
    before = snapshot(out)
    assert len(before) == 1
    assert wait_until(lambda: not any(is_running(child.pid) for child in children))
    assert snapshot(out) == before  # no child publishes a cell after the runner's death
    assert len(list(out.glob("**/.seed*"))) == 1
    again = subprocess.run(run_command(out, "raises"), capture_output=True, text=True, check=True)
    after = snapshot(out)
    assert len(after) == 3
    assert {path: after[path] for path in before} == before
    finished = [line.split()[0] for line in again.stderr.splitlines() if line.startswith("[")]
    assert finished == ["[1/2]", "[2/2]"]
    assert not list(out.glob("**/.seed*"))


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_control_c_keeps_what_is_done_and_it_has_scores(
    tmp_path: Path, asked: signal.Signals
) -> None:
    out = tmp_path / "out"
    process, children = start_and_wait(out, "good", "sleeps", cells=3)
    process.send_signal(asked)
    printed, errors = process.communicate(timeout=20.0)
    assert process.returncode == 128 + asked
    assert errors.splitlines()[-1].startswith("leaderboard: interrupted; 3 of 4 cells are finished")
    assert "; go on with: leaderboard run --profile " in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert re.search(r"^good +[-0-9.]+ ", printed, re.MULTILINE)
    assert "good" in (out / "table.csv").read_text()
    assert not any(is_running(child.pid) for child in children)
    assert len(snapshot(out)) == 3
    assert not list(out.glob("**/.seed*"))
    table = summary(read_results(out)).set_index("algorithm")
    assert table["status"].to_dict() == {
        "expert": "ok", "good": "ok", "random": "ok", "sleeps": "unranked",
    }  # fmt: skip
    assert np.isfinite(table.loc["good", "score"])


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """A limit on the size of files makes writes fail as a full disk does: those of the child's
    traces (the expert's are longer than those of the random policy), and at 0 the runner's own."""
    out = tmp_path / "out"
    for kibibytes in (64, 0):
        limited = ["bash", "-c", f'ulimit -f {kibibytes}; exec "$@"', "bash"]
        result = subprocess.run(
            [*limited, *run_command(out, "raises", "good")], capture_output=True, text=True
        )
        assert result.returncode == 1
        assert (
            result.stderr.splitlines()[-1] == f"leaderboard: cannot write to {out}: File too large"
        )
        assert "Traceback" not in result.stderr
        cells = snapshot(out)
        assert [read_cell(Path(path).parent).spec.algorithm for path in cells] == ["random"]
    subprocess.run(run_command(out, "raises", "good"), capture_output=True, check=True)
    after = snapshot(out)
    assert len(after) == 4
    assert {path: after[path] for path in cells} == cells
    table = summary(read_results(out)).set_index("algorithm")
    assert table.loc["good", "status"] == "ok"
    assert table.loc["raises", "status"] == "1 of 1 failed"
    assert table.loc["raises", "score"] == 0.0


def test_the_cell_file_is_plain_json(failures: tuple[dict[str, Cell], Path]) -> None:
    cells, out = failures
    raw = json.loads((out / cells["good"].spec.folder / "cell.json").read_text())
    assert raw["status"] == "ok"
    assert raw["spec"]["key"].keys() >= {"suite", "world", "code", "config", "labels", "seed"}
    assert set(raw["episodes"][0]) == {
        "controlled_return",
        "seed",
        "total_reward",
        "decisions",
        "length",
        "terminated",
        "state_hash",
    }
    assert os.path.basename(out) not in json.dumps(raw)  # results can be moved


def test_a_warning_without_a_word_is_one_all_the_same() -> None:
    with kept_warnings() as kept:
        warnings.warn("", TrainingWarning, stacklevel=1)
    assert kept == ["no reason given"]


def test_a_warning_of_training_is_in_the_row_and_others_are_not(tmp_path: Path) -> None:
    spec = learners(specs_of("warns"))[0]
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("default")
        outcome = child.compute(spec, in_process=True)
    assert (outcome.status, outcome.warnings) == ("ok", ["nothing was learned"])
    assert [str(warning.message) for warning in others] == ["an old function is used"]
    write(spec, outcome, tmp_path)
    cell = read_cell(tmp_path)
    assert cell.warnings == ("nothing was learned",)
    rows = [
        Row("warns", "DriftCar", 400, (cell, cell.model_copy(update={"warnings": ()})), "", True)
    ]
    assert status_of(rows) == ("ok, 1 of 2 warned", "nothing was learned")


def test_a_folder_of_the_same_name_is_not_taken_for_the_package(tmp_path: Path) -> None:
    """Such as that of submissions, where the user is."""
    (tmp_path / "leaderboard" / "submissions").mkdir(parents=True)
    (tmp_path / "il_envs").mkdir()
    (tmp_path / "il_envs" / "__init__.py").write_text("raise RuntimeError('another package')\n")
    program = Path(sys.executable).with_name("leaderboard")
    command = [
        program, "run", "--profile", "smoke", "--worlds", "RiskyBridge", "--algorithms",
        ALGORITHMS / "acts", "--seeds", "1", "--steps", "100", "--out", "out", "--no-controls",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (cell,) = [c for c in read_results(tmp_path / "out").cells if c.spec.algorithm == "acts"]
    assert (cell.status, cell.reason) == ("ok", "")
