"""Controls: what they do, where a run has them, and what the table says of those not above them."""

from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import il_envs
from baselines import bc, controls
from baselines.reward_learning import PPOConfig
from il_envs import Algorithm, Budget, Problem, get_world, run_episodes
from il_envs.testing import check_algorithm
from leaderboard.algorithms.contender import Contender, contender_of
from leaderboard.algorithms.submission import load_installed
from leaderboard.cells import Cell
from leaderboard.figures.curves import survival_by_labels
from leaderboard.profiles import PROFILES
from leaderboard.protocol import cells_of_run
from leaderboard.runs import Declaration, Manifest, Results, extend_manifest
from leaderboard.scores.controls import control_notes
from leaderboard.selection import (
    declaration_of,
    inapplicable,
    named,
    of_profile,
    with_controls,
)
from leaderboard.tables.document import document
from leaderboard.tables.formats import as_markdown
from tests.leaderboard.test_tables import PROFILE, make_cell, make_spec

QUICK = replace(controls.shuffled, config=replace(bc.BCConfig(), updates=20))
SHORT = PPOConfig(num_envs=8, rollout_steps=128, batch_size=128)
CAR, ROOMS, ARENA = (get_world(name) for name in ("DriftCar", "FourRooms", "Shooter"))
AVAILABLE, _ = load_installed()


# What they do.


@pytest.mark.parametrize("name", ["Walk", "Buttons", "DriftCar"])
def test_contract(name: str) -> None:
    check_algorithm(QUICK, get_world(name))
    if controls.nothing.applies_to(get_world(name)):
        check_algorithm(controls.nothing, get_world(name))


def test_shuffled_labels_are_as_frequent_as_the_true_ones_and_tell_nothing_of_states() -> None:
    """In the maze the expert goes where the cell tells; what is cloned goes there by chance."""
    maze = get_world("Maze")
    problems = [Problem(maze, controls.shuffled.sources, Budget(4_000, 0), 0) for _ in range(2)]
    cloned = controls.train_on_shuffled_labels(problems[0], 0, bc.BCConfig())
    assert isinstance(cloned, il_envs.TabularPolicy)
    shown = problems[1].demonstrations()
    share = np.bincount(shown.actions, minlength=4) / len(shown)
    states, counts = np.unique(shown.observations, return_counts=True)
    for state, count in zip(states, counts, strict=True):
        margin = 5.0 * np.sqrt(share * (1.0 - share) / count) + 0.5 / count
        assert (np.abs(cloned.probabilities[state] - share) <= margin).all()


@pytest.mark.parametrize("name", ["RiskyBridge", "DriftCar"])
def test_contract_of_a_constant_reward(name: str) -> None:
    config = controls.ConstantRewardConfig(ppo=SHORT)
    check_algorithm(replace(controls.constant, config=config), get_world(name))


def test_who_is_paid_for_each_step_learns_to_go_on() -> None:
    """On the line to walk a step costs .1, and yet episodes become longer."""
    world = get_world("Walk")
    problem = Problem(world, controls.constant.sources, Budget(0, 20_000), 0)
    config = controls.ConstantRewardConfig(ppo=replace(SHORT, learning_rate=3e-3))
    policy = controls.train_on_constant_reward(problem, 0, config)
    assert problem.meter.reward_reads == 0
    random = il_envs.RandomPolicy(world.spaces.action, 0)
    long, short = (
        np.mean([len(e) for e in run_episodes(world, "held_out", lambda env, p=p: p, range(64))])
        for p in (policy, random)
    )
    assert long > 1.5 * short


@pytest.mark.parametrize("name", ["DriftCar", "LaneKeeping", "Pillar", "Shooter"])
def test_to_do_nothing_is_an_action_of_zeros(name: str) -> None:
    world = get_world(name)
    assert controls.nothing.applies_to(world)
    problem = Problem(world, frozenset(), Budget(0, 0), seed=0)
    policy = controls.nothing.train(problem, 0, controls.nothing.config)
    episode = run_episodes(world, "held_out", lambda env: policy, [1])[0]
    assert not episode.actions.any()
    assert world.spaces.action.contains(episode.actions[0])


def test_where_every_action_does_something_there_is_no_row_of_nothing() -> None:
    assert not controls.nothing.applies_to(ROOMS)
    high = replace(ROOMS, spaces=replace(ROOMS.spaces, action=gym.spaces.Box(1.0, 2.0, (2,))))
    assert not controls.nothing.applies_to(high)


# Where a run has them.


def contender(name: str, **changes: object) -> Contender:
    algorithm: Algorithm[object] = Algorithm(
        name,
        "",
        frozenset({"demonstrations"}),
        bc.BCConfig(),
        lambda p, s, c: None,  # type: ignore[arg-type,return-value]
    )
    changed = replace(algorithm, **changes)  # type: ignore[arg-type]
    return contender_of(changed, name, name, {}, il_envs.WORLDS.values())


def worlds_of(contenders: list[Contender]) -> dict[str, list[str]]:
    return {c.name: [w.name for w in (CAR, ROOMS, ARENA) if c.applies_to(w)] for c in contenders}


def test_controls_go_where_their_learners_are() -> None:
    worlds = [CAR, ROOMS, ARENA]
    learner = contender("mine", applies_to=lambda world: world.name != "Shooter")
    found = worlds_of(with_controls([learner], worlds, AVAILABLE))
    assert found["shuffled-labels"] == ["DriftCar", "FourRooms"]
    assert found["do-nothing"] == ["DriftCar"]
    silent = contender("silent", sources=frozenset({"model"}))
    assert "shuffled-labels" not in worlds_of(with_controls([silent], worlds, AVAILABLE))


def test_controls_that_were_named_stay_as_they_are_and_ask_for_no_others() -> None:
    worlds = [CAR, ROOMS, ARENA]
    alone = named(["shuffled-labels"])
    assert with_controls(alone, worlds, AVAILABLE) == alone
    both = [contender("mine", applies_to=lambda world: world.name == "FourRooms"), *alone]
    assert worlds_of(with_controls(both, worlds, AVAILABLE))["shuffled-labels"] == [
        w.name for w in worlds
    ]


def test_a_control_has_one_row_whatever_the_labels() -> None:
    specs = cells_of_run(PROFILE, [CAR], [*named(["shuffled-labels"]), contender("mine")], 2)
    labels = [spec.labels for spec in specs if spec.algorithm == "shuffled-labels"]
    assert labels == [20, 20]
    assert sorted(spec.labels for spec in specs if spec.algorithm == "mine") == [10, 10, 20, 20]  # type: ignore[type-var]
    declared = declaration_of(named(["shuffled-labels"])[0], [])
    manifest = Manifest(
        profile=PROFILE, worlds=(), algorithms={}, seeds=2, declarations={"a": declared}
    )
    assert manifest.budgets("a", "DriftCar") == (20,)


def test_a_control_is_beside_learners_and_no_other_control() -> None:
    shuffled, nothing = named(["shuffled-labels", "do-nothing"])
    mine = contender("mine")
    assert shuffled.belongs_beside(mine)
    assert not shuffled.belongs_beside(nothing)
    assert not mine.belongs_beside(mine)
    declared = declaration_of(mine, [mine, shuffled, nothing])
    assert (declared.is_control, declared.controls) == (False, ("shuffled-labels", "do-nothing"))
    assert declaration_of(shuffled, [mine, shuffled, nothing]).controls == ()


def test_a_constant_reward_is_beside_those_who_act_for_a_reward_of_their_own() -> None:
    (constant,) = named(["constant-reward"])
    beside = {learner.origin for learner in AVAILABLE if constant.belongs_beside(learner)}
    assert {"gail", "airl", "gcl"} <= beside
    assert not {"bc", "dagger", "maxent", "mail", "do-nothing"} & beside


def test_a_profile_names_the_algorithms_of_its_worlds() -> None:
    quick = PROFILES["quick"]
    found = worlds_of(of_profile(quick, [CAR, ROOMS, ARENA], AVAILABLE))
    assert found["maxent"] == ["FourRooms"]
    assert found["mail"] == ["Shooter"]
    assert found["bc"] == ["DriftCar", "FourRooms", "Shooter"]
    elsewhere = {c.name for c in of_profile(quick, [get_world("RiskyBridge")], AVAILABLE)}
    assert {"apprenticeship", "dart", "gcl"} <= elsewhere
    assert "shuffled-labels" not in elsewhere


def test_who_does_not_apply_is_told_in_a_line() -> None:
    told = list(inapplicable(named(["mail", "bc"]), [ROOMS, ARENA]))
    assert told == ["mail: no buttons in FourRooms"]


# What the table says.


def results_of(scores: dict[str, list[float]], seeds: int = 3) -> Results:
    """Results of ours, its control and another algorithm, on a scale from 0 to 10."""
    profile = PROFILE.model_copy(update={"seeds": seeds})
    cells: list[Cell] = []
    for seed in range(seeds):
        for name, value in (("random", 0.0), ("expert", 10.0)):
            cells.append(make_cell(make_spec("Hill", name, None, seed), [value]))
        for name, values in scores.items():
            cells.append(make_cell(make_spec("Hill", name, 20, seed), [values[seed]]))
    declarations = {
        "ours": Declaration(controls=("floor",)),
        "floor": Declaration(is_control=True),
    }
    manifest = Manifest(
        profile=profile, worlds=("Hill",), algorithms=dict.fromkeys(scores, ("Hill",)),
        seeds=seeds, declarations=declarations,
    )  # fmt: skip
    cells = [
        c.model_copy(update={"spec": c.spec.model_copy(update={"profile": profile})}) for c in cells
    ]
    return Results(Path("somewhere"), manifest, tuple(cells))


def test_a_control_row_is_marked() -> None:
    results = results_of({"ours": [8.0, 8.1, 8.2], "floor": [1.0, 1.1, 1.2]})
    lines = as_markdown(document(results))
    assert "| floor (control) | Hill | 0.110 |" in lines
    assert "| ours | Hill | 0.810 |" in lines
    assert "not above" not in lines


@pytest.mark.parametrize(
    ("ours", "floor", "verdict"),
    [
        ([1.0, 1.1, 1.2], [8.0, 8.1, 8.2], "is not above"),
        ([1.0, 9.0, 5.0], [3.0, 3.1, 3.2], "cannot be told from"),  # above on average
        ([5.0, 5.0, 5.0], [5.0, 5.0, 5.0], "is not above"),
    ],
)
def test_who_is_not_surely_above_a_control_is_told(
    ours: list[float], floor: list[float], verdict: str
) -> None:
    results = results_of({"ours": ours, "floor": floor})
    (note,) = control_notes(results)
    means = f"{np.mean(ours) / 10:.3f} against {np.mean(floor) / 10:.3f}"
    assert note.startswith(
        f"Hill: ours ({means}) {verdict} its control floor with 3 training seeds"
    )
    assert note in as_markdown(document(results))


def test_one_seed_is_compared_without_an_interval() -> None:
    assert control_notes(results_of({"ours": [5.0], "floor": [4.9]}, seeds=1)) == []
    (note,) = control_notes(results_of({"ours": [5.0], "floor": [5.0]}, seeds=1))
    assert note == "Hill: ours (0.500 against 0.500) is not above its control floor."


def test_an_incomplete_row_is_not_compared() -> None:
    results = results_of({"ours": [1.0, 1.0, 1.0], "floor": [8.0, 8.0, 8.0]})
    assert control_notes(replace(results, cells=results.cells[:-1])) == []


def test_later_runs_in_the_same_folder_keep_what_was_declared(tmp_path: Path) -> None:
    first = results_of({"ours": [1.0], "floor": [1.0]}, seeds=1).manifest
    later = first.model_copy(
        update={
            "algorithms": {"theirs": ("Hill",), "floor": ("Hill",)},
            "declarations": {
                "theirs": Declaration(controls=("floor",)), "floor": Declaration(is_control=True),
            },
        }
    )  # fmt: skip
    extend_manifest(tmp_path, first)
    extend_manifest(tmp_path, later)
    kept = Manifest.model_validate_json((tmp_path / "run.json").read_bytes())
    assert kept.declaration("ours").controls == kept.declaration("theirs").controls == ("floor",)
    assert kept.declaration("floor").is_control


def test_figures_are_of_learners() -> None:
    results = results_of({"ours": [8.0, 8.1, 8.2], "floor": [1.0, 1.1, 1.2]})
    world = ("DriftCar",)
    moved = tuple(
        c.model_copy(update={"spec": c.spec.model_copy(update={"world": "DriftCar"})})
        for c in results.cells
    )
    manifest = results.manifest.model_copy(
        update={"worlds": world, "algorithms": {"ours": world, "floor": world}}
    )
    figure = survival_by_labels(replace(results, manifest=manifest, cells=moved))
    assert figure is not None
    assert {text.get_text() for text in figure.axes[0].texts} & {"ours", "floor"} == {"ours"}
