"""People in the leaderboard: algorithms that learn from what they recorded, and their own rows."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from il_envs import Budget, BudgetExceededError, Demonstrations, Problem, get_world
from il_envs.learning.recorded_episode import encoded, read_episode
from leaderboard import commands
from leaderboard.algorithms.submission import load
from leaderboard.cells import Cell, read_cell, read_traces, write_cell
from leaderboard.profiles import EVALUATION_SEED, PROFILES, Profile
from leaderboard.protocol import cells_of_run
from leaderboard.recorded import readable, recorded_data
from leaderboard.runs import read_results
from tests.recording import record

CAR, BRIDGE = get_world("DriftCar"), get_world("RiskyBridge")
ALGORITHMS = Path(__file__).parents[1] / "algorithms"
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
                "suite", "world", "support", "code", "labels", "seed", "steps", "evaluation",
                "limits",
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
        for seed in (1, 2):
            record("anna", "RiskyBridge", seed)  # of 30 steps each
        recorded = Demonstrations.from_recording("anna", person_only=True)
        out = tmp_path / "out"
        run = (
            "run", "--profile", "tiny", "--worlds", "RiskyBridge", "--no-controls", "--out", out,
            "--algorithms", f"bc,{ALGORITHMS / 'acts'}",
        )  # fmt: skip
        code, _, told = command(*run, "--demonstrations", "anna")
        assert code == 0, told
        line = f"the recording 'anna' of Anna, 60 steps (content hash {recorded.content_hash[:16]})"
        assert told.splitlines()[0] == (
            f"RiskyBridge: {line} has fewer than the profile's 90 labels; those who learn from it "
            "have what there is"
        )
        results = read_results(out)
        assert all(cell.status == "ok" for cell in results.cells)
        cells = {(c.spec.algorithm, c.spec.labels): c for c in results.cells}
        assert set(cells) >= {("bc", 40), ("bc", 60), ("acts", 0)}
        assert cells["bc", 60].meter["demonstrations"] == 60
        assert cells["acts", 0].spec.demonstrations == ""
        _, table, _ = command("table", out, "--format", "md")
        assert f"RiskyBridge: bc learned from {line}, not from the scripted expert." in table
        row = next(row for row in table.splitlines() if row.startswith("| bc "))
        assert "| drawn | 60 | claimed | ok |" in row
        assert f"demonstrations: {line}" in command("explain", out, "bc", "RiskyBridge")[1]
        assert "demonstrations: " not in command("explain", out, "acts", "RiskyBridge")[1]
        assert command("verify", out)[0] == 0

        again = command(*run, "--demonstrations", "anna")[1]
        assert "0 cells computed" in again
        code, _, told = command(*run)
        assert (code, told.splitlines()[-1]) == (
            1,
            f"leaderboard: {out} holds bc in RiskyBridge as it learned from the recording 'anna'; "
            "choose another --out",
        )

    def test_a_recording_that_changes_during_a_run_is_a_failed_cell(self, tmp_path: Path) -> None:
        from leaderboard.running.child import compute

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
        both = bc.model_copy(update={"name": "both", "sources": sources})
        kept = list(of_one_teacher([bc, both, load("dagger")], [CAR, BRIDGE], {"DriftCar": None}))
        assert [c.name for c in kept] == ["bc", "both", "dagger"]
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


def play(
    name: str,
    world: str = "DriftCar",
    seeds: tuple[int, ...] = (EVALUATION_SEED, EVALUATION_SEED + 1),
    **options: Any,
) -> None:
    for seed in seeds:
        record(name, world, seed, split="held_out", **options)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a tiny run in a world with sampled returns and in one with exact ones."""
    out = tmp_path_factory.mktemp("results") / "out"
    commands.run(
        TINY, [str(ALGORITHMS / "acts")], ["DriftCar", "RiskyBridge"], 1, 2, out, controls=False
    )
    return out


@pytest.fixture
def results(computed: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return shutil.copytree(computed, tmp_path / "out")


def person_cell(results: Path, world: str = "DriftCar") -> tuple[Path, Cell]:
    (path,) = results.glob(f"{world}/human-anna/*/seed_0/cell.json")
    return path.parent, read_cell(path.parent)


class TestAddHuman:
    @pytest.mark.parametrize("world", ["DriftCar", "RiskyBridge"])
    def test_a_person_has_a_row_that_is_verified(
        self, results: Path, command: Any, world: str
    ) -> None:
        play("anna", world)
        code, printed, told = command("add-human", "anna", "--out", results)
        assert (code, told) == (0, "")
        folder, cell = person_cell(results, world)
        steps = sum(episode.length for episode in cell.episodes)
        assert f"human-anna: 2 episodes in {folder}" in printed
        assert cell.spec.labels == cell.meter["expert_labels"] == steps
        assert [episode.seed for episode in cell.episodes] == list(TINY.evaluation_seeds)
        (expert,) = (c for c in read_results(results).cells if _is_expert(c, world))
        if world == "DriftCar":  # whose expert is who played
            assert [e.state_hash for e in cell.episodes] == [e.state_hash for e in expert.episodes]
        table = command("table", results, "--format", "md")[1]
        row = next(row for row in table.splitlines() if row.startswith("| human-anna (person) "))
        assert f"| played | {steps:,} | claimed | ok |" in row
        assert f"human-anna in {world}: the recording 'anna' of Anna, " in table
        assert "played in real time in " in table
        assert ("Its return is its episodes' mean." in table) == (world == "RiskyBridge")
        explained = command("explain", results, "human-anna", world)[1]
        assert "a person, evaluated on 2 held-out episodes" in explained
        assert "each of the person's steps is a label" in explained
        assert "interval: none, there is one person" in explained
        code, printed, _ = command("verify", results)
        assert (code, "16 of 16 episodes in 8 cells replay" in printed) == (0, True), printed

    def test_what_is_in_the_table_has_not_changed_for_others(
        self, computed: Path, results: Path, command: Any
    ) -> None:
        before = (computed / "table.csv").read_text().splitlines()
        play("anna")
        command("add-human", "anna", "--out", results)
        after = (results / "table.csv").read_text().splitlines()
        assert [line for line in after if not line.startswith("human-anna")] == before

    def test_speed_and_other_attempts_are_told(self, results: Path, command: Any) -> None:
        first = (EVALUATION_SEED,)
        play("anna", seeds=first, steps=50)  # given up
        play("anna", details=lambda step: {"speed": 0.5 if step < 500 else 1.0})
        play("anna", seeds=first, player="Berta")
        assert command("add-human", "anna", "--out", results)[0] == 0
        _, cell = person_cell(results)
        assert cell.played is not None
        assert (cell.played.other_attempts, cell.played.player) == (2, "Anna")
        assert cell.warnings == ("played at 0.5 to 1 times real time",)
        table = command("table", results, "--format", "md")[1]
        assert f"human-anna: ok, 1 of 1 warned: {cell.warnings[0]}" in table
        assert "2 other attempts at these episodes are recorded and not counted" in table

    def test_adding_again_replaces_the_row(self, results: Path, command: Any) -> None:
        play("anna")
        assert command("add-human", "anna", "--out", results)[0] == 0
        recording = readable("anna")
        for episode in recording.episodes:
            (recording.folder / f"{episode.id}.npz").unlink()
        play("anna", player="Berta")
        assert command("add-human", "anna", "--out", results)[0] == 0
        assert person_cell(results)[1].played.player == "Berta"
        assert command("verify", results)[0] == 0

    @pytest.mark.parametrize("tampering", ["actions", "return", "speed", "labels", "episode"])
    def test_a_row_that_was_tampered_with_fails(
        self, results: Path, command: Any, tampering: str
    ) -> None:
        play("anna", details=lambda step: {"speed": 0.5})
        assert command("add-human", "anna", "--out", results)[0] == 0
        folder, cell = person_cell(results)
        if tampering == "actions":
            traces = read_traces(folder, 2)
            traces[1][700] *= 0.5
            np.savez_compressed(folder / "actions.npz", *traces)
        elif tampering == "return":
            first = cell.episodes[0].model_copy(update={"total_reward": 99.0})
            write_cell(folder, cell.model_copy(update={"episodes": (first, cell.episodes[1])}))
        elif tampering == "speed":
            played = cell.played.model_copy(update={"slowest": 1.0, "fastest": 1.0})
            write_cell(folder, cell.model_copy(update={"played": played}))
        elif tampering == "labels":
            spec = cell.spec.model_copy(update={"labels": 7})
            write_cell(folder, cell.model_copy(update={"spec": spec}))
            shutil.copytree(folder, folder.parents[1] / "labels_7" / "seed_0")
            shutil.rmtree(folder)
        else:
            path = folder / next(iter(cell.files))
            assisted = np.ones(cell.episodes[0].length, np.bool_)
            path.write_bytes(encoded(replace(read_episode(path), assisted=assisted)))
        code, printed, _ = command("verify", results)
        assert code == 1
        assert printed.startswith("DriftCar human-anna labels=")

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"gentle_start": True}, "had a gentle start, and does not count; discard it"),
            (
                {"details": lambda step: {"assisted": step > 990}},
                "the episode of seed 900000000 was assisted at 9 of 1000 steps, and does not "
                "count; discard it (`il-recordings discard anna 1`) and play the seed again",
            ),
            (
                {"details": lambda step: {"controller": "policy" if step < 3 else "person"}},
                "was not played by the person at 3 of 1000 steps",
            ),
            (
                {"seeds": (EVALUATION_SEED + 1,)},
                "the recording 'anna' has 1 of the 2 evaluation episodes of the profile tiny; "
                "complete ones of the seeds 900000000 are missing: `il-play DriftCar --split "
                "held_out --level full --seed 900000000 --record anna`",
            ),
            ({"steps": 20}, "complete ones of the seeds 900000000 to 900000001 are missing"),
            ({"world": "Shooter", "steps": 3}, "is of Shooter, and "),
        ],
    )
    def test_episodes_that_do_not_count_are_one_line(
        self, results: Path, command: Any, options: dict[str, Any], problem: str
    ) -> None:
        play("anna", **options)
        before = (results / "run.json").read_bytes()
        code, printed, told = command("add-human", "anna", "--out", results)
        assert (code, printed) == (1, "")
        assert problem in told
        assert told.startswith("leaderboard: ")
        assert told.count("\n") == 1
        assert (results / "run.json").read_bytes() == before
        assert not list(results.rglob("human-*"))

    def test_other_mistakes_are_one_line(self, results: Path, tmp_path: Path, command: Any) -> None:
        record("training", "DriftCar", EVALUATION_SEED)
        play("anna")
        for arguments, problem in (
            (("training", "--out", results), "'training' is of the training split, and people"),
            (("nobody", "--out", results), "the recording 'nobody' has no episode in "),
            (("anna", "--out", tmp_path / "none"), "none: no such folder of results"),
        ):
            code, _, told = command("add-human", *arguments)
            assert code == 1
            assert problem in told
            assert told.count("\n") == 1


def _is_expert(cell: Cell, world: str) -> bool:
    names = {"DriftCar": "expert", "RiskyBridge": "soft-optimal"}
    return (cell.spec.world, cell.spec.algorithm) == (world, names[world])
