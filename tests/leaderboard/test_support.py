"""The share of states outside the expert's support: in cells, in verification and in figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from il_envs import ExpertPolicy, get_world, run_episodes
from il_envs.learning.support import Support, evenly_spaced
from leaderboard import UserError, keys
from leaderboard.cells import Cell, write_traces
from leaderboard.figures.maps import path_of, support_maps
from leaderboard.figures.support import outside_curve
from leaderboard.figures.support import outside_support as outside_figure
from leaderboard.measures.support import expert_support, outside_support
from leaderboard.profiles import Profile
from leaderboard.protocol import cells_of_run
from leaderboard.running.child import compute
from leaderboard.runs import Results
from leaderboard.traces import replayed_episodes
from leaderboard.verification.measured import verify_support
from tests.leaderboard.test_figures import results  # noqa: F401  (a fixture)

CAR = get_world("DriftCar")
TINY = Profile(
    name="tiny", labels=(60,), seeds=1, evaluation_episodes=4, steps=100, time_limit=60.0
)


def named(results: Results, name: str) -> Cell:  # noqa: F811
    return next(cell for cell in results.cells if cell.spec.algorithm == name)


def references_of(world: str) -> dict[str, Cell]:
    """The reference cells of a world, computed here."""
    return {
        spec.algorithm: Cell(
            spec=spec,
            status=(outcome := compute(spec)).status,
            reason=outcome.reason,
            outside_support=outcome.outside_support,
        )
        for spec in cells_of_run(TINY, [get_world(world)], [], 1)
    }


def test_the_expert_stays_inside_and_a_random_policy_does_not() -> None:
    for world, least in (("DriftCar", 0.5), ("LaneKeeping", 0.5), ("Gauntlet", 0.5)):
        cells = references_of(world)
        assert {cell.status for cell in cells.values()} == {"ok"}
        teacher = "soft-optimal" if world == "LaneKeeping" else "expert"
        expert, random = (cells[name].outside_support for name in (teacher, "random"))
        assert expert is not None
        assert random is not None
        assert expert < 0.05
        assert random > least


def test_numbered_states_are_outside_if_the_expert_has_not_shown_them() -> None:
    cells = references_of("Macrocells")
    assert cells["soft-optimal"].outside_support < 0.1  # type: ignore[operator]
    assert cells["random"].outside_support > 0.3  # type: ignore[operator]


def test_pictures_have_no_share() -> None:
    pictures = get_world("ShooterPixels")
    assert expert_support("ShooterPixels") is None
    episodes = run_episodes(pictures, "held_out", ExpertPolicy, [0], keep_observations=False)
    assert outside_support(pictures, episodes) is None


def test_the_share_is_of_all_visited_states_the_last_ones_too() -> None:
    support = expert_support("DriftCar")
    assert support is not None
    episodes = run_episodes(CAR, "held_out", ExpertPolicy, [0, 1])
    far = episodes[0].observations.copy()
    far[-1, 5] = 7.0
    left = [replace(episodes[0], observations=far), episodes[1]]
    before, after = outside_support(CAR, episodes), outside_support(CAR, left)
    assert before is not None
    assert after == pytest.approx(before + 1 / 2002)


def test_the_key_names_the_code_of_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    car, bridge = (
        cells_of_run(TINY, [get_world(name)], [], 1)[0].key for name in ("DriftCar", "RiskyBridge")
    )
    assert car["support"] == bridge["support"]
    monkeypatch.setattr(keys, "SUPPORTED", ("leaderboard.measures.support",))
    assert cells_of_run(TINY, [CAR], [], 1)[0].key["support"] != car["support"]


def test_verify_recomputes_the_share(results: Results, tmp_path: Path) -> None:  # noqa: F811
    cell = named(results, "random")
    assert verify_support(results.folder, cell) == []
    wrong = cell.model_copy(update={"outside_support": 0.25})
    (problem,) = verify_support(results.folder, wrong)
    assert f"is 0.25, computed anew it is {cell.outside_support}" in problem
    erased = cell.model_copy(update={"outside_support": None})
    (problem,) = verify_support(results.folder, erased)
    assert f"is None, computed anew it is {cell.outside_support}" in problem
    # Traces that do not replay are told by `verify_episodes`, and once.
    (tmp_path / cell.spec.folder).mkdir(parents=True)
    write_traces(tmp_path / cell.spec.folder, [np.zeros((5, 2), np.float32)] * 4)
    assert verify_support(tmp_path, cell) == []


def test_the_curve_counts_an_ended_episode_as_it_was_last(results: Results) -> None:  # noqa: F811
    """Here only the last state of each episode is outside."""
    cell = named(results, "random")
    assert all(episode.terminated for episode in cell.episodes)
    episodes = replayed_episodes(results.folder, cell, keep_observations=True)
    last = np.stack([episode.observations[-1] for episode in episodes])

    class ButTheLast(Support):
        def __init__(self) -> None: ...

        def contains(self, observations: np.ndarray) -> np.ndarray:
            return ~(observations[:, None] == last).all(-1).any(1)

    steps = np.arange(CAR.dynamics.max_episode_steps + 1)
    curve = outside_curve(results, cell, ButTheLast(), steps)
    expected = np.mean([steps >= row.length for row in cell.episodes], axis=0)
    np.testing.assert_array_equal(curve, expected)
    few = evenly_spaced(len(steps), 5)
    np.testing.assert_array_equal(outside_curve(results, cell, ButTheLast(), few), curve[few])


def test_cells_without_a_share_are_not_drawn(results: Results) -> None:  # noqa: F811
    cells = tuple(
        cell.model_copy(update={"outside_support": None}) if cell.spec.labels == 100 else cell
        for cell in results.cells
    )
    figure = outside_figure(replace(results, cells=cells))
    assert figure is not None
    assert {text.get_text() for text in figure.axes[0].texts} & {"expert", "ours"} == {"expert"}
    cells = tuple(cell.model_copy(update={"outside_support": None}) for cell in cells)
    assert outside_figure(replace(results, cells=cells)) is None


def test_the_figure_has_a_line_for_the_expert_and_each_learner(results: Results) -> None:  # noqa: F811
    figure = outside_figure(results)
    assert figure is not None
    (axes,) = figure.axes
    assert {"expert", "ours"} <= {text.get_text() for text in axes.texts}
    expert, ours = (line.get_ydata() for line in axes.lines)
    assert np.mean(expert) < 0.1
    assert ours[-1] == 1.0


def test_a_path_is_where_the_car_was(results: Results) -> None:  # noqa: F811
    """The first place is beside the centreline by the lateral error, and each step moves the car
    by its speed."""
    support, plan, cell = expert_support("DriftCar"), CAR.views.plan, named(results, "expert")
    assert support is not None
    assert plan is not None
    path = path_of(results, cell, 0, plan, support)
    (episode, *_) = replayed_episodes(results.folder, cell, keep_observations=True)
    np.testing.assert_array_equal(path.outside, ~support.contains(episode.observations))
    moved = np.linalg.norm(np.diff(path.places, axis=0), axis=1)
    speed = np.linalg.norm(episode.observations[:, :2], axis=1)
    expected = CAR.dynamics.control_period * (speed[:-1] + speed[1:]) / 2
    np.testing.assert_allclose(moved, expected, atol=0.03)
    left, right = path.outlines
    width = np.linalg.norm(left - right, axis=1)
    np.testing.assert_allclose(width, 10.0, rtol=1e-3)
    np.testing.assert_array_equal(left[0], left[-1])


def test_maps_are_of_learners_and_of_traces_that_replay(results: Results) -> None:  # noqa: F811
    assert list(support_maps(results)) == ["map_DriftCar_ours"]
    cell = named(results, "ours")
    row = cell.episodes[0].model_copy(update={"state_hash": "other"})
    changed = cell.model_copy(update={"episodes": (row, *cell.episodes[1:])})
    support, plan = expert_support("DriftCar"), CAR.views.plan
    assert support is not None
    assert plan is not None
    with pytest.raises(UserError, match="do not replay"):
        path_of(results, changed, 0, plan, support)
