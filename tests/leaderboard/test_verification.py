"""Everything that a cell says is checked, and what cannot be checked does not pass."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from il_envs import get_world
from leaderboard.algorithms.submission import load
from leaderboard.cells import TABLE, read_traces, table_bytes, write_traces
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.running.progress import Progress
from leaderboard.running.runner import run_cells
from leaderboard.runs import extend_manifest, read_results
from leaderboard.seals import SEALS, tier_of
from leaderboard.selection import manifest_of
from leaderboard.verification.command import verify_results

TINY = Profile(
    name="tiny", labels=(300,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
SETTINGS = {"updates": "2", "hidden_sizes": "[4]"}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of cloning in a world with falls and in an exact one."""
    folder = tmp_path_factory.mktemp("honest")
    worlds, contenders = [get_world("DriftCar"), get_world("RiskyBridge")], [load("bc", SETTINGS)]
    extend_manifest(folder, manifest_of(TINY, worlds, contenders, 1))
    specs = cells_of_run(TINY, worlds, contenders, 1)
    for cell in run_cells(specs, folder, 2, Progress(Console(quiet=True)), in_process=True):
        assert cell.status == "ok"
    return folder


@pytest.fixture
def results(honest: Path, tmp_path: Path) -> Path:
    """A copy, as somebody else would send it."""
    copied = Path(shutil.copytree(honest, tmp_path / "results"))
    for path in copied.rglob(SEALS):
        path.unlink()
    return copied


def cell_in(results: Path, world: str, algorithm: str) -> Path:
    (path,) = results.glob(f"{world}/{algorithm}/**/cell.json")
    return path.parent


def edited(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    told = json.loads((folder / "cell.json").read_text())
    change(told)
    (folder / "cell.json").write_text(json.dumps(told))


def tiers(results: Path) -> list[str]:
    return [tier_of(results, cell) for cell in read_results(results).cells]


def test_an_honest_run_passes_and_is_sealed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(tiers(results)) == {"claimed"}
    assert verify_results(results)
    assert "21 of 21 episodes in 7 cells replay" in capsys.readouterr().out
    assert set(tiers(results)) == {"replayed"}


def _reverse(told: dict[str, Any]) -> None:
    told["episodes"].reverse()


FORGERIES: dict[str, tuple[str, str, Callable[[dict[str, Any]], Any], str]] = {
    "another seed": (
        "DriftCar", "bc", lambda told: told["episodes"][1].update(seed=3),
        "its episodes are not those of the evaluation",
    ),
    "another order": (
        "DriftCar", "bc", _reverse, "its episodes are not those of the evaluation",
    ),
    "the best one thrice": (
        "DriftCar", "bc", lambda told: told.update(episodes=[told["episodes"][0]] * 3),
        "its episodes are not those of the evaluation",
    ),
    "a fall less": (
        "DriftCar", "bc",
        lambda told: told["episodes"][0].update(terminated=not told["episodes"][0]["terminated"]),
        "terminated is ",
    ),
    "a better return": (
        "DriftCar", "bc", lambda told: told["episodes"][2].update(total_reward=900.0),
        "return is 900.0, its replay gives",
    ),
    "more labels than it had": (
        "DriftCar", "bc", lambda told: told["meter"].update(demonstrations=301),
        "it has used 301 labels, and has 300",
    ),
    "more steps than it had": (
        "DriftCar", "bc", lambda told: told["meter"].update(steps=2_000),
        "it has taken 2,000 steps, and has 1,000",
    ),
    "a source that it does not declare": (
        "DriftCar", "bc", lambda told: told["meter"].update(reward_reads=1),
        "it has used the source 'reward', and does not declare it",
    ),
    "a count that there is not": (
        "DriftCar", "bc", lambda told: told["meter"].update(luck=1), "counts what there is not",
    ),
    "a negative count": (
        "DriftCar", "bc", lambda told: told["meter"].update(steps=-5), "counts what there is not",
    ),
    "fewer labels in its key": (
        "DriftCar", "bc", lambda told: told["spec"]["key"].update(labels="30"),
        "its key says labels '30', and the cell '300'",
    ),
    "another profile": (
        "DriftCar", "bc", lambda told: told["spec"]["profile"].update(steps=10**6),
        "its profile is not that of run.json",
    ),
    "a better exact number": (
        "RiskyBridge", "bc", lambda told: told["exact"].update(expected_return=-1.0),
        "expected_return is -1.0, computed anew it is",
    ),
    "a worse random policy": (
        "DriftCar", "random", lambda told: told["episodes"][0].update(state_hash="0" * 64),
        "episode 0 is another one when the row is run again",
    ),
    "a worse reference": (
        "RiskyBridge", "soft-optimal", lambda told: told["exact"].update(expected_return=-90.0),
        "its exact metrics are others when the row is run again",
    ),
    "a reference that has learned": (
        "DriftCar", "random", lambda told: told["meter"].update(steps=5),
        "a reference row has used sources",
    ),
    "fewer states outside the support": (
        "DriftCar", "bc", lambda told: told.update(outside_support=0.0), "outside the support is",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_cell_is_told(
    results: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    world, algorithm, change, message = FORGERIES[name]
    folder = cell_in(results, world, algorithm)
    edited(folder, change)
    assert not verify_results(results)
    assert message in capsys.readouterr().out
    forged = {cell.spec.folder: tier_of(results, cell) for cell in read_results(results).cells}
    assert forged.pop(folder.relative_to(results)) == "claimed"
    assert "replayed" in forged.values()


def test_all_faults_of_all_cells_are_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    car, bridge = (cell_in(results, world, "bc") for world in ("DriftCar", "RiskyBridge"))
    edited(car, lambda told: told["meter"].update(demonstrations=301, steps=2_000))
    (car / "actions.npz").write_bytes(b"nothing")
    (bridge / TABLE).write_bytes(b"nothing")
    assert not verify_results(results)
    told = capsys.readouterr().out
    for fault in ("301 labels", "2,000 steps", "actions.npz: missing or damaged", f"{TABLE}: dam"):
        assert fault in told


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (lambda trace: trace[:-1], "does not end with them"),
        (lambda trace: np.concatenate([trace, trace[-1:]]), "ends after"),
        (lambda trace: trace * np.float32(np.nan), "is nan"),
    ],
)
def test_actions_end_with_their_episode(
    results: Path, capsys: pytest.CaptureFixture[str], actions: Callable[..., Any], message: str
) -> None:
    folder = cell_in(results, "DriftCar", "bc")
    traces = read_traces(folder, 3)
    write_traces(folder, [traces[0], actions(traces[1]), traces[2]])
    assert not verify_results(results)
    assert message in capsys.readouterr().out


def test_a_table_of_another_policy_is_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cell_in(results, "RiskyBridge", "bc")
    (folder / TABLE).write_bytes(table_bytes(np.full((1, 63, 4), 0.25)))
    assert not verify_results(results)
    told = capsys.readouterr().out
    assert f"{TABLE} is not what was written" in told
    assert "expected_return is" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["spec"]["key"].update(world="0"), "other versions of world"),
        (lambda told: told["spec"].update(sources=[]), "other versions of the declared sources"),
    ],
)
def test_what_cannot_be_checked_does_not_pass(
    results: Path, capsys: pytest.CaptureFixture[str], change: Callable[..., Any], message: str
) -> None:
    folder = cell_in(results, "DriftCar", "bc")
    edited(folder, change)
    assert verify_results(results)  # nothing is wrong
    assert f"not checked: {message}" in capsys.readouterr().out
    assert tiers(results).count("claimed") == 1


def test_without_its_table_an_exact_cell_does_not_pass(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cell_in(results, "RiskyBridge", "bc")
    (folder / TABLE).unlink()
    edited(folder, lambda told: told["files"].pop(TABLE))
    assert verify_results(results)
    assert "not checked: exact metrics" in capsys.readouterr().out
    assert tiers(results).count("claimed") == 1


def test_what_was_checked_is_told_even_where_it_cannot_be_kept(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leaderboard.verification.command.seal", full)
    assert verify_results(results)
    shown = capsys.readouterr()
    assert "21 of 21 episodes" in shown.out
    assert shown.err.endswith("No space left on device; what was checked is not kept\n")


# Training again.


def test_what_is_trained_again_with_the_same_result_says_so(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_results(results, retrain=10, workers=2)
    assert "trained again with the same result: 2 of 2 cells" in capsys.readouterr().out
    assert sorted(tiers(results)) == ["re-trained"] * 2 + ["replayed"] * 5


def the_experts(results: Path, **changes: Any) -> None:
    """Give a learner the expert's actions, and all that these make of its cell."""
    expert, learner = (cell_in(results, "DriftCar", name) for name in ("expert", "bc"))
    shutil.copy(expert / "actions.npz", learner / "actions.npz")
    told = json.loads((expert / "cell.json").read_text())

    def perfect(cell: dict[str, Any]) -> None:
        cell.update({name: told[name] for name in ("episodes", "outside_support")})
        cell.update(mode_episodes=[], acts="deterministic")
        cell["computer"].update(changes)

    edited(learner, perfect)


def test_the_experts_actions_replay_and_are_told_when_training_again(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    the_experts(results)
    assert verify_results(results)
    assert set(tiers(results)) == {"replayed"}
    capsys.readouterr()
    assert not verify_results(results, retrain=10, workers=2)
    shown = capsys.readouterr().out
    assert "DriftCar bc labels=300 seed=0: trained again, episode 0 returns" in shown
    assert "with the same result: 1 of 2 cells" in shown
    assert tiers(results).count("re-trained") == 1


def test_another_kind_of_computer_may_train_something_else(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(results / "RiskyBridge")
    the_experts(results, processor="another")
    assert verify_results(results, retrain=1)
    shown = capsys.readouterr().out
    assert "episode 0 returns" in shown
    assert ", on another kind of computer" in shown
    assert "re-trained" not in tiers(results)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": "/nowhere/mine"}, "its algorithm is not here: /nowhere/mine: no such folder"),
        ({"key": {"code": "0"}}, "the code of its algorithm is another here"),
        ({"key": {"config": "Config()"}}, "the settings of its algorithm are others here"),
    ],
)
def test_what_cannot_be_trained_again_is_told(
    results: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], message: str
) -> None:
    shutil.rmtree(results / "RiskyBridge")

    def change_spec(told: dict[str, Any]) -> None:
        told["spec"]["key"].update(change.get("key", {}))
        told["spec"].update({name: change[name] for name in change if name != "key"})

    edited(cell_in(results, "DriftCar", "bc"), change_spec)
    assert verify_results(results, retrain=1)
    shown = capsys.readouterr().out
    assert f"not trained again: {message}" in shown
    assert "with the same result: 0 of 1 cell" in shown
