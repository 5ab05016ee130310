"""People in the leaderboard: algorithms that learn from what they recorded, and their own rows."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from il_envs import Budget, BudgetExceededError, Demonstrations, Problem, get_world
from leaderboard.cells import read_results
from leaderboard.protocol import EVALUATION_SEED, PROFILES, Profile, cells_of_run
from leaderboard.recorded import readable, recorded_data
from leaderboard.submission import Contender, load
from tests.recording import record

CAR, BRIDGE = get_world("DriftCar"), get_world("RiskyBridge")
TINY = Profile(
    name="tiny", labels=(40, 90), seeds=1, evaluation_episodes=2, steps=1_000, time_limit=60.0
)
EVERYTHING = frozenset({"demonstrations", "env", "reward"})


@pytest.fixture(autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of recordings, and a tiny profile that the command line knows."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("IL_ENVS_DATA", str(folder))
    monkeypatch.setitem(PROFILES, "tiny", TINY)
    return folder


def leaderboard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    """A command of the leaderboard: exit code, output, errors."""
    from leaderboard.cli import main

    monkeypatch.setattr(sys, "argv", ["leaderboard", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    captured = capsys.readouterr()
    code = caught.value.code
    return code if isinstance(code, int) else 0, captured.out, captured.err


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda *arguments: leaderboard(monkeypatch, capsys, *arguments)


def episode_of(*, steps: int, seed: int = 1, **options: Any) -> Demonstrations:
    record("anna", "DriftCar", seed, steps=steps, **options)
    return Demonstrations.from_recording("anna", person_only=True)


class TestProblem:
    def test_recorded_demonstrations_are_given_and_metered(self) -> None:
        recorded = episode_of(steps=70)
        problem = Problem(CAR, EVERYTHING, Budget(100, 0), seed=1, recorded=recorded)
        shown = problem.demonstrations(30)
        assert shown.content_hash == recorded.take(30).content_hash
        assert problem.demonstrations().content_hash == recorded.content_hash  # all there are
        assert (problem.meter.demonstrations, problem.meter.reward_reads) == (100, 100)
        assert problem.labels_left == 0

    def test_rewards_are_hidden_from_those_who_do_not_declare_them(self) -> None:
        recorded = episode_of(steps=9)
        problem = Problem(
            CAR, frozenset({"demonstrations"}), Budget(100, 0), seed=1, recorded=recorded
        )
        (episode,) = problem.demonstrations().episodes
        assert np.isnan(episode.rewards).all()
        assert not episode.measures

    def test_more_than_is_recorded_is_one_error_and_not_counted(self) -> None:
        problem = Problem(CAR, EVERYTHING, Budget(100, 0), 1, recorded=episode_of(steps=9))
        with pytest.raises(
            BudgetExceededError,
            match=r"^10 demonstrated transitions asked for, Anna has recorded 9$",
        ):
            problem.demonstrations(10)
        assert problem.meter.labels == 0

    def test_another_world_and_a_second_teacher_are_refused(self) -> None:
        recorded = episode_of(steps=9)
        with pytest.raises(ValueError, match="of DriftCar are given, the problem is RiskyBridge"):
            Problem(BRIDGE, EVERYTHING, Budget(100, 0), 1, recorded=recorded)
        with pytest.raises(ValueError, match="would learn from two teachers"):
            Problem(CAR, EVERYTHING | {"expert"}, Budget(100, 0), 1, recorded=recorded)


class TestKeys:
    def test_without_recordings_keys_are_what_they_were(self) -> None:
        for spec in cells_of_run(TINY, [CAR, BRIDGE], [load("bc"), load("dagger")], 1):
            exact = {"measures", "transfer"} if spec.world == "RiskyBridge" else set()
            config = set() if spec.labels is None else {"config"}
            assert set(spec.key) == exact | config | {
                "suite", "world", "code", "labels", "seed", "steps", "evaluation", "limits",
            }  # fmt: skip
            assert spec.demonstrations == ""

    def test_a_recording_changes_the_cells_that_learn_from_it_and_no_others(self) -> None:
        episode_of(steps=60)
        recordings = recorded_data([readable("anna")], ["DriftCar"], TINY.evaluation_seeds)
        contenders = [load("bc"), load("dagger")]
        before = cells_of_run(TINY, [CAR, BRIDGE], contenders, 1)
        after = cells_of_run(TINY, [CAR, BRIDGE], contenders, 1, recordings)
        learns = [s for s in after if (s.world, s.algorithm) == ("DriftCar", "bc")]
        assert [s for s in after if s not in learns] == [
            s for s in before if (s.world, s.algorithm) != ("DriftCar", "bc")
        ]
        (data,) = recordings.values()
        assert [spec.labels for spec in learns] == [40, 60]  # and not 90, which there are not
        for spec in learns:
            assert spec.key["demonstrations"] == data.content_hash
            assert spec.demonstrations == "anna"

    def test_the_key_is_of_the_content(self) -> None:
        def keys() -> list[str]:
            recordings = recorded_data([readable("anna")], ["DriftCar"], TINY.evaluation_seeds)
            specs = cells_of_run(TINY, [CAR], [load("bc")], 1, recordings)
            return [s.key["demonstrations"] for s in specs if s.demonstrations]

        episode_of(steps=60)
        first = keys()
        assert keys() == first
        episode_of(steps=60, seed=2)
        assert set(keys()).isdisjoint(first)


class TestRun:
    def test_bc_learns_from_a_recording(self, tmp_path: Path, command: Any) -> None:
        recorded = episode_of(steps=60)
        out = tmp_path / "out"
        run = (
            "run", "--profile", "tiny", "--worlds", "DriftCar", "--algorithms", "bc,dagger",
            "--no-controls", "--out", out,
        )  # fmt: skip
        code, _, told = command(*run, "--demonstrations", "anna")
        assert code == 0, told
        line = f"the recording 'anna' of Anna, 60 steps (content hash {recorded.content_hash[:16]})"
        assert told.splitlines()[0] == (
            f"DriftCar: {line} has fewer than the profile's 90 labels; those who learn from it "
            "have what there is"
        )
        results = read_results(out)
        assert all(cell.status == "ok" for cell in results.cells)
        cells = {(c.spec.algorithm, c.spec.labels): c for c in results.cells}
        assert set(cells) >= {("bc", 40), ("bc", 60), ("dagger", 40), ("dagger", 90)}
        assert cells["bc", 60].meter["demonstrations"] == 60
        assert cells["dagger", 90].spec.demonstrations == ""
        _, table, _ = command("table", out, "--format", "md")
        assert f"DriftCar: bc learned from {line}, not from the scripted expert." in table
        (row,) = [row for row in table.splitlines() if row.startswith("| bc ")]
        assert row.endswith("| 60 | ok |")
        assert f"demonstrations: {line}" in command("explain", out, "bc", "DriftCar")[1]
        assert "demonstrations: " not in command("explain", out, "dagger", "DriftCar")[1]
        assert command("verify", out)[0] == 0

        again = command(*run, "--demonstrations", "anna")[1]
        assert "0 cells computed" in again
        code, _, told = command(*run)
        assert (code, told.splitlines()[-1]) == (
            1,
            f"leaderboard: {out} holds bc in DriftCar as it learned from the recording 'anna'; "
            "choose another --out",
        )

    def test_a_recording_that_changes_during_a_run_is_a_failed_cell(self, tmp_path: Path) -> None:
        from leaderboard.child import compute

        episode_of(steps=60)
        recordings = recorded_data([readable("anna")], ["DriftCar"], TINY.evaluation_seeds)
        specs = cells_of_run(TINY, [CAR], [load("bc")], 1, recordings)
        spec = next(spec for spec in specs if spec.origin)
        episode_of(steps=60, seed=2)
        outcome = compute(spec)
        assert outcome.status == "error"
        assert "the recording 'anna' has changed since the run began; run again" in outcome.reason

    def test_nobody_learns_from_two_teachers(self, capsys: pytest.CaptureFixture[str]) -> None:
        from leaderboard.selection import of_one_teacher

        bc = load("bc")
        sources = frozenset({"demonstrations", "expert", "env"})
        both = Contender(replace(bc.algorithm, name="both", sources=sources), "both", "")
        kept = list(of_one_teacher([bc, both, load("dagger")], [CAR, BRIDGE], {"DriftCar": None}))
        assert [c.algorithm.name for c in kept] == ["bc", "both", "dagger"]
        assert [c.applies_to(CAR) for c in kept] == [True, False, True]
        assert kept[1].applies_to(BRIDGE)
        assert capsys.readouterr().err == (
            "both has no rows where there is a recording: it asks the scripted expert too, and "
            "would learn from two teachers\n"
        )

    @pytest.mark.parametrize(
        ("names", "problem"),
        [
            (["nobody"], "the recording 'nobody' has no episode in "),
            (["../x"], "'../x' cannot be a recording's name"),
            (["bridge"], "is of RiskyBridge, which this run does not have; choose --worlds Risky"),
            (["anna", "berta"], "'anna' and 'berta' are both of DriftCar; `il-recordings merge`"),
            (["held-out"], "'held-out' has held-out episodes, on which policies are evaluated"),
            (["evaluated"], "'evaluated' has held-out episodes, on which policies are evaluated"),
            (["watched"], "'watched' has no step at which a person acted"),
        ],
    )
    def test_a_recording_that_will_not_do_is_one_line(
        self, tmp_path: Path, command: Any, names: list[str], problem: str
    ) -> None:
        for name in ("anna", "berta"):
            record(name, "DriftCar", 1, steps=5)
        record("bridge", "RiskyBridge", 1)
        record("held-out", "DriftCar", 1, steps=5, split="held_out")
        record("evaluated", "DriftCar", EVALUATION_SEED + 1, steps=5)
        record("watched", "DriftCar", 1, steps=5, details=lambda step: {"controller": "policy"})
        code, _, told = command(
            "run", "--profile", "tiny", "--worlds", "DriftCar", "--algorithms", "bc", "--out",
            tmp_path / "out", *(part for name in names for part in ("--demonstrations", name)),
        )  # fmt: skip
        assert code == 1
        assert problem in told
        assert told.startswith("leaderboard: ")
        assert told.count("\n") == 1
