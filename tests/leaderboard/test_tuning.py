"""Studies of tuning: what is searched and where, what is drawn, that a study goes on where it was
killed, and that settings come from its record."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.main import get_command

from il_envs import Algorithm, Budget, Policy, Problem, get_world, tunable, tunable_choice, tuned
from il_envs.engine.vector import WorldVectorEnv
from il_envs.learning.problem import SEED_BLOCK
from il_envs.learning.study_record import contradiction
from il_envs.learning.tuning import record_path, search_space, with_settings
from leaderboard import UserError
from leaderboard.algorithms.submission import load, load_installed
from leaderboard.cli import app
from leaderboard.profiles import (
    EVALUATION_SEED,
    MOST_TUNING_SEEDS,
    TUNING_EPISODES_SEED,
    TUNING_SEED,
    Profile,
    tuning_profile,
)
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running import child
from leaderboard.running.outcome import write
from leaderboard.running.runner import is_finished
from leaderboard.tuning import command, trainings, tuner
from leaderboard.tuning.record import (
    Confirmation,
    Draw,
    Record,
    read_record,
    told_settings,
    write_record,
)
from leaderboard.tuning.study import Study
from leaderboard.tuning.tuner import study_spec, untunable
from tests.leaderboard.test_cli import in_process

TOY = '''
from dataclasses import dataclass
import numpy as np
from il_envs import Algorithm, RandomPolicy, TabularPolicy, tunable, tunable_choice, tuned

@dataclass(frozen=True)
class Config:
    """The share of right moves is highest at place 0.5."""
    place: float = tunable(0.01, 0.001, 1.0, log=True)
    kind: str = tunable_choice("a", ("a", "b"))
    fixed: int = 3

def train(problem, seed, config):
    shown = problem.demonstrations()
    counts = np.zeros((problem.observation_space.n, problem.action_space.n))
    np.add.at(counts, (shown.observations, shown.actions), 1.0)
    right = (counts == counts.max(1, keepdims=True)).astype(float)
    right /= right.sum(1, keepdims=True)
    share = max(0.0, 1.0 - abs(config.place - 0.5))
    return TabularPolicy(share * right + (1.0 - share) / problem.action_space.n, seed)

algorithm = tuned(Algorithm("toy", "", frozenset({"demonstrations"}), Config(), train), __file__)
'''
WHOLE: dict[str, Any] = {
    "settings": {"rounds": 4, "inner.units": [8, 8]},
    "best": 2,
    "config": "Outer(rounds=4, inner=Inner(rate=0.1, units=(8, 8), kept=5))",
    "confirmation": {
        "seeds": [2, 3, 4],
        "first": {
            "number": 0, "settings": {"rounds": 3, "inner.units": [4]}, "score": 0.25,
            "scores": {"CliffChain": [0.25, 0.0, 0.5]}, "failures": [],
        },
        "best": {
            "number": 2, "settings": {"rounds": 4, "inner.units": [8, 8]}, "score": 0.5,
            "scores": {"CliffChain": [0.5, 0.25, 0.75]}, "failures": [],
        },
    },
    "study": {
        "algorithm": "outer", "worlds": ["CliffChain"], "seeds": 2, "stop_after": 1,
        "first": {"rounds": 3, "inner.units": [4]},
        "config": "Outer(rounds=3, inner=Inner(rate=0.1, units=(4,), kept=5))",
    },
    "draws": [
        {
            "number": 0, "settings": {"rounds": 3, "inner.units": [4]}, "score": 0.25,
            "scores": {"CliffChain": [0.0, 0.5]}, "is_stopped": False,
        },
        {
            "number": 1, "settings": {"rounds": 9, "inner.units": [4]}, "score": 0.75,
            "scores": {"CliffChain": [0.75]}, "is_stopped": True,
        },
        {
            "number": 2, "settings": {"rounds": 4, "inner.units": [8, 8]}, "score": 0.5,
            "scores": {"CliffChain": [0.5, 0.5]}, "is_stopped": False,
        },
    ],
}  # fmt: skip
"""A record of a study of `outer`, as far as its parts say something about each other."""
ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "baselines" / "tuning"
SMALL = {"seeds": 2, "confirm": 1, "labels": 300, "steps": 1_000, "sampler_seed": 0, "workers": 1}


@dataclass(frozen=True)
class Inner:
    rate: float = tunable(0.1, 0.01, 1.0, log=True)
    units: tuple[int, ...] = tunable_choice((4,), ((4,), (8, 8)))
    kept: int = 5


@dataclass(frozen=True)
class Outer:
    rounds: int = tunable(3, 1, 9)
    inner: Inner = field(default_factory=Inner)


def never(problem: Problem, seed: int, config: Outer) -> Policy:
    raise AssertionError


def outer(config: Outer = Outer(), name: str = "outer") -> Algorithm[Outer]:
    return Algorithm(name, "", frozenset({"demonstrations"}), config, never)


def edited(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a record with another value at a path, such as "draws.0.score"."""
    copy: dict[str, Any] = json.loads(json.dumps(record))
    *names, last = (int(name) if name.isdigit() else name for name in path.split("/"))
    part: Any = copy
    for name in names:
        part = part[name]
    part[last] = value
    return copy


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """The folder of an algorithm whose optimum is known."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "algorithm.py").write_text(TOY, encoding="utf-8")
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute cells in this process, which is quicker than a process for each."""

    def run_cells(specs: Sequence[CellSpec], results: Path, *_: object) -> None:
        for spec in specs:
            if not is_finished(spec, results):
                (results / spec.folder).mkdir(parents=True, exist_ok=True)
                write(spec, child.compute(spec), results / spec.folder)

    monkeypatch.setattr(trainings, "run_cells", run_cells)


def tune(toy: Path, out: Path, draws: int, **changes: Any) -> Record:
    command.tune([str(toy)], ["CliffChain"], draws, **{**SMALL, **changes}, out=out)
    record = read_record(out / "toy" / "record.json")
    assert record is not None
    return record


class TestSearchSpace:
    def test_it_is_declared_beside_the_settings(self) -> None:
        space = search_space(Outer())
        assert {path: str(part) for path, part in space.items()} == {
            "rounds": "from 1 to 9",
            "inner.rate": "from 0.01 to 1, log scale",
            "inner.units": "one of (4,), (8, 8)",
        }

    def test_a_variant_holds_what_it_sets_outside(self) -> None:
        assert "inner.rate" not in search_space(Outer(inner=Inner(rate=0.0)))

    @pytest.mark.parametrize(
        "declare",
        [
            lambda: tunable(0.5, 1.0, 2.0),
            lambda: tunable(1.0, 2.0, 1.0),
            lambda: tunable(0.0, 0.0, 1.0, log=True),
            lambda: tunable(0.5, 0, 1),
            lambda: tunable_choice("c", ("a", "b")),
            lambda: tunable_choice("a", ("a",)),
        ],
    )
    def test_one_that_cannot_be_is_refused_where_it_is_declared(
        self, declare: Callable[[], Any]
    ) -> None:
        with pytest.raises(ValueError, match=r"nothing to|is not"):
            declare()

    def test_settings_are_values_of_the_config(self) -> None:
        """As JSON has them: lists for tuples."""
        settings = {"rounds": 7, "inner.rate": 1, "inner.units": [8, 8]}
        assert with_settings(Outer(), settings) == Outer(7, Inner(1.0, (8, 8)))

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"inner.kept": 4}, "inner.kept is no setting that can be tuned"),
            ({"rounds": 10}, "rounds: 10 is not from 1 to 9"),
            ({"rounds": 2.5}, "rounds: 2.5 is not a whole number"),
            ({"inner.units": [5]}, "inner.units: .* is not one of"),
        ],
    )
    def test_others_are_refused(self, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            with_settings(Outer(), settings)


class TestSettingsFromTheRecord:
    def test_they_are_its_best(self, tmp_path: Path) -> None:
        module = tmp_path / "module.py"
        assert tuned(outer(), str(module)) == outer()
        path = record_path("outer", module)
        path.parent.mkdir()
        path.write_text(json.dumps(WHOLE), encoding="utf-8")
        assert tuned(outer(), str(module)).config == Outer(4, Inner(units=(8, 8)))
        assert tuned(outer(name="other"), str(module)) == outer(name="other")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", r"is not whole, or not JSON \(line 1, column 2\)"),
            ("", r"is not whole, or not JSON \(line 1, column 1\)"),
            ("[]", "is no record of a study, or not a whole one"),
            ("{}", "is no record of a study, or not a whole one: it has no 'study'"),
            (
                json.dumps(WHOLE).replace('"outer"', '"inner"'),
                "is of a study of inner, not of oute",
            ),
            (
                json.dumps(WHOLE).replace("rounds", "gone"),
                "has a setting that outer cannot have, .*: gone is no setting that can be tuned",
            ),
            (
                json.dumps(WHOLE).replace('"rounds": 4', '"rounds": 40').replace("=4,", "=40,"),
                "has a setting that outer cannot have, .*: rounds: 40 is not from 1 to 9",
            ),
        ],
    )
    def test_a_record_that_does_not_fit_is_refused(
        self, text: str, message: str, tmp_path: Path
    ) -> None:
        path = record_path("outer", tmp_path / "module.py")
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        remedy = "; restore the file, or remove it and tune anew$"
        with pytest.raises(ValueError, match=f"^{path} {message}.*{remedy}"):
            tuned(outer(), str(tmp_path / "module.py"))

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ("settings/rounds", 5, "other settings than its best draw, number 2"),
            ("settings/rounds", 4.0, "other settings than its best draw"),
            ("settings/rounds", "abc", "other settings than its best draw"),
            ("settings/rounds", float("nan"), "other settings than its best draw"),
            ("settings/rounds", {}, "other settings than its best draw"),
            ("settings", {}, "other settings than its best draw"),
            ("settings", {"rounds": 3, "inner.units": [4]}, "other settings than its best draw"),
            ("draws", [], "has no draws"),
            ("draws", {"number": 0}, "is no record of a study"),
            ("draws/2/number", 1, "draws that are not in the order of their numbers"),
            ("draws/0/settings/rounds", 2, "a first draw whose settings are not the study's first"),
            ("draws/0/score", 0.3, "draw number 0 whose score 0.3 is not the mean 0.25"),
            ("draws/0/score", float("nan"), "draw number 0 whose score nan is not the mean"),
            ("draws/0/scores/CliffChain", [0.25], "draw number 0 without a score for each of its"),
            ("draws/1/is_stopped", False, "draw number 1 without a score for each of its seeds"),
            ("draws/0/scores", {"FourRooms": [0.0, 0.5]}, "draw number 0 without a score for each"),
            ("best", 77, "has 77 as its best draw, which is the number of none of them"),
            ("best", 1, "has 1 as its best draw, but by the scores 2 is"),
            ("confirmation", None, "has no confirmation of its best draw"),
            ("confirmation/best/score", 0.6, "a confirmation with draw number 2 whose score 0.6"),
            ("confirmation/best/number", 1, "a confirmation of another draw than the best one"),
            ("confirmation/first/settings/rounds", 4, "of another draw than the first one"),
            ("confirmation/best/failures", ["timeout"], "other settings than its first draw"),
            ("confirmation/seeds", [2, 3], "confirmation with draw number 0 without a score for"),
            ("confirmation/seeds", [0, 1, 2], "a confirmation with other seeds than its study"),
            ("confirmation/seeds", [], "a confirmation with other seeds than its study says"),
            ("study/confirm", 2, "a confirmation with other seeds than its study says"),
        ],
    )
    def test_a_record_that_contradicts_itself_is_refused(
        self, path: str, value: Any, message: str, tmp_path: Path
    ) -> None:
        assert contradiction(WHOLE) == ""
        file = record_path("outer", tmp_path / "module.py")
        file.parent.mkdir()
        file.write_text(json.dumps(edited(WHOLE, path, value)), encoding="utf-8")
        with pytest.raises(ValueError, match=message) as caught:
            tuned(outer(), str(tmp_path / "module.py"))
        assert len(str(caught.value).splitlines()) == 1

    def test_a_config_that_cannot_be_compared_is_no_contradiction(self) -> None:
        """Not every `repr` is an expression, and not every field is in it."""
        for old, new in (("kept=5", "kept=<object>"), ("rounds=3, ", ""), ("rate=0.1", "rate=inf")):
            record = edited(WHOLE, "study/config", WHOLE["study"]["config"].replace(old, new))
            other = WHOLE["config"].replace(old, new).replace("rounds=4, " * (not new), "")
            assert contradiction(edited(record, "config", other)) == ""

    def test_of_equal_confirmations_the_first_is_to_be_taken(self) -> None:
        tie = edited(WHOLE, "confirmation/best/scores/CliffChain", [0.25, 0.25, 0.25])
        tie = edited(tie, "confirmation/best/score", 0.25)
        assert "other settings than its first draw, number 0" in contradiction(tie)
        tie = edited(tie, "settings", WHOLE["study"]["first"])
        assert contradiction(edited(tie, "config", WHOLE["study"]["config"])) == ""

    def test_every_bundled_learner_takes_them(self) -> None:
        """None forgets to ask for its record, under its own name and in the package's folder."""
        script = (
            "import json, pathlib, il_envs.learning.tuning as tuning; asked = {};\n"
            "real = tuning.record_path\n"
            "def recorded(name, module):\n"
            "    asked[name] = str(real(name, module))\n"
            "    return real(name, module)\n"
            "tuning.record_path = recorded\n"
            "from leaderboard.algorithms.submission import load_installed\n"
            "load_installed(); print(json.dumps(asked))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        asked = json.loads(done.stdout)
        for contender in load_installed()[0]:
            if contender.tuned_as:
                assert load(contender.tuned_as).space
            elif contender.space and not contender.is_control:
                path = Path(asked[contender.name])
                assert (path.parts[-3:-1], path.stem) == (("baselines", "tuning"), contender.name)

    def test_no_bundled_learner_has_drifted_from_its_record(self) -> None:
        for path in RECORDS.glob("*.json"):
            record = read_record(path)
            assert record is not None
            assert record.config == load(path.stem).config

    def test_make_tune_gives_each_bundled_learner_one_study_with_as_many_draws_and_seeds(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In one world, to which it applies; the committed records are of these studies."""
        studies: dict[str, tuple[list[str], int]] = {}
        efforts = set()

        def studied(origins: list[str], worlds: list[str], *rest: Any) -> None:
            draws, seeds, labels, steps, *_, stop_after, confirm, is_adopted = rest
            assert is_adopted
            efforts.add((draws, seeds, labels, stop_after, confirm))
            for origin in origins:
                assert origin not in studies
                studies[origin] = worlds, steps

        monkeypatch.setattr(command, "tune", studied)
        dry = ["make", "--always-make", "--dry-run", "tune"]
        lines = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            program, *arguments = line.split()
            if program.endswith("/leaderboard"):
                get_command(app)(arguments, standalone_mode=False)
        learners = {
            contender.name
            for contender in load_installed()[0]
            if not untunable(contender, [get_world("DriftCar"), get_world("FourRooms")])
            or not untunable(contender, [get_world("Shooter")])
        }
        assert set(studies) == learners
        assert len(efforts) == 1
        for name, (worlds, _) in studies.items():
            (world,) = worlds
            assert load(name).applies_to(get_world(world))
        ((draws, seeds, labels, stop_after, confirm),) = efforts
        for path in RECORDS.glob("*.json"):
            record = read_record(path)
            assert record is not None
            study = record.study
            assert (list(study.worlds), study.steps) == studies[path.stem]
            assert (study.seeds, study.labels, study.stop_after) == (seeds, labels, stop_after)
            assert len(record.draws) == draws
            if record.confirmation is not None:
                assert record.confirmation.seeds == tuple(range(seeds, seeds + confirm))


class TestSeedsAndArenas:
    def test_no_seed_of_tuning_is_one_of_results(self) -> None:
        """Blocks of seeds, as `Problem` has them, and those on which policies are scored."""
        results, tuning = (
            range(2 * first * SEED_BLOCK, 2 * (first + count) * SEED_BLOCK)
            for first, count in ((0, TUNING_SEED), (TUNING_SEED, MOST_TUNING_SEEDS))
        )
        for seed, block in ((0, results), (TUNING_SEED - 1, results), (TUNING_SEED, tuning)):
            problem = Problem(get_world("CliffChain"), frozenset(), Budget(1, 1), seed)
            assert problem._demonstration_seed in block
            assert problem._next_env_seed + SEED_BLOCK - 1 in block
        scored = tuning_profile(1, 1, 1).evaluation_seeds
        assert scored.start == TUNING_EPISODES_SEED
        evaluation = range(EVALUATION_SEED, EVALUATION_SEED + SEED_BLOCK)
        for one, other in combinations((results, tuning, scored, evaluation), 2):
            assert max(one.start, other.start) >= min(one.stop, other.stop)

    def test_what_a_cell_of_tuning_acts_in_no_cell_of_results_does(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the keys of all episodes, and the arenas that they are in."""
        seen: dict[bool, set[tuple[str, int]]] = {True: set(), False: set()}
        reset = WorldVectorEnv.reset

        def recorded(env: WorldVectorEnv, **arguments: Any) -> Any:
            answer = reset(env, **arguments)
            seen[is_tuning] |= {(env.split, int(key)) for key in env.states["key"]}
            return answer

        monkeypatch.setattr(WorldVectorEnv, "reset", recorded)
        profile = tuning_profile(300, 10_000, 2).model_copy(update={"evaluation_episodes": 4})
        for is_tuning in (True, False):
            changed = profile.model_copy(update={"is_tuning": is_tuning})
            for spec in specs_of("dagger", changed):
                assert child.compute(spec).status == "ok"
        assert {split for split, _ in seen[True]} == {"training"}
        assert {split for split, _ in seen[False]} == {"training", "held_out"}
        assert not {key for _, key in seen[True]} & {key for _, key in seen[False]}

    def test_a_cell_of_tuning_has_no_exact_metrics(self) -> None:
        spec = specs_of("bc", tuning_profile(300, 1, 1))[0]
        outcome = child.compute(spec)
        assert (outcome.status, outcome.exact, outcome.outside_support) == ("ok", None, None)
        assert [e.seed for e in outcome.episodes] == list(spec.profile.evaluation_seeds)


def specs_of(name: str, profile: Profile) -> list[CellSpec]:
    specs = cells_of_run(profile, [get_world("CliffChain")], [load(name)], profile.seeds)
    return [spec for spec in specs if spec.labels is not None]


@pytest.mark.usefixtures("here")
class TestStudy:
    def test_it_finds_a_better_place_and_keeps_all_it_did(self, toy: Path, tmp_path: Path) -> None:
        record = tune(toy, tmp_path / "out", 6)
        first, best = record.draws[0], record.draws[record.best]
        assert first.settings == {"place": 0.01, "kind": "a"}  # those that it has
        assert best.score > first.score + 0.05
        assert abs(best.settings["place"] - 0.5) < abs(0.01 - 0.5)
        assert best.score == max(draw.score for draw in record.draws if not draw.is_stopped)
        assert record.confirmation is not None
        assert record.confirmation.is_better
        assert (record.settings, record.study.seeds) == (best.settings, 2)
        assert len(record.draws) == 6
        assert all(float(f"{d.settings['place']:.3g}") == d.settings["place"] for d in record.draws)
        assert read_record(tmp_path / "out" / "toy" / "record.json") == record

    def test_scores_are_those_of_the_cells(self, toy: Path, tmp_path: Path) -> None:
        record = tune(toy, tmp_path / "out", 1)
        folder = tmp_path / "out" / "toy"
        returns = {}
        for path in folder.rglob("cell.json"):
            cell = json.loads(path.read_text(encoding="utf-8"))
            mean = np.mean([episode["total_reward"] for episode in cell["episodes"]])
            returns.setdefault(cell["spec"]["algorithm"], {})[cell["spec"]["seed"]] = mean
        zero, one = (np.mean(list(returns[name].values())) for name in ("random", "soft-optimal"))
        expected = [(returns["toy"][seed] - zero) / (one - zero) for seed in (0, 1)]
        assert record.draws[0].scores == {"CliffChain": pytest.approx(expected)}
        assert record.draws[0].score == pytest.approx(np.mean(expected))

    def test_what_is_clearly_worse_is_stopped_after_a_seed(self, toy: Path, tmp_path: Path) -> None:
        record = tune(toy, tmp_path / "out", 9)
        stopped = [draw for draw in record.draws if draw.is_stopped]
        assert stopped
        assert all(len(draw.scores["CliffChain"]) == 1 for draw in stopped)
        assert record.best not in {draw.number for draw in stopped}
        whole = tune(toy, tmp_path / "whole", 9, stop_after=2)
        assert not any(draw.is_stopped for draw in whole.draws)

    def test_a_training_that_fails_scores_as_random(self, toy: Path, tmp_path: Path) -> None:
        text = TOY.replace("    shown = ", "    assert config.kind == 'a'\n    shown = ")
        (toy / "algorithm.py").write_text(text, encoding="utf-8")
        draws = tune(toy, tmp_path / "out", 4).draws
        failed = [draw for draw in draws if draw.settings["kind"] == "b"]
        assert failed
        assert all(draw.score == 0.0 and "AssertionError" in draw.failures[0] for draw in failed)

    def test_if_every_training_fails_there_is_no_record(self, toy: Path, tmp_path: Path) -> None:
        text = TOY.replace("    shown = ", "    raise OSError('no disk')\n    shown = ")
        (toy / "algorithm.py").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=r"every training of the study has failed: .*no disk"):
            tune(toy, tmp_path / "out", 1)
        assert not (tmp_path / "out" / "toy" / "record.json").exists()

    def test_a_draw_of_the_same_settings_has_the_scores_of_the_earlier_one(
        self, toy: Path, tmp_path: Path
    ) -> None:
        text = TOY.replace("tunable(0.01, 0.001, 1.0, log=True)", "0.4")
        (toy / "algorithm.py").write_text(text, encoding="utf-8")
        first, *others = tune(toy, tmp_path / "out", 6).draws
        (other,) = [draw for draw in others if draw.repeats is None]  # there are two kinds
        for draw in others:
            original = {"a": first, "b": other}[draw.settings["kind"]]
            if draw is not other:
                repeat = {"number": draw.number, "repeats": original.number}
                assert draw == original.model_copy(update=repeat)
        trained = {path.name for path in (tmp_path / "out" / "toy" / "draws").iterdir()}
        assert trained == {str(first.number), str(other.number)}


LUCK = '''
from dataclasses import dataclass
import numpy as np
from il_envs import Algorithm, TabularPolicy, tunable

@dataclass(frozen=True)
class Config:
    """A setting that changes nothing but the luck of a training."""
    place: float = tunable(0.5, 0.0, 1.0)

def train(problem, seed, config):
    shown = problem.demonstrations()
    counts = np.zeros((problem.observation_space.n, problem.action_space.n))
    np.add.at(counts, (shown.observations, shown.actions), 1.0)
    right = (counts == counts.max(1, keepdims=True)).astype(float)
    right /= right.sum(1, keepdims=True)
    share = SHARE
    return TabularPolicy(share * right + (1.0 - share) / problem.action_space.n, seed)

algorithm = Algorithm("toy", "", frozenset({"demonstrations"}), Config(), train)
'''


def lucky(toy: Path, share: str) -> None:
    """Let the toy's share of right moves be an expression of its config and its training seed."""
    (toy / "algorithm.py").write_text(LUCK.replace("SHARE", share), encoding="utf-8")


class TrainingsByLuck(trainings.Trainings):
    """Scores that have nothing to do with the settings: other ones for each folder and seed."""

    def __init__(self, *_: object) -> None:
        self.computer = None

    def scored(self, number: int, settings: Mapping[str, Any], seeds: range, folder: Path) -> Draw:
        luck = [np.random.default_rng([*os.fsencode(folder), seed]).normal() for seed in seeds]
        return Draw(
            number=number,
            settings=dict(settings),
            score=float(np.mean(luck)),
            scores={"CliffChain": tuple(luck)},
        )


@pytest.mark.usefixtures("here")
class TestConfirmation:
    def test_it_has_seeds_that_no_draw_has_had(self, toy: Path, tmp_path: Path) -> None:
        """By their numbers, and by the seeds of what was trained, which are those of tuning."""
        record = tune(toy, tmp_path / "out", 2, confirm=2)
        assert record.confirmation is not None
        assert record.confirmation.seeds == (2, 3)
        trained: dict[str, set[int]] = {"draws": set(), "confirmation": set()}
        folder = tmp_path / "out" / "toy"
        for kind, seeds in trained.items():
            for path in (folder / kind).rglob("cell.json"):
                spec = CellSpec.model_validate(json.loads(path.read_text("utf-8"))["spec"])
                seeds.add(spec.training_seed)
        assert trained["draws"] == {TUNING_SEED, TUNING_SEED + 1}
        assert trained["confirmation"] == {TUNING_SEED + 2, TUNING_SEED + 3}
        assert {path.name for path in (folder / "confirmation").iterdir()} == {
            "0", str(record.best),
        }  # fmt: skip
        assert max(trained["confirmation"]) < TUNING_SEED + MOST_TUNING_SEEDS

    def test_what_was_luck_with_the_seeds_of_the_study_is_not_taken(
        self, toy: Path, tmp_path: Path
    ) -> None:
        """Others than the first are better with the study's seeds, and worse with all others."""
        share_of_drawn = f"(1.0 if seed < {TUNING_SEED + 2} else 0.5)"
        lucky(toy, f"0.9 if config.place == 0.5 else {share_of_drawn}")
        record = tune(toy, tmp_path / "out", 2, adopt=True)
        assert record.best != record.draws[0].number
        assert record.confirmation is not None
        assert record.confirmation.best.settings == record.draws[record.best].settings
        assert record.confirmation.best.score < record.confirmation.first.score - 0.1
        assert record.settings == record.draws[0].settings == {"place": 0.5}
        assert "place=0.5" in record.config
        assert str(record.confirmation).startswith("the first is kept: ")
        line, confirmed, settings = told_settings("toy", str(toy), record.config)
        assert "toy.json, the first of 2 draws of toy (" in line
        assert (confirmed, settings) == (f"  {record.confirmation}", "  place = 0.5")

    def test_of_draws_that_differ_by_luck_alone_the_first_is_kept_in_half(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of 40 studies whose best draw is not the first, each keeps the first with probability
        1/2, and 9 or fewer or 31 or more do so with probability 0.0007."""
        monkeypatch.setattr(tuner, "Trainings", TrainingsByLuck)
        contender, profile = load(str(toy)), tuning_profile(300, 1_000, 2)
        confirmations: list[Confirmation] = []
        for study in range(80):
            out = tmp_path / str(study)
            record = tuner.Tuner(
                contender, [get_world("CliffChain")], profile, 2, study, 3, out, 1
            ).run(4)
            assert record is not None
            if record.confirmation is not None and len(confirmations) < 40:
                confirmations.append(record.confirmation)
                kept = record.settings == record.draws[0].settings
                assert kept == (not record.confirmation.is_better)
        assert len(confirmations) == 40
        assert 10 <= sum(not confirmation.is_better for confirmation in confirmations) <= 30

    def test_its_scores_are_those_of_the_cells_and_decide(self, toy: Path, tmp_path: Path) -> None:
        record = tune(toy, tmp_path / "out", 2, confirm=3)
        assert record.confirmation is not None
        for draw in (record.confirmation.first, record.confirmation.best):
            (scores,) = draw.scores.values()
            assert len(scores) == 3
            assert draw.score == pytest.approx(np.mean(scores))
        chosen = max(record.confirmation.first, record.confirmation.best, key=lambda d: d.score)
        assert record.settings == chosen.settings

    def test_if_the_first_is_the_best_there_is_none(self, toy: Path, tmp_path: Path) -> None:
        """Ties among the draws are the first's."""
        lucky(toy, "0.5")
        record = tune(toy, tmp_path / "out", 3)
        assert (record.best, record.confirmation) == (0, None)
        assert not (tmp_path / "out" / "toy" / "confirmation").exists()

    @pytest.mark.parametrize(
        ("first", "best", "failures", "is_better", "words"),
        [
            (
                0.64,
                0.71,
                (),
                True,
                "draw 5 scored 0.710 against 0.640 of the first on 3 fresh seeds",
            ),
            (0.71, 0.64, (), False, "the first is kept: draw 5 scored 0.640 against 0.710"),
            (0.64, 0.64, (), False, "the first is kept: draw 5 scored 0.640 against 0.640"),
            (0.64, 0.71, ("timeout",), False, "seeds; draw 5 failed in 1 training (timeout)"),
        ],
    )
    def test_ties_and_failures_keep_the_first(
        self, first: float, best: float, failures: tuple[str, ...], is_better: bool, words: str
    ) -> None:
        confirmation = Confirmation(
            seeds=(2, 3, 4),
            first=Draw(number=0, settings={}, score=first, scores={}),
            best=Draw(number=4, settings={}, score=best, scores={}, failures=failures),
        )
        assert confirmation.is_better == is_better
        assert words in str(confirmation)

    def test_it_goes_on_where_it_was_interrupted(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = tune(toy, tmp_path / "whole", 2, confirm=2)
        compute = child.compute

        def interrupted(spec: CellSpec) -> Any:
            if spec.seed == 3:
                raise KeyboardInterrupt
            return compute(spec)

        monkeypatch.setattr(child, "compute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tune(toy, tmp_path / "out", 2, confirm=2)
        monkeypatch.setattr(child, "compute", compute)
        (cell,) = (tmp_path / "out" / "toy" / "confirmation").rglob("cell.json")
        before = cell.stat().st_mtime_ns
        record = tune(toy, tmp_path / "out", 2, confirm=2)
        assert cell.stat().st_mtime_ns == before
        assert record.model_dump(exclude={"computer"}) == whole.model_dump(exclude={"computer"})

        def never(spec: CellSpec) -> Any:
            raise AssertionError(spec.title)

        monkeypatch.setattr(child, "compute", never)
        assert tune(toy, tmp_path / "out", 2, confirm=2) == record  # nothing is left to compute

    def test_the_conclusion_tells_it(
        self, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        record = tune(toy, tmp_path / "out", 2)
        assert f"\n  {record.confirmation}\n" in capsys.readouterr().out


def spec_and_space(toy: Path, folder: Path) -> tuple[Any, Any]:
    contender = load(str(toy))
    profile = tuning_profile(300, 1_000, 2)
    spec = study_spec(contender, [get_world("CliffChain")], profile, 1, 0, 1, folder)
    return spec, contender.space


def drawn(study: Study, draws: int, score: Callable[[dict[str, Any]], float]) -> list[Any]:
    """The settings of draws that are scored without training."""
    found = []
    for _ in range(draws):
        with study.claim(100) as claim:
            assert claim is not None
            found.append(claim.settings)
            value = score(claim.settings)
            study.is_below_median(claim, value)
            study.finish(
                claim, Draw(number=claim.number, settings=claim.settings, score=value, scores={})
            )
    return found


class TestDraws:
    def test_the_same_seed_draws_the_same_whether_interrupted_or_not(
        self, toy: Path, tmp_path: Path
    ) -> None:
        """Past the draws that are random, too, which depend on the scores before."""

        def score(settings: dict[str, Any]) -> float:
            return -abs(float(settings["place"]) - 0.5)

        spec, space = spec_and_space(toy, tmp_path / "none")
        whole = drawn(Study(tmp_path / "a", spec, space), 15, score)
        parts = drawn(Study(tmp_path / "b", spec, space), 6, score)
        parts += drawn(Study(tmp_path / "b", spec, space), 9, score)
        assert parts == whole
        assert len({draw["place"] for draw in whole}) == 15
        other = spec.model_copy(update={"sampler_seed": 1})
        assert drawn(Study(tmp_path / "c", other, space), 15, score)[1:] != whole[1:]

    def test_what_a_killed_process_began_is_the_next_ones(self, toy: Path, tmp_path: Path) -> None:
        """And no one else's while it is computed."""
        spec, space = spec_and_space(toy, tmp_path / "none")
        one, other = (Study(tmp_path / "out", spec, space) for _ in range(2))
        with one.claim(2) as first, other.claim(2) as second:
            assert first is not None
            assert second is not None
            assert (first.number, second.number) == (0, 1)
            with one.claim(2) as third:
                assert third is None  # both are being computed
        with other.claim(2) as left:  # neither was finished
            assert left is not None
            assert (left.number, left.settings) == (0, first.settings)

    def test_killed_processes_lose_nothing_and_several_share_a_study(
        self, toy: Path, tmp_path: Path
    ) -> None:
        alone = tune(toy, tmp_path / "alone", 2)
        arguments = [
            "tune", toy, "--worlds", "CliffChain", "--draws", 2, "--labels", 300, "--steps", 1_000,
            "--workers", 1, "--out", tmp_path / "shared",
        ]  # fmt: skip
        command = [sys.executable, "-m", "leaderboard", *map(str, arguments)]

        def start() -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
            )

        killed = start()
        draws = tmp_path / "shared" / "toy" / "draws"
        while not list(draws.glob("0/*/*/*/seed_0/cell.json")):
            assert killed.poll() is None
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        cell = next(draws.glob("0/*/*/*/seed_0/cell.json"))
        before = cell.stat().st_mtime_ns
        both = [start(), start()]
        for process in both:
            _, errors = process.communicate()
            assert process.returncode == 0, errors
        assert cell.stat().st_mtime_ns == before  # not computed again
        shared = read_record(tmp_path / "shared" / "toy" / "record.json")
        assert shared is not None
        assert shared.draws == alone.draws


@pytest.mark.usefixtures("here")
class TestAdopting:
    def test_settings_come_from_the_record_and_a_study_goes_on_all_the_same(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = load(str(toy)).code
        record = tune(toy, tmp_path / "out", 2)
        assert load(str(toy)).values["place"] == 0.01
        again = tune(toy, tmp_path / "out", 2, adopt=True)  # nothing is left to compute
        assert again == record
        adopted = load(str(toy))
        assert adopted.config == record.config
        assert adopted.code == code  # settings have a place of their own in a cell's key
        longer = tune(toy, tmp_path / "out", 3)
        assert longer.draws[:2] == record.draws
        assert longer.study == record.study

        monkeypatch.chdir(toy)
        line, confirmed, *settings = told_settings("toy", str(toy), record.config)
        assert line.startswith(
            "settings: of the study tuning/toy.json, the best of 2 draws of toy ("
        )
        assert "CliffChain: 2 training seeds of 300 labels" in line
        assert confirmed == f"  {record.confirmation}"
        assert confirmed.startswith("  draw 2 scored ")
        place, kind = (json.dumps(record.settings[name]) for name in ("place", "kind"))
        assert settings == [f"  place = {place}", f"  kind = {kind}"]
        assert list(told_settings("toy", str(toy), "Config(place=0.7)")) == [
            "settings: not tuned, they are not those of the study tuning/toy.json"
        ]

    def test_without_a_record_it_is_said(self, toy: Path) -> None:
        for origin in (str(toy), "no-longer-installed"):
            assert list(told_settings("toy", origin, "Config()")) == [
                "settings: not tuned, there is no recorded study of toy"
            ]

    def test_a_variant_takes_over_what_was_tuned_for_it(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tune(toy, tmp_path / "out", 1, adopt=True)
        text = TOY.replace("fixed: int = 3", "fixed: int = 4").replace(
            "algorithm = tuned(Algorithm(", "algorithm = tuned(Algorithm(tuned_as='toy', name="
        )
        variant = text.replace('name="toy"', 'name="variant"').replace(
            '"", frozenset({"demonstrations"}), Config(), train',
            'summary="", sources=frozenset({"demonstrations"}), config=Config(), train=train',
        )
        (toy / "algorithm.py").write_text(variant, encoding="utf-8")
        monkeypatch.chdir(toy)
        config = load(str(toy)).config
        line, *_ = told_settings("variant", str(toy), config)
        assert line.startswith(
            "settings: of the study tuning/toy.json, the best of 1 draw of toy ("
        )
        (other,) = told_settings("variant", str(toy), config.replace("fixed=4", "fixed=5"))
        assert other == "settings: not tuned, they are not those of the study tuning/toy.json"

    def test_one_that_was_copied_from_another_algorithm_is_none(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = tune(toy, tmp_path / "out", 1)
        path = record_path("toy", toy / "algorithm.py")
        study = record.study.model_copy(update={"algorithm": "other"})
        write_record(path, record.model_copy(update={"study": study}))
        monkeypatch.chdir(toy)
        assert list(told_settings("toy", str(toy), record.config)) == [
            "settings: not tuned, the study tuning/toy.json is one of other, not of toy"
        ]

    def test_a_damaged_record_is_one_line_that_names_the_users_file(
        self, toy: Path, tmp_path: Path
    ) -> None:
        """Wherever it is read: to run the algorithm, to tune it, and to explain its row."""
        tune(toy, tmp_path / "out", 1, adopt=True)
        path = record_path("toy", toy / "algorithm.py")
        whole = json.loads(path.read_text(encoding="utf-8"))
        for text in ("{", json.dumps(edited(whole, "settings/place", 0.7))):
            path.write_text(text, encoding="utf-8")
            remedy = "; restore the file, or remove it and tune anew"
            with pytest.raises(UserError, match=f"^{path} .*{remedy}$"):
                list(told_settings("toy", str(toy), "Config()"))
            with pytest.raises(
                UserError, match=f"^{toy}/algorithm.py: ValueError: {path} .*{remedy}$"
            ):
                load(str(toy))
            with pytest.raises(UserError, match=remedy):
                tune(toy, tmp_path / "out", 1)
        path.write_text(json.dumps(edited(whole, "study/labels", "many")), encoding="utf-8")
        with pytest.raises(UserError, match=r"toy.json: study.labels: .* valid integer.*; restore"):
            list(told_settings("toy", str(toy), "Config()"))
        path.unlink()
        tune(toy, tmp_path / "out", 1)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["bc", "--worlds", "DriftCart"], 2, "unknown world 'DriftCart'; did you mean 'DriftCar'?"),
        (["bc", "--worlds", ""], 2, "--worlds '' names nothing; give one or more, with commas"),
        (["", "--worlds", "Duel"], 2, "ALGORITHM '' names nothing; give one or more, with commas"),
        (["bcc", "--worlds", "DriftCar"], 2, "unknown algorithm 'bcc'; did you mean 'bc'?"),
        (["bc", "--worlds", "DriftCar", "--draws", "0"], 2, "--draws must be at least 1, not 0"),
        (["bc", "--worlds", "DriftCar", "--seeds", "50"], 2, "--seeds must be at most 49, not 50"),
        (
            ["bc", "--worlds", "DriftCar", "--seeds", "40", "--confirm", "10"], 2,
            "--seeds and --confirm must be at most 49 together, not 50",
        ),
        (["bc", "--worlds", "Duel", "--confirm", "0"], 2, "--confirm must be at least 1, not 0"),
        (["bc", "--worlds", "DriftCar", "--labels", "0"], 2, "--labels must be at least 1, not 0"),
        (
            ["maxent", "--worlds", "DriftCar,Pillar"], 1,
            "maxent applies to none of the worlds DriftCar, Pillar",
        ),
        (
            ["apprenticeship", "--worlds", "FourRooms"], 1,
            "apprenticeship has nothing to tune: no setting of it has a search space",
        ),
        (
            ["bc-chunk", "--worlds", "DriftCar"], 1,
            "bc-chunk has the settings of bc, which is tuned for it",
        ),
        (
            ["shuffled-labels", "--worlds", "FourRooms"], 1,
            "shuffled-labels is a control, which is not tuned",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_changes_nothing(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    draws = [] if "--draws" in arguments else ["--draws", "2"]
    out = tmp_path / "out"
    told = in_process(monkeypatch, capsys, "tune", *arguments, *draws, "--out", out)
    assert (told[0], told[2].splitlines()) == (code, [f"leaderboard: {message}"])
    assert not out.exists()


class TestFolder:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"seeds": 3}, "holds a study of toy with seeds 2, not 3; choose another --out"),
            ({"labels": 400}, "holds a study of toy with labels 300, not 400"),
            ({"stop_after": 2}, "holds a study of toy with stop after 1, not 2"),
            ({"sampler_seed": 9}, "holds a study of toy with sampler seed 0, not 9"),
            ({"confirm": 2}, "holds a study of toy with confirm 1, not 2; choose another --out"),
            ({"draws": 1}, "holds a study of 2 draws; --draws must be as many at least, not 1"),
        ],
    )
    def test_one_that_holds_another_study_is_refused(
        self, changes: dict[str, Any], message: str, toy: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "out" / "toy"
        spec, space = spec_and_space(toy, folder)
        drawn(Study(folder, spec, space), 2, lambda _: 0.0)
        before = (folder / "study.json").read_bytes()
        with pytest.raises(UserError, match=message):
            tune(toy, tmp_path / "out", **{"draws": 2, **changes})
        assert (folder / "study.json").read_bytes() == before

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("fixed: int = 3", "fixed: int = 4", "with other settings"),
            ("0.001, 1.0", "0.002, 1.0", "with another search space"),
            ("share = max", "share = 0.9 * max", "with another version of its code"),
        ],
    )
    def test_one_of_another_algorithm_is_refused(
        self, old: str, new: str, message: str, toy: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "out"
        Study(folder, *spec_and_space(toy, folder))
        (toy / "algorithm.py").write_text(TOY.replace(old, new), encoding="utf-8")
        spec, space = spec_and_space(toy, folder)
        with pytest.raises(UserError, match=message):
            Study(folder, spec, space)

    def test_a_damaged_one_is_refused(self, toy: Path, tmp_path: Path) -> None:
        folder = tmp_path / "out" / "toy"
        folder.mkdir(parents=True)
        (folder / "study.json").write_text("{", encoding="utf-8")
        with pytest.raises(UserError, match=r"study.json: damaged; choose another --out"):
            tune(toy, tmp_path / "out", 1)

    @pytest.mark.usefixtures("here")
    def test_seeds_that_decide_are_not_chosen_after_their_scores(
        self, toy: Path, tmp_path: Path
    ) -> None:
        """What was recorded stays, and so does the number in the file of a study without one."""
        record = tune(toy, tmp_path / "out", 2, confirm=2, adopt=True)
        path = record_path("toy", toy / "algorithm.py")
        before = path.read_bytes()
        assert record.study.confirm == 2
        with pytest.raises(UserError, match="holds a study of toy with confirm 2, not 1"):
            tune(toy, tmp_path / "out", 2, confirm=1, adopt=True)
        assert path.read_bytes() == before
        file = tmp_path / "out" / "toy" / "study.json"
        said = json.loads(file.read_text(encoding="utf-8"))
        del said["confirm"]
        file.write_text(json.dumps(said), encoding="utf-8")
        assert tune(toy, tmp_path / "out", 2, confirm=2) == record
        with pytest.raises(UserError, match="holds a study of toy with confirm 2, not 1"):
            tune(toy, tmp_path / "out", 2, confirm=1)

    @pytest.mark.usefixtures("here")
    def test_a_damaged_journal_is_one_line_and_is_made_anew_from_the_cells(
        self, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = tune(toy, tmp_path / "out", 2)
        path = tmp_path / "out" / "toy" / "journal.log"
        whole = path.read_bytes()
        hint = f"remove it, and draws are made anew with the cells that {path.parent} keeps"
        for damaged, message in (
            (whole[:-20], r"damaged in line \d+"),
            (whole[:-1], r"damaged in line \d+"),
            (whole + b"garbage", r"damaged in line \d+"),
            (whole + b"\xff\n", r"damaged in line \d+"),
            (b"{\n" + whole, "damaged in line 1"),
            (whole + b"[]\n", r"damaged in line \d+"),
            (whole + b"{}\n", "not the journal of a study"),
            (whole.replace(b'"score"', b'"mark"'), "not the journal of a study"),
        ):
            path.write_bytes(damaged)
            with pytest.raises(UserError, match=f"^{path}: {message}; {hint}$"):
                tune(toy, tmp_path / "out", 2)
            assert path.read_bytes() == damaged
        path.unlink()

        def never(spec: CellSpec) -> Any:
            raise AssertionError(spec.title)

        monkeypatch.setattr(child, "compute", never)
        assert tune(toy, tmp_path / "out", 2) == record


def test_a_run_has_no_training_seeds_of_tuning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, errors = in_process(
        monkeypatch, capsys, "run", "--profile", "smoke", "--seeds", TUNING_SEED + 1,
        "--out", tmp_path / "out",
    )  # type: ignore[arg-type]  # fmt: skip
    assert (code, errors.count("\n")) == (2, 1)
    assert "--seeds must be at most 400, not 401: further ones are for tuning" in errors


@pytest.mark.usefixtures("here")
def test_a_record_can_be_read(tmp_path: Path, toy: Path) -> None:
    """A line for each draw, so that a change of one is a change of one line."""
    record = tune(toy, tmp_path / "out", 2)
    path = tmp_path / "copy.json"
    write_record(path, record)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('  {"number":') for line in lines) == 2
    assert lines[1:4] == [
        ' "settings": {',
        f'  "place": {json.dumps(record.settings["place"])},',
        f'  "kind": {json.dumps(record.settings["kind"])}',
    ]
    shutil.rmtree(tmp_path / "out")
    assert read_record(path) == record
