"""A world of buttons on the leaderboard: sampled scores agree with exact ones, and cells verify."""

from dataclasses import replace
from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from safetensors.numpy import load_file

import il_envs
from baselines import bc
from il_envs import Budget, ExactPolicy, Problem, TabularPolicy, evaluate, run_episodes
from il_envs.buttons import joint_chords, joint_index
from il_envs.exact.button_references import concurrency_references
from leaderboard import commands
from leaderboard.explanation import explanation
from leaderboard.keys import reference_codes
from leaderboard.measures.checked import CheckedPolicy
from leaderboard.measures.checked_tables import policy_table
from leaderboard.measures.exact import exact_metrics, likelihood_bound
from leaderboard.measures.references import exact_reference
from leaderboard.profiles import Profile
from leaderboard.running.evaluation import reference_policy
from leaderboard.runs import Results, read_results
from leaderboard.scores.rows import mean_return
from leaderboard.scores.summary import summary
from leaderboard.verification.measured import verify_metrics
from leaderboard.verification.replays import verify_episodes

DUEL = il_envs.get_world("Duel")
REFERENCES = (
    "random", "one button, soft", "one button", "cloned buttons", "joint, soft", "joint",
)  # fmt: skip
TINY = Profile(
    name="tiny", labels=(400,), seeds=1, evaluation_episodes=4, steps=1_000, time_limit=120.0
)


@cache
def references() -> dict[str, il_envs.Evaluation]:
    reference = DUEL.truth.reference()
    return concurrency_references(reference.model, reference.temperature)


@cache
def cloned_network() -> ExactPolicy:
    config = replace(bc.BCConfig(), hidden_sizes=(32,), updates=400)
    problem = Problem(DUEL, bc.algorithm.sources, Budget(2_000, 0), 0)
    return bc.train(problem, 0, config)


def policy_named(name: str, seed: int) -> ExactPolicy:
    if name == "cloned network":
        return cloned_network()
    return TabularPolicy(references()[name].policy, seed, joint_chords(5))


def deviation(name: str, episodes: int, seed: int) -> float:
    """How many standard errors the mean return of episodes is from the exact one."""
    policy = policy_named(name, seed)
    exact = evaluate(DUEL.truth.model(), policy_table(policy, DUEL.truth.model())).expected_return
    seeds = range(seed * episodes, (seed + 1) * episodes)
    sampled = run_episodes(
        DUEL, "held_out", lambda env: CheckedPolicy(policy, DUEL), seeds, deterministic=False
    )
    returns = np.array([episode.total_reward for episode in sampled])
    return (returns.mean() - exact) / (returns.std(ddof=1) / np.sqrt(episodes))


@pytest.mark.parametrize("name", [*REFERENCES, "cloned network"])
def test_episodes_return_what_is_expected(name):
    """1,500 episodes. On fresh seeds each would fail once in 15,000 times."""
    assert abs(deviation(name, 1_500, seed=0)) < 4.0


@pytest.mark.statistical
@pytest.mark.parametrize("name", [*REFERENCES, "cloned network"])
def test_many_episodes_return_what_is_expected(name):
    """60,000 episodes, which notice 0.03 hits of about 10. On fresh seeds each of the seven would
    fail once in 15,000 times."""
    assert abs(deviation(name, 60_000, seed=1)) < 4.0


def test_duel_is_exact():
    reference = exact_reference(DUEL)
    assert reference is DUEL.truth.reference()
    assert tuple(reference_codes(DUEL)) == ("random", "soft-optimal", "optimal")


@pytest.mark.parametrize(
    "space", [gym.spaces.MultiBinary(4), gym.spaces.Discrete(31), gym.spaces.Box(0, 1, (5,))]
)
def test_a_model_of_other_actions_is_not_exact(space):
    assert exact_reference(replace(DUEL, spaces=replace(DUEL.spaces, action=space))) is None
    assert (
        exact_reference(replace(DUEL, spaces=replace(DUEL.spaces, action=gym.spaces.Discrete(32))))
        is not None
    )


@pytest.mark.parametrize("name", ["random", "soft-optimal", "optimal"])
def test_reference_rows_press_buttons(name):
    policy = reference_policy(DUEL, name, seed=0)(il_envs.WorldVectorEnv("Duel", 1))
    assert isinstance(policy, ExactPolicy)
    pressed, _ = policy.predict(np.arange(882))
    assert pressed.shape == (882, 5)
    assert DUEL.spaces.action.contains(pressed[0])
    chances = policy.action_probabilities(np.arange(882), 0)
    assert chances.shape == (882, 32)
    assert (chances[np.arange(882), joint_index(pressed)] > 0.0).all()


def test_the_measures_of_cloned_buttons_are_theirs():
    clone, bound = references()["cloned buttons"], likelihood_bound(DUEL)
    measures = exact_metrics(DUEL, clone.policy, None)
    assert measures.expected_return == clone.expected_return
    assert measures.policy_divergence > 1.0
    assert measures.log_likelihood == bound - measures.policy_divergence


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("duel") / "out"
    commands.run(TINY, ["bc", "maxent"], ["Duel"], 1, 2, out, controls=False)
    return read_results(out)


def test_a_run_is_measured_ranked_and_explained(results):
    assert [cell.status for cell in results.cells] == ["ok"] * 5
    table = summary(results).set_index("algorithm")
    assert table.loc["random", "score"] == 0.0
    assert table.loc["soft-optimal", "score"] == 1.0
    assert table.loc["optimal", "score"] > 1.0 > table.loc["maxent", "score"]
    assert table.loc["maxent", "score"] > table.loc["bc", "score"]
    for cell in results.cells:
        assert cell.exact is not None
        assert mean_return(cell.episodes) != cell.exact.expected_return
    assert "exact return" in explanation(results, "bc", "Duel")


def test_a_run_verifies(results):
    """What has a table is measured anew from it, a network too."""
    for cell in results.cells:
        assert verify_episodes(results.folder, cell) == []
        assert verify_metrics(results.folder, cell) == []


def test_a_learned_table_is_one_of_chords(results):
    cell = next(cell for cell in results.cells if cell.spec.algorithm == "maxent")
    tensors = load_file(results.folder / cell.spec.folder / "policy.safetensors")
    assert tensors["probabilities"].shape == (40, 882, 32)
    reward = load_file(results.folder / cell.spec.folder / "reward.safetensors")
    assert reward["table"].shape == (882, 32)
    assert cell.exact is not None
    value = evaluate(DUEL.truth.model(), tensors["probabilities"]).expected_return
    assert cell.exact.expected_return == pytest.approx(value, rel=1e-12)
    assert cell.exact.epic is not None
