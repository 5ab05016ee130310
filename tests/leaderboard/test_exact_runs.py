"""Runs in exact worlds: their cells, keys, tables, explanations and figures."""

import csv
import io
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from safetensors.numpy import load_file, save_file

import il_envs
from il_envs import get_world
from leaderboard import UserError, commands
from leaderboard.algorithms.submission import load
from leaderboard.cells import (
    TABLE,
    Cell,
    failed_cell,
    read_reward_map,
    read_table,
    read_traces,
    table_bytes,
    write_reward_map,
)
from leaderboard.explanation import explanation
from leaderboard.figures.curves import compounding_error, score_by_labels, survival_by_labels
from leaderboard.figures.divergences import divergence
from leaderboard.measures.exact import likelihood_bound
from leaderboard.measures.references import REFERENCES, reference_table
from leaderboard.profiles import PROFILES, Profile
from leaderboard.protocol import cells_of_run
from leaderboard.running.child import compute
from leaderboard.runs import Manifest, Results, read_results
from leaderboard.scores.metrics import EXACT
from leaderboard.scores.rows import crossed_scores_of, mean_return, row_of, scale_of, scores_of
from leaderboard.scores.summary import summary
from leaderboard.tables.columns import NONE
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_csv, as_latex, as_markdown, as_text
from leaderboard.verification.command import verify_results
from leaderboard.verification.measured import verify_metrics
from leaderboard.verification.replays import verify_episodes
from leaderboard.verification.statements import verify_files
from tests.leaderboard.test_exact import measured, occupancy_by_hand, reference_of, some_table
from tests.leaderboard.test_tables import PROFILE, make_cell, make_spec
from tests.leaderboard.test_tables import measured as measured_of

TINY = Profile(
    name="tiny", labels=(60, 300), seeds=2, evaluation_episodes=4, steps=1_000, time_limit=60.0,
    worlds={"RiskyBridge": (), "CliffChain": ()},
)  # fmt: skip
EXACT_COLUMNS = [column for metric in EXACT for column in metric.columns]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What `leaderboard run` leaves, for behaviour cloning in two exact worlds."""
    out = tmp_path_factory.mktemp("exact") / "out"
    commands.run(TINY, ["bc"], commands.worlds_of_run([], TINY), 2, 2, out, controls=False)
    return read_results(out)


def cell_of(results: Results, algorithm: str, world: str = "RiskyBridge", seed: int = 0) -> Cell:
    """At the last number of labels."""
    return next(
        cell
        for cell in results.cells
        if (cell.spec.algorithm, cell.spec.world, cell.spec.seed) == (algorithm, world, seed)
        and cell.spec.labels in (None, TINY.labels[-1])
    )


def test_a_run_measures_every_cell(results: Results) -> None:
    assert [cell.status for cell in results.cells] == ["ok"] * (2 * 3 + 2 * 4)
    assert all(cell.exact is not None for cell in results.cells)
    assert results.manifest.exact_worlds == ("RiskyBridge", "CliffChain")
    names = {path.name for path in results.folder.iterdir()}
    assert names == {
        "RiskyBridge", "CliffChain", "run.json", ".locks", "table.csv", "table.md", "score.svg",
        "score_by_labels.svg", "performance_profiles.svg", "divergence.svg", "outside_support.svg",
    }  # fmt: skip


def test_random_is_zero_soft_optimal_is_one_and_optimal_is_more(results: Results) -> None:
    table = summary(results).set_index(["world", "algorithm"])
    for world in ("RiskyBridge", "CliffChain"):
        assert table.loc[(world, "random"), "score"] == 0.0
        assert table.loc[(world, "soft-optimal"), "score"] == 1.0
        assert table.loc[(world, "optimal"), "score"] > 1.0
        assert 0.0 < table.loc[(world, "bc"), "score"] < 1.0
        reference = reference_of(world)
        expert = table.loc[(world, "soft-optimal"), "return"]
        assert expert == pytest.approx(reference.expected_return, rel=1e-12)
        best = il_envs.hard_optimal(reference.model).value[0] @ reference.model.initial
        assert table.loc[(world, "optimal"), "return"] == pytest.approx(best, rel=1e-12)


def test_scores_are_of_exact_returns(results: Results) -> None:
    scale, cell = scale_of(results, "RiskyBridge"), cell_of(results, "bc")
    assert scale is not None
    assert cell.exact is not None
    policy = load_file(results.folder / cell.spec.folder / "policy.safetensors")["probabilities"]
    expected = (occupancy_by_hand("RiskyBridge", np.broadcast_to(policy, (30, 63, 4)))).sum(0)
    expected_return = (expected * reference_of("RiskyBridge").model.reward_at(0)).sum()
    assert cell.exact.expected_return == pytest.approx(expected_return, rel=1e-9)
    assert mean_return(cell.episodes) != cell.exact.expected_return
    row = row_of(results, "bc", "RiskyBridge", TINY.labels[-1])
    assert row.cells[0] == cell
    assert scores_of(row, scale)[0] == scale.score(cell.exact.expected_return)
    assert measured_of("value_gap", cell, scale) == scale.reference - cell.exact.expected_return


def test_an_exact_reference_is_computed_once(results: Results) -> None:
    for name in ("random", "soft-optimal", "optimal"):
        seeds = [cell.spec.seed for cell in results.cells if cell.spec.algorithm == name]
        assert seeds == [0, 0]  # one in each world, though there are two training seeds


def test_policies_are_run_as_the_stochastic_ones_they_are(results: Results) -> None:
    """The random row's episodes differ in their actions; its mode would be one action."""
    folder = results.folder / cell_of(results, "random").spec.folder
    with np.load(folder / "actions.npz") as traces:
        assert set(np.concatenate([traces[name] for name in traces])) == {0, 1, 2, 3}


def test_the_mean_over_worlds_leaves_references_out(results: Results) -> None:
    table = summary(results)
    assert list(table[table["world"] == "all"]["algorithm"]) == ["bc"]
    manifest = results.manifest.model_copy(update={"algorithms": {"bc": ("RiskyBridge",)}})
    partial = summary(replace(results, manifest=manifest))
    assert "all" not in set(partial["world"])


def test_verify_agrees(results: Results) -> None:
    for cell in results.cells:
        assert verify_episodes(results.folder, cell) == []
        assert verify_metrics(results.folder, cell) == []


@pytest.mark.parametrize("algorithm", ["bc", "soft-optimal"])
@pytest.mark.parametrize(
    "name", ["expected_return", "occupancy_distance", "policy_divergence", "log_likelihood"]
)
def test_verify_notices_a_tampered_measure(results: Results, algorithm: str, name: str) -> None:
    cell = cell_of(results, algorithm)
    assert cell.exact is not None
    value = getattr(cell.exact, name) * (1.0 + 1e-8) + 1e-11
    changed = cell.exact.model_copy(update={name: value})
    problems = verify_metrics(results.folder, cell.model_copy(update={"exact": changed}))
    assert problems is not None
    assert len(problems) == 1
    assert f"{name} is {value}, computed anew it is" in problems[0]


def test_verify_notices_a_tampered_table_or_reward(results: Results, tmp_path: Path) -> None:
    cell = cell_of(results, "bc")
    path = tmp_path / cell.spec.folder / TABLE
    path.parent.mkdir(parents=True)
    table = read_table(results.folder / cell.spec.folder)
    assert table is not None
    tensors = load_file(results.folder / cell.spec.folder / "policy.safetensors")
    np.testing.assert_allclose(table, tensors["probabilities"])
    np.savez(path, table=table[:, ::-1])
    assert len(verify_metrics(tmp_path, cell) or []) == 6  # all but those of a reward
    np.savez(path, table=table)
    write_reward_map(path.parent, {"own": np.zeros((63, 4))})
    problems = verify_metrics(tmp_path, cell)
    assert problems is not None
    assert ["epic is None" in problems[0], "starc is None" in problems[1]] == [True, True]
    (path.parent / "reward_map.npz").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"reward_map\.npz: damaged"):
        verify_metrics(tmp_path, cell)
    (path.parent / "reward_map.npz").unlink()
    for damaged in (b"nothing", table_bytes(table[:5]), table_bytes(np.full((63, 4), 0.3))):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            verify_metrics(tmp_path, cell)


@pytest.mark.parametrize(
    "kept",
    [
        {"own": np.zeros(63)},
        {"own": np.zeros((64, 4))},
        {"own": np.full((63, 4), np.nan)},
        {"own": np.full((63, 4), "a")},
        {"mine": np.zeros((63, 4))},
    ],
)
def test_verify_names_a_reward_map_that_does_not_fit(
    results: Results, tmp_path: Path, kept: dict[str, Any]
) -> None:
    cell = cell_of(results, "bc")
    folder = tmp_path / cell.spec.folder
    shutil.copytree(results.folder / cell.spec.folder, folder)
    write_reward_map(folder, kept)
    with pytest.raises(UserError, match=r"reward_map\.npz: damaged: .*in RiskyBridge; remove"):
        verify_metrics(tmp_path, cell)


def test_an_array_in_the_place_of_an_archive_is_damage(tmp_path: Path) -> None:
    for name in ("reward_map.npz", "actions.npz"):
        with (tmp_path / name).open("wb") as file:
            np.save(file, np.zeros(3))
    with pytest.raises(UserError, match=r"reward_map\.npz: damaged: File is not a zip file"):
        read_reward_map(tmp_path)
    with pytest.raises(UserError, match=r"actions\.npz: missing or damaged: File is not a"):
        read_traces(tmp_path, 1)


def test_verify_looks_at_the_files_that_were_left(results: Results, tmp_path: Path) -> None:
    cell = cell_of(results, "bc")
    assert set(cell.files) == {"policy.safetensors", TABLE}
    assert verify_files(results.folder, cell) == []
    missing, _ = verify_files(tmp_path, cell)
    assert missing.endswith("policy.safetensors is missing; remove its folder to compute it anew")
    path = tmp_path / cell.spec.folder / "policy.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes((results.folder / cell.spec.folder / path.name).read_bytes()[:-1])
    changed, _ = verify_files(tmp_path, cell)
    assert "policy.safetensors is not what was written" in changed


def test_verify_has_nothing_to_compute_from_without_a_table(
    results: Results, tmp_path: Path
) -> None:
    cell = cell_of(results, "bc")
    path = tmp_path / cell.spec.folder / "policy.safetensors"
    path.parent.mkdir(parents=True)
    assert verify_metrics(tmp_path, cell) is None
    save_file({"weights": np.zeros(3)}, path)
    assert verify_metrics(tmp_path, cell) is None


def test_the_command_verifies_and_counts(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_results(results.folder)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "56 of 56 episodes in 14 cells replay to the same returns and states",
        "14 of 14 cells are measured to the same exact numbers",
    ]


# Algorithms of all sorts, in the process itself.

ALGORITHM = """
from dataclasses import dataclass
import numpy as np
from il_envs import Algorithm, TabularPolicy

@dataclass(frozen=True)
class Config:
    pass

class Sampled:  # tells no probabilities
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.full(len(observation), 0 if deterministic else 1), None

class Wrong(Sampled):
    def action_probabilities(self, observation, step):
        return np.full((len(observation), 4), 0.3)

class WithReward(TabularPolicy):
    def __init__(self, probabilities, seed):
        super().__init__(probabilities, seed)
        self.reward = np.arange(63.0)

def train(problem, seed, config):
    return {policy}

algorithm = Algorithm("mine", "", frozenset(), Config(), train)
"""


def outcome_of(folder: Path, policy: str) -> tuple[Cell, dict[str, np.ndarray]]:
    folder.mkdir()
    (folder / "algorithm.py").write_text(ALGORITHM.replace("{policy}", policy))
    specs = cells_of_run(TINY, [get_world("RiskyBridge")], [load(str(folder))], 1)
    outcome = compute(next(spec for spec in specs if spec.origin))
    cell = make_cell(make_spec("RiskyBridge", "mine", 20, 0), []).model_copy(
        update={"status": outcome.status, "reason": outcome.reason, "exact": outcome.exact}
    )
    actions = {str(i): episode.actions for i, episode in enumerate(outcome.episodes)}
    return cell, actions


def test_a_policy_that_tells_no_probabilities_has_its_samples(tmp_path: Path) -> None:
    cell, actions = outcome_of(tmp_path / "mine", "Sampled()")
    assert (cell.status, cell.exact) == ("ok", None)
    assert {action for trace in actions.values() for action in trace} == {1}  # not the mode


def test_a_policy_with_a_wrong_table_has_failed(tmp_path: Path) -> None:
    cell, _ = outcome_of(tmp_path / "mine", "Wrong()")
    assert cell.status == "invalid action"
    assert cell.reason == (
        "action_probabilities of state 0 at step 0: probabilities sum to 1.2, must sum to 1"
    )


def test_a_learned_reward_is_measured(tmp_path: Path) -> None:
    cell, _ = outcome_of(tmp_path / "mine", "WithReward(np.full((63, 4), 0.25), seed)")
    assert cell.exact is not None
    assert cell.exact.epic is not None
    assert 0.0 < cell.exact.epic < 1.0
    again = measured("RiskyBridge", np.full((63, 4), 0.25), np.arange(63.0))
    assert (cell.exact.epic, cell.exact.starc) == pytest.approx((again.epic, again.starc))
    assert cell.exact.expected_return == pytest.approx(again.expected_return)


# Keys and profiles.


def test_the_key_of_an_exact_cell_names_its_measures() -> None:
    bridge, rooms, car = (
        cells_of_run(TINY, [get_world(name)], [], 1)[0].key
        for name in ("RiskyBridge", "FourRooms", "DriftCar")
    )
    assert {"measures", "transfer"} <= bridge.keys()
    assert bridge["transfer"] == "none" != rooms["transfer"]
    assert not {"measures", "transfer"} & car.keys()


def test_cells_measured_by_other_code_are_not_mixed(results: Results) -> None:
    old = cell_of(results, "bc")
    key = old.spec.key | {"measures": "old"}
    changed = old.model_copy(update={"spec": old.spec.model_copy(update={"key": key})})
    cells = tuple(changed if cell is old else cell for cell in results.cells)
    row = row_of(replace(results, cells=cells), "bc", "RiskyBridge", TINY.labels[-1])
    assert "different versions" in row.fault
    assert row_of(results, "bc", "RiskyBridge", TINY.labels[-1]).fault == ""


def test_a_profile_has_worlds_which_are_no_part_of_its_cells() -> None:
    for name in ("smoke", "quick", "full"):
        profile = PROFILES[name]
        assert set(profile.worlds) <= set(il_envs.WORLDS)
        assert "worlds" not in profile.model_dump()
    assert list(PROFILES["smoke"].worlds) == ["DriftCar", "RiskyBridge"]
    assert list(PROFILES["quick"].worlds) == ["DriftCar", "FourRooms", "Shooter"]


def test_worlds_are_those_named_or_the_profiles_or_all() -> None:
    assert commands.worlds_of_run([], PROFILES["smoke"]) == ["DriftCar", "RiskyBridge"]
    assert commands.worlds_of_run(["Macrocells"], PROFILES["smoke"]) == ["Macrocells"]
    everything = list(il_envs.WORLDS)
    assert commands.worlds_of_run(["all"], PROFILES["smoke"]) == everything
    assert commands.worlds_of_run([], PROFILES["full"]) == everything


@pytest.mark.parametrize("name", REFERENCES)
def test_the_names_of_references_are_taken(tmp_path: Path, name: str) -> None:
    text = ALGORITHM.replace("{policy}", "Sampled()").replace('"mine"', repr(name))
    (tmp_path / "algorithm.py").write_text(text)
    with pytest.raises(UserError, match="will not do"):
        load(str(tmp_path))


# Tables and figures, on cells made by hand: exact in RiskyBridge, empirical in Hill.


def mixed_results() -> Results:
    cells = [
        make_cell(make_spec("Hill", name, None, seed), [value, value])
        for name, value in (("random", 0.0), ("expert", 10.0))
        for seed in range(2)
    ]
    cells += [make_cell(make_spec("Hill", "ours", 20, seed), [5.0, 5.0]) for seed in range(2)]
    reference = reference_of("RiskyBridge")
    for name in ("random", "soft-optimal", "optimal"):
        exact = measured("RiskyBridge", reference_table(reference, name))
        cell = make_cell(make_spec("RiskyBridge", name, None, 0), [0.0, 0.0])
        cells.append(cell.model_copy(update={"exact": exact}))
    ours = [make_spec("RiskyBridge", "ours", 20, seed) for seed in range(2)]
    exact = measured("RiskyBridge", some_table("RiskyBridge"), np.arange(63.0))
    cells.append(make_cell(ours[0], [0.0, 0.0]).model_copy(update={"exact": exact}))
    cells.append(failed_cell(ours[1], "timeout", "took more than 1 s"))
    theirs = [make_spec("RiskyBridge", "theirs", 20, seed) for seed in range(2)]
    cells += [make_cell(spec, [-30.0, -34.0]) for spec in theirs]
    worlds = ("Hill", "RiskyBridge")
    manifest = Manifest(
        profile=PROFILE, worlds=worlds, algorithms={"ours": worlds, "theirs": worlds[1:]}, seeds=2,
        exact_worlds=worlds[1:],
    )  # fmt: skip
    return Results(Path("somewhere"), manifest, tuple(cells))


def test_a_failed_cell_has_the_measures_of_the_random_policy() -> None:
    results = mixed_results()
    table = summary(results).set_index(["world", "algorithm"])
    random, ours = (table.loc[("RiskyBridge", name)] for name in ("random", "ours"))
    exact = measured("RiskyBridge", some_table("RiskyBridge"))
    for name in ("expected_return", "occupancy_distance", "policy_divergence", "log_likelihood"):
        assert ours[name] == pytest.approx((getattr(exact, name) + random[name]) / 2.0)
    assert isnan(ours["epic"])  # the failed cell has none
    assert ours["status"] == "1 of 2 failed"
    assert isnan(ours["survival"])


def test_a_policy_without_a_table_is_scored_by_its_episodes_on_the_exact_scale() -> None:
    results = mixed_results()
    scale = scale_of(results, "RiskyBridge")
    assert scale is not None
    theirs = summary(results).set_index(["world", "algorithm"]).loc[("RiskyBridge", "theirs")]
    assert theirs["score"] == pytest.approx(scale.score(-32.0))
    assert theirs[EXACT_COLUMNS].isna().all()


def test_an_interval_is_over_episodes_where_returns_are_sampled_and_the_page_says_where() -> None:
    results = mixed_results()
    table = summary(results).set_index(["world", "algorithm"])
    assert table.loc[("Hill", "ours"), "unit"] == "seeds and episodes"
    assert table.loc[("RiskyBridge", "ours"), "unit"] == "seeds"
    assert table.loc[("RiskyBridge", "optimal"), "unit"] == ""  # exact, without an interval
    assert table.loc[("RiskyBridge", "theirs"), "unit"] == "seeds and episodes"
    scale = scale_of(results, "RiskyBridge")
    assert scale is not None
    theirs = row_of(results, "theirs", "RiskyBridge", 20)
    own = [scale.score(-30.0), scale.score(-34.0)]
    np.testing.assert_allclose(crossed_scores_of(theirs, scale), [own, own])
    text = as_markdown(document(results))
    assert "| over |" in text
    assert "over seeds alone where returns are exact" in text


def test_the_header_says_what_is_exact(results: Results) -> None:
    text = as_markdown(document(mixed_results()))
    assert (
        "Reference: exact (soft-optimal, by dynamic programming) in RiskyBridge; empirical" in text
    )
    text = as_markdown(document(results))
    assert "in RiskyBridge, CliffChain." in text
    assert "empirical" not in text


def test_the_second_table_has_the_exact_metrics() -> None:
    results = mixed_results()
    text = as_markdown(document(results))
    first, second = (part.split("\n\n")[0] for part in text.split("| algorithm |")[1:3])
    assert "| 100% |" in first
    lines = second.splitlines()[2:]
    rows = {
        row[0]: row[1:] for row in ([c.strip() for c in x.strip("|").split("|")] for x in lines)
    }
    assert list(rows)[:2] == ["optimal (reference)", "soft-optimal (reference)"]
    optimal, soft = rows["optimal (reference)"], rows["soft-optimal (reference)"]
    assert optimal[5:7] == ["∞", "-∞"]
    assert soft[2:6] == ["0.000"] * 4
    assert soft[6].startswith("-24.")
    assert set(rows["theirs"][1:]) == {NONE}
    bound = likelihood_bound(get_world("RiskyBridge"))
    assert f"so its bound is {bound:.3f} in RiskyBridge" in text
    assert len(rows) == 5


def test_every_format_has_both_tables() -> None:
    results = mixed_results()
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(as_text(document(results)))
    text, latex = console.export_text(), as_latex(document(results))
    for shown in (text, latex, as_markdown(document(results))):
        assert "STARC" in shown
        assert "survival" in shown
    assert r"$\infty$" in latex
    assert "∞" not in latex
    header, *rows = as_csv(document(results)).splitlines()
    assert header.split(",")[-len(EXACT_COLUMNS) :] == EXACT_COLUMNS
    optimal = next(row for row in csv.DictReader([header, *rows]) if row["algorithm"] == "optimal")
    assert (optimal["policy_divergence"], optimal["log_likelihood"]) == ("inf", "-inf")


def test_an_explanation_shows_the_exact_metrics(results: Results) -> None:
    text, cell = explanation(results, "bc", "RiskyBridge"), cell_of(results, "bc")
    assert cell.exact is not None
    for part in (
        "normalisation (exact expected returns, by dynamic programming)",
        "soft-optimal = -21.12",
        f"exact return {cell.exact.expected_return:.6f} (its episodes' mean return",
        f"KL {cell.exact.policy_divergence:.6f} nats",
        "value gap = -21.12",
    ):
        assert part in text
    assert "the value is exact" in explanation(results, "optimal", "RiskyBridge")
    with pytest.raises(UserError, match="it has random, soft-optimal, optimal, bc"):
        explanation(results, "expert", "RiskyBridge")


def test_the_figure_of_scores_has_both_references(results: Results) -> None:
    figure = score_by_labels(results)
    assert figure is not None
    assert len(figure.axes) == 2
    axes = figure.axes[0]
    assert {text.get_text() for text in axes.texts} >= {"optimal", "soft-optimal", "bc"}
    heights = {
        line.get_linestyle(): float(np.ravel(line.get_ydata())[0])
        for line in axes.lines
        if len(set(np.ravel(line.get_ydata()))) == 1
    }
    assert heights["-"] == 1.0
    assert heights["--"] > 1.0
    line = next(line for line in axes.lines if line.get_marker() == "o")
    scale = scale_of(results, "RiskyBridge")
    rows = [row_of(results, "bc", "RiskyBridge", labels) for labels in (60, 300)]
    np.testing.assert_array_equal(line.get_xdata(), [60, 300])
    np.testing.assert_allclose(line.get_ydata(), [scores_of(row, scale).mean() for row in rows])
    root = ElementTree.parse(results.folder / "score_by_labels.svg").getroot()
    assert root.tag.endswith("svg")


def test_the_figure_of_divergences_has_a_dot_for_every_seed(results: Results) -> None:
    figure = divergence(results)
    assert figure is not None
    assert len(figure.axes) == 2
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["bc"]
    measured = [
        cell.exact.policy_divergence
        for cell in results.cells
        if (cell.spec.algorithm, cell.spec.world, cell.spec.labels) == ("bc", "RiskyBridge", 300)
        and cell.exact is not None
    ]
    np.testing.assert_allclose(sorted(axes.lines[0].get_xdata()), sorted(measured))
    assert f"{np.mean(measured):.3g}" in {text.get_text() for text in axes.texts}
    assert (results.folder / "divergence.svg").exists()


def test_an_infinite_divergence_is_at_the_edge_of_its_figure(results: Results) -> None:
    cells = [
        cell.model_copy(
            update={"exact": cell.exact.model_copy(update={"policy_divergence": np.inf})}
        )
        if cell.spec.algorithm == "bc" and cell.spec.seed == 0 and cell.exact is not None
        else cell
        for cell in results.cells
    ]
    figure = divergence(replace(results, cells=tuple(cells)))
    assert figure is not None
    axes = figure.axes[0]
    assert max(axes.lines[0].get_xdata()) == axes.get_xlim()[1]
    assert "\N{INFINITY}" in {text.get_text() for text in axes.texts}


def test_there_are_no_empty_figures(results: Results) -> None:
    assert survival_by_labels(results) is None
    assert compounding_error(results) is None
    manifest = results.manifest.model_copy(update={"exact_worlds": ()})
    assert score_by_labels(replace(results, manifest=manifest)) is None
    assert divergence(replace(results, manifest=manifest)) is None
