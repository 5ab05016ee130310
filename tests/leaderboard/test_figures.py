"""What the figures show, and that the same results give the same files."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from scipy import stats

import il_envs
from il_envs.learning.rollout import run_episodes
from leaderboard import UserError
from leaderboard.cells import Cell, episode_results, read_traces, write_cell, write_traces
from leaderboard.figures.curves import compounding_error, error_curve, survival_by_labels
from leaderboard.figures.profiles import (
    performance_profile,
    performance_profiles,
    profile_band,
)
from leaderboard.figures.scores import scores
from leaderboard.figures.styles import styles
from leaderboard.figures.write import write_figures
from leaderboard.keys import world_hash
from leaderboard.measures.support import outside_support
from leaderboard.profiles import Profile
from leaderboard.protocol import CellSpec
from leaderboard.runs import Manifest, Results

WORLD = il_envs.get_world("DriftCar")
PROFILE = Profile(
    name="test", labels=(10, 100), seeds=3, evaluation_episodes=4, steps=10, time_limit=1.0
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Cells of the expert, of the random policy, and of the random policy under another name."""
    out = tmp_path_factory.mktemp("figures")
    cells = []
    for seed in range(PROFILE.seeds):
        for name, labels in (("expert", None), ("random", None), ("ours", 10), ("ours", 100)):
            key = {"suite": "1", "world": world_hash(WORLD), "code": name}
            spec = CellSpec(
                world=WORLD.name, algorithm=name, origin="", labels=labels, seed=seed,
                profile=PROFILE, key=key,
            )  # fmt: skip
            episodes = run_episodes(
                WORLD,
                "held_out",
                lambda env, name=name, seed=seed: (
                    il_envs.ExpertPolicy(env)
                    if name == "expert"
                    else il_envs.RandomPolicy(WORLD.spaces.action, seed)
                ),
                spec.profile.evaluation_seeds,
            )
            cell = Cell(
                spec=spec, status="ok", reason="", episodes=episode_results(episodes),
                outside_support=outside_support(WORLD, episodes),
            )  # fmt: skip
            (out / spec.folder).mkdir(parents=True)
            write_cell(out / spec.folder, cell)
            write_traces(out / spec.folder, [episode.actions for episode in episodes])
            cells.append(cell)
    manifest = Manifest(
        profile=PROFILE, worlds=(WORLD.name,), algorithms={"ours": (WORLD.name,)}, seeds=3
    )
    return Results(out, manifest, tuple(cells))


def curve_of(results: Results, name: str) -> np.ndarray:
    assert WORLD.views.error is not None
    cell = next(cell for cell in results.cells if cell.spec.algorithm == name)
    return error_curve(results, WORLD, WORLD.views.error, cell)


def test_the_error_of_a_terminated_episode_is_the_limit_from_then_on(results: Results) -> None:
    assert WORLD.views.error is not None
    curve = curve_of(results, "random")
    cell = next(cell for cell in results.cells if cell.spec.algorithm == "random")
    assert all(row.terminated for row in cell.episodes)
    longest = max(row.length for row in cell.episodes)
    assert len(curve) == WORLD.dynamics.max_episode_steps + 1
    assert (curve[longest:] == WORLD.views.error.limit).all()
    assert curve[longest - 1] < WORLD.views.error.limit


def test_an_episode_that_ends_on_the_track_counts_as_the_limit_too(tmp_path: Path) -> None:
    """Full lock and full throttle spin the car before it leaves the track."""

    class Spin:
        def predict(self, observation: np.ndarray, *_: object) -> tuple[np.ndarray, None]:
            return np.ones((len(observation), 2), np.float32), None

    assert WORLD.views.error is not None
    episodes = run_episodes(WORLD, "held_out", lambda env: Spin(), range(20))  # type: ignore[arg-type,return-value]
    last = [episode.measures[WORLD.views.error.measure][-1] for episode in episodes]
    spun = episodes[int(np.argmin(last))]
    assert spun.terminated
    assert min(last) < WORLD.views.error.limit
    spec = CellSpec(
        world=WORLD.name, algorithm="spin", origin="", labels=None, seed=0, profile=PROFILE, key={}
    )
    cell = Cell(
        spec=spec,
        status="ok",
        reason="",
        episodes=episode_results([spun]),
    )
    (tmp_path / spec.folder).mkdir(parents=True)
    write_traces(tmp_path / spec.folder, [spun.actions])
    manifest = Manifest(profile=PROFILE, worlds=(WORLD.name,), algorithms={}, seeds=1)
    curve = error_curve(Results(tmp_path, manifest, (cell,)), WORLD, WORLD.views.error, cell)
    assert (curve[len(spun) :] == WORLD.views.error.limit).all()
    assert curve[len(spun) - 1] == spun.measures[WORLD.views.error.measure][-2]


def test_the_error_of_a_whole_episode_is_the_measured_one(results: Results) -> None:
    assert WORLD.views.error is not None
    cell = next(cell for cell in results.cells if cell.spec.algorithm == "expert")
    assert not any(row.terminated for row in cell.episodes)
    episodes = run_episodes(
        WORLD, "held_out", il_envs.ExpertPolicy, [row.seed for row in cell.episodes]
    )
    expected = np.mean(
        [episode.measures[WORLD.views.error.measure] for episode in episodes], axis=0
    )
    np.testing.assert_array_equal(curve_of(results, "expert"), expected)


def test_traces_of_another_world_are_not_drawn(results: Results) -> None:
    assert WORLD.views.error is not None
    cell = results.cells[0]
    row = cell.episodes[0].model_copy(update={"state_hash": "other"})
    changed = cell.model_copy(update={"episodes": (row, *cell.episodes[1:])})
    with pytest.raises(UserError, match="do not replay"):
        error_curve(results, WORLD, WORLD.views.error, changed)


@pytest.mark.parametrize(
    "change",
    [lambda actions: actions[:-5], lambda actions: actions + 3.0, lambda actions: actions[:, :1]],
    ids=["truncated", "invalid", "other space"],
)
def test_traces_that_the_world_cannot_play_are_not_drawn_either(
    tmp_path: Path, results: Results, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    assert WORLD.views.error is not None
    cell = results.cells[0]
    traces = read_traces(results.folder / cell.spec.folder, len(cell.episodes))
    (tmp_path / cell.spec.folder).mkdir(parents=True)
    np.savez_compressed(tmp_path / cell.spec.folder / "actions.npz", *map(change, traces))
    changed = replace(results, folder=tmp_path)
    with pytest.raises(UserError, match="its traces do not replay to the recorded states"):
        error_curve(changed, WORLD, WORLD.views.error, cell)


def test_figures_name_every_line_and_draw_the_survival(results: Results) -> None:
    error, survival = compounding_error(results), survival_by_labels(results)
    assert error is not None
    for figure in (error, survival):
        texts = {text.get_text() for text in figure.axes[0].texts}
        assert {"expert", "ours"} <= texts
        assert "random" not in texts
    marker = styles(["ours"])["ours"].marker
    line = next(line for line in survival.axes[0].lines if line.get_marker() == marker)
    np.testing.assert_array_equal(line.get_xdata(), [10, 100])
    np.testing.assert_array_equal(line.get_ydata(), [0.0, 0.0])


def test_incomplete_rows_are_not_drawn(results: Results) -> None:
    missing = next(cell for cell in results.cells if cell.spec.labels == 100)
    cells = tuple(cell for cell in results.cells if cell is not missing)
    figure = survival_by_labels(replace(results, cells=cells))
    assert "ours" not in {text.get_text() for text in figure.axes[0].texts}


def test_the_same_results_give_the_same_files(results: Results) -> None:
    paths = write_figures(results)
    assert [path.name for path in paths] == [
        "compounding_error.svg", "survival.svg", "score.svg", "performance_profiles.svg",
        "outside_support.svg", "map_DriftCar_ours.svg",
    ]  # fmt: skip
    first = [path.read_bytes() for path in paths]
    write_figures(results)
    assert [path.read_bytes() for path in paths] == first
    for path in paths:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_a_profile_is_the_share_of_runs_above_each_level() -> None:
    worlds = [np.array([0.1, 0.5, 0.9, 0.9]), np.array([0.5, 0.7])]
    shares = performance_profile(worlds, np.array([0.0, 0.5, 0.8, 0.9]))
    np.testing.assert_allclose(shares, [1.0, (0.5 + 0.5) / 2, (0.5 + 0.0) / 2, 0.0])


def test_profiles_have_a_staircase_for_each_learner(results: Results) -> None:
    figure = performance_profiles(results)
    assert figure is not None
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} >= {"ours"}
    (line,) = axes.lines
    assert (line.get_ydata()[0], line.get_ydata()[-1]) == (1.0, 0.0)
    assert len(line.get_xdata()) == PROFILE.seeds + 2  # both ends
    (band,) = axes.collections
    assert isinstance(band, PolyCollection)
    without_reference = tuple(c for c in results.cells if c.spec.algorithm != "expert")
    assert performance_profiles(replace(results, cells=without_reference)) is None


def test_the_band_of_exact_scores_in_one_world_is_clopper_and_pearsons() -> None:
    runs = np.array([[0.1], [0.4], [0.5], [0.9]])
    low, high = profile_band([runs], np.array([0.0, 0.45, 1.0]))
    for k, *ends in zip((4, 2, 0), low, high, strict=True):
        exact = stats.binomtest(k, 4).proportion_ci(0.95, "exact")
        np.testing.assert_allclose(ends, [exact.low, exact.high], atol=0.02)


def test_a_band_falls_and_holds_its_profile_and_one_seed_has_none() -> None:
    generator = np.random.default_rng(0)
    worlds = [generator.normal(size=(5, 8)), generator.normal(size=(3, 1))]
    levels = np.linspace(-3.0, 3.0, 50)
    low, high = profile_band(worlds, levels)
    profile = performance_profile([scores.mean(1) for scores in worlds], levels)
    assert ((low <= profile) & (profile <= high)).all()
    assert (np.diff(low) <= 0.0).all()
    assert (np.diff(high) <= 0.0).all()
    assert np.isnan(profile_band([worlds[0][:1]], levels)).all()


def test_episodes_in_common_widen_a_band() -> None:
    generator = np.random.default_rng(0)
    runs, hard = generator.normal(size=(10, 1)), 3.0 * generator.normal(size=(1, 8))
    alone, shared = (
        profile_band([runs + common - common.mean()], np.array([0.5]))
        for common in (np.zeros((1, 8)), hard)
    )
    assert shared[0] < alone[0]
    assert alone[1] < shared[1]


@pytest.mark.statistical
@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("common", [0.0, 3.0])
def test_a_band_covers(seeds: int, common: float) -> None:
    """The share of all runs above a level, in one world and over three, 400 boards each; a band
    that covers 95% of the time has less than 92% of them in one of 200 tests."""
    generator = np.random.default_rng(1)
    levels = np.array([-1.6, -0.8, 0.0, 0.8, 1.6])
    for count in (1, 3):
        hits = np.zeros(len(levels))
        for _ in range(400):
            worlds = [
                generator.normal(size=(seeds, 1)) + common * generator.normal(size=(1, 16))
                for _ in range(count)
            ]
            low, high = profile_band(worlds, levels)
            truth = stats.norm.sf(levels)
            hits += (low <= truth) & (truth <= high)
        assert (hits / 400 >= 0.92).all(), hits / 400


def test_the_picture_of_scores_has_a_dot_for_each_row_and_its_name(results: Results) -> None:
    figure = scores(results)
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ours"]
    texts = {text.get_text() for text in axes.texts}
    assert {"random", "expert"} <= texts
    assert axes.get_legend() is None
    without_reference = tuple(c for c in results.cells if c.spec.algorithm != "expert")
    assert scores(replace(results, cells=without_reference)) is None
