"""Learning curves: every training episode that ends is counted once, where it ended."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from matplotlib.figure import Figure

from il_envs import (
    Budget,
    BudgetExceededError,
    LearningCurve,
    LearningCurveRecorder,
    Problem,
    RandomPolicy,
    WorldVectorEnv,
    get_world,
)
from il_envs.learning.learning_curve import BINS, bin_ends
from leaderboard.algorithms.submission import load
from leaderboard.cells import Cell, read_cell
from leaderboard.explanation import explanation
from leaderboard.figures.curves import learning_curve, survival_by_labels
from leaderboard.figures.write import write_figures
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.child import compute
from leaderboard.running.outcome import write
from leaderboard.runs import Declaration, Manifest, Results, extend_manifest
from leaderboard.scores.rows import mean_return, row_of, survival
from leaderboard.scores.statistics import student_interval
from leaderboard.scores.summary import summary
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv

ALGORITHMS = Path(__file__).parents[1] / "algorithms"
BUTTONS = get_world("Buttons")
SEED = 3
FIRST_ENV_SEED = (2 * SEED + 1) * 1_000_000


def problem_with(
    recorder: LearningCurveRecorder | None,
    steps: int = 4_000,
    sources: frozenset = frozenset({"env"}),
) -> Problem:
    return Problem(BUTTONS, sources, Budget(0, steps), SEED, recorder=recorder)


def play(env, rounds: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(rounds):
        env.step(random.integers(0, 2, (env.num_envs, 3)))


def ended_episodes(rows: int, rounds: int, seed: int, first_seed: int) -> list[tuple[int, float]]:
    """The round in which each episode ended and its return, from an environment of our own."""
    env = WorldVectorEnv("Buttons", rows, autoreset_mode=AutoresetMode.SAME_STEP)
    env.reset(seed=first_seed)
    random = np.random.default_rng(seed)
    rewards: list[list[float]] = [[] for _ in range(rows)]
    episodes = []
    for number in range(1, rounds + 1):
        _, reward, terminated, truncated, _ = env.step(random.integers(0, 2, (rows, 3)))
        for row in range(rows):
            rewards[row].append(float(reward[row]))
            if terminated[row] or truncated[row]:
                episodes.append((number, sum(rewards[row])))
                rewards[row] = []
    return episodes


def binned(episodes: list[tuple[int, float]], budget: int) -> LearningCurve:
    """From steps so far and return of each episode."""
    counts, totals = [0] * BINS, [0.0] * BINS
    for steps, total in episodes:
        place = next(i for i in range(BINS) if steps * BINS <= budget * (i + 1))
        counts[place] += 1
        totals[place] += total
    return LearningCurve(budget, tuple(counts), tuple(totals))


@pytest.mark.parametrize(
    ("steps", "place"), [(1, 0), (10, 0), (11, 1), (20, 1), (990, 98), (991, 99), (1_000, 99)]
)
def test_an_episode_belongs_to_the_first_bin_that_ends_no_earlier(steps: int, place: int) -> None:
    recorder = LearningCurveRecorder(1_000)
    recorder.record(steps, np.array([2.0, 3.0]))
    curve = recorder.curve()
    assert (curve.budget, len(curve.episodes)) == (1_000, BINS)
    assert np.flatnonzero(curve.episodes).tolist() == [place]
    assert (curve.episodes[place], curve.total_rewards[place]) == (2, 5.0)
    ends = bin_ends(1_000)
    assert (ends[0], ends[-1]) == (10.0, 1_000.0)
    assert steps <= ends[place]
    assert place == 0 or steps > ends[place - 1]


def test_a_bin_without_episodes_has_the_mean_of_the_last_one_before() -> None:
    episodes, totals = [0] * BINS, [0.0] * BINS
    episodes[1], totals[1] = 2, 3.0
    episodes[4], totals[4] = 4, -4.0
    means = LearningCurve(1_000, tuple(episodes), tuple(totals)).mean_returns
    np.testing.assert_array_equal(means[:6], [np.nan, 1.5, 1.5, 1.5, -1.0, -1.0])
    assert (means[6:] == -1.0).all()
    nothing = LearningCurve(1_000, (0,) * BINS, (0.0,) * BINS)
    assert np.isnan(nothing.mean_returns).all()


def test_every_episode_of_every_env_is_recorded_where_it_ended() -> None:
    """Two environments in turns, the second one with rewards: steps are those of both."""
    recorder = LearningCurveRecorder(4_000)
    problem = problem_with(recorder, sources=frozenset({"env", "reward"}))
    hidden, shown = problem.env(7), problem.env(16, reward=True)
    hidden.reset()
    shown.reset()
    play(hidden, 100, seed=0)
    play(shown, 150, seed=1)
    first = ended_episodes(7, 100, 0, FIRST_ENV_SEED)
    second = ended_episodes(16, 150, 1, FIRST_ENV_SEED + 7)
    expected = [(7 * number, total) for number, total in first]
    expected += [(700 + 16 * number, total) for number, total in second]
    assert len(first) > 100 < len(second)
    assert recorder.curve() == binned(expected, 4_000)
    assert problem.meter.reward_reads == 16 * 150


def test_episodes_that_are_cut_off_are_not_counted() -> None:
    """A reset in the middle; what comes after begins at a return of 0."""
    recorder = LearningCurveRecorder(4_000)
    env = problem_with(recorder).env(3)
    observations, _ = env.reset()

    def digits(observations: np.ndarray) -> np.ndarray:
        places = observations.argmax(1)
        return np.stack([(places >> k) & 1 for k in range(3)], 1)

    for _ in range(30):  # right every time: nothing ends before 40 steps
        observations, *_ = env.step(digits(observations))
    assert sum(recorder.curve().episodes) == 0
    observations, _ = env.reset()
    for _ in range(40):
        observations, *_ = env.step(digits(observations))
    curve = recorder.curve()
    assert sum(curve.episodes) == 3
    assert sum(curve.total_rewards) == 3 * 40.0
    assert curve.episodes[(70 * 3 * BINS - 1) // 4_000] == 3


def test_what_is_refused_is_not_recorded() -> None:
    recorder = LearningCurveRecorder(320)
    problem = problem_with(recorder, steps=320)
    env = problem.env(16)
    env.reset()
    play(env, 20, seed=0)
    before = recorder.curve()
    with pytest.raises(BudgetExceededError):
        env.step(np.zeros((16, 3)))
    assert recorder.curve() == before
    assert before.episodes[-1] > 0  # the last step of the budget is in the last bin


def test_the_rewards_that_are_recorded_stay_hidden() -> None:
    """The recorder changes nothing that an algorithm sees, and has no public name."""
    recorded, plain = problem_with(LearningCurveRecorder(4_000)), problem_with(None)
    envs, seen = [problem.env(5) for problem in (recorded, plain)], []
    for env in envs:
        env.reset()
        actions = np.random.default_rng(0).integers(0, 2, (30, 5, 3))
        steps = [env.step(action) for action in actions]
        assert all(np.isnan(step[1]).all() for step in steps)
        seen.append([(step[0].tolist(), step[2].tolist(), sorted(step[4])) for step in steps])
    assert seen[0] == seen[1]
    for thing in (recorded, envs[0]):
        public = [value for name, value in vars(thing).items() if not name.startswith("_")]
        assert not any(isinstance(value, LearningCurveRecorder) for value in public)
        assert not [name for name in dir(thing) if name[0] != "_" and "record" in name]


# In cells, explanations and figures.

PROFILE = Profile(
    name="test", labels=(10, 100), seeds=3, evaluation_episodes=4, steps=4_000, time_limit=60.0
)


def computed_cell(spec: CellSpec, folder: Path) -> Cell:
    """Computed in this process, where the toy worlds are registered; written, and read again."""
    folder = folder / spec.folder
    folder.mkdir(parents=True)
    write(spec, compute(spec), folder)
    return read_cell(folder)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The references of Buttons, an algorithm that acts without labels, and the random policy once
    more as one that learns from labels alone."""
    out = tmp_path_factory.mktemp("curves")
    specs = cells_of_run(PROFILE, [BUTTONS], [load(str(ALGORITHMS / "acts"))], PROFILE.seeds)
    cells = [computed_cell(spec, out) for spec in specs]
    for cell in [cell for cell in cells if cell.spec.algorithm == "random"]:
        for labels in PROFILE.labels:
            spec = cell.spec.model_copy(update={"algorithm": "clones", "labels": labels})
            cells.append(cell.model_copy(update={"spec": spec}))
    manifest = Manifest(
        profile=PROFILE,
        worlds=("Buttons",),
        algorithms={"acts": ("Buttons",), "clones": ("Buttons",)},
        seeds=PROFILE.seeds,
        declarations={"acts": Declaration(uses_labels=False)},
    )
    return Results(out, manifest, tuple(cells))


def cells_of(results: Results, algorithm: str) -> list[Cell]:
    cells = [cell for cell in results.cells if cell.spec.algorithm == algorithm]
    return sorted(cells, key=lambda cell: cell.spec.seed)


def with_cells(results: Results, algorithm: str, changes: list[dict[str, object]]) -> Results:
    """With something else in each cell of an algorithm, by seed."""
    others = [cell for cell in results.cells if cell.spec.algorithm != algorithm]
    changed = [
        cell.model_copy(update=change)
        for cell, change in zip(cells_of(results, algorithm), changes, strict=True)
    ]
    return replace(results, cells=(*others, *changed))


def texts_of(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.axes[0].texts}


def test_a_cell_keeps_the_learning_curve(results: Results) -> None:
    """That of the episodes which the algorithm played, played again here."""
    for cell in cells_of(results, "acts"):
        assert (cell.status, cell.spec.labels, cell.meter["steps"]) == ("ok", 0, 4_000)
        env = WorldVectorEnv("Buttons", 10, autoreset_mode=AutoresetMode.SAME_STEP)
        observations, _ = env.reset(seed=(2 * cell.spec.seed + 1) * 1_000_000)
        policy = RandomPolicy(BUTTONS.spaces.action, cell.spec.seed)
        returns, episodes = np.zeros(10), []
        for number in range(1, 401):
            observations, rewards, terminated, truncated, _ = env.step(
                policy.predict(observations)[0]
            )
            returns += rewards
            for row in np.flatnonzero(terminated | truncated):
                episodes.append((10 * number, returns[row]))
                returns[row] = 0.0
        assert cell.learning_curve == binned(episodes, 4_000)
    assert all(cell.learning_curve is None for cell in cells_of(results, "random"))


def test_a_cell_older_than_learning_curves_is_read(results: Results, tmp_path: Path) -> None:
    cell = cells_of(results, "acts")[0]
    fields = json.loads((results.folder / cell.spec.folder / "cell.json").read_text())
    assert len(fields.pop("learning_curve")["episodes"]) == BINS
    (tmp_path / "cell.json").write_text(json.dumps(fields))
    assert read_cell(tmp_path) == cell.model_copy(update={"learning_curve": None})


def acting_otherwise(folder: Path, old: str, new: str) -> Cell:
    """The cell of the algorithm that acts, with a line changed."""
    text = (ALGORITHMS / "acts" / "algorithm.py").read_text()
    assert old in text
    (folder / "changed").mkdir()
    (folder / "changed" / "algorithm.py").write_text(text.replace(old, new))
    specs = cells_of_run(PROFILE, [BUTTONS], [load(str(folder / "changed"))], 1)
    return computed_cell(next(spec for spec in specs if spec.origin), folder / "out")


def test_what_was_learned_before_an_error_is_kept(tmp_path: Path) -> None:
    cell = acting_otherwise(tmp_path, "    return policy", "    raise ValueError")
    assert cell.status == "error"
    assert cell.learning_curve is not None
    assert sum(cell.learning_curve.episodes) > 100


def test_without_a_step_there_is_no_learning_curve(tmp_path: Path) -> None:
    cell = acting_otherwise(tmp_path, "    while ", "    while False and ")
    assert (cell.status, cell.meter["steps"], cell.learning_curve) == ("ok", 0, None)


def test_an_explanation_tells_of_training(results: Results) -> None:
    cell = cells_of(results, "acts")[1]
    assert cell.learning_curve is not None
    text = explanation(results, "acts", "Buttons")
    assert "acts in Buttons with 0 labels" in text
    ended, last = sum(cell.learning_curve.episodes), cell.learning_curve.mean_returns[-1]
    assert (
        f"training: 4,000 of 4,000 steps, {ended:,} episodes ended; those in the last bin with any "
        f"returned {last:.6f} on average" in text
    )
    assert "training:" not in explanation(results, "clones", "Buttons")
    nothing = LearningCurve(4_000, (0,) * BINS, (0.0,) * BINS)
    none_ended = with_cells(results, "acts", [{"learning_curve": nothing}] * 3)
    assert "no episode ended" in explanation(none_ended, "acts", "Buttons")


def test_the_figure_draws_those_who_acted(results: Results) -> None:
    figure = learning_curve(results)
    assert figure is not None
    assert {"acts", "expert", "random"} <= texts_of(figure)
    assert "clones" not in texts_of(figure)
    axes = figure.axes[0]
    expert, random, line = axes.lines
    for level, name in ((expert, "expert"), (random, "random")):
        mean = np.mean([mean_return(cell.episodes) for cell in cells_of(results, name)])
        assert list(level.get_ydata()) == [mean, mean]
    curves = [cell.learning_curve for cell in cells_of(results, "acts")]
    expected = np.mean([curve.mean_returns for curve in curves if curve is not None], axis=0)
    known = ~np.isnan(expected)
    np.testing.assert_allclose(line.get_ydata(), expected[known])
    np.testing.assert_array_equal(line.get_xdata(), bin_ends(4_000)[known])
    assert axes.get_xlim() == (0.0, 4_000.0)
    (band,) = axes.collections
    last = [curve.mean_returns[-1] for curve in curves if curve is not None]
    interval = student_interval(last)
    right = band.get_paths()[0].vertices
    ends = right[right[:, 0] == 4_000.0, 1]
    assert (ends.min(), ends.max()) == pytest.approx((interval.low, interval.high))


def test_the_figure_leaves_out_what_was_not_known_of_every_seed(results: Results) -> None:
    """Seed 0 took 3/4 of its steps, the first episode of seed 1 ended in the third bin."""
    curve = cells_of(results, "acts")[1].learning_curve
    assert curve is not None
    late = replace(curve, episodes=(0, 0, *curve.episodes[2:]))
    meter = {"steps": 3_000}
    changed = with_cells(results, "acts", [{"meter": meter}, {"learning_curve": late}, {}])
    figure = learning_curve(changed)
    assert figure is not None
    steps = figure.axes[0].lines[2].get_xdata()
    assert (steps[0], steps[-1]) == (120.0, 3_000.0)


@pytest.mark.parametrize(
    "change",
    [
        {"meter": {"steps": 1_999}},
        {"learning_curve": None},
        {"learning_curve": LearningCurve(4_000, (0,) * BINS, (0.0,) * BINS)},
        {"status": "error", "reason": "", "learning_curve": None},
    ],
    ids=["few steps", "older", "no episode", "all failed"],
)
def test_there_is_no_figure_where_no_row_has_acted(
    results: Results, change: dict[str, object]
) -> None:
    count = 3 if "status" in change else 1  # one seed of a row without a curve is enough
    changes: list[dict[str, object]] = [change] * count
    assert learning_curve(with_cells(results, "acts", changes + [{}] * (3 - count))) is None


def test_the_figure_is_written_and_the_same_each_time(results: Results) -> None:
    manifest = results.manifest.model_copy(update={"algorithms": {"acts": ("Buttons",)}})
    acts = replace(results, manifest=manifest)
    path = results.folder / "learning_curve.svg"
    assert path in write_figures(acts)
    first = path.read_bytes()
    assert ElementTree.parse(path).getroot().tag.endswith("svg")
    write_figures(acts)
    assert path.read_bytes() == first


# Algorithms that use no labels.


def test_without_labels_there_is_one_cell_a_seed_and_the_others_are_as_before() -> None:
    acts, good = load(str(ALGORITHMS / "acts")), load("bc")
    specs = cells_of_run(PROFILE, [BUTTONS], [acts, good], 2)
    alone = cells_of_run(PROFILE, [BUTTONS], [good], 2)
    ours = [spec for spec in specs if spec.algorithm == "acts"]
    assert [spec for spec in specs if spec not in ours] == alone
    assert [(spec.labels, spec.seed) for spec in ours] == [(0, 0), (0, 1)]
    learners = [spec for spec in specs if spec.labels is not None]
    assert learners[-2:] == ours  # so few steps take less time than cloning
    assert ours[0].folder.as_posix() == "Buttons/acts/labels_0/seed_0"
    assert [spec.labels for spec in alone if spec.algorithm == "bc"] == [10, 100, 10, 100]


def test_the_table_shows_an_algorithm_without_labels(results: Results) -> None:
    table = summary(results).set_index("algorithm")
    assert table.loc["acts", "labels"] == 0
    assert (table.loc["acts", "status"], table.loc["clones", "labels"]) == ("ok", 100)
    assert abs(table.loc["acts", "score"]) < 0.3
    text = as_csv(document(results))
    assert next(x for x in text.splitlines() if x.startswith("acts,")).split(",")[7] == "0"
    assert len(row_of(results, "acts", "Buttons", 0).cells) == 3
    assert [len(row_of(results, "clones", "Buttons", n).cells) for n in (10, 100)] == [3, 3]
    assert [results.manifest.budgets(name, BUTTONS.name) for name in ("acts", "clones")] == [
        (0,),
        (10, 100),
    ]


def test_against_labels_it_is_a_level_line(results: Results) -> None:
    figure = survival_by_labels(results)
    assert figure is not None
    assert {"acts", "clones"} <= texts_of(figure)
    lines = [line for line in figure.axes[0].lines if [*line.get_xdata()] == [10, 100]]
    level = np.mean([survival(cell) for cell in cells_of(results, "acts")])
    np.testing.assert_array_equal(lines[0].get_ydata(), [level, level])


def test_a_folder_older_than_declarations_is_read(results: Results, tmp_path: Path) -> None:
    fields = results.manifest.model_dump(mode="json")
    del fields["declarations"]
    (tmp_path / "run.json").write_text(json.dumps(fields))
    manifest = Manifest.model_validate(fields)
    assert manifest.budgets("acts", BUTTONS.name) == PROFILE.labels
    extend_manifest(tmp_path, results.manifest)
    extended = Manifest.model_validate_json((tmp_path / "run.json").read_text())
    assert extended == results.manifest
    extend_manifest(tmp_path, results.manifest.model_copy(update={"declarations": {}}))
    kept = Manifest.model_validate_json((tmp_path / "run.json").read_text())
    assert tuple(kept.budgets(name, BUTTONS.name) for name in ("acts", "clones")) == (
        (0,),
        (10, 100),
    )
