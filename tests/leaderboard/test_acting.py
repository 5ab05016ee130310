"""How policies act when they are scored, and that nothing of the evaluation is trained on."""

from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from il_envs import Budget, ExpertPolicy, Problem, TabularPolicy, get_world, run_episodes
from il_envs.learning.problem import SEED_BLOCK
from leaderboard import UsageError, commands
from leaderboard.cells import MODE_TRACES, Cell, read_cell, read_traces, write_traces
from leaderboard.measures.support import SUPPORT_SEED
from leaderboard.profiles import EVALUATION_SEED, MOST_SEEDS, Profile
from leaderboard.protocol import CellSpec, cells_of_run
from leaderboard.running.evaluation import evaluate_reference
from leaderboard.running.outcome import Outcome, write
from leaderboard.running.updates import counted_updates
from leaderboard.scores.metrics import METRICS
from leaderboard.scores.rows import Scale
from leaderboard.verification.replays import verify_episodes
from tests.leaderboard.answered import evaluate

TINY = Profile(
    name="tiny", labels=(100,), seeds=1, evaluation_episodes=3, steps=1_000, time_limit=60.0
)
LANE = get_world("LaneKeeping")


class Steady:
    """Drives straight on."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        return np.full((len(observation), 2), 0.25, np.float32), None


class Shaking(Steady):
    """Drives straight on but for noise from NumPy's shared generator."""

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:  # fmt: skip
        actions, _ = super().predict(observation)
        noise = 0.0 if deterministic else 0.1 * np.random.randn(*actions.shape)  # noqa: NPY002
        return (actions + noise).astype(np.float32), None


def spec_in(world: str) -> CellSpec:
    """The specification of a learner's cell."""
    reference = cells_of_run(TINY, [get_world(world)], [], 1)[0]
    return reference.model_copy(update={"algorithm": "ours", "labels": 100})


def evaluated(world: str, policy: Any, folder: Path) -> Cell:
    """The cell of a policy, written and read."""
    spec, outcome = spec_in(world), Outcome()
    evaluate(policy, spec, get_world(world), outcome)
    path = folder / spec.folder
    path.mkdir(parents=True, exist_ok=True)
    write(spec, outcome, path)
    return read_cell(path)


def test_a_policy_with_chance_is_scored_by_its_draws_and_its_mode_is_beside(tmp_path: Path) -> None:
    cell = evaluated("DriftCar", Shaking(), tmp_path)
    assert cell.acts == "drawn"
    folder = tmp_path / cell.spec.folder
    drawn, modes = read_traces(folder, 3), read_traces(folder, 3, MODE_TRACES)
    assert all((trace != 0.25).all() for trace in drawn)
    assert all((trace == 0.25).all() for trace in modes)
    steady = evaluated("DriftCar", Steady(), tmp_path / "steady")
    assert [mode.total_reward for mode in cell.mode_episodes] == [
        episode.total_reward for episode in steady.episodes
    ]
    (metric,) = (metric for metric in METRICS if metric.name == "mode_score")
    scale = Scale(0.0, 2.0, (cell,), (cell,))
    expected = np.mean([mode.total_reward for mode in cell.mode_episodes]) / 2.0
    assert metric.of(cell, scale) == pytest.approx(expected)
    assert isnan(metric.of(steady, scale))


def test_a_policy_without_chance_is_deterministic(tmp_path: Path) -> None:
    cell = evaluated("DriftCar", Steady(), tmp_path)
    assert (cell.acts, cell.mode_episodes) == ("deterministic", ())
    assert not (tmp_path / cell.spec.folder / MODE_TRACES).exists()


@pytest.mark.parametrize(("chance", "acts"), [(0.4, "drawn"), (1.0, "deterministic")])
def test_a_table_says_itself_whether_it_has_chance(
    chance: float, acts: str, tmp_path: Path
) -> None:
    table = np.full((63, 4), (1.0 - chance) / 3.0)
    table[:, 2] = chance
    cell = evaluated("RiskyBridge", TabularPolicy(table, 0), tmp_path)
    assert (cell.acts, cell.mode_episodes) == (acts, ())
    assert cell.exact is not None
    assert (cell.exact.mode_return == cell.exact.expected_return) == (chance == 1.0)


def test_experts_are_scripted_and_random_rows_drawn() -> None:
    for name, acts in (("random", "drawn"), ("expert", "scripted")):
        outcome = Outcome()
        spec = spec_in("DriftCar").model_copy(update={"algorithm": name, "labels": None})
        evaluate_reference(spec, get_world("DriftCar"), outcome)
        assert (outcome.acts, outcome.mode_episodes) == (acts, ())


def test_draws_are_those_of_the_seed_whatever_was_drawn_before(tmp_path: Path) -> None:
    cells = []
    for i in range(2):
        np.random.randn(7 * i)  # noqa: NPY002
        cells.append(evaluated("DriftCar", Shaking(), tmp_path / str(i)))
    assert cells[0].episodes == cells[1].episodes
    assert len({episode.total_reward for episode in cells[0].episodes}) == 3


def test_verify_replays_draws_and_modes(tmp_path: Path) -> None:
    cell = evaluated("DriftCar", Shaking(), tmp_path)
    assert verify_episodes(tmp_path, cell) == []
    folder = tmp_path / cell.spec.folder
    traces = read_traces(folder, 3, MODE_TRACES)
    traces[1][2, 0] = np.nextafter(traces[1][2, 0], np.float32(1.0))
    write_traces(folder, traces, MODE_TRACES)
    (problem,) = verify_episodes(tmp_path, cell)
    assert "episode 1 by mode: " in problem


# Nothing of the evaluation is trained on.


def test_evaluation_episodes_are_held_out_ones() -> None:
    """In a world with two banks of tracks the same seeds of training are other episodes."""
    world = get_world("DriftCar")
    spec = spec_in("DriftCar").model_copy(update={"algorithm": "expert", "labels": None})
    outcome = Outcome()
    evaluate_reference(spec, world, outcome)
    hashes = {
        split: [
            episode.state_hash
            for episode in run_episodes(
                world, split, lambda env: ExpertPolicy(env), TINY.evaluation_seeds
            )
        ]
        for split in ("training", "held_out")
    }
    assert [episode.state_hash for episode in outcome.episodes] == hashes["held_out"]
    assert not set(hashes["held_out"]) & set(hashes["training"])


def test_no_training_seed_has_an_evaluation_episode() -> None:
    """Where both splits are the same, as in LaneKeeping, only the seeds tell them apart."""
    same = [
        run_episodes(LANE, split, lambda env: ExpertPolicy(env), [EVALUATION_SEED])[0].state_hash
        for split in ("training", "held_out")
    ]
    assert same[0] == same[1]
    kept_apart = {*TINY.evaluation_seeds, EVALUATION_SEED, SUPPORT_SEED}
    sources = frozenset({"demonstrations", "env"})
    for seed in (0, 1, MOST_SEEDS - 1):
        problem = Problem(LANE, sources, Budget(300, 1_000), seed)
        shown = {episode.seed for episode in problem.demonstrations().episodes}
        first = problem.env(2)._first_seed
        assert first is not None
        blocks = {number // SEED_BLOCK for number in (*shown, first)}
        assert blocks == {2 * seed, 2 * seed + 1}
        assert max(blocks) < min(kept_apart) // SEED_BLOCK


def test_more_training_seeds_than_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--seeds must be at most {MOST_SEEDS}, not"):
        commands.run(TINY, ["bc"], ["LaneKeeping"], MOST_SEEDS + 1, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# What training costs.


def test_the_steps_of_every_optimiser_are_counted_while_it_trains() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimisers = [torch.optim.Adam([weight]), torch.optim.SGD([weight], 0.1)]

    def step() -> None:
        for optimiser in optimisers:
            (weight**2).sum().backward()
            optimiser.step()

    step()
    with counted_updates() as updates:
        for _ in range(5):
            step()
    step()
    assert updates.count == 10


def test_a_training_that_imports_torch_itself_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    kept = sys.modules["torch"]
    monkeypatch.delitem(sys.modules, "torch")
    with counted_updates() as without:
        pass
    with counted_updates() as late:
        sys.modules["torch"] = kept
    assert (without.count, late.count) == (0, None)


def test_cloning_says_its_updates() -> None:
    from baselines import bc

    algorithm = replace(bc.algorithm, config=replace(bc.BCConfig(), updates=30))
    problem = Problem(LANE, algorithm.sources, Budget(400, 0), 0)
    with counted_updates() as updates:
        algorithm.train(problem, 0, algorithm.config)
    assert updates.count == 30
