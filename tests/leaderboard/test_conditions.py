"""Conditions from the command line: they change the cell that is computed, its key and its table,
and a mistake is one line."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

import il_envs
from il_envs import Algorithm, get_world, tunable, tunable_choice
from il_envs.world import UnknownNameError
from leaderboard import UsageError, UserError, commands, describing
from leaderboard.algorithms.contender import Contender, contender_of
from leaderboard.algorithms.submission import load
from leaderboard.conditions import profile_with, with_settings
from leaderboard.profiles import PROFILES, Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running import child
from leaderboard.runs import Declaration, Manifest, extend_manifest, read_results
from leaderboard.scores.rows import return_of, scale_of
from leaderboard.tables.formats import markdown
from leaderboard.tables.page import header
from leaderboard.tables.teachers import table_by_teacher
from leaderboard.verification.replays import verify_episodes
from tests.leaderboard.test_cli import ALGORITHMS, in_process

TINY = Profile(
    name="tiny", labels=(400,), seeds=1, evaluation_episodes=2, steps=1_000, time_limit=60.0,
    steps_of_worlds={"FourRooms": 5},
)  # fmt: skip


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Settings:
    updates: int = 3
    sizes: tuple[int, ...] = (4,)
    kind: Literal["fast", "slow"] = "fast"
    stops: bool = False
    inner: Inner = field(default_factory=Inner)
    most: float | None = None
    shift: float = -0.5
    lean: float = tunable(0.5, -1.0, 1.0)
    rows: int = tunable_choice(4, (4, 8))
    bounds: tuple[float, ...] = (-1.0, 1.0)
    title: str = ""
    empty: Nothing = field(default_factory=Nothing)

    def __post_init__(self) -> None:
        if self.updates < 1:
            raise ValueError("updates must be 1 or more")


def taught(config: object = Settings(), settings: Mapping[str, str] | None = None) -> Contender:
    """An algorithm that is nowhere."""
    sources = frozenset({"demonstrations"})
    algorithm: Algorithm[object] = Algorithm("taught", "", sources, config, lambda *_: None)  # type: ignore[arg-type,return-value]
    return contender_of(algorithm, "taught", "code", settings or {}, il_envs.WORLDS.values())


TAUGHT = taught()


def spec_of(
    contender: Contender, world: str = "DriftCar", style: str = "", profile: Profile = TINY
) -> CellSpec:
    specs = cells_of_run(profile, [get_world(world)], [contender], 1, style=style)
    return next(spec for spec in specs if spec.labels is not None)


class TestProfile:
    def test_what_is_not_said_stays(self) -> None:
        assert profile_with(TINY, [], None) is TINY

    def test_labels_and_steps_are_in_its_name(self) -> None:
        profile = profile_with(TINY, [2_000, 500, 500], 70)
        assert (profile.labels, profile.steps_in("DriftCar")) == ((500, 2_000), 70)
        assert profile.steps_in("FourRooms") == 70  # in every world
        assert profile.name == "tiny with 500, 2,000 labels and 70 steps"
        assert profile_with(TINY, [], 70).labels == TINY.labels

    @pytest.mark.parametrize(("labels", "steps"), [([0], None), ([5, -1], None), ([], 0)])
    def test_numbers_below_1_are_refused(self, labels: list[int], steps: int | None) -> None:
        with pytest.raises(UsageError, match="must be at least 1"):
            profile_with(TINY, labels, steps)


class TestSettings:
    @pytest.fixture(autouse=True)
    def _found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(describing, "find", lambda _, settings: taught(settings=settings))

    @pytest.mark.parametrize(
        ("path", "text", "expected"),
        [
            ("updates", "10", replace(Settings(), updates=10)),
            ("updates", "1e2", replace(Settings(), updates=100)),
            ("sizes", "[8, 9]", replace(Settings(), sizes=(8, 9))),
            ("kind", "slow", replace(Settings(), kind="slow")),
            ("stops", "true", replace(Settings(), stops=True)),
            ("inner.rate", "2e-3", replace(Settings(), inner=Inner(0.002))),
            ("most", "2", replace(Settings(), most=2.0)),
            ("most", "null", Settings()),
            ("shift", "-2", replace(Settings(), shift=-2.0)),
            ("lean", "-0.5", replace(Settings(), lean=-0.5)),
            ("rows", "8", replace(Settings(), rows=8)),
            ("bounds", "[-3, 3]", replace(Settings(), bounds=(-3.0, 3.0))),
            ("title", "a", replace(Settings(), title="a")),
            ("title", "null", replace(Settings(), title="null")),
        ],
    )
    def test_a_text_is_a_value_of_the_settings_type(
        self, path: str, text: str, expected: Settings
    ) -> None:
        (changed,) = with_settings([TAUGHT], [f"taught.{path}={text}"])
        assert changed.config == repr(expected)
        assert list(changed.settings) == [path]
        assert taught(settings=changed.settings) == changed  # as a child process does it

    @pytest.mark.parametrize(
        ("path", "texts", "text"),
        [
            ("updates", ("5000", "5_000", "5e3", "5000.0"), "5000"),
            ("inner.rate", ("1e308", "1E308", "10e307"), "1e+308"),
            ("sizes", ("[8,9]", "[ 8, 9.0 ]"), "[8, 9]"),
            ("kind", ("slow", '"slow"'), "slow"),
            ("stops", ("true", "1", "yes"), "true"),
            ("rows", ("8", "8.0"), "8"),
        ],
    )
    def test_texts_of_the_same_value_are_the_same_setting(
        self, path: str, texts: tuple[str, ...], text: str
    ) -> None:
        for given in texts:
            (changed,) = with_settings([TAUGHT], [f"taught.{path}={given}"])
            assert changed.settings == {path: text}

    @pytest.mark.parametrize(
        ("path", "text", "message"),
        [
            ("updates", "-3", "must not be negative"),
            ("inner.rate", "-1e-9", "must not be negative"),
            ("most", "-1", "must not be negative"),
            ("sizes", "[4, -1]", "must not be negative"),
            ("inner.rate", "nan", "must be finite"),
            ("inner.rate", "NaN", "must be finite"),
            ("shift", "-inf", "must be finite"),
            ("bounds", "[0, 1e999]", "must be finite"),
            ("updates", "true", "must be a number, not true or false"),
            ("inner.rate", "false", "must be a number, not true or false"),
            ("sizes", "[4, true]", "must be a number, not true or false"),
            ("most", "true", "must be a number, not true or false"),
            ("updates", "-1" + "0" * 400, "must not be negative"),
        ],
    )
    def test_a_value_that_no_training_could_use_is_refused(
        self, path: str, text: str, message: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            list(with_settings([TAUGHT], [f"taught.{path}={text}"]))
        assert str(caught.value) == f"--set taught.{path}={text}: {message}"

    def test_an_algorithm_without_settings_says_so(self) -> None:
        with pytest.raises(UsageError, match=r"^--set taught\.x: taught has no settings$"):
            taught(Nothing(), {"x": "1"})

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            ("taught.update=3", UnknownNameError, "did you mean 'updates'"),
            ("taught.inner.rat=3", UnknownNameError, "setting of taught.inner 'rat'.*'rate'"),
            ("thaught.updates=3", UnknownNameError, "algorithm of this run.*'taught'"),
            ("taught.updates=ten", UsageError, "taught.updates=ten: .*valid integer"),
            ("taught.updates=1.5", UsageError, "taught.updates=1.5"),
            ("taught.kind=quick", UsageError, "'fast' or 'slow'"),
            ("taught.updates=0", UsageError, "updates must be 1 or more"),
            ("taught.inner={}", UsageError, "its settings are set one by one: rate"),
            ("taught.empty={}", UsageError, "its settings are set one by one: it has none"),
            ("taught.empty.x=1", UsageError, "taught.empty has no settings"),
            ("taught.updates.x=3", UsageError, "taught.updates has no settings of its own"),
            ("taught.updates.x.y=3", UsageError, "set taught.updates.x.y: taught.updates has no"),
            ("taught.updates", UsageError, "must be ALGORITHM.SETTING=VALUE"),
            ("updates=3", UsageError, "must be ALGORITHM.SETTING=VALUE"),
        ],
    )
    def test_a_mistake_is_one_line(self, text: str, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message) as caught:
            list(with_settings([TAUGHT], [text]))
        assert len(str(caught.value).splitlines()) == 1

    def test_they_change_the_key(self) -> None:
        (changed,) = with_settings([TAUGHT], ["taught.updates=10"])
        assert spec_of(changed).key["config"] != spec_of(TAUGHT).key["config"]

    def test_the_child_trains_with_them(self) -> None:
        """Counts are drowned by pseudo-counts: the clone of an expert acts at random."""
        returns = []
        for settings in ({}, {"smoothing": "1e9"}):
            outcome = child.compute(spec_of(load("bc", settings), "CliffChain"))
            assert outcome.exact is not None
            returns.append(outcome.exact.expected_return)
        random = cells_of_run(TINY, [get_world("CliffChain")], [], 1)[0]
        uniform = child.compute(random).exact
        assert uniform is not None
        assert returns[1] == pytest.approx(uniform.expected_return, abs=1e-3)
        assert returns[0] > returns[1] + 1.0


class TestStyle:
    def test_another_teacher_is_part_of_the_key_and_the_reference_is_not(self) -> None:
        reference = spec_of(TAUGHT)
        assert spec_of(TAUGHT, style="scripted") == reference
        noisy = spec_of(TAUGHT, style="noisy")
        assert noisy.style == "noisy"
        assert noisy.key.keys() - reference.key.keys() == {"style"}

    def test_who_is_not_taught_does_not_depend_on_it(self) -> None:
        alone = TAUGHT.model_copy(update={"sources": frozenset({"env"})})
        assert spec_of(alone, style="noisy") == spec_of(alone)

    def test_the_child_asks_that_expert(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = []

        class Recorded(child.Problem):
            def __init__(self, *arguments: object) -> None:
                asked.append(arguments[4])
                super().__init__(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(child, "Problem", Recorded)
        contender = load("bc", {"updates": "1", "hidden_sizes": "[2]"})
        for style in ("", "noisy"):
            assert child.compute(spec_of(contender, style=style)).status == "ok"
        assert asked == ["scripted", "noisy"]


def manifest_of(**declared: object) -> Manifest:
    return Manifest(
        profile=TINY, worlds=("DriftCar",), algorithms={"bc": ("DriftCar",)}, seeds=1,
        declarations={"bc": Declaration.model_validate(declared)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"settings": {"updates": "3"}}, "holds bc with its own settings, not updates=3"),
        ({"style": "noisy"}, "holds bc as the reference expert taught it, not the noisy expert"),
    ],
)
def test_one_folder_has_one_set_of_conditions(
    declared: dict[str, object], message: str, tmp_path: Path
) -> None:
    extend_manifest(tmp_path, manifest_of())
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(UserError, match=message):
        extend_manifest(tmp_path, manifest_of(**declared))
    assert (tmp_path / "run.json").read_bytes() == before


def test_the_table_and_the_explanation_tell_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.run(
        TINY, ["bc"], ["DriftCar"], 1, 2, tmp_path, controls=False, style="noisy",
        settings=["bc.updates=2", "bc.hidden_sizes=[3]"],
    )  # fmt: skip
    lines = header(read_results(tmp_path), [])
    assert "The noisy expert taught bc." in lines
    assert "bc: updates=2, hidden_sizes=[3]." in lines
    commands.explain(tmp_path, "bc", "DriftCar")
    told = capsys.readouterr().out
    assert "teacher: the noisy expert\nsetting: updates=2\nsetting: hidden_sizes=[3]\n" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "many"], "--labels 'many' must be whole numbers, with commas"),
        (["--labels", "0"], "--labels must be at least 1, not 0"),
        (["--steps", "-4"], "--steps must be at least 1, not -4"),
        (["--style", "nois"], "unknown DriftCar expert 'nois'; did you mean 'noisy'?"),
        (["--set", "bc.update=3"], "unknown setting of bc 'update'; did you mean 'updates'?"),
    ],
)
def test_a_mistake_on_the_command_line_changes_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, errors = in_process(
        monkeypatch, capsys, "run", "--profile", "smoke", "--worlds", "DriftCar",
        "--algorithms", "bc", "--out", tmp_path / "out", *arguments,
    )  # fmt: skip
    assert (code, errors.splitlines()[-1]) == (2, f"leaderboard: {message}")
    assert not (tmp_path / "out").exists()


def test_a_profile_with_several_teachers_has_a_run_for_each_and_a_table_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = TINY.model_copy(
        update={"name": "two", "worlds": {"DriftCar": ("bc",)}, "styles": ("scripted", "noisy")}
    )
    monkeypatch.setitem(PROFILES, "two", profile)
    monkeypatch.setenv("COLUMNS", "120")
    code, shown, _ = in_process(
        monkeypatch, capsys, "run", "--profile", "two", "--no-controls", "--set", "bc.updates=2",
        "--out", tmp_path,
    )  # fmt: skip
    assert code == 0
    taught = {style: read_results(tmp_path / style) for style in profile.styles}
    cells = {
        style: {cell.spec.algorithm: cell for cell in results.cells}
        for style, results in taught.items()
    }
    assert list(cells["scripted"]) == ["bc", "expert", "random"]
    assert list(cells["noisy"]) == ["bc", "expert", "expert-noisy", "random"]
    teacher = cells["noisy"]["expert-noisy"]
    assert (teacher.status, teacher.acts, teacher.exact) == ("ok", "scripted", None)
    assert teacher.episodes != cells["noisy"]["expert"].episodes
    assert teacher.episodes[0].seed == cells["noisy"]["expert"].episodes[0].seed
    for cell in (teacher, cells["noisy"]["bc"]):
        assert verify_episodes(tmp_path / "noisy", cell) == []
    table = table_by_teacher(taught)
    assert list(table.shown.columns) == ["algorithm", "world", "scripted", "noisy"]
    assert list(table.shown["algorithm"]) == ["(its teacher)", "bc"]
    assert table.shown["scripted"][0] == "1.000"
    scale = scale_of(taught["noisy"], "DriftCar")
    assert scale is not None
    assert table.shown["noisy"][0] == f"{scale.score(return_of(teacher)):.3f}"
    assert "(its teacher)" in shown
    code, again, _ = in_process(monkeypatch, capsys, "table", tmp_path, "--format", "md")
    assert code == 0
    assert again.startswith(markdown(table.shown))
    (tmp_path / "scripted").rename(tmp_path / "somebody")
    code, again, _ = in_process(monkeypatch, capsys, "table", tmp_path, "--format", "csv")
    assert code == 0
    assert ",noisy\n" in again
    assert "scripted" not in again


def test_a_name_of_a_teachers_row_is_taken(tmp_path: Path) -> None:
    folder = shutil.copytree(ALGORITHMS / "good", tmp_path / "good")
    text = (folder / "algorithm.py").read_text()
    (folder / "algorithm.py").write_text(text.replace('"good", ', '"expert-good", '))
    with pytest.raises(UserError, match=r"'expert-good' will not do; .* expert-\.\.\. are taken"):
        load(str(folder))
